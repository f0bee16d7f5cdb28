/**
 * Computing leaves the device that draws.
 *
 * @module
 */

import { enabledWorkers, fastest, type Strategy, wholeOn } from "./strategy.ts";

/**
 * Grids and tasks that compute go to the fastest device other than the first, which draws and shows; frames
 * and the rest stay on the first. With one device there is no other.
 */
export const computeOffload: Strategy<null> = {
  name: "compute_offload",
  summary: "graphics on the first device, all computing on the fastest of the others",
  initial: null,
  place(state, work, workers) {
    const [primary, ...others] = enabledWorkers(workers);
    const computes = work.kind === "grid" || (work.kind === "task" && work.task === "compute");
    const [first, ...rest] = others;
    if (!computes || first === undefined) {
      const why = computes ? "there is no other device" : "it does not compute";
      return { state, parts: wholeOn(primary, work), reason: `${why}: it stays on ${primary.id}` };
    }
    const best = fastest([first, ...rest]);
    return { state, parts: wholeOn(best, work), reason: `computing goes to ${best.id}` };
  },
};
