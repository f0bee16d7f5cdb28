/**
 * Measuring GPUs of one kind at once: one process for each, since what measures blocks its thread.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import type { Result } from "./benchmark.ts";
import { parseReport } from "./compare.ts";
import { reasonOf } from "./errors.ts";
import { resultsOf } from "./report.ts";
import { describeTask, type Task } from "./run.ts";

/** A device's part of a parallel run. */
export interface Share {
  device: string;
  tasks: Task[];
}

/** A run, divided: groups that run one after the other, and in each the shares that run at once. */
export interface Division {
  groups: Share[][];
  /** What runs by itself, afterwards. */
  rest: Task[];
}

/** Whether a task has a device and all that leads to it for itself: no transfer, no load on others. */
function isAlone({ suite, peer }: Task): boolean {
  return peer === null && (suite === "memory" || suite === "compute" || suite === "sync");
}

/** Divides a run: GPUs with the same name are of one kind. */
export function divide(tasks: readonly Task[], gpus: readonly Gpu[]): Division {
  const kinds = Map.groupBy(
    gpus.filter(({ kind, name }) => kind !== "software" && name !== null),
    ({ vendor, name }) => `${vendor} ${name}`,
  );
  const groups = [...kinds.values()].filter((kind) => kind.length > 1).map((kind) =>
    kind.map(({ id }): Share => ({
      device: id,
      tasks: tasks.filter((task) => task.device === id && isAlone(task)),
    })).filter((share) => share.tasks.length > 0)
  ).filter((group) => group.length > 1);
  const shared = new Set(groups.flat().flatMap((share) => share.tasks));
  return { groups, rest: tasks.filter((task) => !shared.has(task)) };
}

/** Options of {@linkcode runShare}. */
export interface ShareOptions {
  /** Starts mvgal; its arguments follow. */
  command: readonly string[];
  /** Arguments of `bench` beside the benchmarks' names, the GPU and the report. */
  args: readonly string[];
  signal?: AbortSignal;
  /** Takes what the process says of its progress, line by line. */
  said?(line: string): void;
}

/** A task's own place in a report. */
function keyOf({ name, peer, parameters }: Pick<Result, "name" | "peer" | "parameters">): string {
  return JSON.stringify([name, peer, parameters]);
}

async function eachLine(stream: ReadableStream<Uint8Array>, take: (line: string) => void) {
  let rest = "", last = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      last = line;
      take(line);
    }
  }
  return rest === "" ? last : rest;
}

/** Runs a share in a process of its own. Whatever happens to it, each task has a result. */
export async function runShare(share: Share, options: ShareOptions): Promise<Result[]> {
  const { command, args, signal, said = () => {} } = options;
  const names = [...new Set(share.tasks.map(({ name }) => name))];
  const [program = "", ...first] = command;
  let failure = "its process gave no report", results: Result[] = [];
  try {
    const child = new Deno.Command(program, {
      args: [...first, "bench", ...names, "--gpu", share.device, "--json", "-", ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const stop = () => {
      try {
        child.kill("SIGINT");
      } catch {
        // It has ended by itself.
      }
    };
    signal?.addEventListener("abort", stop, { once: true });
    try {
      const [text, last, { code }] = await Promise.all([
        new Response(child.stdout).text(),
        eachLine(child.stderr, said),
        child.status,
      ]);
      failure = `its process ended with ${code}${last === "" ? "" : ` (${last})`}`;
      results = resultsOf(parseReport(text));
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  } catch (error) {
    if (results.length === 0) failure = `${failure}: ${reasonOf(error)}`;
  }
  const found = new Map(results.map((result) => [keyOf(result), result]));
  return share.tasks.map((task) => {
    return found.get(keyOf(task)) ??
      { ...describeTask(task), outcome: { state: "failed", reason: failure } };
  });
}

/** Puts results into the order of their tasks. */
export function inOrder(tasks: readonly Task[], results: readonly Result[]): Result[] {
  const place = new Map(tasks.map((task, i) => [`${task.device} ${keyOf(task)}`, i]));
  const of = (result: Result) => place.get(`${result.device} ${keyOf(result)}`) ?? tasks.length;
  return results.toSorted((a, b) => of(a) - of(b));
}
