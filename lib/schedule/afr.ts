/**
 * Alternate frame rendering: frames go to the devices in turn, to the faster more often.
 *
 * @module
 */

import { enabledWorkers, fastest, type Strategy, wholeOn, type Worker } from "./strategy.ts";

/** What each device has earned by its speed and not been given yet, by id. */
export interface AfrState {
  credit: Readonly<Record<string, number>>;
}

/**
 * Smooth weighted round-robin: each frame every device earns its speed, and the one with most credit pays for
 * the frame with what all have earned. A device that is twice as fast gets twice as many frames, spread evenly.
 */
export const afr: Strategy<AfrState> = {
  name: "afr",
  summary: "frames alternate between the devices, in proportion to their speeds",
  initial: { credit: {} },
  place(state, work, workers) {
    const able = enabledWorkers(workers);
    if (work.kind !== "frame") {
      const best = fastest(able);
      const reason = `only frames alternate: all of it goes to ${best.id}, the fastest`;
      return { state, parts: wholeOn(best, work), reason };
    }
    const total = able.reduce((sum, { speed }) => sum + speed, 0);
    const earned = new Map(
      able.map((worker) => [worker, (state.credit[worker.id] ?? 0) + worker.speed / total]),
    );
    const credit = (worker: Worker) => earned.get(worker) ?? 0;
    // Credits of equals differ by rounding alone: the first goes first.
    const chosen = able.reduce((best, worker) =>
      credit(worker) > credit(best) + 1e-9 ? worker : best
    );
    earned.set(chosen, credit(chosen) - 1);
    return {
      state: { credit: Object.fromEntries(able.map((each) => [each.id, credit(each)])) },
      parts: wholeOn(chosen, work),
      reason: `frame ${work.number} is ${chosen.id}'s`,
    };
  },
};
