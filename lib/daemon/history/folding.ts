/**
 * The steps of one tier that are not written yet.
 *
 * @module
 */

import { aggregateOf, type Step } from "./aggregate.ts";
import { LONGEST_OPEN_MS, stepStart, type Tier } from "./tiers.ts";

/** Collects samples into steps. Wall time says which step a sample is in, however the clock jumps. */
export class Folding {
  readonly tier: Tier;
  /** By start in ms. */
  #steps = new Map<number, Step>();
  /** When the tier was written last, in ms of recording. */
  #written: number;

  /** @param now ms of recording. */
  constructor(tier: Tier, now: number) {
    this.tier = tier;
    this.#written = now;
  }

  /** Adds a known value. */
  add(gpu: number, metric: number, at: number, value: number, metrics: number): void {
    const start = stepStart(at, this.tier.step_ms);
    let step = this.#steps.get(start);
    if (step === undefined) this.#steps.set(start, step = new Map());
    aggregateOf(step, gpu, metrics).add(metric, value);
  }

  /**
   * Whether it is to be written: a step is over, or has been open for long.
   *
   * @param next wall time of the next sample in ms.
   * @param now ms of recording.
   */
  isDue(next: number, now: number): boolean {
    if (this.#steps.size === 0) return false;
    const current = stepStart(next, this.tier.step_ms);
    return now - this.#written >= LONGEST_OPEN_MS || this.#steps.size > 1 ||
      !this.#steps.has(current);
  }

  /** The steps, by start. */
  get steps(): ReadonlyMap<number, Step> {
    return this.#steps;
  }

  /** Forgets the steps, which are written. */
  clear(now: number): void {
    this.#steps = new Map();
    this.#written = now;
  }
}
