/**
 * Each task goes where it is done first.
 *
 * @module
 */

import {
  enabledWorkers,
  type Strategy,
  type TaskWork,
  wholeOn,
  type Work,
  type Worker,
} from "./strategy.ts";

/** How long moving a task's inputs to a worker takes, in ms. */
function movingMs(inputs: TaskWork["inputs"], { id }: Worker): number {
  return inputs.reduce((sum, { worker, move_ms }) => worker === id ? sum : sum + move_ms, 0);
}

/** When a worker would have done a piece of work, in ms from now. Work of unknown cost counts as none. */
export function finishMs(work: Work, worker: Worker): number {
  const isTask = work.kind === "task";
  return worker.queued_ms +
    (isTask ? movingMs(work.inputs, worker) + work.cost_ms / worker.speed : 0);
}

/** The earliest finish: what is queued, moving the inputs, and the work itself count. */
export const task: Strategy<null> = {
  name: "task",
  summary: "each piece of work whole, on the device that would be done with it first",
  initial: null,
  place(state, work, workers) {
    const able = enabledWorkers(workers);
    const better = (one: Worker, other: Worker) => {
      const difference = finishMs(work, one) - finishMs(work, other);
      return difference < 0 || (difference === 0 && one.speed > other.speed);
    };
    const chosen = able.reduce((best, worker) => better(worker, best) ? worker : best);
    const ms = finishMs(work, chosen).toPrecision(3);
    return {
      state,
      parts: wholeOn(chosen, work),
      reason: `${chosen.id} is done first, in ${ms} ms`,
    };
  },
};
