/**
 * The inventory of the service with what the last look says: which GPUs there are changes seldom, what they do
 * all the time. Pure.
 *
 * @module
 */

import { type InventoryDocument, inventoryDocument } from "../discovery/inventory.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { GpuSample } from "../telemetry/metrics.ts";

/** Facts that each look reads anew. */
const LOOKED_AT = [
  "vram_used_bytes",
  "temperature_c",
  "utilization_pct",
  "pcie_link_gen",
  "pcie_link_width",
] as const;

/** A GPU as the look found it. */
function currentGpu(gpu: Gpu, sample: GpuSample): Gpu {
  const now: Gpu = { ...gpu, sources: { ...gpu.sources }, absent: { ...gpu.absent } };
  now.power_state = sample.power_state ?? gpu.power_state;
  for (const fact of LOOKED_AT) {
    const value = sample[fact];
    // What neither of them ever knew keeps the reason that the listing gave.
    if (value === null && gpu[fact] === null) continue;
    now[fact] = value;
    if (value !== null) {
      delete now.absent[fact];
      now.sources[fact] = sample.sources[fact] ?? "telemetry";
    } else {
      delete now.sources[fact];
      now.absent[fact] = sample.reason ?? sample.absent[fact] ?? "the last look could not read it";
    }
  }
  return now;
}

/**
 * A listing with what a look saw of its GPUs. Those that were not looked at are as they were.
 *
 * @param samples of the last look; empty before the first.
 */
export function currentInventory(
  { gpus, other_devices, sources, notes }: InventoryDocument,
  samples: readonly GpuSample[],
): InventoryDocument {
  const current = [...gpus, ...other_devices].map((gpu) => {
    const sample = samples.find(({ id }) => id === gpu.id);
    return sample === undefined ? gpu : currentGpu(gpu, sample);
  });
  return inventoryDocument({ gpus: current, sources, notes });
}
