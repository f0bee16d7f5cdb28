/**
 * Descriptive statistics of repeated measurements.
 *
 * @module
 */

/** Robust statistics of a set of samples, in the samples' own unit. */
export interface Summary {
  /** Number of samples. */
  n: number;
  median: number;
  /** Median absolute deviation from the median, not scaled. */
  mad: number;
  min: number;
  max: number;
  p5: number;
  p95: number;
  p99: number;
  mean: number;
  /** Coefficient of variation: standard deviation (n - 1) over mean; 0 for a single sample. */
  cv: number;
}

/**
 * The `p`-quantile by linear interpolation between order statistics (Hyndman and Fan 1996, type 7).
 *
 * @param sorted ascending, at least one.
 * @param p from 0 to 1.
 * @throws {RangeError} without samples.
 */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  if (sorted.length === 0) throw new RangeError("a quantile needs at least one sample");
  const at = (sorted.length - 1) * p;
  const low = Math.floor(at);
  const below = sorted[low] ?? NaN;
  const above = sorted[Math.min(low + 1, sorted.length - 1)] ?? NaN;
  return below + (above - below) * (at - low);
}

/** The middle sample, or the mean of the two in the middle. */
export function median(samples: readonly number[]): number {
  return quantile(Float64Array.from(samples).sort(), 0.5);
}

/**
 * Summarises samples.
 *
 * @throws {RangeError} without samples.
 * @example
 * ```ts
 * import { summarize } from "./statistics.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(summarize([1, 2, 3, 4, 100]).median, 3);
 * assert.equal(summarize([1, 2, 3, 4, 100]).mad, 1);
 * ```
 */
export function summarize(samples: readonly number[]): Summary {
  const sorted = Float64Array.from(samples).sort();
  const middle = quantile(sorted, 0.5);
  const n = sorted.length;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / n;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    n,
    median: middle,
    mad: quantile(sorted.map((value) => Math.abs(value - middle)).sort(), 0.5),
    min: quantile(sorted, 0),
    max: quantile(sorted, 1),
    p5: quantile(sorted, 0.05),
    p95: quantile(sorted, 0.95),
    p99: quantile(sorted, 0.99),
    mean,
    cv: n < 2 || mean === 0 ? 0 : Math.sqrt(squares / (n - 1)) / Math.abs(mean),
  };
}
