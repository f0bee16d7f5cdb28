/**
 * What was measured to be best: grids split while that pays; frames alternate, are split, or stay on one.
 *
 * @module
 */

import { afr, AFR_OPTIONS, type AfrState } from "./afr.ts";
import { choose, type ChooserOptions, type ChooserState, learn, UNDECIDED } from "./chooser.ts";
import type { OptionsOf } from "./options.ts";
import { tiles } from "./sfr.ts";
import {
  ableWorkers,
  type Decision,
  fastest,
  type FrameWay,
  type FrameWork,
  type Strategy,
  wholeOn,
  type Worker,
} from "./strategy.ts";
import { task } from "./task.ts";

/** Whether grids are being split, and how frames are computed. */
export interface HybridState {
  isSplitting: boolean;
  /** Grids that were decided by their times since that changed; null before it ever did. */
  kept: number | null;
  /** Whose turn a frame is. */
  frames: AfrState;
  ways: ChooserState<FrameWay>;
}

const OPTIONS = {
  threshold_percent: {
    type: "number",
    default: 5,
    minimum: 0,
    maximum: 90,
    description: "by how much another way has to be better before it is taken",
  },
  dwell: {
    type: "integer",
    default: 3,
    minimum: 0,
    maximum: 100_000,
    description: "decisions for which a way is kept at least",
  },
  trial: {
    type: "integer",
    default: 24,
    minimum: 1,
    maximum: 1000,
    description: "frames by which each way is measured",
  },
  drift_percent: {
    type: "number",
    default: 25,
    minimum: 1,
    maximum: 1000,
    description: "by how much the times of frames have to change before all ways are measured anew",
  },
  queue_depth: AFR_OPTIONS.queue_depth,
  latency: AFR_OPTIONS.latency,
} as const;

/** Grids split where that takes less time, as measured, with hysteresis; tasks by earliest finish. */
export const hybrid: Strategy<HybridState, typeof OPTIONS> = {
  name: "hybrid",
  summary:
    "measures, and splits a grid where that pays; frames alternate, tasks go where they end first",
  options: OPTIONS,
  initial: { isSplitting: false, kept: null, frames: afr.initial, ways: UNDECIDED },
  place(state, work, workers, options) {
    const able = ableWorkers(workers, work);
    if (work.kind === "task") return { ...task.place(null, work, workers, {}), state };
    if (work.kind === "frame") {
      const ways = choose(state.ways, waysOf(work, able), chooserOptions(options));
      return { ...placeFrame({ ...state, ways }, work, able, options), way: ways.way };
    }
    const best = fastest(able, work);
    if (!work.splittable || able.length === 1 || work.measured === null) {
      const why = !work.splittable
        ? "it cannot be cut"
        : able.length === 1
        ? "one device alone can run it"
        : "it was not measured yet";
      return { state, parts: wholeOn(best, work), reason: `${why}: all of it goes to ${best.id}` };
    }
    const { whole_ms, split_ms } = work.measured;
    const { isSplitting, kept } = state;
    // What is done now is left for what is better by the margin alone, and not at once.
    const margin = 1 + (isSplitting ? 1 : -1) * options.threshold_percent / 100;
    const pays = split_ms < whole_ms * margin;
    const isChanging = pays !== isSplitting && (kept ?? Infinity) >= options.dwell;
    const next: HybridState = {
      ...state,
      isSplitting: isChanging ? pays : isSplitting,
      kept: isChanging ? 1 : kept === null ? null : kept + 1,
    };
    const sum = `${whole_ms.toPrecision(3)} ms whole, ${split_ms.toPrecision(3)} ms split`;
    const isEarly = pays !== next.isSplitting;
    if (!next.isSplitting) {
      const why = isEarly ? "it was split a moment ago" : "splitting does not pay";
      return { state: next, parts: wholeOn(best, work), reason: `${why}: ${sum}` };
    }
    const parts = tiles(work, able);
    const why = isEarly ? "it was whole a moment ago" : "splitting pays";
    const reason = parts.length > 1 ? `${why}: ${sum}` : "the others are too slow for a tile of it";
    return { state: next, parts, reason };
  },
  learn(state, { way, interval_ms }, options) {
    return { ...state, ways: learn(state.ways, way, interval_ms, chooserOptions(options)) };
  },
};

/** Frames that are thought to be under way where the program did not say how many. */
const USUAL_LATENCY = 16;

function chooserOptions(options: OptionsOf<typeof OPTIONS>): ChooserOptions {
  return { ...options, warm_up: options.latency > 0 ? options.latency : USUAL_LATENCY };
}

/** In how many ways a frame can be computed, in the order in which they are tried. */
function waysOf(work: FrameWork, able: readonly Worker[]): [FrameWay, ...FrameWay[]] {
  if (able.length === 1) return ["single"];
  return work.splittable ? ["afr", "sfr", "single"] : ["afr", "single"];
}

function placeFrame(
  state: HybridState,
  work: FrameWork,
  able: readonly [Worker, ...Worker[]],
  { queue_depth, latency }: OptionsOf<typeof OPTIONS>,
): Decision<HybridState> {
  switch (state.ways.way ?? "afr") {
    case "afr": {
      const decision = afr.place(state.frames, work, able, {
        queue_depth,
        latency,
        weighted: true,
      });
      return { ...decision, state: { ...state, frames: decision.state } };
    }
    case "sfr": {
      const parts = tiles(work, able);
      return { state, parts, reason: `in ${parts.length} tiles by speed` };
    }
    case "single": {
      const best = fastest(able, work);
      return { state, parts: wholeOn(best, work), reason: `all of it goes to ${best.id}` };
    }
  }
}
