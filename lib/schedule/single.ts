/**
 * One device does everything.
 *
 * @module
 */

import { ableWorkers, fastest, settled, type Strategy, wholeOn } from "./strategy.ts";

/** Who does everything. */
export interface SingleState {
  /** The id of the device that had the last piece of work; null before the first. */
  on: string | null;
}

const OPTIONS = {
  device: { type: "device", default: null, description: "the device that does everything" },
  pick: {
    type: "choice",
    default: "first",
    choices: ["first", "best"],
    description: "who does everything where no device was chosen",
  },
  threshold_percent: {
    type: "number",
    default: 20,
    minimum: 0,
    maximum: 1000,
    description: "by how much another has to be faster before the best is another",
  },
} as const;

/**
 * Everything on one device: the chosen one, or the first, or the best. Where the first is lost, the next does
 * it; where a chosen one is, the fastest of the others, and the chosen one again once it is back.
 */
export const single: Strategy<SingleState, typeof OPTIONS> = {
  name: "single",
  summary: "everything on the first device, or the next where that is lost",
  options: OPTIONS,
  initial: { on: null },
  place({ on }, work, workers, { device, pick, threshold_percent }) {
    const able = ableWorkers(workers, work);
    const chosen = able.find(({ id }) => id === device);
    const isLost = device !== null && chosen === undefined;
    const one = chosen ??
      (isLost || pick === "best" ? settled(on, able, work, threshold_percent) : able[0]);
    const reason = isLost
      ? `${device} cannot: all work goes to ${one.id}, the ${
        one === fastest(able, work) ? "fastest" : "next"
      } of the others`
      : `all work goes to ${one.id}`;
    return { state: { on: one.id }, parts: wholeOn(one, work), reason };
  },
};
