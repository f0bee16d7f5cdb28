/**
 * Holding a figure against what the device can do.
 *
 * @module
 */

import type { Outcome } from "../benchmark.ts";
import { decisivePeak, type PeakSource, type SeenClocks } from "./peak.ts";

/** A figure above its peak by more than this is not believed. */
export const TOLERANCE = 1.05;

/** The highest clocks that were seen: a reading between samples may be lower than the work's clock. */
function seenClocks(outcome: Outcome): SeenClocks {
  const summary = "measured" in outcome ? outcome.measured?.conditions?.summary : undefined;
  return {
    core_mhz: summary?.core_mhz?.max ?? null,
    memory_mhz: summary?.memory_mhz?.max ?? null,
  };
}

/** `1.23`, `4567`: four digits. */
function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/**
 * Adds the peaks to a measured outcome, and calls it implausible where it is above 105 % of the peak at the
 * clock that was seen, else of the rated one.
 *
 * @param key of the peak; null for a benchmark that has none.
 * @param peer the other device of a transfer between two.
 */
export function judge(
  outcome: Outcome,
  key: string | null,
  unit: string,
  source: PeakSource | undefined,
  peer: string | null = null,
): Outcome {
  if (outcome.state !== "ok" || key === null) return outcome;
  const peaks = source?.(key, seenClocks(outcome), peer) ??
    { rated: null, observed: null, reason: "nothing is known of this device's peaks" };
  const measured = { ...outcome.measured, peaks };
  const peak = decisivePeak(peaks, unit), figure = measured.summary.median;
  if (peak === null || figure <= TOLERANCE * peak.value) return { state: "ok", measured };
  const percent = Math.round(100 * figure / peak.value);
  return {
    state: "implausible",
    reason:
      `${short(figure)} ${unit} is ${percent} % of the peak of ${short(peak.value)} ${unit} ` +
      `(${peak.formula})`,
    measured,
  };
}
