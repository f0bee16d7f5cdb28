/**
 * How the GPUs of a host are connected: as a tree, and as a relation of each pair. No I/O.
 *
 * @module
 */

import type { Gpu, GpuId } from "./gpu.ts";
import { directLinks } from "./logical.ts";
import { standing } from "./standing.ts";

/** A place in the tree. */
export interface TopologyNode {
  /** What is there. */
  type: "numa_node" | "host_bridge" | "bridge" | "gpu";
  /** `0` of NUMA node 0, `pci0000:00` of a host bridge, a bridge's PCI address, a GPU's id. */
  id: string;
  /** For a node that could not be placed, why. */
  note: string | null;
  /** What is below it. */
  children: TopologyNode[];
}

/**
 * The nearest way between two GPUs, in the words of `nvidia-smi topo -m`, nearest first:
 *
 * - `NV#`: # NVLinks, directly or through switches. `XGMI`: AMD's links.
 * - `PIX`: at most one PCIe switch. `PXB`: several PCIe switches, and no host bridge.
 * - `PHB`: one host bridge. `NODE`: several host bridges of one NUMA node.
 * - `SYS`: the interconnect between NUMA nodes.
 * - `X`: the GPU itself.
 */
export type Relation =
  | "X"
  | `NV${number}`
  | "XGMI"
  | "PIX"
  | "PXB"
  | "PHB"
  | "NODE"
  | "SYS";

/** A pair of GPUs. */
export interface TopologyPair {
  /** The one that comes first in the listing. */
  a: GpuId;
  /** The other one. */
  b: GpuId;
  /** Null where it is not known. */
  relation: Relation | null;
  /** Why it is not known. */
  absent: string | null;
}

/** The topology of a host. */
export interface Topology {
  /** NUMA nodes, and below them host bridges, bridges and GPUs. */
  tree: TopologyNode[];
  /** Every pair once, in the order of the listing. */
  pairs: TopologyPair[];
}

/** Domain and bus of the host bridge above a GPU: `0000:00` of the root port `0000:00:01.0`. */
function hostBridge(gpu: Gpu): string | undefined {
  return gpu.pcie_path[0]?.split(":").slice(0, 2).join(":");
}

/** Bridges from the root port down to the card: without the ports of the card's own switch. */
function bridgesAbove(gpu: Gpu): string[] {
  const card = gpu.pcie_path.indexOf(gpu.pcie_link_at ?? "");
  return gpu.pcie_path.slice(0, card < 0 ? -1 : card);
}

function pcieRelation(a: Gpu, b: Gpu): Relation | { absent: string } {
  const [above, beside] = [bridgesAbove(a), bridgesAbove(b)];
  const [hostA, hostB] = [hostBridge(a), hostBridge(b)];
  if (hostA !== undefined && hostA === hostB) {
    let shared = 0;
    while (shared < above.length && above[shared] === beside[shared]) shared++;
    if (shared === 0) return "PHB";
    // Below the last bridge that both share, one port each belongs to the switch that it starts.
    const further = Math.max(above.length, beside.length) - shared;
    return further <= 1 ? "PIX" : "PXB";
  }
  if (a.numa_node !== null && b.numa_node !== null) {
    if (a.numa_node !== b.numa_node) return "SYS";
    if (hostA !== undefined && hostB !== undefined) return "NODE";
  }
  return {
    absent: hostA === undefined || hostB === undefined
      ? "the bridges above a GPU are not known"
      : "the GPUs are below different host bridges whose NUMA nodes are not known",
  };
}

/** The relation of two GPUs. */
export function relationOf(a: Gpu, b: Gpu): Pick<TopologyPair, "relation" | "absent"> {
  if (a === b) return { relation: "X", absent: null };
  const links = directLinks(a, b);
  if (links > 0) return { relation: a.vendor === "amd" ? "XGMI" : `NV${links}`, absent: null };
  const relation = pcieRelation(a, b);
  return typeof relation === "string"
    ? { relation, absent: null }
    : { relation: null, absent: relation.absent };
}

/** The child of a node, made where it is not there yet. */
function childOf(
  children: TopologyNode[],
  type: TopologyNode["type"],
  id: string,
): TopologyNode {
  let child = children.find((node) => node.type === type && node.id === id);
  if (child === undefined) children.push(child = { type, id, note: null, children: [] });
  return child;
}

function treeOf(gpus: readonly Gpu[]): TopologyNode[] {
  const roots: TopologyNode[] = [];
  for (const gpu of gpus) {
    let place = childOf(
      roots,
      "numa_node",
      gpu.numa_node === null ? "unknown" : `${gpu.numa_node}`,
    );
    const host = hostBridge(gpu);
    if (host !== undefined) {
      place = childOf(place.children, "host_bridge", `pci${host}`);
      for (const bridge of gpu.pcie_path.slice(0, -1)) {
        place = childOf(place.children, "bridge", bridge);
      }
    }
    place.children.push({
      type: "gpu",
      id: gpu.id,
      note: host === undefined ? gpu.absent.pcie_path ?? gpu.absent.pci_slot ?? null : null,
      children: [],
    });
  }
  return roots.sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));
}

/** The topology of the devices of a host. Software devices are nowhere and left out. */
export function topologyOf(devices: readonly Gpu[]): Topology {
  const placed = devices.filter((gpu) => standing(gpu) !== "software");
  const gpus = placed.filter((gpu) => standing(gpu) === "gpu");
  return {
    tree: treeOf(placed),
    pairs: gpus.flatMap((a, i) =>
      gpus.slice(i + 1).map((b) => ({ a: a.id, b: b.id, ...relationOf(a, b) }))
    ),
  };
}
