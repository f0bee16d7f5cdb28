/**
 * One device does everything.
 *
 * @module
 */

import { enabledWorkers, type Strategy, wholeOn } from "./strategy.ts";

/** Everything on the first enabled device; on the next where that is lost. */
export const single: Strategy<null> = {
  name: "single",
  summary: "everything on the first device, or the next where that is lost",
  initial: null,
  place(state, work, workers) {
    const [first] = enabledWorkers(workers);
    return { state, parts: wholeOn(first, work), reason: `all work goes to ${first.id}` };
  },
};
