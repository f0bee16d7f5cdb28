// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * What a sample costs: CPU time and resident memory, for the GPUs of a fake NVML and many processes; beside
 * nvtop and nvidia-smi where this host has them.
 *
 *     deno run -A scripts/bench_status.ts [--gpus N] [--processes N] [--samples N] [--interval MS]
 *         [--mvgal PROGRAM] [--nvtop PROGRAM] [--runs N] [--watch SECONDS]
 *
 * First the library in this process (Deno's own memory is in it), with a generated `/proc` of which 40
 * processes are clients of two kinds of drivers at once. Then whole programs, all of which see the same fake
 * NVML and this host's own `/proc`, where as many idle programs are started, and 40 of them are on NVML's
 * lists. Two things of nvtop's are not like mvgal's: `nvtop -s` asks NVML alone, and nothing of `/proc`; and
 * where all GPUs are NVIDIA's, nvtop looks at no process that NVML does not list.
 *
 * @module
 */

import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { median } from "../lib/bench/statistics.ts";
import type { StatusDocument } from "../lib/render/status_document.ts";
import { table } from "../lib/render/table.ts";
import { Sysroot } from "../lib/sysfs/sysroot.ts";
import { nvidiaDriver } from "../lib/telemetry/nvidia.ts";
import { NvidiaProcessSource } from "../lib/telemetry/nvidia_process_source.ts";
import { NvmlShare } from "../lib/telemetry/nvml_share.ts";
import { openProcessSweep } from "../lib/telemetry/processes.ts";
import { openSampler } from "../lib/telemetry/sampler.ts";
import { fakeLibrary } from "../tests/fakes/library.ts";
import { describedGpu } from "../tests/telemetry/described_gpu.ts";
import { treeGpus, writeProcTree } from "./bench_processes.ts";
import {
  costOfRun,
  costOfWatch,
  driverSign,
  outputIn,
  outputOf,
  type RunCost,
  startIdlePrograms,
  type Surroundings,
  type WatchCost,
} from "./bench_status_programs.ts";

/** Open files of each process, processes that use a GPU, and links of each GPU. */
const FDS = 50, CLIENTS = 40, LINKS = 18;

/** Description of a fake NVML: the GPUs at some slots, with the programs on them by turns. */
export function description(slots: readonly string[], pids: readonly number[]): string {
  const gpus = slots.map((slot, gpu) =>
    describedH200(gpu, slot, pids.filter((_, index) => index % slots.length === gpu))
  );
  return `driver_version 550.54.15\ncuda_version 12040\n${gpus.join("")}`;
}

/** One GPU of the fake, with all that an H200 tells. */
function describedH200(index: number, slot: string, pids: readonly number[]): string {
  return `
device
name NVIDIA H200
uuid GPU-00000000-0000-0000-0000-00000000000${index}
minor ${index}
pci ${slot}
pci_ids 0x10de 0x2335 0x10de 0x18be
memory 150754820096 600000000 4194304
bar1 274877906944
temperature 34
thresholds 95 87
memory_temperature 41
utilization 12 3
encoder 5
decoder 7
power_mw 76543
power_limit 690000 700000
power_limits 650000 200000 700000
energy_mj 1234567
clocks 1095 3201 1980 3201
video_clock 1545
fans none
pstate 0
event_reasons 0x4
pcie 5 16 5 16
pcie_kbs 2000 3500
mig 0 0
ecc 1 1
ecc_errors 3 1
remapped 2 1
${Array.from({ length: LINKS }, (_, i) => `link${i} 1 6 2 0000:ff:00.0`).join("\n")}
nvlink_tx 1000
nvlink_rx 500
${pids.map((pid) => `process compute ${pid} ${pid * 1024}`).join("\n")}
`;
}

/** Resident memory of this process, in MiB. */
function residentMiB(): number {
  return process.memoryUsage().rss / 2 ** 20;
}

/** CPU time of a call, in ms. */
function spent(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** How much of what. */
interface Size {
  gpus: number;
  processes: number;
}

/** Measures the library in this process; gives the median CPU time of a sample, in ms. */
async function measureLibrary(
  { gpus: count, processes }: Size,
  { samples, interval }: { samples: number; interval: number },
): Promise<number> {
  const gpus = treeGpus(count);
  const slots = gpus.map(({ pci_slot }) => pci_slot ?? "");
  const pids = Array.from({ length: CLIENTS }, (_, index) => 1000 + index);
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-status-" });
  using fake = fakeLibrary("nvml", description(slots, pids));
  try {
    writeProcTree(directory, { processes, fds: FDS, clients: CLIENTS, gpus: count });
    console.log(`the library in this process, a sample every ${interval} ms:`);
    console.log(`  ${residentMiB().toFixed(1)} MiB resident before anything is opened`);
    const share = new NvmlShare({ sonames: [fake.path] });
    const described = slots.map((slot, index) =>
      describedGpu({ vendor: "nvidia", driver: "nvidia", pci_slot: slot, index })
    );
    using sampler = openSampler({ gpus: described, drivers: [nvidiaDriver(share)] });
    using source = new NvidiaProcessSource(share);
    using sweep = openProcessSweep({
      sysroot: new Sysroot(directory),
      gpus,
      now: () => performance.now(),
      externals: [source],
    });
    const costs: Size[] = [];
    let listed = 0;
    for (let i = 0; i <= samples; i++) {
      costs.push({
        gpus: spent(() => sampler.sample()),
        processes: spent(() => {
          source.follow(sampler.awake());
          listed = sweep.sweep().processes.length;
        }),
      });
      await new Promise((resolve) => setTimeout(resolve, interval));
    }
    const [first, ...later] = costs;
    const sum = (cost: Size) => cost.gpus + cost.processes;
    const show = (label: string, cost: Size) =>
      console.log(
        `  ${label}: ${sum(cost).toFixed(1)} ms CPU (${cost.gpus.toFixed(1)} for ${count} GPUs, ` +
          `${cost.processes.toFixed(1)} for ${processes} processes, ${listed} listed)`,
      );
    if (first !== undefined) show("the first sample", first);
    show(`${later.length} samples after it, median`, {
      gpus: median(later.map((each) => each.gpus)),
      processes: median(later.map((each) => each.processes)),
    });
    console.log(`  ${Math.max(...later.map(sum)).toFixed(1)} ms CPU at most`);
    console.log(`  ${residentMiB().toFixed(1)} MiB resident`);
    return median(later.map(sum));
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** A program, how it is run and what it cost. */
interface Row {
  what: string;
  run?: RunCost | undefined;
  watch?: WatchCost | undefined;
  /** Instead of figures. */
  lacks?: string;
}

/** nvtop, as far as it can be run here. */
function findNvtop(program: string): { version: string; hasSnapshot: boolean } | undefined {
  const version = outputOf(program, ["--version"])?.trim();
  if (version === undefined) return undefined;
  return { version, hasSnapshot: outputOf(program, ["--help"])?.includes("--snapshot") === true };
}

/** How many GPUs mvgal reads, and how many programs it lists: figures of less are worth nothing. */
async function seen(
  mvgal: readonly string[],
  around: Surroundings,
): Promise<{ read: number; listed: number }> {
  const text = await outputIn([...mvgal, "status", "--json", "--processes"], around);
  if (text === undefined) throw new Error(`${mvgal.join(" ")} status does not run here`);
  const { gpus, processes = [] }: StatusDocument = JSON.parse(text);
  return { read: gpus.filter(({ state }) => state === "ok").length, listed: processes.length };
}

/** Measures whole programs; `sample` is what {@linkcode measureLibrary} gave. */
async function measurePrograms(
  { gpus, processes }: Size,
  { mvgal, nvtop, runs, watch_ms, sample }: {
    mvgal: readonly string[];
    nvtop: string;
    runs: number;
    watch_ms: number;
    sample: number;
  },
): Promise<void> {
  await using idle = await startIdlePrograms(processes, FDS);
  const slots = treeGpus(gpus).map(({ pci_slot }) => pci_slot ?? "");
  using fake = fakeLibrary("nvml", description(slots, idle.pids.slice(0, CLIENTS)));
  const own: Surroundings = { library: fake.directory, prologue: driverSign() };
  const other: Surroundings = { library: fake.directory };
  const times = { warm_up_ms: 8_000, watch_ms };
  const rows: Row[] = [];
  const runRow = async (what: string, command: readonly string[], around: Surroundings) => {
    const run = await costOfRun(command, around, runs);
    rows.push(run === undefined ? { what, lacks: "does not run here" } : { what, run });
    return run;
  };
  const watchRow = async (what: string, command: readonly string[], around: Surroundings) => {
    const watch = await costOfWatch(command, around, times);
    rows.push(watch === undefined ? { what, lacks: "does not run here" } : { what, watch });
  };
  const empty = `${fake.directory}/empty.ts`;
  Deno.writeTextFileSync(empty, "");
  const { read, listed } = await seen(mvgal, own);
  const start = await runRow("deno run, an empty program", [Deno.execPath(), "run", empty], {});
  const status = await runRow("mvgal status --once", [...mvgal, "status", "--once"], own);
  await runRow("  with --processes (two looks)", [...mvgal, "status", "--processes"], own);
  const found = findNvtop(nvtop);
  let snapshot: RunCost | undefined;
  if (found === undefined) rows.push({ what: "nvtop", lacks: "not found: give one by --nvtop" });
  else if (found.hasSnapshot) snapshot = await runRow("nvtop -s", [nvtop, "-s"], other);
  else rows.push({ what: "nvtop -s", lacks: `${found.version} has no -s: 3.2 or later has` });
  // Against the GPUs of this host: it wants more of NVML than the fake has.
  await runRow("nvidia-smi (this host's GPUs)", ["nvidia-smi"], {});
  const watch = [...mvgal, "status", "--watch"];
  await watchRow("mvgal status --watch, on a terminal", watch, own);
  await watchRow("  with --json", [...watch, "--json", "--processes"], own);
  if (found !== undefined) await watchRow("nvtop, on a terminal", [nvtop, "-d", "10"], other);

  console.log(`\nwhole programs, with ${processes} idle programs of ${FDS} files:`);
  const name = mvgal.length === 1 ? mvgal[0] : "deno run main.ts";
  console.log(`  mvgal as ${name}, which reads ${read} GPUs and lists ${listed} programs`);
  console.log(`  nvtop as ${nvtop}, ${found?.version ?? "not found"}`);
  const cells = rows.map((row) => cellsOf(row, snapshot));
  const titles = ["", "CPU ms", "to nvtop -s", "wall ms", "resident MiB", "at most", "of files"];
  const align = titles.map((title) => title === "" ? "left" as const : "right" as const);
  for (const line of table([titles, ...cells], align)) console.log(`  ${line}`);
  console.log("  CPU: from start to end, or of one second with one look where it runs on");
  if (start !== undefined && status !== undefined) {
    const over = status.wall - start.wall;
    console.log(`mvgal status --once: ${over.toFixed(0)} ms wall over Deno's own start`);
  }
  if (snapshot !== undefined) {
    console.log(`a sample in a running process: ${ratio(sample, snapshot)} of nvtop -s in CPU`);
  }
}

function ratio(cpu: number, snapshot: RunCost | undefined): string {
  return snapshot === undefined || snapshot.cpu === 0 ? "-" : (cpu / snapshot.cpu).toFixed(2);
}

function cellsOf({ what, run, watch, lacks }: Row, snapshot: RunCost | undefined): string[] {
  if (run !== undefined) {
    return [what, run.cpu.toFixed(1), ratio(run.cpu, snapshot), run.wall.toFixed(0)];
  }
  if (watch === undefined) return [what, lacks ?? ""];
  const { cpu_a_second, resident, peak, of_files } = watch;
  return [
    what,
    cpu_a_second.toFixed(1),
    ratio(cpu_a_second, snapshot),
    "",
    resident.toFixed(1),
    peak.toFixed(1),
    of_files.toFixed(1),
  ];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      gpus: { type: "string", default: "8" },
      processes: { type: "string", default: "500" },
      samples: { type: "string", default: "40" },
      interval: { type: "string", default: "1000" },
      mvgal: { type: "string" },
      nvtop: { type: "string", default: "nvtop" },
      runs: { type: "string", default: "21" },
      watch: { type: "string", default: "30" },
    },
  });
  const size = { gpus: Number(values.gpus), processes: Number(values.processes) };
  const main = join(import.meta.dirname ?? ".", "..", "main.ts");
  const sample = await measureLibrary(size, {
    samples: Number(values.samples),
    interval: Number(values.interval),
  });
  await measurePrograms(size, {
    mvgal: values.mvgal === undefined
      ? [Deno.execPath(), "run", "-A", "--no-check", main]
      : [values.mvgal],
    nvtop: values.nvtop,
    runs: Number(values.runs),
    watch_ms: 1000 * Number(values.watch),
    sample,
  });
}

if (import.meta.main) await main();
