/**
 * The devices take turns.
 *
 * @module
 */

import { ableWorkers, type Strategy, wholeOn } from "./strategy.ts";

/** Whose turn was last. */
export interface RoundRobinState {
  /** The id of the device that had the last turn; null before the first. */
  last: string | null;
}

const OPTIONS = {} as const;

/** Each piece of work whole, on the device after the one before. */
export const roundRobin: Strategy<RoundRobinState, typeof OPTIONS> = {
  name: "round_robin",
  summary: "each piece of work whole, on one device after the other",
  options: OPTIONS,
  initial: { last: null },
  place({ last }, work, workers) {
    const able = ableWorkers(workers, work);
    // The place of the last one counts among all: it may be disabled by now.
    const at = workers.findIndex(({ id }) => id === last);
    const following = [...workers.slice(at + 1), ...workers.slice(0, at + 1)];
    const next = following.find((worker) => able.includes(worker)) ?? able[0];
    return {
      state: { last: next.id },
      parts: wholeOn(next, work),
      reason: `the turn is ${next.id}'s`,
    };
  },
};
