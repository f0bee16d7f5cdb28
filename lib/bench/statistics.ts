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
  /** Ends of the bootstrap interval of the median, of 95 % confidence: {@linkcode medianInterval}. */
  ci95_low: number;
  ci95_high: number;
  /** Samples whose modified z-score is beyond {@linkcode OUTLIER_SCORE}. They are counted, not removed. */
  outliers: number;
}

/** An interval. */
export interface Interval {
  low: number;
  high: number;
}

/**
 * A modified z-score beyond which a sample is an outlier.
 *
 * Source: B. Iglewicz and D. Hoaglin, "How to Detect and Handle Outliers", 1993.
 */
export const OUTLIER_SCORE = 3.5;

/** How often {@linkcode medianInterval} resamples, and the seed of its random numbers. */
export const BOOTSTRAP = { resamplings: 1000, seed: 1 } as const;

/** More samples than this are not resampled one by one: see {@linkcode medianInterval}. */
const RESAMPLED_AT_MOST = 2000;

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

/** Numbers in [0, 1), the same for the same seed ("mulberry32", Tommy Ettinger, 2017). */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The middle of a resampling, given how often each order statistic was drawn. */
function middleOf(sorted: ArrayLike<number>, drawn: Uint32Array): number {
  const n = sorted.length, lower = (n - 1) >> 1, upper = n >> 1;
  let seen = 0, below: number | undefined;
  for (let i = 0; i < n; i++) {
    seen += drawn[i] ?? 0;
    if (below === undefined && seen > lower) below = sorted[i];
    if (seen > upper) return ((below ?? NaN) + (sorted[i] ?? NaN)) / 2;
  }
  return NaN;
}

/**
 * The percentile bootstrap interval of the median with 95 % confidence (B. Efron, "Bootstrap methods:
 * another look at the jackknife", 1979), from 1000 resamplings. The same samples give the same interval.
 *
 * Above 2000 samples the interval is that between order statistics, by the normal approximation of the
 * binomial distribution, from which it no longer differs.
 *
 * @throws {RangeError} without samples.
 */
export function medianInterval(
  samples: ArrayLike<number>,
  seed: number = BOOTSTRAP.seed,
): Interval {
  const sorted = Float64Array.from(samples).sort();
  const n = sorted.length;
  if (n === 0) throw new RangeError("an interval needs at least one sample");
  if (n > RESAMPLED_AT_MOST) {
    const reach = 1.959964 / (2 * Math.sqrt(n));
    return { low: quantile(sorted, 0.5 - reach), high: quantile(sorted, 0.5 + reach) };
  }
  const next = generator(seed);
  const drawn = new Uint32Array(n), medians = new Float64Array(BOOTSTRAP.resamplings);
  for (let r = 0; r < BOOTSTRAP.resamplings; r++) {
    drawn.fill(0);
    for (let i = 0; i < n; i++) {
      const at = Math.floor(next() * n);
      drawn[at] = (drawn[at] ?? 0) + 1;
    }
    medians[r] = middleOf(sorted, drawn);
  }
  medians.sort();
  return { low: quantile(medians, 0.025), high: quantile(medians, 0.975) };
}

/**
 * Modified z-scores: how far each sample is from the median, in units of what the standard deviation of a
 * normal distribution with the same spread would be. Where more than half of the samples are equal, the
 * mean absolute deviation stands in for their median (both from Iglewicz and Hoaglin, 1993).
 */
export function modifiedZScores(samples: readonly number[]): number[] {
  const middle = median(samples);
  const deviations = samples.map((value) => Math.abs(value - middle));
  const mad = median(deviations);
  const mean = deviations.reduce((sum, value) => sum + value, 0) / deviations.length;
  const scale = mad > 0 ? 0.6745 / mad : mean > 0 ? 1 / (1.253314 * mean) : 0;
  return samples.map((value) => (value - middle) * scale);
}

/**
 * Whether the first sample is an outlier to the bad side: caches were cold, or a clock had not risen.
 *
 * @param samples in the order in which they were taken.
 */
export function isFirstSlow(samples: readonly number[], better: "higher" | "lower"): boolean {
  if (samples.length < 3) return false;
  const score = modifiedZScores(samples)[0] ?? 0;
  return better === "higher" ? score < -OUTLIER_SCORE : score > OUTLIER_SCORE;
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
  const interval = medianInterval(sorted);
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
    ci95_low: interval.low,
    ci95_high: interval.high,
    outliers: modifiedZScores(samples).filter((score) => Math.abs(score) > OUTLIER_SCORE).length,
  };
}
