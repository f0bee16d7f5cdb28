/**
 * Points of series, collected from rows of whatever tier.
 *
 * @module
 */

import type { HistorySeries } from "../service_api.ts";
import { meanOf } from "./aggregate.ts";
import { stepStart } from "./tiers.ts";

/** Collects what is known, and gives the points of a series. */
export interface Collector {
  add(at: number, count: number, mean: number, min: number, max: number): void;
  points(iso: (at: number) => string): HistorySeries["points"];
  /** The median distance of its points in ms; undefined where there are less than two. */
  usualDistance(): number | undefined;
}

/** Collects into steps of equal length. Steps of which nothing is known give no point. */
export class Bins implements Collector {
  readonly #from: number;
  readonly #step_ms: number;
  readonly #count: Uint32Array;
  readonly #sum: Float64Array;
  readonly #min: Float64Array;
  readonly #max: Float64Array;

  /** @param from start of the first step in ms; @param to end of the last. */
  constructor(from: number, to: number, step_ms: number) {
    const bins = Math.max(0, Math.ceil((to - from) / step_ms));
    this.#from = from;
    this.#step_ms = step_ms;
    this.#count = new Uint32Array(bins);
    this.#sum = new Float64Array(bins);
    this.#min = new Float64Array(bins).fill(Infinity);
    this.#max = new Float64Array(bins).fill(-Infinity);
  }

  add(at: number, count: number, mean: number, min: number, max: number): void {
    const bin = (stepStart(at, this.#step_ms) - this.#from) / this.#step_ms;
    if (bin < 0 || bin >= this.#count.length) return;
    this.#count[bin] = (this.#count[bin] ?? 0) + count;
    this.#sum[bin] = (this.#sum[bin] ?? 0) + mean * count;
    this.#min[bin] = Math.min(this.#min[bin] ?? Infinity, min);
    this.#max[bin] = Math.max(this.#max[bin] ?? -Infinity, max);
  }

  points(iso: (at: number) => string): HistorySeries["points"] {
    const points: HistorySeries["points"] = [];
    for (let bin = 0; bin < this.#count.length; bin++) {
      const count = this.#count[bin] ?? 0;
      if (count === 0) continue;
      const min = this.#min[bin] ?? 0, max = this.#max[bin] ?? 0;
      points.push({
        at: iso(this.#from + bin * this.#step_ms),
        mean: meanOf(this.#sum[bin] ?? 0, count, min, max),
        min,
        max,
      });
    }
    return points;
  }

  usualDistance(): number | undefined {
    const known: number[] = [];
    for (let bin = 0; bin < this.#count.length; bin++) {
      if (this.#count[bin]) known.push(bin * this.#step_ms);
    }
    return medianDistance(known);
  }
}

/** Collects samples, each at its own time, between two times in ms. */
export class Samples implements Collector {
  readonly #from: number;
  readonly #to: number;
  readonly #samples: { at: number; value: number }[] = [];

  /** Takes samples from `from` on, and before `to`. */
  constructor(from: number, to: number) {
    this.#from = from;
    this.#to = to;
  }

  add(at: number, _count: number, mean: number): void {
    if (at >= this.#from && at < this.#to) this.#samples.push({ at, value: mean });
  }

  points(iso: (at: number) => string): HistorySeries["points"] {
    // Of equal times, those that were taken first come first: the sort is stable.
    this.#samples.sort((a, b) => a.at - b.at);
    return this.#samples.map(({ at, value }) => ({
      at: iso(at),
      mean: value,
      min: value,
      max: value,
    }));
  }

  usualDistance(): number | undefined {
    return medianDistance(this.#samples.map(({ at }) => at).sort((a, b) => a - b));
  }
}

function medianDistance(times: readonly number[]): number | undefined {
  if (times.length < 2) return undefined;
  const distances = new Float64Array(times.length - 1);
  for (let i = 0; i < distances.length; i++) distances[i] = (times[i + 1] ?? 0) - (times[i] ?? 0);
  distances.sort();
  return distances[distances.length >> 1];
}

/** Over so many of its usual distances, two points of a series have a gap between them. */
const GAP = 2.5;

/**
 * From which distance on, in s, two points have a gap between them: where the service looked every 30 s,
 * there is none between points that far apart.
 *
 * @param step_s the length of the steps; 0 for samples.
 */
export function gapSeconds(series: Iterable<Collector>, step_s: number): number {
  let usual = step_s;
  for (const each of series) usual = Math.max(usual, (each.usualDistance() ?? 0) / 1000);
  return GAP * (usual || 1);
}
