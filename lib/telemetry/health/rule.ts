/**
 * What a rule of health is.
 *
 * @module
 */

import type { GpuSample, MetricName } from "../metrics.ts";
import type { Severity } from "./report.ts";
import type { HealthThresholds } from "./thresholds.ts";

/** What a rule judges by, besides the sample. */
export interface RuleContext {
  readonly thresholds: HealthThresholds;
  /** When the sample was taken, in milliseconds. */
  readonly at: number;
  /** What the rule's finding is now: a limit with a margin depends on the side it is come to from. */
  readonly held: Severity | null;
  /** Numbers that the rule keeps of this GPU, from sample to sample. */
  readonly memory: Record<string, number>;
  /** Whether the memory that the GPU calls its own is a part of the host's. */
  readonly sharedMemory: boolean;
}

/** What a rule says of one sample. */
export type Verdict =
  | { state: "good" }
  | {
    state: "bad";
    severity: Severity;
    value: number | string | null;
    limit: number | null;
    text: string;
  }
  /** The GPU does nothing by which this could be told: a finding stays, and none is raised. */
  | { state: "hold" }
  /** What the rule needs is not known: as `hold`, and it is said. */
  | { state: "unknown"; reason: string };

/** Nothing is wrong. */
export const GOOD: Verdict = { state: "good" };
/** Nothing can be told now. */
export const HOLD: Verdict = { state: "hold" };

/** One thing that may be wrong with a GPU: one row of the table of rules. */
export interface HealthRule {
  /** `temperature_high`. */
  readonly id: string;
  /** The metric that shows it; null where it is no metric. */
  readonly metric: MetricName | null;
  /** What it finds, for documents; no full stop. */
  readonly describe: string;
  /**
   * Which threshold says how many samples in a row raise it; null for what is certain at first sight, and
   * clears at once.
   */
  readonly raises: "raise_samples" | "slow_raise_samples" | null;
  /** Judges a sample whose GPU answers. */
  judge(sample: GpuSample, context: RuleContext): Verdict;
  /** What a GPU that sleeps means: heat and load are gone, counters are not known. */
  readonly asleep: "good" | "hold";
}

/** The verdict where metrics are missing: the reason that the sample gives for the first of them. */
export function missing(sample: GpuSample, ...names: MetricName[]): Verdict {
  const [name] = names.filter((each) => sample[each] === null);
  if (name === undefined) return { state: "unknown", reason: "not known" };
  return { state: "unknown", reason: sample.absent[name] ?? `${name} is not known` };
}

/**
 * The severity of a value that should stay below its limits. What is held stays until the value is a
 * margin below its limit.
 */
export function levelOf(
  value: number,
  limits: { readonly warning: number; readonly critical: number },
  margin: number,
  held: Severity | null,
): Severity | null {
  if (value >= limits.critical - (held === "critical" ? margin : 0)) return "critical";
  return value >= limits.warning - (held === null ? 0 : margin) ? "warning" : null;
}

/** A number with at most one decimal. */
export function short(value: number): string {
  return `${Math.round(value * 10) / 10}`;
}
