/**
 * `mvgal bench`.
 *
 * @module
 */

import { dirname } from "node:path";
import { EFFORTS, type Result, SUITES } from "../bench/benchmark.ts";
import { planBench, suitesOf } from "../bench/plan.ts";
import { type BenchContext, type BenchDevice, benchReport } from "../bench/report.ts";
import { runTasks } from "../bench/run.ts";
import { discover, type Discovery, SOURCES } from "../discovery/mod.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { parseGpuSelector, selectGpus } from "../gpu/selector.ts";
import { shimPath } from "../launch/self.ts";
import { benchTable, shortResult } from "../render/bench_table.ts";
import { progressView } from "../render/progress.ts";
import {
  type CommandContext,
  type CommandInput,
  type CommandModule,
  flag,
  UsageError,
  value,
} from "./command.ts";
import { VERSION } from "./version.ts";

/** Libraries that add nothing to what can be measured through Vulkan, and take their time. */
const UNNEEDED_SOURCES: readonly string[] = ["opencl", "cuda", "level_zero", "hip"];

/** Exit status after Ctrl-C, as of a program that SIGINT ended. */
const EXIT_INTERRUPTED = 130;

/** The devices to measure, and why others are not. */
function choose(discovery: Discovery, selector: string | undefined): Gpu[] {
  const all = discovery.gpus;
  if (selector !== undefined) return selectGpus(all, parseGpuSelector(selector));
  // Functions that no program computes on (a server's display chip) are listed by `info`, not measured.
  return all.filter((gpu) => gpu.kind !== "display");
}

/** What to do about a host on which Vulkan shows nothing. */
function advice(discovery: Discovery, context: CommandContext): void {
  const hardware = discovery.gpus.filter((gpu) => gpu.kind !== "software");
  const found = hardware.length === 0
    ? "no GPU was found"
    : `no Vulkan driver shows ${hardware.map((gpu) => gpu.name ?? gpu.id).join(", ")}`;
  context.stdout.write(`\nNo GPU was measured: ${found}. Looked in:\n`);
  for (const { name, state, devices, reason } of discovery.sources) {
    const said = state === "ok" ? `${devices} device${devices === 1 ? "" : "s"}` : reason;
    context.stdout.write(`  ${name.padEnd(11)} ${said}\n`);
  }
  context.stdout.write(
    "A GPU needs its kernel driver and a Vulkan driver: Debian and Fedora mesa-vulkan-drivers, " +
      "Arch vulkan-radeon or vulkan-intel, or NVIDIA's own driver. " +
      "mesa-vulkan-drivers also brings llvmpipe, which runs on the processor.\n",
  );
}

function contextOf(
  input: CommandInput,
  suites: BenchContext["suites"],
  devices: BenchDevice[],
  discovery: Discovery,
): BenchContext {
  return {
    date: new Date().toISOString(),
    mvgal_version: VERSION,
    effort: flag(input, "quick") ? "quick" : "full",
    suites,
    gpu_selector: value(input, "gpu") ?? null,
    os: Deno.build.os,
    kernel: Deno.osRelease(),
    cpu_count: navigator.hardwareConcurrency,
    devices,
    sources: Object.fromEntries(
      discovery.sources.flatMap(({ name, reason }) => reason === null ? [] : [[name, reason]]),
    ),
  };
}

/** Writes the document: to stdout for `-`, otherwise to a file, whole or not at all. */
function writeReport(path: string, report: unknown, context: CommandContext): void {
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (path === "-") return context.stdout.write(text);
  const temporary = `${path}.${Deno.pid}.tmp`;
  try {
    Deno.writeTextFileSync(temporary, text);
    Deno.renameSync(temporary, path);
  } catch (error) {
    try {
      Deno.removeSync(temporary);
    } catch {
      // It was never made.
    }
    const what = error instanceof Error ? error.message : String(error);
    throw new Error(`the report cannot be written to ${path}: ${what}`);
  }
}

