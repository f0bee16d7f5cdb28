/**
 * What the amdgpu driver shows in sysfs: memory, load, the link, xGMI.
 *
 * Source: the kernel's `Documentation/gpu/amdgpu/driver-misc.rst` and `thermal.rst`.
 *
 * @module
 */

import type { PeerLink } from "../gpu/gpu.ts";
import type { PciAddress } from "../gpu/pci_address.ts";
import { BusyJudge } from "../telemetry/amdgpu/busy.ts";
import { FactNotes, memorySize } from "./fact_notes.ts";
import { type KfdNode, readKfdNodes } from "./kfd.ts";
import { type GpuFunction, gpuFunctions } from "./pci_functions.ts";
import { LINK_FACTS, linkGeneration, linkWidth } from "./pci_link.ts";
import type { DiscoveryContext, Sighting, Source, SourceReport } from "./source.ts";

/** A state of the link in `pp_dpm_pcie`. */
export interface PcieState {
  gen: number;
  width: number;
  current: boolean;
}

/**
 * Parses `pp_dpm_pcie`: `1: 8.0GT/s, x8 619Mhz *`, the current state starred. Newer cards list one
 * state several times with different clocks, all of them starred.
 */
export function parsePcieStates(text: string): PcieState[] {
  const states: PcieState[] = [];
  for (const line of text.split("\n")) {
    const match = /^\d+: (\d+(?:\.\d)?GT\/s), x(\d{1,2})\b(.*)$/.exec(line.trim());
    const gen = linkGeneration(match?.[1] ?? "");
    const width = linkWidth(Number(match?.[2]));
    if (gen !== undefined && width !== undefined) {
      states.push({ gen, width, current: match?.[3]?.trimEnd().endsWith("*") ?? false });
    }
  }
  return states;
}

/** The largest of the states, by generation and then by lanes. */
function most(states: readonly PcieState[]): PcieState | undefined {
  return states.toSorted((a, b) => a.gen - b.gen || a.width - b.width).at(-1);
}

function noteLink(notes: FactNotes, gpu: GpuFunction): void {
  const states = parsePcieStates(gpu.files.text("pp_dpm_pcie") ?? "");
  const current = states.filter((state) => state.current);
  const [now] = current;
  // Stars on states that differ say that one of them is current, and not which.
  const agreed = current.every((state) => state.gen === now?.gen && state.width === now.width)
    ? now
    : undefined;
  const best = most(states);
  const reason = current.length > 1
    ? "pp_dpm_pcie marks several states as the current one"
    : gpu.files.whyNot("pp_dpm_pcie", "PCIe link");
  const source = "sysfs:pp_dpm_pcie";
  notes.note("pcie_link_gen", agreed?.gen, source, reason);
  notes.note("pcie_link_width", agreed?.width, source, reason);
  notes.note("pcie_link_gen_max", best?.gen, source, reason);
  notes.note("pcie_link_width_max", best?.width, source, reason);
  notes.note("pcie_link_at", best && gpu.address, source, reason);
  // The PCI source knows better why there is no link at all.
  for (const name of LINK_FACTS) delete notes.absent[name];
}

function noteMemory(notes: FactNotes, gpu: GpuFunction): void {
  const { files } = gpu;
  const size = (
    fact: "vram_total_bytes" | "vram_used_bytes" | "vram_visible_bytes",
    attribute: string,
  ) =>
    notes.note(
      fact,
      memorySize(files.integer(attribute)),
      `sysfs:${attribute}`,
      files.whyNot(attribute, "size of memory"),
    );
  size("vram_total_bytes", "mem_info_vram_total");
  size("vram_used_bytes", "mem_info_vram_used");
  size("vram_visible_bytes", "mem_info_vis_vram_total");
}

function noteLoad(notes: FactNotes, { device, files }: GpuFunction): void {
  const id = device === undefined ? null : `0x${device.toString(16).padStart(4, "0")}`;
  const busy = new BusyJudge(id).judge(files.integer("gpu_busy_percent"));
  notes.note(
    "utilization_pct",
    typeof busy === "number" ? busy : undefined,
    "sysfs:gpu_busy_percent",
    typeof busy === "string" ? busy : files.whyNot("gpu_busy_percent", "percentage"),
  );
}

function peerLinks(address: PciAddress, nodes: readonly KfdNode[]): PeerLink[] {
  const numbers = nodes.filter((node) => node.address === address).flatMap((node) =>
    node.xgmiPeers
  );
  const remotes = new Set(
    nodes.filter((node) => numbers.includes(node.node) && node.address !== address)
      .map((node) => node.address),
  );
  return [...remotes].sort().map((remote, link) => ({
    link,
    active: true,
    remote,
    remote_type: "gpu",
    version: null,
  }));
}

function sight(gpu: GpuFunction, nodes: readonly KfdNode[]): Sighting {
  const notes = new FactNotes();
  noteMemory(notes, gpu);
  noteLoad(notes, gpu);
  noteLink(notes, gpu);
  const product = gpu.files.text("product_name");
  if (product !== undefined) notes.note("board_name", product, "sysfs:product_name", "");
  const peers = peerLinks(gpu.address, nodes);
  if (peers.length > 0) notes.note("peer_links", peers, "sysfs:kfd/topology", "");
  if (gpu.files.sysroot.kind("/dev/kfd") !== undefined && nodes.length > 0) {
    notes.note("device_nodes", ["/dev/kfd"], "devtmpfs", "");
  }
  return {
    match: { pci: gpu.address },
    fallback_id: `pci:${gpu.address}`,
    facts: notes.facts,
    sources: notes.sources,
    absent: notes.absent,
  };
}

function discover(context: DiscoveryContext): SourceReport {
  const gpus = gpuFunctions(context).functions.filter((gpu) => gpu.driver === "amdgpu");
  if (gpus.length === 0) return { state: "absent", reason: "no GPU with the driver amdgpu" };
  const nodes = readKfdNodes(context.sysroot);
  return { state: "ok", sightings: gpus.map((gpu) => sight(gpu, nodes)) };
}

/** AMD GPUs with the amdgpu driver. */
export const amdgpuSource: Source = {
  name: "amdgpu",
  reads: "files",
  vendors: ["amd"],
  discover,
};
