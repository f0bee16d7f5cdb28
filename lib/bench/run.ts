/**
 * Running benchmarks: one after the other, each to its own end.
 *
 * @module
 */

import type { Benchmark, Effort, Outcome, Result } from "./benchmark.ts";
import { type SharedWork, TimeBudget } from "./budget.ts";
import type { ConditionsSource } from "./conditions/conditions.ts";
import { noteEmulation } from "./emulation.ts";
import { isAbort, isDeviceLost, reasonOf } from "./errors.ts";
import { measure, type Surroundings } from "./measure.ts";
import { judge } from "./peaks/judge.ts";
import type { PeakSource } from "./peaks/peak.ts";

/** What several tasks need before the first of them is measured: it knows by itself when it is done. */
export interface Readiness extends SharedWork {
  run(effort: Effort, around: Surroundings): Promise<void>;
}

/** One benchmark on one device, or from one to another. */
export interface Task extends Readonly<Omit<Result, "outcome" | "took_ms">> {
  /** What it takes beyond its time by plan, in milliseconds; what is usual in its suite where it is left out. */
  readonly overheadMs?: number;
  /** What is done first, and not for this task alone. */
  readonly readiness?: Readiness;
  /**
   * For a task of two devices: the ids of those that are lost, by asking each. Of a task without it, the
   * device is the one that an error is about.
   */
  lost?(): string[];
  /** Why the device cannot do it, or undefined where it can; throws where the device cannot be opened. */
  unsupported(): string | undefined;
  /** Measures; errors become outcomes, but for a lost device and an interruption. */
  measure(effort: Effort, around: Surroundings): Promise<Outcome>;
}

/** A benchmark on a target, as a task. `target` is called when the task runs; what it throws is its failure. */
export function task<T>(
  benchmark: Benchmark<T>,
  device: string,
  target: () => T,
  peer: string | null = null,
): Task {
  return {
    ...describe(benchmark, device, peer),
    unsupported: () => benchmark.unsupported(target()),
    measure: (effort, around) => measure(benchmark, target(), effort, around),
  };
}

/** A benchmark that ends before it begins, with a given outcome. */
export function settledTask<T>(benchmark: Benchmark<T>, device: string, outcome: Outcome): Task {
  return {
    ...describe(benchmark, device, null),
    unsupported: () => "reason" in outcome ? outcome.reason : undefined,
    measure: () => Promise.resolve(outcome),
  };
}

function describe<T>(benchmark: Benchmark<T>, device: string, peer: string | null) {
  const { name, suite, title, unit, better, convention, parameters = {}, peak = null } = benchmark;
  return { name, suite, title, unit, better, convention, parameters, peak, device, peer };
}

/** Where a device has time to spare, a benchmark may take this many times what it aims at. */
const MOST_BUDGETS = 4;

/** What {@linkcode runTasks} tells while it runs. */
export interface Progress {
  /** A task begins; `done` of `total` have ended. */
  started?(task: Task, done: number, total: number): void;
  /** A task has ended. */
  finished?(result: Result, done: number, total: number): void;
}

/** What is read of a device, and known of it, while it is measured. */
export interface Instruments {
  conditions?: ConditionsSource | undefined;
  peaks?: PeakSource | undefined;
}

/** Options of {@linkcode runTasks}. */
export interface RunOptions {
  effort: Effort;
  /** Time for all tasks of one device, in milliseconds; without it each has the effort's own. */
  deviceLimitMs?: number;
  /** By the device's id. */
  instruments?: ReadonlyMap<string, Instruments>;
  /** Ends the run: the rest is `skipped`, what was measured stays. */
  signal?: AbortSignal;
  progress?: Progress;
  /** Milliseconds of a monotonic clock; `performance.now` unless given. */
  now?: () => number;
}

/** What the tasks of a run share. */
interface Shared {
  options: RunOptions;
  now: () => number;
  budget: TimeBudget | undefined;
  /** Devices on which something ran. */
  warm: Set<string>;
  /** Device -> the task in which it was lost. */
  lost: Map<string, string>;
}

/** A task without what it does. */
export function describeTask(task: Task): Omit<Result, "outcome"> {
  const { name, suite, title, unit, better, convention, parameters, peak, device, peer } = task;
  return { name, suite, title, unit, better, convention, parameters, peak, device, peer };
}

