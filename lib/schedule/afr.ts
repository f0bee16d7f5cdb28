/**
 * Alternate frame rendering: frames go to the devices in turn, to the faster more often.
 *
 * @module
 */

import { ableWorkers, fastest, speedsAt, type Strategy, wholeOn, type Worker } from "./strategy.ts";

/** What each device has earned by its speed and not been given yet, by id. */
export interface AfrState {
  credit: Readonly<Record<string, number>>;
}

/** Options of {@linkcode afr}; `hybrid` has some of them too. */
export const AFR_OPTIONS = {
  queue_depth: {
    type: "integer",
    default: 2,
    minimum: 1,
    maximum: 16,
    description: "frames that a device may have in its queue: more are later on the screen",
  },
  latency: {
    type: "integer",
    default: 0,
    minimum: 0,
    maximum: 10_000,
    description: "frames that are under way in all, where the program bounds them; 0 for no bound",
  },
  weighted: {
    type: "boolean",
    default: true,
    description: "whether a faster device gets more frames; else all get as many",
  },
} as const;

/** Credits of equals differ by rounding alone, by less than this. */
const ROUNDING = 1e-9;

/**
 * Those that end a frame before the others have to wait for it. Frames are shown in order, and so many are
 * under way: while a device computes one, all together begin as many as they are faster than it.
 */
function inTime(
  workers: readonly [Worker, ...Worker[]],
  speeds: readonly number[],
  latency: number,
): [Worker, ...Worker[]] {
  const bySpeed = workers.map((worker, i) => ({ worker, speed: speeds[i] ?? 0 }))
    .toSorted((one, other) => other.speed - one.speed);
  let count = bySpeed.length;
  for (; count > 1; count--) {
    const total = bySpeed.slice(0, count).reduce((sum, { speed }) => sum + speed, 0);
    if (total <= latency * (bySpeed[count - 1]?.speed ?? 0) * (1 + ROUNDING)) break;
  }
  const left = bySpeed.slice(0, count).map(({ worker }) => worker);
  const [first = workers[0], ...others] = workers.filter((each) => left.includes(each));
  return [first, ...others];
}

/** Who will have room for a frame first, where all queues are full. */
function firstFree(workers: readonly [Worker, ...Worker[]], depth: number): [Worker, ...Worker[]] {
  const untilRoom = ({ queued_ms, queued_frames = 0 }: Worker) =>
    queued_ms * (queued_frames - depth + 1) / queued_frames;
  const least = Math.min(...workers.map(untilRoom));
  const [first = workers[0], ...others] = workers.filter((each) => untilRoom(each) <= least);
  return [first, ...others];
}

/**
 * Smooth weighted round-robin: each frame every device earns its speed, and the one with most credit pays for
 * the frame with what all have earned. A device that is twice as fast gets twice as many frames, spread evenly.
 * One whose queue is full neither earns nor is chosen; where all are full, the frame is held for the one
 * that has room first.
 */
export const afr: Strategy<AfrState, typeof AFR_OPTIONS> = {
  name: "afr",
  summary: "frames alternate between the devices, in proportion to their speeds",
  options: AFR_OPTIONS,
  initial: { credit: {} },
  place(state, work, workers, { queue_depth, latency, weighted }) {
    const able = ableWorkers(workers, work);
    if (work.kind !== "frame") {
      const best = fastest(able, work);
      const reason = `only frames alternate: all of it goes to ${best.id}, the fastest`;
      return { state, parts: wholeOn(best, work), reason };
    }
    const useful = latency === 0 ? able : inTime(able, speedsAt(able, work), latency);
    const [free, ...others] = useful.filter(({ queued_frames: n = 0 }) => n < queue_depth);
    const candidates = free === undefined ? firstFree(useful, queue_depth) : [free, ...others];
    const speeds = weighted ? speedsAt(candidates, work) : candidates.map(() => 1);
    const total = speeds.reduce((sum, speed) => sum + speed, 0);
    const earned = new Map(able.map((worker) => [worker, state.credit[worker.id] ?? 0]));
    const credit = (worker: Worker) => earned.get(worker) ?? 0;
    candidates.forEach((worker, i) => {
      earned.set(worker, credit(worker) + (speeds[i] ?? 0) / total);
    });
    // Of equals the first goes first.
    const chosen = candidates.reduce((best, worker) =>
      credit(worker) > credit(best) + ROUNDING ? worker : best
    );
    earned.set(chosen, credit(chosen) - 1);
    const hold = free === undefined ? { worker: chosen.id, frames: queue_depth } : undefined;
    const turn = `frame ${work.number} is ${chosen.id}'s`;
    return {
      state: { credit: Object.fromEntries(able.map((each) => [each.id, credit(each)])) },
      parts: wholeOn(chosen, work),
      reason: hold === undefined ? turn : `${turn}, once its queue is below ${queue_depth}`,
      ...(hold !== undefined && { hold }),
    };
  },
};
