/**
 * All benchmarks and where they can be run, as `mvgal bench --list` shows them.
 *
 * @module
 */

import type { Parameters, Suite } from "./benchmark.ts";
import { reasonOf } from "./errors.ts";
import type { Described } from "./registry.ts";
import type { Task } from "./run.ts";

/** Name and version of the document's form. */
export const BENCH_LIST_SCHEMA = "mvgal.bench-list/1";

/** A benchmark, and where it can be run. */
export interface ListedBenchmark {
  name: string;
  suite: Suite;
  title: string;
  unit: string;
  convention: string;
  parameters: Parameters;
  /** Key of the peak that its figure is held against. */
  peak: string | null;
  /** Devices, or pairs of them, that can do it: `pci:0000:06:00.0`, `vulkan:0 to vulkan:1`. */
  available: string[];
  /** Device, or pair -> why it cannot. */
  unavailable: Record<string, string>;
}

/** The document. */
export interface BenchList {
  schema: typeof BENCH_LIST_SCHEMA;
  benchmarks: ListedBenchmark[];
}

function obstacle(task: Task): string | undefined {
  try {
    return task.unsupported();
  } catch (error) {
    return reasonOf(error);
  }
}

/** Lists benchmarks, and asks each task of a plan whether it can be done. Opens the devices. */
export function listBenchmarks(
  benchmarks: readonly Described[],
  tasks: readonly Task[],
): BenchList {
  const keyOf = (name: string, parameters: Parameters) => JSON.stringify([name, parameters]);
  const byKey = Map.groupBy(tasks, ({ name, parameters }) => keyOf(name, parameters));
  return {
    schema: BENCH_LIST_SCHEMA,
    benchmarks: benchmarks.map((benchmark) => {
      const { name, suite, title, unit, convention, parameters = {}, peak = null } = benchmark;
      const available: string[] = [], unavailable: Record<string, string> = {};
      for (const task of byKey.get(keyOf(name, parameters)) ?? []) {
        const where = task.peer === null ? task.device : `${task.device} to ${task.peer}`;
        const reason = obstacle(task);
        if (reason === undefined) available.push(where);
        else unavailable[where] = reason;
      }
      return { name, suite, title, unit, convention, parameters, peak, available, unavailable };
    }),
  };
}
