/**
 * Running benchmarks: one after the other, each to its own end.
 *
 * @module
 */

import type { Benchmark, Effort, Outcome, Result } from "./benchmark.ts";
import { TimeBudget } from "./budget.ts";
import type { ConditionsSource } from "./conditions/conditions.ts";
import { isAbort, isDeviceLost, reasonOf } from "./errors.ts";
import { measure, type Surroundings } from "./measure.ts";
import { judge } from "./peaks/judge.ts";
import type { PeakSource } from "./peaks/peak.ts";

/** One benchmark on one device, or from one to another. */
export interface Task extends Readonly<Omit<Result, "outcome">> {
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

function resultOf(task: Task, outcome: Outcome): Result {
  const { unsupported: _, measure: __, ...description } = task;
  return { ...description, outcome };
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
      tasks.map((each) => each.device),
      deviceLimitMs,
      MOST_BUDGETS * options.effort.budgetMs,
    ),
    warm: new Set(),
    lost: new Map(),
  };
  const results: Result[] = [];
  for (const each of tasks) {
    progress?.started?.(each, results.length, tasks.length);
    const began = now();
    const outcome = await outcomeOf(each, shared);
    shared.budget?.spend(each.device, now() - began);
    const peaks = options.instruments?.get(each.device)?.peaks;
    const result = resultOf(each, judge(outcome, each.peak, each.unit, peaks));
    results.push(result);
    progress?.finished?.(result, results.length, tasks.length);
  }
  return results;
}

async function outcomeOf(each: Task, shared: Shared): Promise<Outcome> {
  const { lost, warm, options } = shared;
  const { signal } = options;
  if (signal?.aborted) return { state: "skipped", reason: "interrupted" };
  for (const device of [each.device, each.peer]) {
    const where = device === null ? undefined : lost.get(device);
    if (where !== undefined) {
      const which = device === each.device ? "the device" : device;
      return { state: "skipped", reason: `${which} was lost in ${where}` };
    }
  }
  const around: Surroundings = {
    now: shared.now,
    pause: async () => {
      // A turn of the event loop, in which signals arrive.
      await new Promise((resolve) => setTimeout(resolve, 0));
      signal?.throwIfAborted();
    },
    conditions: options.instruments?.get(each.device)?.conditions,
    cold: !warm.has(each.device),
  };
  const budgetMs = shared.budget?.next(each.device) ?? options.effort.budgetMs;
  try {
    const outcome = await each.measure({ ...options.effort, budgetMs }, around);
    if (outcome.state === "ok") warm.add(each.device);
    return outcome;
  } catch (error) {
    if (isDeviceLost(error)) lost.set(each.device, each.name);
    else if (isAbort(error) || signal?.aborted) return { state: "skipped", reason: "interrupted" };
    return { state: "failed", reason: reasonOf(error) };
  }
}
