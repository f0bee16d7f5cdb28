/**
 * What the i915 and xe drivers show in sysfs of a GPU's memory.
 *
 * The drivers of the kernel proper tell the size of VRAM through an ioctl alone; Intel's own builds of
 * them have it in files.
 *
 * @module
 */

import { FactNotes, memorySize } from "./fact_notes.ts";
import { type GpuFunction, gpuFunctions } from "./pci_functions.ts";
import type { DiscoveryContext, Sighting, Source, SourceReport } from "./source.ts";

/**
 * The size of VRAM in bytes and the file that tells it: xe's `tileN/physical_vram_size_bytes`, one for
 * each tile, or i915's `drm/cardN/lmem_total_bytes`.
 */
function vramSize(gpu: GpuFunction): { bytes: number | undefined; source: string } {
  const { files } = gpu;
  const tiles = files.list("").filter((name) => /^tile\d$/.test(name))
    .map((tile) => `${tile}/physical_vram_size_bytes`).filter((name) => files.has(name));
  if (tiles.length > 0) {
    const sizes = tiles.map((name) => memorySize(files.integer(name)) ?? NaN);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    return {
      bytes: Number.isNaN(bytes) ? undefined : memorySize(bytes),
      source: "sysfs:tile*/physical_vram_size_bytes",
    };
  }
  const card = files.list("drm").find((name) => /^card\d+$/.test(name));
  return {
    bytes: card && memorySize(files.integer(`drm/${card}/lmem_total_bytes`)) || undefined,
    source: "sysfs:lmem_total_bytes",
  };
}

function sight(gpu: GpuFunction): Sighting {
  const notes = new FactNotes();
  const { bytes, source } = vramSize(gpu);
  notes.note(
    "vram_total_bytes",
    bytes,
    source,
    `the ${gpu.driver} driver has no file for it: Vulkan, OpenCL or Level Zero tell it, if it has VRAM`,
  );
  notes.absent.vram_used_bytes = `the ${gpu.driver} driver has no file for it`;
  notes.absent.utilization_pct =
    `the ${gpu.driver} driver counts busy time by engine, which takes two readings`;
  return {
    match: { pci: gpu.address },
    fallback_id: `pci:${gpu.address}`,
    facts: notes.facts,
    sources: notes.sources,
    absent: notes.absent,
  };
}

function discover(context: DiscoveryContext): SourceReport {
  const gpus = gpuFunctions(context).functions.filter((gpu) =>
    gpu.driver === "i915" || gpu.driver === "xe"
  );
  if (gpus.length === 0) return { state: "absent", reason: "no GPU with the driver i915 or xe" };
  return { state: "ok", sightings: gpus.map(sight) };
}

/** Intel GPUs with the i915 or xe driver. */
export const intelSource: Source = {
  name: "intel",
  reads: "files",
  vendors: ["intel"],
  discover,
};
