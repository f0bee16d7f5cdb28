/**
 * Weights of GPUs from a stored report of `mvgal bench`.
 *
 * @module
 */

import type { BenchReport } from "../bench/report.ts";
import type { GpuId } from "../gpu/gpu.ts";
import type { Weight } from "./scheduler_state.ts";

/** The figure that stands for how fast a GPU is: every device that computes has it, and it is no copy. */
const FIGURE = "compute.fp32";

/**
 * The weights that a report gives: the medians of `compute.fp32` in TFLOP/s. GPUs that were measured
 * otherwise, or of which the figure is not sound, get none: figures of different benchmarks have no
 * proportion.
 */
export function weightsOf({ context, benchmarks }: BenchReport): Record<GpuId, Weight> {
  const gpus = new Set(
    context.devices.filter(({ kind }) => kind !== "host" && kind !== "software").map(({ id }) =>
      id
    ),
  );
  const weights: [GpuId, Weight][] = [];
  for (const { name, device, state, median } of benchmarks) {
    if (name !== FIGURE || state !== "ok" || median === null || !gpus.has(device)) continue;
    if (!(median > 0 && median < Infinity)) continue;
    weights.push([device, { value: median, source: `bench ${context.date}` }]);
  }
  return Object.fromEntries(weights);
}
