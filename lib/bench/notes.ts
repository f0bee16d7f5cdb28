/**
 * What a reader of a figure should know beside it.
 *
 * @module
 */

import type { DataPattern, Effort, Prepared } from "./benchmark.ts";
import { isFirstSlow, type Summary } from "./statistics.ts";

/** A spread above this is said: figures that vary so are compared with care. */
const WIDE_CV = 0.03;

/** A first run that is slower than the others by less than this factor is nothing to speak of. */
const SLOW = 1.1;

/** An interval of the median wider than this to each side is said. */
const WIDE_INTERVAL = 0.005;

/** In words: of figures that share a note, numbers are left out. */
function shareOf(scale: number): string {
  return scale === 0.5 ? "half" : scale === 0.25 ? "a quarter of" : `${scale} of`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** What was measured: the samples of the reported shape and of its warm-up, in order, and by which clock. */
export interface Sampled {
  readonly warmUp: readonly number[];
  readonly samples: readonly number[];
  readonly prepared: Pick<Prepared, "clock">;
}

/**
 * The notes on a figure. Latencies by the host's clock always vary, for the host does other things as well:
 * their 99th percentile, which is shown beside the median, says by how much, and no note.
 *
 * @param data what was measured with; `none` where data make no difference.
 */
export function notesOn(
  summary: Summary,
  of: Sampled,
  better: "higher" | "lower",
  effort: Pick<Effort, "memoryScale" | "data">,
  data: DataPattern | "none",
): string[] {
  const notes: string[] = [];
  const { memoryScale = 1, data: asked = "random" } = effort;
  if (data !== "none" && data !== asked) {
    notes.push(`measured with ${data} data: it knows no other`);
  }
  if (memoryScale !== 1) {
    notes.push(`memory did not suffice: the working set is ${shareOf(memoryScale)} the usual one`);
  }
  const [first] = of.warmUp;
  if (first !== undefined && isFirstSlow([first, ...of.samples], better)) {
    const factor = better === "higher" ? summary.median / first : first / summary.median;
    if (factor >= SLOW) {
      notes.push(`the first run was ${factor.toFixed(2)} times slower than the median`);
    }
  }
  const reach = (summary.ci95_high - summary.ci95_low) / 2 / summary.median;
  const unsure = reach > WIDE_INTERVAL ? `the median is known to ±${percent(reach)} only` : "";
  const hasTail = better === "lower" && of.prepared.clock === "host";
  const wide = summary.cv > WIDE_CV && !hasTail
    ? `samples vary by ${percent(summary.cv)} (CV)`
    : "";
  const both = [wide, unsure].filter((text) => text !== "").join(": ");
  if (both !== "") notes.push(both);
  return notes;
}
