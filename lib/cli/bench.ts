/**
 * `mvgal bench`.
 *
 * @module
 */

import { type DataPattern, type Result, SUITES } from "../bench/benchmark.ts";
import {
  compareReports,
  type Comparison,
  DEFAULT_THRESHOLD,
  parseReport,
  parseThreshold,
} from "../bench/compare.ts";
import { hostEnvironment } from "../bench/environment.ts";
import { reasonOf } from "../bench/errors.ts";
import {
  checkExpectation,
  type Expectation,
  ExpectationError,
  judgeExpectations,
  parseExpectation,
} from "../bench/expect.ts";
import { listBenchmarks } from "../bench/listing.ts";
import { type BenchPlan, planBench } from "../bench/plan.ts";
import { REGISTRY } from "../bench/registry.ts";
import { type BenchContext, type BenchReport, benchReport } from "../bench/report.ts";
import { type BenchSelection, BenchSelectionError, selectBenchmarks } from "../bench/select.ts";
import { BOOTSTRAP } from "../bench/statistics.ts";
import { discover, type Discovery, SOURCES } from "../discovery/mod.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { parseGpuSelector, selectGpus } from "../gpu/selector.ts";
import { shimPath } from "../launch/self.ts";
import { comparisonText } from "../render/bench_compare.ts";
import { benchListText } from "../render/bench_list.ts";
import { benchReportTable } from "../render/bench_table.ts";
import { usesUtf8 } from "../render/charset.ts";
import { styleFor } from "../render/style.ts";
import { Sysroot } from "../sysfs/sysroot.ts";
import { measureAll } from "./bench_measure.ts";
import { outputsOf, takesStdout, writeOutputs } from "./bench_outputs.ts";
import {
  type CommandContext,
  type CommandInput,
  type CommandModule,
  flag,
  UsageError,
  value,
  values,
} from "./command.ts";
import { VERSION } from "./version.ts";

/** Libraries that add nothing to what can be measured through Vulkan, and take their time. */
const UNNEEDED_SOURCES: readonly string[] = ["opencl", "cuda", "level_zero", "hip"];

/** Exit status after Ctrl-C, as of a program that SIGINT ended. */
const EXIT_INTERRUPTED = 130;

/** What was typed, understood and checked. */
interface Request {
  selection: BenchSelection;
  /** The report to compare with; undefined for none. */
  old: BenchReport | undefined;
  threshold: number;
  expectations: Expectation[];
  data: DataPattern;
}

/** What `make` gives; errors of `kind` become wrong usage. */
function usage<T>(kind: new (...args: never[]) => Error, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof kind) throw new UsageError(error.message);
    throw error;
  }
}

/** The benchmarks that were asked for. Who names GPUs wants those: the host is measured when named. */
function selectionOf(input: CommandInput): BenchSelection {
  const all = usage(BenchSelectionError, () => selectBenchmarks(input.args, REGISTRY));
  if (value(input, "gpu") === undefined) return all;
  const named = input.args.filter((word) => word !== "all");
  const host = named.length === 0 ? undefined : selectBenchmarks(named, REGISTRY);
  const selects: BenchSelection["selects"] = (benchmark) =>
    (benchmark.suite === "host" ? host : all)?.selects(benchmark) ?? false;
  const suites = SUITES.filter((suite) =>
    REGISTRY.some((benchmark) => benchmark.suite === suite && selects(benchmark))
  );
  return { words: all.words, suites, selects };
}

function oldReport(path: string | undefined): BenchReport | undefined {
  if (path === undefined) return undefined;
  try {
    return parseReport(Deno.readTextFileSync(path));
  } catch (error) {
    throw new UsageError(`--compare ${path}: ${reasonOf(error)}`);
  }
}

