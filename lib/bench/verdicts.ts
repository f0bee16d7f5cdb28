/**
 * What a report says of itself, once it was compared with another and held against expectations.
 *
 * @module
 */

import type { Parameters } from "./benchmark.ts";

/**
 * What became of a figure.
 *
 * `better` and `worse` where the change is significant, `same` where it is not; `unsure` where there are too
 * few samples to tell, or where it was not as bad when it was measured once more; `lost` where there was a figure and is none, `gained` the
 * other way round.
 */
export type ChangeVerdict = "same" | "better" | "worse" | "unsure" | "lost" | "gained";

/** One figure in both reports. */
export interface Change {
  name: string;
  device: string;
  peer: string | null;
  parameters: Parameters;
  unit: string;
  better: "higher" | "lower";
  /** Medians; null where there is none. */
  old: number | null;
  now: number | null;
  /** The new median over the old; null without both. */
  ratio: number | null;
  verdict: ChangeVerdict;
  /** The median when it was measured once more, since it would have failed; left out where it was not. */
  again?: number;
  /** Why there is no figure now; null where there is one. */
  reason: string | null;
  /** Whether it fails the comparison: worse by more than the threshold, or lost. */
  fails: boolean;
}

/** Two reports side by side. */
export interface Comparison {
  old_date: string;
  /** How significance was decided. */
  method: string;
  /** A loss above this share fails. */
  threshold: number;
  changes: Change[];
}

/** What came of an expectation for one figure. */
export interface ExpectationVerdict {
  expectation: string;
  name: string;
  /** Null where nothing of the name was run. */
  device: string | null;
  peer: string | null;
  state: "met" | "missed" | "unmeasured";
  /** One line for people: what was expected and what was found. */
  line: string;
}