/** Checks, before hours of measuring, that the report will have somewhere to go. */
function checkReportPath(path: string): void {
  if (path === "-") return;
  try {
    if (Deno.statSync(path).isDirectory) throw new UsageError(`--json ${path}: is a directory`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  try {
    if (Deno.statSync(dirname(path)).isDirectory) return;
  } catch {
    // Said below.
  }
  throw new UsageError(`--json ${path}: there is no directory ${dirname(path)}`);
}

async function run(input: CommandInput, context: CommandContext): Promise<number> {
  const jsonPath = value(input, "json");
  if (jsonPath !== undefined) checkReportPath(jsonPath);
  const selector = value(input, "gpu");
  const discovery = discover({
    only: SOURCES.map((source) => source.name).filter((name) => !UNNEEDED_SOURCES.includes(name)),
    wake: flag(input, "wake"),
  });
  const gpus = choose(discovery, selector);
  const asked = suitesOf(input.args);
  // Who names GPUs wants those: the host is measured only when it is named too.
  const suites = asked.filter((suite) =>
    suite !== "host" || selector === undefined || input.args.includes("host")
  );
  const shim = shimPath("host");
  using plan = planBench({
    suites,
    gpus,
    shimPlaces: shim === undefined ? [] : [shim],
    vulkanObstacle: discovery.sources.find((source) => source.name === "vulkan")?.reason ?? null,
  });
  const { results, interrupted } = await measureAll(plan.tasks, input, context);
  const report = benchReport(contextOf(input, suites, plan.devices, discovery), results);
  if (jsonPath !== "-") {
    const columns = context.stdout.isTerminal ? context.stdout.columns : Infinity;
    context.stdout.write(benchTable(plan.devices, results, columns));
  }
  if (jsonPath !== undefined) writeReport(jsonPath, report, context);
  const wantsGpu = suites.some((suite) => suite !== "host");
  const measuredGpu = gpus.some((gpu) => (gpu.apis.vulkan ?? []).length > 0);
  if (wantsGpu && !measuredGpu && jsonPath !== "-") advice(discovery, context);
  if (interrupted) return EXIT_INTERRUPTED;
  const isBad = ({ outcome }: Result) =>
    outcome.state === "failed" || outcome.state === "implausible";
  return results.some(isBad) ? 1 : 0;
}

/** Runs the tasks, with progress on stderr; SIGINT and SIGTERM end the run and keep what it has. */
async function measureAll(
  tasks: Parameters<typeof runTasks>[0],
  input: CommandInput,
  context: CommandContext,
): Promise<{ results: Result[]; interrupted: boolean }> {
  const interruption = new AbortController();
  const onSignal = () => interruption.abort();
  const signals: Deno.Signal[] = ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, onSignal);
  const { stderr } = context;
  using view = progressView(stderr.isTerminal, (text) => stderr.write(text));
  try {
    const results = await runTasks(tasks, {
      effort: flag(input, "quick") ? EFFORTS.quick : EFFORTS.full,
      signal: interruption.signal,
      progress: {
        started: (task, done, total) => view.begin(`${task.name} on ${task.device}`, done, total),
        finished: (result, done, total) =>
          view.end(`${result.device} ${result.name}: ${shortResult(result)}`, done, total),
      },
    });
    return { results, interrupted: interruption.signal.aborted };
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, onSignal);
  }
}

/** `mvgal bench`. */
export const benchCommand: CommandModule = {
  name: "bench",
  describe: "Measure the GPUs and the host",
  details:
    "Measures every Vulkan device, hardware or software, and the host itself, checks what the " +
    "devices computed, and reports medians with their spread. Ctrl-C ends it and keeps what was " +
    "measured. Exit status 1 where a benchmark failed or gave a figure that cannot be true, 130 " +
    "after Ctrl-C.",
  arguments: [{
    syntax: "[suite...]",
    describe: "what to measure (default: all)",
    choices: ["all", ...SUITES],
  }],
  options: [
    { flags: "--gpu <selector>", describe: "only these GPUs", completes: "gpu" },
    { flags: "--quick", describe: "fewer shapes and samples: some 10 s a GPU" },
    {
      flags: "--json <file>",
      describe: "write the report as JSON, to stdout for -",
      completes: "file",
    },
    { flags: "--wake", describe: "measure sleeping GPUs too" },
  ],
  examples: [
    { command: "bench all", meaning: "everything, on every device" },
    { command: "bench memory compute --gpu 0", meaning: "two suites on one GPU" },
    { command: "bench all --quick --json report.json", meaning: "a short run, kept as a file" },
  ],
  run,
};
