/**
 * Split frame rendering: each frame, and each grid that may be cut, is shared out by speed.
 *
 * @module
 */

import { sharesByWeight } from "./shares.ts";
import {
  ableWorkers,
  fastest,
  type Part,
  speedsAt,
  type Strategy,
  unitsOf,
  wholeOn,
  type Work,
  type Worker,
} from "./strategy.ts";

const OPTIONS = {
  split_ratio: {
    type: "weights",
    default: null,
    description:
      "shares of the devices in their order, such as 3,1; by measured speed where not given",
  },
  minimum_tile: {
    type: "integer",
    default: 1,
    minimum: 1,
    maximum: 1_000_000,
    description: "units or rows below which a device gets none",
  },
} as const;

/** Contiguous tiles by weight, in the order of the workers. */
export function tiles(
  work: Work,
  workers: readonly Worker[],
  weights: readonly number[] = speedsAt(workers, work),
  minimum = 1,
): Part[] {
  let start = 0;
  return sharesByWeight(unitsOf(work), weights, minimum).flatMap((share, i) => {
    const worker = workers[i];
    if (share === 0 || worker === undefined) return [];
    const part = { worker: worker.id, start, end: start + share };
    start += share;
    return [part];
  });
}

/** The ratio's weights of those workers that are able; undefined where all of these are 0. */
function weightsOf(
  ratio: readonly number[],
  workers: readonly Worker[],
  able: readonly Worker[],
): number[] | undefined {
  if (ratio.length !== workers.length) {
    throw new RangeError(
      `sfr: split_ratio has ${ratio.length} numbers for ${workers.length} devices: give one for each`,
    );
  }
  const weights = able.map((worker) => ratio[workers.indexOf(worker)] ?? 0);
  return weights.some((weight) => weight > 0) ? weights : undefined;
}

/** Every frame and grid in tiles, whether that pays or not. */
export const sfr: Strategy<null, typeof OPTIONS> = {
  name: "sfr",
  summary:
    "each frame or grid is cut into tiles, one for each device, in proportion to their speeds",
  options: OPTIONS,
  initial: null,
  place(state, work, workers, { split_ratio, minimum_tile }) {
    const able = ableWorkers(workers, work);
    const best = fastest(able, work);
    const whole = (why: string) => ({
      state,
      parts: wholeOn(best, work),
      reason: `${why}: all of it goes to ${best.id}`,
    });
    if (able.length === 1) return whole("one device alone can run it");
    if (work.kind === "task" || !work.splittable) return whole("it cannot be cut");
    const weights = split_ratio === null
      ? speedsAt(able, work)
      : weightsOf(split_ratio, workers, able);
    if (weights === undefined) return whole("split_ratio gives nothing to who is enabled");
    const parts = tiles(work, able, weights, minimum_tile);
    const by = split_ratio === null ? "speed" : "split_ratio";
    const reason = parts.length > 1
      ? `in ${parts.length} tiles by ${by}`
      : "the others are too slow for a tile of it";
    return { state, parts, reason };
  },
};