function requestOf(input: CommandInput): Request {
  const selection = selectionOf(input);
  const old = oldReport(value(input, "compare"));
  const limit = value(input, "threshold");
  const threshold = limit === undefined ? DEFAULT_THRESHOLD : parseThreshold(limit);
  if (threshold === undefined) {
    throw new UsageError(`--threshold ${limit}: write a share, such as 5% or 0.05`);
  }
  if (limit !== undefined && old === undefined) {
    throw new UsageError("--threshold needs a report to compare with (--compare)");
  }
  const expectations = usage(ExpectationError, () =>
    values(input, "expect").map((text) => {
      const expectation = parseExpectation(text);
      checkExpectation(expectation, REGISTRY, old !== undefined);
      return expectation;
    }));
  const data = value(input, "data") === "zeros" ? "zeros" : "random";
  return { selection, old, threshold, expectations, data };
}

/** The devices to measure. */
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
  context: CommandContext,
  { selection, data }: Request,
  plan: BenchPlan,
  discovery: Discovery,
): BenchContext {
  return {
    date: new Date().toISOString(),
    mvgal_version: VERSION,
    effort: flag(input, "quick") ? "quick" : "full",
    suites: selection.suites,
    selection: selection.words,
    gpu_selector: value(input, "gpu") ?? null,
    data,
    bootstrap: { ...BOOTSTRAP },
    parallel: flag(input, "parallel"),
    os: Deno.build.os,
    kernel: Deno.osRelease(),
    cpu_count: navigator.hardwareConcurrency,
    environment: hostEnvironment(new Sysroot(), context.env, plan.loader),
    devices: plan.devices,
    sources: Object.fromEntries(
      discovery.sources.flatMap(({ name, reason }) => reason === null ? [] : [[name, reason]]),
    ),
  };
}

/** Shows which benchmarks there are, and where they can be run. */
function list(
  input: CommandInput,
  context: CommandContext,
  { selection }: Request,
  plan: BenchPlan,
): number {
  const document = listBenchmarks(REGISTRY.filter(selection.selects), plan.tasks);
  const json = value(input, "json");
  const text = `${JSON.stringify(document, null, 2)}\n`;
  if (json === undefined) {
    const columns = context.stdout.isTerminal ? context.stdout.columns : 100;
    context.stdout.write(benchListText(document, columns));
  } else if (json === "-") {
    context.stdout.write(text);
  } else {
    Deno.writeTextFileSync(json, text);
  }
  return 0;
}

/** The report of a run, compared and judged as was asked for. */
function reportOf(context: BenchContext, results: readonly Result[], request: Request) {
  const { old, threshold, expectations } = request;
  const report = benchReport(context, results);
  const comparison: Comparison | null = old === undefined
    ? null
    : compareReports(old, report, threshold);
  const verdicts = judgeExpectations(expectations, report.benchmarks, comparison);
  if (comparison !== null) report.comparison = comparison;
  if (expectations.length > 0) report.expectations = verdicts;
  return { report, comparison, verdicts };
}

async function run(input: CommandInput, context: CommandContext): Promise<number> {
  const outputs = outputsOf(input);
  const request = requestOf(input);
  const discovery = discover({
    only: SOURCES.map((source) => source.name).filter((name) => !UNNEEDED_SOURCES.includes(name)),
    wake: flag(input, "wake"),
  });
  const gpus = choose(discovery, value(input, "gpu"));
  const { selection: { suites, selects } } = request;
  const shim = shimPath("host");
  using plan = planBench({
    suites,
    selects,
    gpus,
    shimPlaces: shim === undefined ? [] : [shim],
    vulkanObstacle: discovery.sources.find((source) => source.name === "vulkan")?.reason ?? null,
  });
  if (flag(input, "list")) return list(input, context, request, plan);
  const { results, interrupted } = await measureAll(plan, gpus, input, context);
  const documentContext = contextOf(input, context, request, plan, discovery);
  const { report, comparison, verdicts } = reportOf(documentContext, results, request);
  const isPiped = takesStdout(outputs);
  if (!isPiped) context.stdout.write(tableOf(report, context));
  const people = isPiped ? context.stderr : context.stdout;
  if (comparison !== null) people.write(`\n${comparisonText(comparison)}`);
  for (const { line, state } of verdicts) {
    (state === "met" ? people : context.stderr).write(`expected ${line}\n`);
  }
  await writeOutputs(outputs, report, context);
  const wantsGpu = suites.some((suite) => suite !== "host");
  const measuredGpu = gpus.some((gpu) => (gpu.apis.vulkan ?? []).length > 0);
  if (wantsGpu && !measuredGpu && !isPiped) advice(discovery, context);
  if (interrupted) return EXIT_INTERRUPTED;
  const isBad = results.some(({ outcome: { state } }) =>
    state === "failed" || state === "implausible"
  );
  const isWorse = comparison?.changes.some(({ fails }) => fails) ?? false;
  return isBad || isWorse || verdicts.some(({ state }) => state !== "met") ? 1 : 0;
}

