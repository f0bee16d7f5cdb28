/**
 * Which source is believed where several tell the same fact.
 *
 * @module
 */

import type { FactName } from "../gpu/gpu.ts";

/**
 * The order for facts without a row of their own. The kernel's files come first: they tell the same
 * whether or not a library is installed or a GPU sleeps. Management libraries come before APIs, whose
 * drivers round, rename and hide.
 */
const USUAL: readonly string[] = [
  "pci",
  "drm",
  "amdgpu",
  "intel",
  "nvidia",
  "hwmon",
  "nvml",
  "level_zero",
  "hip",
  "cuda",
  "vulkan",
  "opencl",
];

/** Facts that another order serves better. Sources that are not named follow in the usual order. */
const EXCEPTIONS: Partial<Record<FactName, readonly string[]>> = {
  // The vendor's own words for the model, where its driver has them.
  name: ["nvml", "nvidia"],
  // The maker's words in the board's memory, before a list's.
  board_name: ["amdgpu"],
  driver_version: ["nvml", "nvidia"],
  // NVML's is the one that NVIDIA's tools accept; Vulkan's is made up by Mesa's drivers.
  uuid: ["nvml", "nvidia", "cuda", "level_zero", "hip"],
  vram_total_bytes: ["nvml", "amdgpu", "intel"],
  vram_used_bytes: ["nvml", "amdgpu", "intel"],
  // amdgpu knows how much is reachable; a BAR is how much could be.
  vram_visible_bytes: ["nvml", "amdgpu"],
};

/** Why a fact is usually missing where no source has given a reason of its own. */
export const USUAL_REASONS: Partial<Record<FactName, string>> = {
  uuid: "no driver that was asked gives the device a UUID",
  drm_node: "no DRM driver has the device",
  render_node: "no DRM driver has the device",
  device_nodes: "the device has no nodes but those of DRM, as far as was asked",
  connectors: "no connector is listed",
  hwmon: "the driver has no hwmon directory",
  mig_enabled: "NVML alone tells it, of NVIDIA's data-centre GPUs",
  peer_links: "no NVLink or xGMI is known",
  pci_slot: "the device is not on a PCI bus, or what shows it does not tell",
  sriov: "the device is not on a PCI bus",
  numa_node: "no source that was asked knows the device's place",
  temperature_c: "no sensor that was asked is the GPU's",
  utilization_pct: "the driver has no file for it",
  vram_total_bytes: "the driver has no file for it",
  vram_used_bytes: "the driver has no file for it",
};

/** Facts that are lists to which each source may add. */
export const UNITED_FACTS: ReadonlySet<FactName> = new Set<FactName>(["device_nodes"]);

/** The rank of a source in the usual order: the smallest comes first. Others' names come last. */
export function usualRank(source: string): number {
  const rank = USUAL.indexOf(source);
  return rank < 0 ? USUAL.length : rank;
}

/** The rank of a source for a fact: the smallest is believed. */
export function precedence(fact: FactName, source: string): number {
  const order = EXCEPTIONS[fact] ?? [];
  const first = order.indexOf(source);
  return first >= 0 ? first : order.length + usualRank(source);
}
