/**
 * Running benchmarks: one after the other, each to its own end.
 *
 * @module
 */

import type { Benchmark, Effort, Outcome, Result } from "./benchmark.ts";
import { isAbort, isDeviceLost, measure, reasonOf, type Surroundings } from "./measure.ts";

/** One benchmark on one device, or from one to another. */
export interface Task extends Readonly<Omit<Result, "outcome">> {
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
    measure: (effort, around) => measure(benchmark, target(), effort, around),
  };
}

/** A benchmark that ends before it begins, with a given outcome. */
export function settledTask<T>(benchmark: Benchmark<T>, device: string, outcome: Outcome): Task {
  return { ...describe(benchmark, device, null), measure: () => Promise.resolve(outcome) };
}

function describe<T>(benchmark: Benchmark<T>, device: string, peer: string | null) {
  const { name, suite, title, unit, better, convention, parameters = {}, peak = null } = benchmark;
  return { name, suite, title, unit, better, convention, parameters, peak, device, peer };
}

/** What {@linkcode runTasks} tells while it runs. */
export interface Progress {
  /** A task begins; `done` of `total` have ended. */
  started?(task: Task, done: number, total: number): void;
  /** A task has ended. */
  finished?(result: Result, done: number, total: number): void;
}

/** Options of {@linkcode runTasks}. */
export interface RunOptions {
  effort: Effort;
  /** Ends the run: the rest is `skipped`, what was measured stays. */
  signal?: AbortSignal;
  progress?: Progress;
  /** Milliseconds of a monotonic clock; `performance.now` unless given. */
  now?: () => number;
}

function resultOf({ measure: _, ...description }: Task, outcome: Outcome): Result {
  return { ...description, outcome };
}

/**
 * Runs tasks in order and gives a result for each, whatever happens: a task that fails does not stop the
 * rest, a lost device skips its own remaining tasks alone, an interruption skips all that remain.
 */
export async function runTasks(tasks: readonly Task[], options: RunOptions): Promise<Result[]> {
  const { effort, signal, progress, now = () => performance.now() } = options;
  const around: Surroundings = {
    now,
    pause: async () => {
      // A turn of the event loop, in which signals arrive.
      await new Promise((resolve) => setTimeout(resolve, 0));
      signal?.throwIfAborted();
    },
  };
  /** Device -> the task in which it was lost. */
  const lost = new Map<string, string>();
  const results: Result[] = [];
  for (const each of tasks) {
    progress?.started?.(each, results.length, tasks.length);
    const outcome = await outcomeOf(each, effort, around, signal, lost);
    const result = resultOf(each, outcome);
    results.push(result);
    progress?.finished?.(result, results.length, tasks.length);
  }
  return results;
}

async function outcomeOf(
  each: Task,
  effort: Effort,
  around: Surroundings,
  signal: AbortSignal | undefined,
  lost: Map<string, string>,
): Promise<Outcome> {
  const lostIn = lost.get(each.device);
  if (signal?.aborted) return { state: "skipped", reason: "interrupted" };
  if (lostIn !== undefined) return { state: "skipped", reason: `the device was lost in ${lostIn}` };
  try {
    return await each.measure(effort, around);
  } catch (error) {
    if (isAbort(error) || signal?.aborted) return { state: "skipped", reason: "interrupted" };
    if (isDeviceLost(error)) lost.set(each.device, each.name);
    return { state: "failed", reason: reasonOf(error) };
  }
}
