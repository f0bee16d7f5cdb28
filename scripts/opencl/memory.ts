/**
 * Peak memory of a program whose launches are split, beside the same on one device.
 *
 * @module
 */

import { join } from "node:path";
import { compile, compiler } from "../../tests/fakes/cc.ts";
import type { Ended, Machine } from "./machine.ts";

/** What was found. Ratios are to the program's buffers, of all members together. */
export interface MemoryReport {
  is_right: boolean;
  /** One line. */
  text: string;
  members?: number;
  /** Of the host: with a pool, and without one. */
  host?: { pool: number; alone: number };
  /** Of each GPU that nvidia-smi names: most at one time, less what it has on a context without buffers. */
  gpus?: number[];
}

/** Times the buffers that a member may have. */
const MOST = 1.3;
/** How long a program keeps what it has, for nvidia-smi to see it: it looks now and then. */
const HOLD_S = 3;

interface Said {
  before_kib: number;
  peak_kib: number;
  buffers_kib: number;
  is_right: boolean;
}

/** Bytes in use of each GPU, in MiB; none where there is no nvidia-smi. */
async function gpusInUse(): Promise<number[]> {
  const query = ["--query-gpu=memory.used", "--format=csv,noheader,nounits"];
  try {
    const { success, stdout } = await new Deno.Command("nvidia-smi", { args: query }).output();
    return success ? new TextDecoder().decode(stdout).trim().split("\n").map(Number) : [];
  } catch {
    return [];
  }
}

/** What each GPU had at most while something ran, less what it had before. */
async function peakOf(run: () => Promise<Ended>): Promise<{ ended: Ended; gpus: number[] }> {
  const before = await gpusInUse();
  const most = [...before];
  let isOver = false;
  const ending = run().finally(() => isOver = true);
  while (!isOver && before.length > 0) {
    (await gpusInUse()).forEach((now, i) => most[i] = Math.max(most[i] ?? 0, now));
  }
  return { ended: await ending, gpus: most.map((value, i) => value - (before[i] ?? 0)) };
}

/** How many members a pool has, as the shim lists them. */
function membersOf({ errors }: Ended): number {
  return new Set([...errors.matchAll(/opencl: member (\d+) is/g)].map(([, number]) => number)).size;
}

/** Runs `memory.c` with buffers of so many MiB, split in equal parts. */
export async function measureMemory(machine: Machine, mib: number): Promise<MemoryReport> {
  if (compiler === null) return { is_right: true, text: "memory: skipped: no C compiler" };
  const program = compile({
    name: "opencl_memory",
    source: { file: join(import.meta.dirname ?? ".", "memory.c") },
    args: ["-O2", "-Wno-deprecated-declarations", "-Wl,--no-as-needed", "-l:libOpenCL.so.1"],
  });
  const hold = (await gpusInUse()).length > 0 ? HOLD_S : 0;
  const command = [program, String(mib), "6", String(hold)];
  const alone = await peakOf(() => machine.alone(command));
  const pool = await peakOf(() => machine.pooled(command, "force", { MVGAL_DEBUG: "opencl" }));
  for (const { code, errors } of [alone.ended, pool.ended]) {
    if (code !== 0) return { is_right: false, text: `memory: status ${code}: ${errors.trim()}` };
  }
  const read = ({ out }: Ended) => JSON.parse(out) as Said;
  const [one, all] = [read(alone.ended), read(pool.ended)];
  const ratio = ({ peak_kib, before_kib, buffers_kib }: Said) =>
    (peak_kib - before_kib) / buffers_kib;
  const members = membersOf(pool.ended);
  const buffers_mib = all.buffers_kib / 1024;
  // What a context has there without any buffer, from the device alone.
  const context = Math.max(0, (alone.gpus[0] ?? 0) - buffers_mib);
  const gpus = pool.gpus.map((used) => used > 0 ? (used - context) / buffers_mib : 0);
  const host = { pool: ratio(all), alone: ratio(one) };
  const parted = pool.ended.counts?.parted ?? 0;
  const is_right = all.is_right && parted > 0 && members > 1 &&
    host.pool <= MOST * members && gpus.every((each) => each <= MOST);
  const ofGpus = gpus.length === 0
    ? ""
    : `, on the GPUs ${gpus.map((each) => `${each.toFixed(2)} x`).join(", ")}`;
  return {
    is_right,
    members,
    host,
    gpus,
    text: `memory: ${is_right ? "right" : "WRONG"}: ${parted} launches in parts over ${members} ` +
      `members, buffers ${buffers_mib} MiB: of the process ${host.pool.toFixed(2)} x (alone ` +
      `${host.alone.toFixed(2)} x)${ofGpus}; at most ${MOST} x a member`,
  };
}
