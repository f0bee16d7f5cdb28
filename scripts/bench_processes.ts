// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * CPU time of one look at the programs that use GPUs, on a tree like `/proc` that it makes.
 *
 *     deno run -A scripts/bench_processes.ts [--processes N] [--fds N] [--clients N] [--sweeps N]
 *         [--interval MS] [--host]
 *
 * The first sweep looks at everything; those behind it run as if `--interval` had passed each time. With
 * `--host` it looks at this host's own `/proc`, and waits in between.
 *
 * @module
 */

import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { median } from "../lib/bench/statistics.ts";
import { Sysroot } from "../lib/sysfs/sysroot.ts";
import { openProcessSweep, type SweptGpu } from "../lib/telemetry/processes.ts";

/** What a generated tree has. */
export interface ProcTree {
  processes: number;
  /** Open files of each process. */
  fds: number;
  /** How many of the processes are clients of a GPU, each with one client on two descriptors. */
  clients: number;
  /** How many GPUs they are spread over. */
  gpus: number;
}

/** The GPUs of a generated tree. */
export function treeGpus(count: number): SweptGpu[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `pci:${address(index)}`,
    pci_slot: address(index),
    drm_node: `/dev/dri/card${index}`,
    render_node: `/dev/dri/renderD${128 + index}`,
    device_nodes: [],
    vram_total_bytes: 16 * 2 ** 30,
  }));
}

function address(index: number): string {
  return `0000:${(index + 1).toString(16).padStart(2, "0")}:00.0`;
}

/** What processes mostly hold open, by turns. */
const TARGETS = [
  "socket:[123456]",
  "/dev/null",
  "anon_inode:[eventfd]",
  "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
  "pipe:[654321]",
  "/dev/pts/3",
  "anon_inode:[eventpoll]",
  "/usr/lib/x86_64-linux-gnu/libc.so.6",
];

/** Writes a tree below `directory`. */
export function writeProcTree(directory: string, tree: ProcTree): void {
  for (let index = 0; index < tree.processes; index++) {
    const pid = 1000 + index;
    const at = join(directory, "proc", String(pid));
    Deno.mkdirSync(join(at, "fd"), { recursive: true });
    Deno.mkdirSync(join(at, "fdinfo"));
    const gpu = index % tree.gpus;
    const isClient = index < tree.clients;
    for (let fd = 0; fd < tree.fds; fd++) {
      const isGpu = isClient && fd >= tree.fds - 2;
      const target = isGpu ? `/dev/dri/renderD${128 + gpu}` : TARGETS[fd % TARGETS.length] ?? "";
      Deno.symlinkSync(target, join(at, "fd", String(fd)));
      if (isGpu) Deno.writeTextFileSync(join(at, "fdinfo", String(fd)), fdinfo(gpu, index));
    }
    Deno.writeTextFileSync(join(at, "stat"), stat(pid));
    Deno.writeTextFileSync(join(at, "status"), "Name:\tprogram\nUid:\t1000\t1000\t1000\t1000\n");
    Deno.writeTextFileSync(join(at, "cmdline"), `/usr/bin/program\0--number\0${index}\0`);
    Deno.writeTextFileSync(join(at, "cgroup"), "0::/user.slice/user-1000.slice/app.scope\n");
  }
}

function stat(pid: number): string {
  const behind = Array.from({ length: 49 }, (_, at) => at === 18 ? String(pid) : "0");
  return `${pid} (program) S ${behind.join(" ")}\n`;
}

/** As amdgpu of Linux 6.10 and later prints it. */
function fdinfo(gpu: number, client: number): string {
  const memory = ["vram", "gtt", "cpu"].flatMap((region) =>
    ["total", "shared", "active", "resident", "purgeable", "memory"].map((kind) =>
      `drm-${kind}-${region}:\t${client * 1024} KiB`
    )
  );
  return [
    "pos:\t0\nflags:\t02100002\nmnt_id:\t26\nino:\t1006\npasid:\t32777",
    `drm-driver:\tamdgpu\ndrm-client-id:\t${client}\ndrm-pdev:\t${address(gpu)}`,
    ...memory,
    "amd-memory-visible-vram:\t1024 KiB\namd-evicted-vram:\t0 KiB\namd-requested-vram:\t1024 KiB",
    `drm-engine-gfx:\t${client * 1_000_000} ns\ndrm-engine-dma:\t${client * 1000} ns\n`,
  ].join("\n");
}

/** CPU time of a call, in ms. */
function cpuMs(call: () => unknown): number {
  const before = process.cpuUsage();
  call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      processes: { type: "string", default: "500" },
      fds: { type: "string", default: "50" },
      clients: { type: "string", default: "40" },
      gpus: { type: "string", default: "8" },
      sweeps: { type: "string", default: "40" },
      interval: { type: "string", default: "1000" },
      host: { type: "boolean", default: false },
    },
  });
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-proc-" });
  const gpus = treeGpus(Number(values.gpus));
  const interval = Number(values.interval);
  let clock = 0;
  try {
    if (!values.host) {
      writeProcTree(directory, {
        processes: Number(values.processes),
        fds: Number(values.fds),
        clients: Number(values.clients),
        gpus: gpus.length,
      });
    }
    using sweep = openProcessSweep({
      sysroot: new Sysroot(values.host ? "/" : directory),
      gpus,
      now: () => values.host ? performance.now() : clock,
    });
    const first = cpuMs(() => sweep.sweep());
    const costs: number[] = [];
    let listed = 0;
    for (let index = 0; index < Number(values.sweeps); index++) {
      if (values.host) await new Promise((done) => setTimeout(done, interval));
      clock += interval;
      costs.push(cpuMs(() => listed = sweep.sweep().processes.length));
    }
    const what = values.host ? "this host" : `${values.processes} processes of ${values.fds} files`;
    console.log(`${what}, ${listed} of them on GPUs, a sweep every ${interval} ms`);
    console.log(`  first sweep  ${first.toFixed(2)} ms CPU`);
    const behind = `${median(costs).toFixed(2)} ms CPU, at most ${Math.max(...costs).toFixed(2)}`;
    console.log(`  each after   ${behind}`);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

if (import.meta.main) await main();
