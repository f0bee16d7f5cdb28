/**
 * Which metrics the history keeps: those of {@linkcode GpuMetrics} that are numbers.
 *
 * @module
 */

import { closest } from "../../gpu/closest.ts";
import { METRIC_NAMES, type MetricName, type NumberMetric } from "../../telemetry/metrics.ts";
import { ServiceError } from "../service_api.ts";

/** Metrics that are words, and have no mean. The type holds this together with the record. */
const WORDS: Record<Exclude<MetricName, NumberMetric>, true> = {
  throttle_reasons: true,
  performance_state: true,
};

/** Names of the metrics that are kept, in the order of the record. */
export const NUMBER_METRICS: readonly NumberMetric[] = METRIC_NAMES.filter(
  (name): name is NumberMetric => !(name in WORDS),
);

/** What is shown where no metric is named. */
export const USUAL_METRICS: readonly NumberMetric[] = [
  "utilization_pct",
  "vram_used_bytes",
  "temperature_c",
  "power_w",
  "core_clock_mhz",
];

/**
 * The metrics of these names, each once; {@linkcode USUAL_METRICS} where none is named.
 *
 * @throws {ServiceError} 400 where a name is that of no metric that is kept.
 */
export function metricsNamed(names: readonly string[] | undefined): NumberMetric[] {
  if (names === undefined || names.length === 0) return [...USUAL_METRICS];
  return [...new Set(names)].map((name) => {
    const found = NUMBER_METRICS.find((each) => each === name);
    if (found !== undefined) return found;
    if (Object.hasOwn(WORDS, name)) {
      throw new ServiceError(400, `metric '${name}' is no number: the history keeps numbers alone`);
    }
    const meant = closest(name, NUMBER_METRICS);
    const hint = meant === undefined
      ? `take e.g. ${USUAL_METRICS.join(", ")}`
      : `did you mean ${meant}?`;
    throw new ServiceError(400, `no metric is named '${name}': ${hint}`);
  });
}
