/**
 * Splitting while it pays, by what was measured; frames alternate.
 *
 * @module
 */

import { afr, type AfrState } from "./afr.ts";
import { tiles } from "./sfr.ts";
import { enabledWorkers, fastest, type Strategy, wholeOn } from "./strategy.ts";
import { task } from "./task.ts";

/**
 * By how much the other way has to be better before it is taken: so that measurements near the border do not
 * switch it forth and back.
 */
export const SWITCH_MARGIN = 0.05;

/** Whether grids are being split, and whose turn a frame is. */
export interface HybridState {
  isSplitting: boolean;
  frames: AfrState;
}

/** Grids split where that takes less time, as measured, with hysteresis; tasks by earliest finish. */
export const hybrid: Strategy<HybridState> = {
  name: "hybrid",
  summary:
    "measures, and splits a grid where that pays; frames alternate, tasks go where they end first",
  initial: { isSplitting: false, frames: afr.initial },
  place(state, work, workers) {
    const able = enabledWorkers(workers);
    if (work.kind === "task") return { ...task.place(null, work, workers), state };
    if (work.kind === "frame") {
      const { state: frames, parts, reason } = afr.place(state.frames, work, workers);
      return { state: { ...state, frames }, parts, reason };
    }
    const best = fastest(able);
    if (!work.splittable || able.length === 1 || work.measured === null) {
      const why = !work.splittable
        ? "it cannot be cut"
        : able.length === 1
        ? "one device alone can run it"
        : "it was not measured yet";
      return { state, parts: wholeOn(best, work), reason: `${why}: all of it goes to ${best.id}` };
    }
    const { whole_ms, split_ms } = work.measured;
    // What is done now is left for what is better by the margin alone.
    const margin = state.isSplitting ? 1 + SWITCH_MARGIN : 1 - SWITCH_MARGIN;
    const isSplitting = split_ms < whole_ms * margin;
    const next = { ...state, isSplitting };
    const sum = `${whole_ms.toPrecision(3)} ms whole, ${split_ms.toPrecision(3)} ms split`;
    if (!isSplitting) {
      return { state: next, parts: wholeOn(best, work), reason: `splitting does not pay: ${sum}` };
    }
    const parts = tiles(work, able);
    const reason = parts.length > 1
      ? `splitting pays: ${sum}`
      : "the others are too slow for a tile of it";
    return { state: next, parts, reason };
  },
};
