/**
 * Mean, least, most and count of the metrics of one GPU over one step.
 *
 * Two aggregates of different samples can be merged into that of all of them, so that a step may be
 * written in parts.
 *
 * @module
 */

/** Of each metric, by its number in the file's dictionary. */
export class Aggregate {
  readonly count: Uint32Array;
  readonly sum: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;

  /** @param metrics how many numbers the dictionary has. */
  constructor(metrics: number) {
    this.count = new Uint32Array(metrics);
    this.sum = new Float64Array(metrics);
    this.min = new Float64Array(metrics).fill(Infinity);
    this.max = new Float64Array(metrics).fill(-Infinity);
  }

  /** Adds a sample of a metric. */
  add(metric: number, value: number): void {
    this.merge(metric, 1, value, value, value);
  }

  /** Adds what is known of other samples. A metric that the dictionary does not have is left out. */
  merge(metric: number, count: number, mean: number, min: number, max: number): void {
    if (metric >= this.count.length) return;
    this.count[metric] = (this.count[metric] ?? 0) + count;
    this.sum[metric] = (this.sum[metric] ?? 0) + mean * count;
    this.min[metric] = Math.min(this.min[metric] ?? Infinity, min);
    this.max[metric] = Math.max(this.max[metric] ?? -Infinity, max);
  }
}

/** The mean of values, never outside of them by a rounding. */
export function meanOf(sum: number, count: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, sum / count));
}

/** The aggregates of GPUs, by number in the file's dictionary. */
export type Step = Map<number, Aggregate>;

/** The aggregate of a GPU, made where there is none. */
export function aggregateOf(step: Step, gpu: number, metrics: number): Aggregate {
  let found = step.get(gpu);
  if (found === undefined) step.set(gpu, found = new Aggregate(metrics));
  return found;
}
