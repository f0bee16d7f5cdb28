/**
 * Rules between the facts of one GPU that no single source can check.
 *
 * @module
 */

import type { ApiName, FactName, Gpu } from "../gpu/gpu.ts";

/** APIs by how exactly they tell the size of a GPU's memory, best first. */
const MEMORY_TELLERS: readonly ApiName[] = ["level_zero", "cuda", "hip", "opencl", "vulkan"];

type MemoryFact = Extract<FactName, `vram_${string}`>;

function forget(gpu: Gpu, fact: MemoryFact, reason: string): void {
  gpu[fact] = null;
  delete gpu.sources[fact];
  gpu.absent[fact] = reason;
}

/** An API's figure for memory, where no driver has told one and the memory is the GPU's own. */
function totalByApi(gpu: Gpu): void {
  if (gpu.vram_total_bytes !== null || gpu.kind === "software" || gpu.kind === "integrated") return;
  for (const name of MEMORY_TELLERS) {
    const bytes = gpu.apis[name]?.find((device) => device.memory_total_bytes)?.memory_total_bytes;
    if (!bytes) continue;
    gpu.vram_total_bytes = bytes;
    gpu.sources.vram_total_bytes = name;
    delete gpu.absent.vram_total_bytes;
    return;
  }
}

function boundVisible(gpu: Gpu): void {
  const { vram_visible_bytes: visible, vram_total_bytes: total } = gpu;
  if (visible === null) return;
  const isBar = gpu.sources.vram_visible_bytes?.includes("BAR") ?? false;
  if (total === null) {
    // The region is rounded up to a power of two: it may be larger than what is behind it.
    if (isBar) {
      forget(gpu, "vram_visible_bytes", "the size of the VRAM behind the BAR is not known");
    }
  } else if (visible > total) {
    gpu.vram_visible_bytes = total;
    gpu.sources.vram_visible_bytes += ", at most the VRAM";
  }
}

/** The GPU with what contradicts itself taken out. Changes the record that it is given. */
export function reconcile(gpu: Gpu): Gpu {
  totalByApi(gpu);
  boundVisible(gpu);
  const { vram_total_bytes: total, vram_used_bytes: used } = gpu;
  if (total !== null && used !== null && used > total) {
    forget(gpu, "vram_used_bytes", `${gpu.sources.vram_used_bytes} is more than the VRAM`);
  }
  if (gpu.kind === "integrated" && gpu.vram_total_bytes === null) {
    gpu.absent.vram_total_bytes = "the GPU has no memory of its own: it uses the host's";
  }
  return gpu;
}
