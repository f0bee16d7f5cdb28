/**
 * How finely the history is kept, for how long, and how finely it is shown.
 *
 * @module
 */

/** A tier of means over steps. */
export interface Tier {
  /** Its table in the file. */
  readonly table: string;
  /** Length of its steps in ms. Each tier's is a multiple of the one's before it. */
  readonly step_ms: number;
}

/**
 * The tiers, the finest first. Hours are kept so that a month can be drawn from a few hundred rows.
 */
export const TIERS: readonly Tier[] = [
  { table: "step_10s", step_ms: 10_000 },
  { table: "step_5min", step_ms: 300_000 },
  { table: "step_1h", step_ms: 3_600_000 },
];

/** For how long what is kept, in seconds of recording. */
export interface Retention {
  /** The samples themselves. */
  raw_s: number;
  /** By tier of {@linkcode TIERS}. */
  tiers_s: readonly number[];
}

/** Samples for an hour, 10 s for a day, 5 minutes and hours for a month. */
export const RETENTION: Retention = {
  raw_s: 3600,
  tiers_s: [86_400, 31 * 86_400, 31 * 86_400],
};

/**
 * Every tier is written at least so often, in ms of recording. What is not written yet is in the raw
 * samples, which therefore are kept for twice as long at least.
 */
export const LONGEST_OPEN_MS = 300_000;

/** How many points are useful on a screen. */
export const SCREEN_POINTS = 600;

/** Lengths of steps that are shown, in s. The first stands for the samples themselves. */
export const SHOWN_STEPS: readonly number[] = [
  1,
  2,
  5,
  10,
  20,
  30,
  60,
  120,
  300,
  600,
  900,
  1800,
  3600,
  7200,
  10_800,
  21_600,
  43_200,
  86_400,
  7 * 86_400,
  30 * 86_400,
];

/** The start of the step that a time is in; both in ms. */
export function stepStart(at: number, step_ms: number): number {
  return Math.floor(at / step_ms) * step_ms;
}

/**
 * The least step that is shown and is at least `least_s` long; the longest there is where none is.
 *
 * @param multiple_ms of which it has to be a multiple.
 */
export function shownStep(least_s: number, multiple_ms = 1): number {
  const fits = (step: number) => step >= least_s && (step * 1000) % multiple_ms === 0;
  return SHOWN_STEPS.find(fits) ?? SHOWN_STEPS.at(-1) ?? 86_400;
}

/** The coarsest tier of which steps of `step_s` are made; undefined where that takes the samples. */
export function tierFor(step_s: number): Tier | undefined {
  return TIERS.findLast(({ step_ms }) => (step_s * 1000) % step_ms === 0);
}
