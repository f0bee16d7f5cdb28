/**
 * Whether a process grows: what it holds from time to time, and what that comes to.
 *
 * @module
 */

import process from "node:process";

/** What this process holds. */
export interface Mark {
  samples: number;
  /** Of 1: how much of the run is over. */
  share: number;
  rss_mib: number;
  /** Objects that are in use, once those that are not were collected. */
  heap_mib: number;
  descriptors: number;
}

const MIB = 2 ** 20;

/** Whether garbage can be collected now, as with `--v8-flags=--expose-gc`; without it the heap says nothing. */
export const collect: (() => void) | undefined = (globalThis as { gc?: () => void }).gc;

/** Looks at this process. */
export function mark(samples: number, share: number): Mark {
  collect?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    samples,
    share,
    rss_mib: rss / MIB,
    heap_mib: (heapUsed + external) / MIB,
    descriptors: [...Deno.readDirSync("/proc/self/fd")].length,
  };
}

/** A straight line through points, by least squares. */
export interface Slope {
  perSample: number;
  /** Standard error of the slope. */
  error: number;
}

/**
 * The line through one value of some marks; undefined for fewer than three.
 *
 * Source: the usual estimator, with the residuals' variance over n - 2.
 */
export function slopeOf(marks: readonly Mark[], of: "rss_mib" | "heap_mib"): Slope | undefined {
  const n = marks.length;
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / n;
  const x = marks.map(({ samples }) => samples), y = marks.map((each) => each[of]);
  const middle = mean(x), level = mean(y);
  const spread = x.reduce((sum, each) => sum + (each - middle) ** 2, 0);
  if (n < 3 || spread === 0) return undefined;
  const both = x.reduce((sum, each, i) => sum + (each - middle) * ((y[i] ?? 0) - level), 0);
  const perSample = both / spread;
  const left = x.reduce(
    (sum, each, i) => sum + ((y[i] ?? 0) - level - perSample * (each - middle)) ** 2,
    0,
  );
  return { perSample, error: Math.sqrt(left / (n - 2) / spread) };
}

/** How many MiB may be held more after a million samples. The system's allocator keeps pages for later. */
const LIMITS_MIB = { heap_mib: 4, rss_mib: 32 } as const;

/**
 * Marks of fewer samples are of the warm-up: each opening of a library compiles its functions anew, and it
 * takes some thousands of openings until what that leaves behind is used again.
 */
const WARM_UP = { heap_mib: 10_000, rss_mib: 100_000 } as const;

/** How many standard errors a slope has to be over the limit, to be more than noise. */
const SURE = 3;

/** What the marks of a run come to. */
export interface Growth {
  /** One line each. */
  figures: string[];
  /** One line each; none for a process that does not grow. */
  faults: string[];
}

/**
 * Judges the marks of a run. Memory is judged by those of the second half, after the warm-up. Its growth
 * is the slope of the line through them, for a million samples; it is a fault where it is above the limit by
 * three standard errors. One descriptor more at the end than after 5 % is a fault.
 */
export function judgeGrowth(marks: readonly Mark[], collected = collect !== undefined): Growth {
  const figures: string[] = [], faults: string[] = [];
  const early = marks.find(({ share }) => share >= 0.05), last = marks.at(-1);
  if (early && last) {
    figures.push(`descriptors: ${early.descriptors} after 5 %, ${last.descriptors} at the end`);
    if (last.descriptors > early.descriptors) {
      faults.push(`descriptors grew from ${early.descriptors} to ${last.descriptors}`);
    }
  }
  for (const [name, of] of [["JS heap", "heap_mib"], ["resident memory", "rss_mib"]] as const) {
    const half = marks.filter(({ share, samples }) => share >= 0.5 && samples >= WARM_UP[of]);
    const slope = slopeOf(half, of);
    if (!collected || slope === undefined) {
      const why = collected ? `no marks after ${WARM_UP[of]} samples` : "no --v8-flags=--expose-gc";
      figures.push(`${name}: not judged (${why})`);
      continue;
    }
    const million = slope.perSample * 1e6, error = slope.error * 1e6, limit = LIMITS_MIB[of];
    const text = `${million.toFixed(2)} MiB (standard error ${
      error.toFixed(2)
    }) in a million samples`;
    figures.push(`${name}: ${text}, by ${half.length} marks of the second half; ${limit} may be`);
    if (million - SURE * error > limit) faults.push(`${name} grows by ${text}: at most ${limit}`);
  }
  return { figures, faults };
}