/**
 * Runs tasks in order and gives a result for each, whatever happens: a task that fails does not stop the
 * rest, a lost device skips its own remaining tasks alone, an interruption skips all that remain.
 */
export async function runTasks(tasks: readonly Task[], options: RunOptions): Promise<Result[]> {
  const { progress, deviceLimitMs, now = () => performance.now() } = options;
  const shared: Shared = {
    options,
    now,
    budget: deviceLimitMs === undefined ? undefined : new TimeBudget(
      tasks,
      deviceLimitMs,
      MOST_BUDGETS * options.effort.budgetMs,
      [...new Set(tasks.flatMap(({ readiness }) => readiness ?? []))],
    ),
    warm: new Set(),
    lost: new Map(),
  };
  const results: Result[] = [];
  for (const each of tasks) {
    progress?.started?.(each, results.length, tasks.length);
    const began = now();
    const { outcome, readiedMs } = await outcomeOf(each, shared);
    const took = now() - began;
    shared.budget?.spend(each.device, took - readiedMs);
    const peaks = options.instruments?.get(each.device)?.peaks;
    const result = noteEmulation({
      ...describeTask(each),
      took_ms: took,
      outcome: judge(outcome, each.peak, each.unit, peaks, each.peer),
    }, results);
    results.push(result);
    progress?.finished?.(result, results.length, tasks.length);
  }
  return results;
}

/** Why a task is not begun; undefined where it is. */
function whyNot({ device, peer }: Task, { options, lost }: Shared): string | undefined {
  if (options.signal?.aborted) return "interrupted";
  for (const id of [device, peer]) {
    const where = id === null ? undefined : lost.get(id);
    if (where !== undefined) return `${id === device ? "the device" : id} was lost in ${where}`;
  }
  return undefined;
}

/** Notes who was lost in a task that failed, and says so where that is not the task's own device alone. */
function blame(each: Task, reason: string, isLoss: boolean, { lost }: Shared): string {
  const gone = each.lost?.() ?? (isLoss ? [each.device] : []);
  for (const id of gone) lost.set(id, each.name);
  if (each.lost === undefined || gone.length === 0 && !isLoss) return reason;
  const ends = gone.length === 0 ? "the devices answer again" : `lost: ${gone.join(" and ")}`;
  return `${reason} (${ends})`;
}

/** How a task ended, and how long it took in milliseconds to do what is not for it alone. */
async function outcomeOf(
  each: Task,
  shared: Shared,
): Promise<{ outcome: Outcome; readiedMs: number }> {
  const { warm, options, now, budget } = shared;
  const { signal, effort } = options;
  const obstacle = whyNot(each, shared);
  if (obstacle !== undefined) {
    return { outcome: { state: "skipped", reason: obstacle }, readiedMs: 0 };
  }
  const around: Surroundings = {
    now,
    pause: async () => {
      // A turn of the event loop, in which signals arrive.
      await new Promise((resolve) => setTimeout(resolve, 0));
      signal?.throwIfAborted();
    },
    conditions: options.instruments?.get(each.device)?.conditions,
    cold: !warm.has(each.device),
  };
  let readiedMs = 0;
  try {
    if (each.readiness !== undefined) {
      const began = now();
      try {
        await each.readiness.run(effort, around);
      } finally {
        readiedMs = now() - began;
        budget?.share(each.readiness, readiedMs);
      }
    }
    const time = budget &&
      { budgetMs: budget.next(each.device), graceMs: budget.grace(each.device) };
    const outcome = await each.measure({ ...effort, ...time }, around);
    if (outcome.state === "ok") warm.add(each.device);
    if (outcome.state !== "failed") return { outcome, readiedMs };
    const reason = blame(each, outcome.reason, false, shared);
    return { outcome: { state: "failed", reason }, readiedMs };
  } catch (error) {
    if (!isDeviceLost(error) && (isAbort(error) || signal?.aborted)) {
      return { outcome: { state: "skipped", reason: "interrupted" }, readiedMs };
    }
    const reason = blame(each, reasonOf(error), isDeviceLost(error), shared);
    return { outcome: { state: "failed", reason }, readiedMs };
  }
}
