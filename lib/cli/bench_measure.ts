/**
 * Running the benchmarks of `mvgal bench`, with progress on stderr.
 *
 * @module
 */

import { DEVICE_LIMIT_MS, type Effort, EFFORTS, type Result } from "../bench/benchmark.ts";
import { divide, inOrder, runShare } from "../bench/parallel.ts";
import type { BenchPlan } from "../bench/plan.ts";
import { runTasks } from "../bench/run.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { selfCommand } from "../launch/self.ts";
import { shortResult } from "../render/bench_table.ts";
import { progressView } from "../render/progress.ts";
import { type CommandContext, type CommandInput, flag, value } from "./command.ts";

/** Signals that end a run, which keeps what it has. */
const INTERRUPTIONS = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/** A signal that ends a run. */
export type Interruption = typeof INTERRUPTIONS[number];

/** How a run ended. */
export interface RunEnd {
  results: Result[];
  /** The signal that ended it early; null for none. */
  interruptedBy: Interruption | null;
}

/** What holds while a run goes on. */
interface Conduct {
  plan: BenchPlan;
  effort: Effort;
  deviceLimitMs: number;
  signal: AbortSignal;
  begin(what: string): void;
  end(line: string): void;
}

/** SIGHUP's bit in the masks of /proc: signal(7) numbers it 1. */
const SIGHUP_BIT = 1n;

/** Whether nohup(1) started this: the terminal's end is not to end it then. proc_pid_status(5). */
function ignoresHangUp(): boolean {
  try {
    const [, mask] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status")) ??
      [];
    return mask !== undefined && (BigInt(`0x${mask}`) & SIGHUP_BIT) !== 0n;
  } catch {
    return false;
  }
}

/** Asked before the first listener: with it Deno catches SIGHUP too, and ends by it where nobody listens. */
const IGNORES_HANG_UP = ignoresHangUp();

/** The effort that was asked for. */
export function effortOf(input: CommandInput): Effort {
  const effort = flag(input, "quick") ? EFFORTS.quick : EFFORTS.full;
  return { ...effort, data: value(input, "data") === "zeros" ? "zeros" : "random" };
}

async function runHere(conduct: Conduct, tasks: BenchPlan["tasks"]): Promise<Result[]> {
  const { plan, effort, deviceLimitMs, signal, begin, end } = conduct;
  return await runTasks(tasks, {
    effort,
    deviceLimitMs,
    instruments: plan.instruments,
    signal,
    progress: {
      started: (task) => begin(`${task.name} on ${task.device}`),
      finished: (result) => end(`${result.device} ${result.name}: ${shortResult(result)}`),
    },
  });
}

/** Runs GPUs of one kind at once, each in a process of its own, and the rest here. */
async function runApart(
  conduct: Conduct,
  gpus: readonly Gpu[],
  input: CommandInput,
  context: CommandContext,
): Promise<Result[]> {
  const { plan, signal, begin, end } = conduct;
  const { groups, rest } = divide(plan.tasks, gpus);
  const args = ["--data", value(input, "data") ?? "random"];
  for (const name of ["quick", "wake"]) if (flag(input, name)) args.push(`--${name}`);
  const results: Result[] = [];
  for (const group of groups) {
    begin(`${group.length} GPUs at once`);
    const said = (line: string) => {
      const [, told] = /^\[ *\d+\/\d+\] (.*)$/.exec(line) ?? [];
      if (told !== undefined) end(told);
      else context.stderr.write(`${line}\n`);
    };
    const shares = group.map((share) =>
      runShare(share, { command: selfCommand(), args, signal, said })
    );
    results.push(...(await Promise.all(shares)).flat());
  }
  return inOrder(plan.tasks, [...results, ...await runHere(conduct, rest)]);
}

/**
 * Runs a plan; SIGINT, SIGTERM and SIGHUP end the run, which keeps what it has.
 *
 * @param share of the time that each device usually has.
 */
export async function measureAll(
  plan: BenchPlan,
  gpus: readonly Gpu[],
  input: CommandInput,
  context: CommandContext,
  share = 1,
): Promise<RunEnd> {
  const interruption = new AbortController();
  let interruptedBy: Interruption | null = null;
  const listeners = INTERRUPTIONS.map((signal) => ({
    signal,
    listener: () => {
      if (signal === "SIGHUP" && IGNORES_HANG_UP) return;
      interruptedBy ??= signal;
      interruption.abort();
    },
  }));
  for (const { signal, listener } of listeners) Deno.addSignalListener(signal, listener);
  const { stderr } = context;
  using view = progressView(stderr.isTerminal, (text) => stderr.write(text));
  const total = plan.tasks.length;
  let done = 0;
  const conduct: Conduct = {
    plan,
    effort: effortOf(input),
    deviceLimitMs: share * (flag(input, "quick") ? DEVICE_LIMIT_MS.quick : DEVICE_LIMIT_MS.full),
    signal: interruption.signal,
    begin: (what) => view.begin(what, done, total),
    end: (line) => view.end(line, ++done, total),
  };
  try {
    const results = flag(input, "parallel")
      ? await runApart(conduct, gpus, input, context)
      : await runHere(conduct, plan.tasks);
    return { results, interruptedBy };
  } finally {
    for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
  }
}
