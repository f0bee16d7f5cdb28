/** Looks at GPUs and programs that tests draw. */

import { STATUS_SCHEMA, type StatusDocument } from "../../lib/render/status_document.ts";
import { type GpuSample, unknownMetrics } from "../../lib/telemetry/metrics.ts";
import type { GpuProcess } from "../../lib/telemetry/process.ts";

/** A GPU of which nothing is known but what is given. */
export function gpuSample(given: Partial<GpuSample> = {}): GpuSample {
  const index = given.index ?? 0;
  return {
    id: `pci:0000:0${index + 1}:00.0`,
    index,
    name: "Test GPU",
    state: "ok",
    reason: null,
    power_state: "active",
    sources: {},
    absent: {},
    ...unknownMetrics(),
    ...given,
  };
}

/** A GPU at work. */
export function busyGpu(index = 0): GpuSample {
  return gpuSample({
    index,
    name: "Busy GPU",
    utilization_pct: 94,
    vram_used_bytes: 12 * 2 ** 30,
    vram_total_bytes: 16 * 2 ** 30,
    temperature_c: 71.4,
    power_w: 212.3,
    power_cap_w: 250,
    core_clock_mhz: 1980,
    core_clock_max_mhz: 2100,
    fan_pct: 45,
    fan_rpm: 1800,
    throttle_reasons: ["sw_power_cap"],
    pcie_link_gen: 3,
    pcie_link_width: 8,
    pcie_link_gen_max: 4,
    pcie_link_width_max: 16,
  });
}

/** A program on the first GPU of {@linkcode gpuSample}. */
export function gpuProcess(given: Partial<GpuProcess> = {}): GpuProcess {
  return {
    gpu: "pci:0000:01:00.0",
    pid: 100,
    name: "worker",
    command: "worker --fast",
    uid: 1000,
    user: "alice",
    container: null,
    kinds: ["compute"],
    engine_utilization_pct: { compute: 50 },
    utilization_pct: 50,
    memory_bytes: { vram: 2 ** 30 },
    vram_bytes: 2 ** 30,
    sources: ["fdinfo"],
    ...given,
  };
}

/** A look. */
export function lookAt(
  gpus: GpuSample[],
  processes?: GpuProcess[],
  partial: string | null = null,
): StatusDocument {
  return {
    schema: STATUS_SCHEMA,
    at: "2026-01-02T03:04:05.678Z",
    interval_ms: 1000,
    gpus,
    ...(processes === undefined ? {} : { processes, partial }),
  };
}
