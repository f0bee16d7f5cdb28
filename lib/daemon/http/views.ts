/**
 * Answers that are put together from what the service has. Pure.
 *
 * @module
 */

import type { Gpu } from "../../gpu/gpu.ts";
import type { Vendor } from "../../gpu/vendor.ts";
import type { HealthState } from "../../telemetry/health/report.ts";
import type { GpuSample } from "../../telemetry/metrics.ts";
import type { Service } from "../service_api.ts";

/** A GPU under the original's names, and its own. */
export interface GpuView extends Omit<GpuSample, "sources" | "absent"> {
  vendor: Vendor | null;
  pci_slot: string | null;
  drm_node: string | null;
  uuid: string | null;
  driver: string | null;
  health: HealthState | null;
  clock_mhz: number | null;
  enabled: boolean;
  absent: GpuSample["absent"];
  sources: GpuSample["sources"];
}

/** The GPUs that are sampled. */
export function gpuViews(service: Service): GpuView[] {
  const status = service.status();
  const { gpus, other_devices } = service.inventory();
  const known = new Map<string, Gpu>([...gpus, ...other_devices].map((gpu) => [gpu.id, gpu]));
  const scheduled = new Map(service.scheduler().gpus.map((gpu) => [gpu.id, gpu.enabled]));
  const health = new Map((status?.health?.gpus ?? []).map(({ id, state }) => [id, state]));
  return (status?.gpus ?? []).map((sample) => {
    const gpu = known.get(sample.id);
    return {
      ...sample,
      vendor: gpu?.vendor ?? null,
      pci_slot: gpu?.pci_slot ?? null,
      drm_node: gpu?.drm_node ?? null,
      uuid: gpu?.uuid ?? null,
      driver: gpu?.driver ?? null,
      health: health.get(sample.id) ?? null,
      clock_mhz: sample.core_clock_mhz,
      enabled: scheduled.get(sample.id) ?? true,
    };
  });
}

/** The sum of what is known; null where nothing is. */
function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}

/** The GPUs together, under the original's names. */
export function statsView(service: Service, now: number) {
  const gpus = service.status()?.gpus ?? [];
  const busy = gpus.map((gpu) => gpu.utilization_pct).filter((value) => value !== null);
  const total = sum(busy);
  return {
    total_vram_bytes: sum(gpus.map((gpu) => gpu.vram_total_bytes)),
    used_vram_bytes: sum(gpus.map((gpu) => gpu.vram_used_bytes)),
    avg_utilization_pct: total === null ? null : total / busy.length,
    total_power_w: sum(gpus.map((gpu) => gpu.power_w)),
    gpu_count: gpus.length,
    daemon_running: service.health().ready,
    timestamp: Math.floor(now / 1000),
  };
}
