/**
 * How a benchmark of pools is done.
 *
 * @module
 */

/** Options of a run. */
export interface PoolBenchOptions {
  /** A few small runs rather than many long ones. */
  quick: boolean;
  /** Called before each piece, with what is measured next. */
  onStart?: (what: string) => void;
}
