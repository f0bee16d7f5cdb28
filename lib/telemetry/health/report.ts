/**
 * What is said of the health of GPUs. Plain data.
 *
 * @module
 */

import type { GpuId } from "../../gpu/gpu.ts";
import type { MetricName } from "../metrics.ts";

/** How bad a finding is. */
export type Severity = "warning" | "critical";

/**
 * How a GPU is. `unknown` where nothing that a rule needs could be read: never taken for `ok`. A GPU that
 * sleeps is `ok`.
 */
export type HealthState = "ok" | Severity | "unknown";

/** Something that is wrong with a GPU. */
export interface HealthFinding {
  /** The rule that found it: `temperature_high`. */
  id: string;
  severity: Severity;
  /** The metric that shows it; null where it is no metric. */
  metric: MetricName | null;
  /** The metric's value when it was judged last, in the metric's unit; names in one string. */
  value: number | string | null;
  /** What the value should stay below (or above), in the same unit; null where there is no number. */
  limit: number | null;
  /** Since when it has held, on the clock of the samples. */
  since: number;
  /** One line for people: what, how much, of how much. */
  text: string;
}

/** A GPU's health at one time. */
export interface GpuHealth {
  id: GpuId;
  /** Position in the listing. */
  index: number;
  name: string | null;
  state: HealthState;
  /** The worst first. */
  findings: HealthFinding[];
  /** Rules that could not be applied, by their ids, and why. */
  unjudged: Record<string, string>;
}

/** Something has changed for the worse or for the better. */
export interface HealthEvent {
  /** When, on the clock of the samples. */
  at: number;
  gpu: GpuId;
  finding: HealthFinding;
  /**
   * `raised`: there is a finding, or it has another severity than before. `cleared`: it is gone; the
   * finding is as it was last.
   */
  edge: "raised" | "cleared";
}

/** The health of all GPUs of one sample. */
export interface HealthReport {
  /** When, on the clock of the samples. */
  at: number;
  /** In the order of the sample. */
  gpus: GpuHealth[];
  /** What has changed since the report before. */
  events: HealthEvent[];
  /** The worst of the GPUs' states: critical, unknown, warning, ok. `unknown` where there is no GPU. */
  worst: HealthState;
}

/** The states, the best first. */
const ORDER: readonly HealthState[] = ["ok", "warning", "unknown", "critical"];

/** The worst of some states; `unknown` for none. */
export function worstState(states: readonly HealthState[]): HealthState {
  if (states.length === 0) return "unknown";
  return ORDER[Math.max(...states.map((state) => ORDER.indexOf(state)))] ?? "unknown";
}
