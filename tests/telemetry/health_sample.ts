/** Samples of GPUs for tests of health. */

import { type GpuSample, unknownMetrics } from "../../lib/telemetry/metrics.ts";

/** A GPU of which nothing is known but what is given. */
export function gpuSample(of: Partial<GpuSample> = {}): GpuSample {
  return {
    id: "pci:0000:06:00.0",
    index: 0,
    name: "Test GPU",
    state: "ok",
    reason: null,
    power_state: "active",
    ...unknownMetrics(),
    sources: {},
    absent: {},
    ...of,
  };
}
