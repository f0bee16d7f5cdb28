/**
 * Choosing between ways to do the same, by what each was measured to take, without wavering. Pure.
 *
 * Each way is tried for a few times, then the best is kept. Another is taken only where it is better by a
 * margin, and not before the present one was kept for a while. Where the present one's times drift, all are
 * tried anew.
 *
 * @module
 */

/** What one way took. */
interface Measured {
  /** How many times it was measured since its trial began. */
  readonly samples: number;
  /** The mean of its runs, the newest with most weight, in ms; null before the end of the first. */
  readonly ms: number | null;
  /** The sum of the run that has not ended, in ms. */
  readonly sum: number;
}

/** What was measured, and the way that is taken. */
export interface ChooserState<Way extends string> {
  /** The way that is taken; null before the first choice. */
  readonly way: Way | null;
  /** Choices since the way was taken. */
  readonly kept: number;
  /** Measurements since the way was taken. */
  readonly heard: number;
  /** What was measured of each way, by its name. */
  readonly measured: Readonly<Record<string, Measured>>;
  /** What the way took when the trial of all ended, in ms; null while ways are tried. */
  readonly settled_ms: number | null;
  /** The way that was best in the trial before; null before the first ended. */
  readonly best: Way | null;
  /** Trials in a row that found the same: each doubles the time to the next. */
  readonly vain: number;
}

/** When another way is taken. */
export interface ChooserOptions {
  /** By how many percent another has to be better. */
  threshold_percent: number;
  /** Choices for which a way is kept at least. */
  dwell: number;
  /**
   * Measurements that make a run: times are compared run by run. Frames of several devices come in groups, so
   * that a single time says little.
   */
  trial: number;
  /**
   * Measurements after a change of ways that are not counted: as many as frames are under way, which were begun
   * the way before.
   */
  warm_up: number;
  /** By how many percent the present one's times have to change before all are tried anew. */
  drift_percent: number;
}

/** Weight of the newest run in the mean. */
const NEWEST = 0.3;

/** A chooser that knows nothing. */
export const UNDECIDED: ChooserState<never> = {
  way: null,
  kept: 0,
  heard: 0,
  measured: {},
  settled_ms: null,
  best: null,
  vain: 0,
};

/** So often the time to the next trial is doubled at most. */
const MOST_DOUBLINGS = 16;

/**
 * The way to take now.
 *
 * @param ways that there are, at least one; they are tried in this order.
 */
export function choose<Way extends string>(
  state: ChooserState<Way>,
  ways: readonly [Way, ...Way[]],
  options: ChooserOptions,
): ChooserState<Way> & { readonly way: Way } {
  const { way, measured } = state;
  const take = (next: Way) =>
    next === way
      ? { ...state, way: next, kept: state.kept + 1 }
      : { ...state, way: next, kept: 0, heard: 0, settled_ms: null };
  if (way === null || !ways.includes(way)) return take(ways[0]);
  const isTried = (each: Way) => (measured[each]?.ms ?? null) !== null;
  if (!isTried(way)) return take(way);
  const untried = ways.find((each) => !isTried(each));
  if (untried !== undefined) return take(untried);
  const msOf = (each: Way) => measured[each]?.ms ?? Infinity;
  const best = ways.reduce((least, each) => msOf(each) < msOf(least) ? each : least);
  if (state.settled_ms === null) {
    // A trial has just ended: the best is kept, whichever was tried last.
    const vain = best === state.best ? Math.min(MOST_DOUBLINGS, state.vain + 1) : 0;
    return { ...take(best), settled_ms: msOf(best), best, vain };
  }
  const drift = Math.abs(msOf(way) / state.settled_ms - 1);
  const least = Math.max(options.dwell, options.trial + options.warm_up);
  if (state.kept >= least * 2 ** state.vain && drift > options.drift_percent / 100) {
    return { ...take(way), kept: 0, measured: {}, settled_ms: null };
  }
  const isKept = state.kept >= least;
  const isBetter = msOf(best) < msOf(way) * (1 - options.threshold_percent / 100);
  return isKept && isBetter ? { ...take(best), settled_ms: msOf(best) } : take(way);
}

/**
 * Takes note of what a way took, in ms, 0 or more. What is no time, or of a way that is not taken any more, is
 * not noted.
 */
export function learn<Way extends string>(
  state: ChooserState<Way>,
  way: Way,
  ms: number,
  { trial, warm_up }: Pick<ChooserOptions, "trial" | "warm_up">,
): ChooserState<Way> {
  if (!(ms >= 0 && ms < Infinity) || way !== state.way) return state;
  const heard = state.heard + 1;
  if (heard <= warm_up) return { ...state, heard };
  const { samples, ms: mean, sum } = state.measured[way] ?? { samples: 0, ms: null, sum: 0 };
  const count = samples + 1, all = sum + ms;
  const isRun = count % trial === 0;
  const newest = mean === null ? all / trial : mean + NEWEST * (all / trial - mean);
  const next: Measured = { samples: count, ms: isRun ? newest : mean, sum: isRun ? 0 : all };
  return { ...state, heard, measured: { ...state.measured, [way]: next } };
}
