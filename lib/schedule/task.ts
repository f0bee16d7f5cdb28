/**
 * Each task goes where it is done first.
 *
 * @module
 */

import {
  ableWorkers,
  speedsAt,
  type Strategy,
  wholeOn,
  type Work,
  type Worker,
} from "./strategy.ts";

const OPTIONS = {} as const;

/** When a worker could begin with a piece of work, and when it would have done it, in ms from now. */
export interface TaskTimes {
  /** The worker is free, and what is read was written: moving it begins. */
  start_ms: number;
  /** What is read was moved, and the work is done. Work of unknown cost counts as none. */
  finish_ms: number;
}

/**
 * How long a piece of work takes on a worker, from now.
 *
 * @param speed the worker's at this work.
 */
export function taskTimes(work: Work, { id, queued_ms }: Worker, speed: number): TaskTimes {
  if (work.kind !== "task") return { start_ms: queued_ms, finish_ms: queued_ms };
  const start_ms = work.inputs.reduce(
    (latest, { ready_ms = 0 }) => Math.max(latest, ready_ms),
    queued_ms,
  );
  const moving = work.inputs.reduce(
    (sum, { worker, move_ms }) => worker === id ? sum : sum + move_ms,
    0,
  );
  return { start_ms, finish_ms: start_ms + moving + work.cost_ms / speed };
}

/** What of two workers decides, the first that differs: the finish, speed, priority, and who is idle. */
function rank(worker: Worker, { finish_ms }: TaskTimes, speed: number): number[] {
  const { priority = 0, utilization_pct } = worker;
  return [finish_ms, -speed, -priority, utilization_pct ?? 0];
}

/** Below 0 where the first comes before the second. */
function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((each, i) => each !== other[i]);
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}

/** The earliest finish: what is queued, when the inputs are there, moving them, and the work itself count. */
export const task: Strategy<null, typeof OPTIONS> = {
  name: "task",
  summary: "each piece of work whole, on the device that would be done with it first",
  options: OPTIONS,
  initial: null,
  place(state, work, workers) {
    const able = ableWorkers(workers, work);
    const speeds = speedsAt(able, work);
    const all = able.map((worker, i) => {
      const speed = speeds[i] ?? 1;
      const times = taskTimes(work, worker, speed);
      return { worker, times, rank: rank(worker, times, speed) };
    });
    const chosen = all.reduce((best, each) => compare(each.rank, best.rank) < 0 ? each : best);
    const { worker, times: { start_ms, finish_ms } } = chosen;
    return {
      state,
      parts: wholeOn(worker, work),
      reason: `${worker.id} is done first, in ${finish_ms.toPrecision(3)} ms`,
      start_ms,
    };
  },
};
