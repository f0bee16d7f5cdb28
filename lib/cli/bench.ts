/**
 * `mvgal bench`.
 *
 * @module
 */

import { type Result, SUITES } from "../bench/benchmark.ts";
import {
  compareReports,
  type Comparison,
  confirmChanges,
  isSameFigure,
  isSlower,
} from "../bench/compare.ts";
import { hostEnvironment } from "../bench/environment.ts";
import { listBenchmarks } from "../bench/listing.ts";
import { type BenchPlan, planBench } from "../bench/plan.ts";
import { REGISTRY } from "../bench/registry.ts";
import { type BenchContext, type BenchReport, benchReport } from "../bench/report.ts";
import type { Task } from "../bench/run.ts";
import { POOL_NAMES } from "../bench/pool/select.ts";
import { BOOTSTRAP } from "../bench/statistics.ts";
import { discover, type Discovery, SOURCES } from "../discovery/mod.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { parseGpuSelector, selectGpus } from "../gpu/selector.ts";
import { shimPath } from "../launch/self.ts";
import { benchListText } from "../render/bench_list.ts";
import { Sysroot } from "../sysfs/sysroot.ts";
import { conclude } from "./bench_conclude.ts";
import { type Interruption, measureAll } from "./bench_measure.ts";
import { isPoolBench, runPoolBench } from "./bench_pool.ts";
import { outputsOf, takesStdout } from "./bench_outputs.ts";
import { type Request, requestOf } from "./bench_request.ts";
import { checkNoOtherBench } from "./bench_service.ts";
import { runStored } from "./bench_stored.ts";
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
import { writeWhole } from "./whole_file.ts";

/** Libraries that add nothing to what can be measured through Vulkan, and take their time. */
const UNNEEDED_SOURCES: readonly string[] = ["opencl", "cuda", "level_zero", "hip"];

/** Exit status after a signal, as shells give it for a program that the signal ended: 128 and its number. */
const EXIT_INTERRUPTED: Readonly<Record<Interruption, number>> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
};

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
async function list(
  input: CommandInput,
  context: CommandContext,
  { selection }: Request,
  plan: BenchPlan,
): Promise<number> {
  const document = listBenchmarks(REGISTRY.filter(selection.selects), plan.tasks);
  const json = value(input, "json");
  const text = `${JSON.stringify(document, null, 2)}\n`;
  if (json === undefined) {
    const columns = context.stdout.isTerminal ? context.stdout.columns : 100;
    context.stdout.write(benchListText(document, columns));
  } else if (json === "-") {
    context.stdout.write(text);
  } else {
    await writeWhole(json, text);
  }
  return 0;
}

/** Of the time that a device has for a run, what measuring once more may take. */
const AGAIN_SHARE = 0.5;

/** The tasks that a comparison fails as slower than before. */
function slowerTasks(tasks: readonly Task[], { changes }: Comparison): Task[] {
  const slower = changes.filter(isSlower);
  return tasks.filter((task) => slower.some((change) => isSameFigure(task, change)));
}

/**
 * Compares with the old report. What is slower is measured once more, and counts where it is slower again:
 * a host has other things to do at times.
 *
 * @param measure runs some of the tasks again.
 */
async function compared(
  report: BenchReport,
  { old, threshold }: Request,
  tasks: readonly Task[],
  measure: (tasks: Task[]) => Promise<readonly Result[]>,
): Promise<Comparison | null> {
  if (old === undefined) return null;
  const first = compareReports(old, report, threshold);
  const doubtful = slowerTasks(tasks, first);
  return doubtful.length === 0 ? first : confirmChanges(first, await measure(doubtful));
}

async function run(input: CommandInput, context: CommandContext): Promise<number> {
  if (isPoolBench(input.args)) return await runPoolBench(input.args, input, context);
  if (values(input, "kernel").length > 0) {
    throw new UsageError(
      "--kernel is for bench pool: name benchmarks by themselves, as --list does",
    );
  }
  if (value(input, "from") !== undefined) return await runStored(input, context);
  const outputs = outputsOf(input);
  const request = requestOf(input);
  if (!flag(input, "list")) await checkNoOtherBench(input, context);
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
  if (flag(input, "list")) return await list(input, context, request, plan);
  const first = await measureAll(plan, gpus, input, context);
  let { interruptedBy } = first;
  const documentContext = contextOf(input, context, request, plan, discovery);
  const report = benchReport(documentContext, first.results);
  const comparison = await compared(
    report,
    request,
    interruptedBy === null ? plan.tasks : [],
    async (tasks) => {
      const again = await measureAll({ ...plan, tasks }, gpus, input, context, AGAIN_SHARE);
      interruptedBy ??= again.interruptedBy;
      return again.results;
    },
  );
  const status = await conclude(report, { outputs, comparison, request }, context);
  const wantsGpu = suites.some((suite) => suite !== "host");
  const measuredGpu = gpus.some((gpu) => (gpu.apis.vulkan ?? []).length > 0);
  if (wantsGpu && !measuredGpu && !takesStdout(outputs)) advice(discovery, context);
  return interruptedBy === null ? status : EXIT_INTERRUPTED[interruptedBy];
}

/** `mvgal bench`. */
export const benchCommand: CommandModule = {
  name: "bench",
  describe: "Measure the GPUs and the host",
  details:
    "Measures every Vulkan device, hardware or software, and the host itself, checks what the " +
    "devices computed, and reports medians with their spread, beside the devices' peaks where these " +
    "are known. `bench pool` measures several devices as one: what kernels and frames gain. Ctrl-C, " +
    "SIGTERM and SIGHUP end it and keep what was measured. Exit status 1 where a " +
    "benchmark failed, gave a figure that cannot be true, was significantly slower than in the report " +
    "that it is compared with, or did not come up to an expectation; 130 after Ctrl-C, 143 after " +
    "SIGTERM, 129 after SIGHUP.",
  arguments: [{
    syntax: "[what...]",
    describe: "suites, benchmarks, or patterns of their names (default: all)",
    suggests: ["all", ...SUITES, "pool"],
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
      flags: "--from <file>",
      describe: "Measure nothing: show a report that --json wrote, and write its other forms",
      completes: "file",
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
    {
      flags: "--kernel <name>",
      describe: `Of bench pool, only these: ${POOL_NAMES.join(", ")}; may be repeated`,
      repeatable: true,
    },
    { flags: "--wake", describe: "Measure sleeping GPUs too" },
    { flags: "--direct", describe: "Measure although the service is measuring (see mvgal daemon)" },
  ],
  examples: [
    { command: "bench all", meaning: "Everything, on every device" },
    { command: "bench 'memory.*' compute.fp32 --gpu 0", meaning: "Some benchmarks on one GPU" },
    { command: "bench all --quick --json report.json", meaning: "A short run, kept as a file" },
    { command: "bench all --compare report.json", meaning: "What became slower since" },
    {
      command: "bench --from report.json --html report.html",
      meaning: "The page of a stored report",
    },
    { command: "bench pool --json pool.json", meaning: "Several GPUs as one, against each alone" },
    { command: "bench pool --kernel saxpy,frames", meaning: "One kernel of these, and the frames" },
    {
      command: "bench memory --expect 'memory.copy>=0.85peak'",
      meaning: "Fail where copies are slow",
    },
  ],
  run,
};
