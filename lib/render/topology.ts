/**
 * The topology as a tree and as a matrix.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import { standing } from "../gpu/standing.ts";
import type { Topology, TopologyNode } from "../gpu/topology.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";
import { labelled, printable, wrap } from "./text.ts";
import { formatLink } from "./units.ts";

function nodeTitle(node: TopologyNode, gpus: readonly Gpu[]): string {
  switch (node.type) {
    case "numa_node":
      return node.id === "unknown" ? "NUMA node not known" : `NUMA node ${node.id}`;
    case "host_bridge":
      return `host bridge ${node.id}`;
    case "bridge":
      return `bridge ${node.id}`;
    case "gpu": {
      const gpu = gpus.find((one) => one.id === node.id);
      if (gpu === undefined) return node.id;
      const link = gpu.pcie_link_gen === null && gpu.pcie_link_width === null
        ? ""
        : ` ${formatLink(gpu.pcie_link_gen, gpu.pcie_link_width)}`;
      const links = gpu.peer_links.filter((one) => one.active).length;
      const peers = links === 0 ? "" : `, ${links} ${gpu.vendor === "amd" ? "xGMI" : "NVLink"}`;
      return `GPU${gpu.index} ${gpu.id}${link}${peers}`;
    }
  }
}

/** Marks a node whose place is not known; the reason is below the tree. */
const MARK = " *";

function treeLines(nodes: readonly TopologyNode[], gpus: readonly Gpu[], margin: string): string[] {
  return nodes.flatMap((node, i) => {
    const last = i === nodes.length - 1;
    return [
      `${margin}${last ? "└─" : "├─"} ${
        printable(nodeTitle(node, gpus) + (node.note === null ? "" : MARK))
      }`,
      ...treeLines(node.children, gpus, `${margin}${last ? "   " : "│  "}`),
    ];
  });
}

function notesOf(nodes: readonly TopologyNode[]): string[] {
  return nodes.flatMap((
    node,
  ) => [...node.note === null ? [] : [node.note], ...notesOf(node.children)]);
}

function matrix(topology: Topology, gpus: readonly Gpu[]): string[] {
  const counted = gpus.filter((gpu) => standing(gpu) === "gpu");
  const relation = (a: Gpu, b: Gpu) => {
    if (a === b) return "X";
    const pair = topology.pairs.find((one) =>
      (one.a === a.id && one.b === b.id) || (one.a === b.id && one.b === a.id)
    );
    return pair?.relation ?? "?";
  };
  return table([
    ["", ...counted.map((gpu) => `GPU${gpu.index}`), "NUMA", "CPUs"],
    ...counted.map((gpu) => [
      `GPU${gpu.index}`,
      ...counted.map((other) => relation(gpu, other)),
      gpu.numa_node === null ? "?" : String(gpu.numa_node),
      gpu.local_cpus ?? "?",
    ]),
  ]);
}

const LEGEND: Readonly<Record<string, string>> = {
  NV: "NV# = # NVLinks",
  XGMI: "XGMI = AMD's links",
  PIX: "PIX = one PCIe switch",
  PXB: "PXB = several PCIe switches",
  PHB: "PHB = a host bridge",
  NODE: "NODE = host bridges of one NUMA node",
  SYS: "SYS = between NUMA nodes",
};

/** The words for the relations that occur, and the reasons for those that are not known. */
function legend(topology: Topology): string[] {
  const used = new Set(topology.pairs.map((pair) => pair.relation?.replace(/\d+$/, "") ?? "?"));
  const words = Object.entries(LEGEND).filter(([word]) => used.has(word)).map(([, text]) => text);
  const reasons = new Set(
    topology.pairs.map((pair) => pair.absent).filter((text) => text !== null),
  );
  return [...words, ...[...reasons].map((reason) => `? = ${reason}`)];
}

/** The tree of NUMA nodes, bridges and GPUs, and the matrix of pairs where there is one. */
export function renderTopology(
  topology: Topology,
  gpus: readonly Gpu[],
  { style, columns }: { style: Style; columns: number },
): string {
  if (topology.tree.length === 0) return "";
  const notes = [...new Set(notesOf(topology.tree))]
    .flatMap((note) => labelled("*", printable(note), { labelWidth: 2, columns }));
  const lines = [style.bold("Topology"), ...treeLines(topology.tree, gpus, "  "), ...notes, ""];
  if (topology.pairs.length > 0) {
    lines.push(...matrix(topology, gpus).map((line) => `  ${line}`));
    lines.push(...wrap(legend(topology).join(", "), columns - 2).map((line) => `  ${line}`), "");
  }
  return `${lines.join("\n").trimEnd()}\n`;
}
