/**
 * The devices take turns.
 *
 * @module
 */

import { enabledWorkers, type Strategy, wholeOn } from "./strategy.ts";

/** How much was placed so far. */
export interface RoundRobinState {
  /** The id of the device that had the last turn; null before the first. */
  last: string | null;
}

/** Each piece of work whole, on the device after the one before. */
export const roundRobin: Strategy<RoundRobinState> = {
  name: "round_robin",
  summary: "each piece of work whole, on one device after the other",
  initial: { last: null },
  place({ last }, work, workers) {
    const able = enabledWorkers(workers);
    // The place of the last one counts among all: it may be disabled by now.
    const at = workers.findIndex(({ id }) => id === last);
    const following = [...workers.slice(at + 1), ...workers.slice(0, at + 1)];
    const next = following.find(({ enabled }) => enabled) ?? able[0];
    return {
      state: { last: next.id },
      parts: wholeOn(next, work),
      reason: `the turn is ${next.id}'s`,
    };
  },
};
