/**
 * Placing tasks that wait for each other: list scheduling by the longest way to the end (HEFT: H. Topcuoglu,
 * S. Hariri, M.-Y. Wu, "Performance-effective and low-complexity task scheduling for heterogeneous computing",
 * IEEE TPDS 13(3), 2002), each task by the strategy `task`. Pure.
 *
 * @module
 */

import {
  ableWorkers,
  type Needs,
  speedsAt,
  type TaskKind,
  type TaskWork,
  type Worker,
} from "./strategy.ts";
import { task as byFinish, taskTimes } from "./task.ts";

/** A task and what it waits for. */
export interface GraphTask {
  id: string;
  task: TaskKind;
  /** How long it takes on a worker with speed 1, in ms. */
  cost_ms: number;
  /** Tasks whose results it reads, and how long each takes to move to another device, in ms. */
  after: readonly { task: string; move_ms: number }[];
  needs?: Needs;
}

/** Where and when a task runs, in ms from now. */
export interface PlannedTask {
  id: string;
  worker: string;
  /** What it waits for has ended, and its worker is free: moving its inputs begins. */
  start_ms: number;
  end_ms: number;
}

/**
 * Places tasks: none starts before all it waits for have ended, and none while its worker does another. The
 * same tasks and workers give the same plan.
 *
 * @returns in the order in which they are handed over; no task is before one that it waits for.
 * @throws {RangeError} for an id that is there twice or not at all, or tasks that wait for each other; one line.
 * @throws {NoWorkerError} where nobody can run one of them.
 */
export function planTasks(
  tasks: readonly GraphTask[],
  workers: readonly Worker[],
): PlannedTask[] {
  const order = byRank(tasks, workers);
  const planned = new Map<string, PlannedTask>();
  const freeAt = new Map(workers.map(({ id, queued_ms }) => [id, queued_ms]));
  for (const each of order) {
    const work = workOf(each, planned);
    const now = workers.map((worker) => ({
      ...worker,
      queued_ms: freeAt.get(worker.id) ?? worker.queued_ms,
    }));
    const [part] = byFinish.place(null, work, now, {}).parts;
    const able = ableWorkers(now, work);
    const at = able.findIndex(({ id }) => id === part?.worker);
    const worker = able[at] ?? able[0];
    const times = taskTimes(work, worker, speedsAt(able, work)[at] ?? 1);
    const { start_ms, finish_ms: end_ms } = times;
    planned.set(each.id, { id: each.id, worker: worker.id, start_ms, end_ms });
    freeAt.set(worker.id, end_ms);
  }
  return [...planned.values()];
}

/** The task with what it reads, where and when that is there. */
function workOf(
  { task, cost_ms, after, needs }: GraphTask,
  planned: ReadonlyMap<string, PlannedTask>,
): TaskWork {
  const inputs = after.flatMap(({ task: id, move_ms }) => {
    const before = planned.get(id);
    return before === undefined
      ? []
      : [{ worker: before.worker, move_ms, ready_ms: before.end_ms }];
  });
  return { kind: "task", task, cost_ms, inputs, ...(needs !== undefined && { needs }) };
}

/** Tasks by the longest way from them to the end, at the mean speed; of equals as given. */
function byRank(tasks: readonly GraphTask[], workers: readonly Worker[]): GraphTask[] {
  const byId = new Map(tasks.map((each) => [each.id, each]));
  const followers = new Map(tasks.map(({ id }) => [id, [] as { id: string; move_ms: number }[]]));
  const seen = new Set<string>();
  for (const { id, after } of tasks) {
    if (seen.has(id)) throw new RangeError(`task ${id} is there twice: give each its own id`);
    seen.add(id);
    for (const { task, move_ms } of after) {
      const its = followers.get(task);
      if (its === undefined) {
        throw new RangeError(`task ${id} waits for ${task}, which is not there: add it`);
      }
      its.push({ id, move_ms });
    }
  }
  const ranks = new Map<string, number>();
  const order = fromTheEnd(tasks, followers);
  for (const id of order) {
    const each = byId.get(id);
    if (each === undefined) continue;
    const speeds = speedsAt(workers.filter(({ enabled }) => enabled), workOf(each, new Map()));
    const mean = speeds.reduce((sum, speed) => sum + speed, 0) / Math.max(1, speeds.length);
    const behind = (followers.get(id) ?? []).map((next) =>
      next.move_ms + (ranks.get(next.id) ?? 0)
    );
    ranks.set(id, each.cost_ms / (mean > 0 ? mean : 1) + Math.max(0, ...behind));
  }
  // Of equal ranks (tasks that take no time) those in front go first.
  const place = new Map(order.map((id, i) => [id, i]));
  return tasks.toSorted((one, other) =>
    (ranks.get(other.id) ?? 0) - (ranks.get(one.id) ?? 0) ||
    (place.get(other.id) ?? 0) - (place.get(one.id) ?? 0)
  );
}

/** Ids so that each is behind all that wait for it (Kahn's algorithm, backwards). */
function fromTheEnd(
  tasks: readonly GraphTask[],
  followers: ReadonlyMap<string, readonly { id: string }[]>,
): string[] {
  const byId = new Map(tasks.map((each) => [each.id, each]));
  const waiting = new Map(Array.from(followers, ([id, its]) => [id, its.length]));
  // The last first, so that equals come out in the order in which they were given.
  const order = tasks.filter(({ id }) => waiting.get(id) === 0).map(({ id }) => id).reverse();
  for (const id of order) {
    for (const { task } of byId.get(id)?.after ?? []) {
      const left = (waiting.get(task) ?? 0) - 1;
      waiting.set(task, left);
      if (left === 0) order.push(task);
    }
  }
  if (order.length < tasks.length) {
    const held = tasks.find(({ id }) => (waiting.get(id) ?? 0) > 0);
    throw new RangeError(`task ${held?.id} waits for itself, by way of others: break the circle`);
  }
  return order;
}
