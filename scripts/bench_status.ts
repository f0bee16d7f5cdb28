// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * What a sample costs: CPU time and resident memory, for GPUs of a fake NVML and a generated `/proc`; beside
 * `nvidia-smi` and `nvtop -s` where this host has them.
 *
 *     deno run -A --expose-gc scripts/bench_status.ts [--gpus N] [--processes N] [--samples N]
 *         [--interval MS]
 *
 * mvgal's figures are of the library in this process (Deno's own memory is in it); the others' of whole
 * programs, from start to end, against this host's GPUs.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { median } from "../lib/bench/statistics.ts";
import { Sysroot } from "../lib/sysfs/sysroot.ts";
import { nvidiaDriver } from "../lib/telemetry/nvidia.ts";
import { NvmlShare } from "../lib/telemetry/nvml_share.ts";
import { openProcessSweep } from "../lib/telemetry/processes.ts";
import { openSampler } from "../lib/telemetry/sampler.ts";
import { fakeLibrary } from "../tests/fakes/library.ts";
import { describedGpu } from "../tests/telemetry/described_gpu.ts";
import { treeGpus, writeProcTree } from "./bench_processes.ts";

/** One GPU of the fake, with all that an H200 tells. */
function description(slot: string, links: number): string {
  return `
device
name NVIDIA H200
pci ${slot}
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
${Array.from({ length: links }, (_, i) => `link${i} 1 6 2 0000:ff:00.0`).join("\n")}
nvlink_tx 1000
nvlink_rx 500
`;
}

/** Resident memory of this process, in MiB. */
function residentMiB(): number {
  return process.memoryUsage().rss / 2 ** 20;
}

/** CPU time of a program from start to end, in ms; null where it is not installed. */
function programMs(command: readonly string[]): number | null {
  const script = `TIMEFORMAT='%U %S'; time "$@" >/dev/null 2>&1`;
  const [program = ""] = command;
  const found = new Deno.Command("sh", {
    args: ["-c", `command -v ${program}`],
    stdout: "null",
  }).outputSync();
  if (!found.success) return null;
  const { stderr } = new Deno.Command("bash", {
    args: ["-c", script, "bash", ...command],
    stderr: "piped",
  }).outputSync();
  const seconds = new TextDecoder().decode(stderr).trim().split(" ").map(Number);
  return 1000 * seconds.reduce((sum, each) => sum + each, 0);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      gpus: { type: "string", default: "8" },
      processes: { type: "string", default: "500" },
      samples: { type: "string", default: "20" },
      interval: { type: "string", default: "1000" },
    },
  });
  const count = Number(values.gpus), interval = Number(values.interval);
  const tree = treeGpus(count);
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-status-" });
  const slots = tree.map(({ pci_slot }) => pci_slot ?? "");
  using fake = fakeLibrary("nvml", slots.map((slot) => description(slot, 18)).join(""));
  try {
    writeProcTree(directory, {
      processes: Number(values.processes),
      fds: 50,
      clients: 40,
      gpus: count,
    });
    console.log(`${residentMiB().toFixed(1)} MiB resident before anything is opened`);
    const share = new NvmlShare({ sonames: [fake.path] });
    using sampler = openSampler({
      gpus: slots.map((slot, index) =>
        describedGpu({ vendor: "nvidia", driver: "nvidia", pci_slot: slot, index })
      ),
      drivers: [nvidiaDriver(share)],
    });
    using sweep = openProcessSweep({
      sysroot: new Sysroot(directory),
      gpus: tree,
      now: () => performance.now(),
    });
    const costs: { gpus: number; processes: number }[] = [];
    const spent = (work: () => unknown) => {
      const before = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    };
    for (let i = 0; i <= Number(values.samples); i++) {
      costs.push({ gpus: spent(() => sampler.sample()), processes: spent(() => sweep.sweep()) });
      await new Promise((resolve) => setTimeout(resolve, interval));
    }
    const [first, ...later] = costs;
    const show = (label: string, { gpus, processes }: { gpus: number; processes: number }) =>
      console.log(
        `${label}: ${(gpus + processes).toFixed(1)} ms CPU (${
          gpus.toFixed(1)
        } for ${count} GPUs, ` +
          `${processes.toFixed(1)} for ${values.processes} processes)`,
      );
    if (first !== undefined) show("the first sample", first);
    show(`one of ${later.length} samples after it, median`, {
      gpus: median(later.map((each) => each.gpus)),
      processes: median(later.map((each) => each.processes)),
    });
    console.log(`${residentMiB().toFixed(1)} MiB resident`);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
  for (const command of [["nvidia-smi"], ["nvtop", "-s"]]) {
    const took = programMs(command);
    console.log(
      `${command.join(" ")}: ${took === null ? "not installed" : `${took.toFixed(0)} ms CPU`}`,
    );
  }
}

if (import.meta.main) await main();