function tableOf(report: BenchReport, { stdout, env }: CommandContext): string {
  return benchReportTable(report, {
    columns: stdout.isTerminal ? stdout.columns : Infinity,
    unicode: usesUtf8(env),
    style: styleFor(stdout.color),
  });
}

/** `mvgal bench`. */
export const benchCommand: CommandModule = {
  name: "bench",
  describe: "Measure the GPUs and the host",
  details:
    "Measures every Vulkan device, hardware or software, and the host itself, checks what the " +
    "devices computed, and reports medians with their spread, beside the devices' peaks where these " +
    "are known. Ctrl-C ends it and keeps what was measured. Exit status 1 where a benchmark failed, " +
    "gave a figure that cannot be true, was significantly slower than in the report that it is " +
    "compared with, or did not come up to an expectation; 130 after Ctrl-C.",
  arguments: [{
    syntax: "[what...]",
    describe: "suites, benchmarks, or patterns of their names (default: all)",
    suggests: ["all", ...SUITES],
  }],
  options: [
    {
      flags: "--list",
      describe: "Show the benchmarks, what they count, and where they can be run",
    },
    { flags: "--gpu <selector>", describe: "Only these GPUs", completes: "gpu" },
    { flags: "--quick", describe: "Fewer shapes and samples: at most 20 s a GPU instead of 150 s" },
    {
      flags: "--data <pattern>",
      describe: "What buffers and registers hold (default: random)",
      choices: ["random", "zeros"],
    },
    {
      flags: "--parallel",
      describe: "Measure GPUs of one kind at once: they share links and power",
    },
    {
      flags: "--json <file>",
      describe: "Write the report as JSON, to stdout for -",
      completes: "file",
    },
    {
      flags: "--csv <file>",
      describe: "Write the figures as CSV, to stdout for -",
      completes: "file",
    },
    { flags: "--html <file>", describe: "Write the report as one page", completes: "file" },
    {
      flags: "--svg <directory>",
      describe: "Write the charts of the report",
      completes: "directory",
    },
    {
      flags: "--compare <file>",
      describe: "Compare with an older report that --json wrote",
      completes: "file",
    },
    {
      flags: "--threshold <share>",
      describe: "A significant loss that --compare lets pass (default: 5%)",
    },
    {
      flags: "--expect <condition>",
      describe: "Fail unless it holds: NAME>=VALUE[unit|peak|x]; may be repeated",
      repeatable: true,
    },
    { flags: "--wake", describe: "Measure sleeping GPUs too" },
  ],
  examples: [
    { command: "bench all", meaning: "Everything, on every device" },
    { command: "bench 'memory.*' compute.fp32 --gpu 0", meaning: "Some benchmarks on one GPU" },
    { command: "bench all --quick --json report.json", meaning: "A short run, kept as a file" },
    { command: "bench all --compare report.json", meaning: "What became slower since" },
    {
      command: "bench memory --expect 'memory.copy>=0.85peak'",
      meaning: "Fail where copies are slow",
    },
  ],
  run,
};
