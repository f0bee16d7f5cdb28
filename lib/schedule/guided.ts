/**
 * Handing out work to those who ask for it, in parts that become smaller: guided self-scheduling, weighted
 * (HGuided). Pure.
 *
 * @module
 */

/** Units in a row: from `start` up to, and without, `end`. */
export interface UnitRange {
  start: number;
  end: number;
}

/** Options of {@linkcode GuidedChunks}. */
export interface GuidedOptions {
  /** The smallest part that is handed out while there is more: 1 by default. */
  floor?: number;
  /**
   * Into how many parts the share of a worker is divided at the first ask; 2 by default. More parts follow the
   * true speeds more closely, and cost more to hand out.
   */
  divisor?: number;
}

/** Hands out units from 0 to a total, each once, in order. */
export class GuidedChunks {
  readonly #total: number;
  readonly #weights: readonly number[];
  readonly #sum: number;
  readonly #floor: number;
  readonly #divisor: number;
  #next = 0;

  /**
   * @param total how many units there are.
   * @param weights of the workers, by their numbers: how fast each is thought to be.
   */
  constructor(
    total: number,
    weights: readonly number[],
    { floor = 1, divisor = 2 }: GuidedOptions = {},
  ) {
    this.#total = total;
    this.#weights = weights;
    this.#sum = weights.reduce((all, weight) => all + weight, 0);
    this.#floor = Math.max(1, Math.floor(floor));
    this.#divisor = divisor;
  }

  /** How many units are left. */
  get remaining(): number {
    return this.#total - this.#next;
  }

  /** The next part for a worker; undefined where nothing is left, or its weight is 0. */
  nextChunk(worker: number): UnitRange | undefined {
    const weight = this.#weights[worker] ?? 0;
    if (this.remaining === 0 || !(weight > 0)) return undefined;
    const share = this.remaining * weight / (this.#sum * this.#divisor);
    const size = Math.min(this.remaining, Math.max(this.#floor, Math.ceil(share)));
    const start = this.#next;
    this.#next += size;
    return { start, end: this.#next };
  }
}
