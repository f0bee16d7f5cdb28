/**
 * Split frame rendering: each frame, and each grid that may be cut, is shared out by speed.
 *
 * @module
 */

import { sharesByWeight } from "./shares.ts";
import {
  enabledWorkers,
  fastest,
  type Part,
  type Strategy,
  unitsOf,
  wholeOn,
  type Work,
  type Worker,
} from "./strategy.ts";

/** Contiguous tiles by speed, in the order of the workers. */
export function tiles(work: Work, workers: readonly Worker[]): Part[] {
  let start = 0;
  return sharesByWeight(unitsOf(work), workers.map(({ speed }) => speed)).flatMap((share, i) => {
    const worker = workers[i];
    if (share === 0 || worker === undefined) return [];
    const part = { worker: worker.id, start, end: start + share };
    start += share;
    return [part];
  });
}

/** Every frame and grid in tiles, whether that pays or not. */
export const sfr: Strategy<null> = {
  name: "sfr",
  summary:
    "each frame or grid is cut into tiles, one for each device, in proportion to their speeds",
  initial: null,
  place(state, work, workers) {
    const able = enabledWorkers(workers);
    if (work.kind === "task" || !work.splittable || able.length === 1) {
      const best = fastest(able);
      const why = able.length === 1 ? "one device alone can run it" : "it cannot be cut";
      return { state, parts: wholeOn(best, work), reason: `${why}: all of it goes to ${best.id}` };
    }
    const parts = tiles(work, able);
    const reason = parts.length > 1
      ? `in ${parts.length} tiles by speed`
      : "the others are too slow for a tile of it";
    return { state, parts, reason };
  },
};
