/**
 * The programs on NVIDIA's GPUs, as NVML lists them.
 *
 * The process ids are the host's: in a container with process ids of its own they name other programs
 * there, or none.
 *
 * @module
 */

import { type Answer, answerOf } from "../../ffi/answer.ts";
import type { NvmlDevice } from "../../ffi/nvml.ts";
import type {
  NvmlProcess as Listed,
  NvmlProcessList,
  NvmlProcessSample,
} from "../../ffi/nvml_processes.ts";
import { NVML_RESULT } from "../../ffi/nvml_telemetry_abi.ts";
import type { OpenNvml } from "./nvml_share.ts";

/** What NVML tells of one program on one GPU. */
export interface NvmlProcess {
  pid: number;
  kinds: ("graphics" | "compute")[];
  /** Of the GPU's memory, over all MIG instances; null where the driver does not tell. */
  vram_bytes: number | null;
  /** Of 100 of the time since the look before, of the multiprocessors; null where it is not told. */
  sm_pct: number | null;
  /** Of the memory's time. */
  mem_pct: number | null;
  enc_pct: number | null;
  dec_pct: number | null;
}

/** What came of {@linkcode nvmlProcesses}. */
export interface NvmlProcessLook {
  processes: NvmlProcess[];
  /** µs since 1970 of the newest sample: what the next look is since. */
  since: bigint;
  /** Why programs may be missing; null where the list is whole. */
  partial: string | null;
  /** Why shares are not known; null where they are. */
  noShares: string | null;
}

/** Which list makes a program which kind. A client of the multi-process service computes. */
const LISTS: readonly { list: NvmlProcessList; kind: "graphics" | "compute" }[] = [
  { list: "Graphics", kind: "graphics" },
  { list: "Compute", kind: "compute" },
  { list: "MPSCompute", kind: "compute" },
];

const SECOND = 1_000_000n;

/**
 * Lists the programs on a GPU.
 *
 * @param since what the look before gave; undefined for the first, which looks back over one second.
 * @param now µs since 1970.
 */
export function nvmlProcesses(
  open: OpenNvml,
  device: NvmlDevice,
  { since, now }: { since?: bigint | undefined; now: bigint },
): NvmlProcessLook {
  const { partial, uses } = listAll(open, device);
  // A clock that was set back would otherwise hide every sample until it has caught up.
  const from = since === undefined || since > now ? now - SECOND : since;
  const answer = open.processes.utilization(device, from);
  const samples = answer.ok ? newestSamples(answer.value, from, now) : new Map();
  const processes = [...uses].map(([pid, use]): NvmlProcess => {
    const sample = samples.get(pid);
    return {
      pid,
      kinds: [...use.kinds].sort().reverse(),
      vram_bytes: memoryOf(use.memory),
      sm_pct: sample?.sm ?? null,
      mem_pct: sample?.memory ?? null,
      enc_pct: sample?.encoder ?? null,
      dec_pct: sample?.decoder ?? null,
    };
  });
  let newest = from;
  for (const { timestamp } of samples.values()) if (timestamp > newest) newest = timestamp;
  return {
    processes: processes.sort((one, other) => one.pid - other.pid),
    since: newest,
    partial,
    noShares: answer.ok ? null : answer.refusal.message,
  };
}

/**
 * The newest sample of each program that can be true: drivers hand out samples of before `since`, of no time
 * at all, and with shares beyond 100.
 */
export function newestSamples(
  samples: readonly NvmlProcessSample[],
  since: bigint,
  now: bigint,
): Map<number, NvmlProcessSample> {
  const newest = new Map<number, NvmlProcessSample>();
  for (const sample of samples) {
    const { pid, timestamp, sm, memory, encoder, decoder } = sample;
    if (timestamp <= since || timestamp > now + SECOND) continue;
    if (Math.max(sm, memory, encoder, decoder) > 100) continue;
    const known = newest.get(pid);
    if (known === undefined || known.timestamp < timestamp) newest.set(pid, sample);
  }
  return newest;
}

/** A program on the lists: its kinds, and its memory by instance. */
interface Use {
  kinds: Set<"graphics" | "compute">;
  memory: Map<string, number | null>;
}

function listAll(
  open: OpenNvml,
  device: NvmlDevice,
): { uses: Map<number, Use>; partial: string | null } {
  const uses = new Map<number, Use>();
  const refused: string[] = [];
  for (const { list, kind } of LISTS) {
    const answer = listOne(open, device, list);
    if (!answer.ok) {
      const { code, message } = answer.refusal;
      // A GPU without graphics, or a driver older than the service, has none of these programs.
      if (code !== NVML_RESULT.notSupported && code !== NVML_RESULT.functionNotFound) {
        refused.push(message);
      }
      continue;
    }
    for (const { pid, usedBytes, instance } of answer.value) {
      const use = uses.get(pid) ?? { kinds: new Set(), memory: new Map() };
      uses.set(pid, use);
      use.kinds.add(kind);
      // A program that draws and computes is on both lists, with the same memory.
      const where = instance === null ? "" : `${instance.gpu}/${instance.compute}`;
      const known = use.memory.get(where) ?? null;
      use.memory.set(where, usedBytes === null ? known : Math.max(known ?? 0, usedBytes));
    }
  }
  return { uses, partial: refused.length === 0 ? null : [...new Set(refused)].join("; ") };
}

/** One list; of a GPU in MIG mode, which tells it to root alone, that of each instance. */
function listOne(
  { nvml, processes }: OpenNvml,
  device: NvmlDevice,
  list: NvmlProcessList,
): Answer<Listed[]> {
  const whole = processes.running(device, list);
  if (whole.ok || whole.refusal.code !== NVML_RESULT.noPermission) return whole;
  const instances = answerOf("nvmlDeviceGetMigDeviceHandleByIndex", () => nvml.migDevices(device));
  if (!instances.ok || instances.value.length === 0) return whole;
  const found: Listed[] = [];
  for (const [index, instance] of instances.value.entries()) {
    const part = processes.running(instance, list);
    if (!part.ok) return part;
    // An instance may leave out its own numbers; its memory is counted apart all the same.
    const of = { gpu: -1, compute: index };
    found.push(...part.value.map((each) => ({ ...each, instance: each.instance ?? of })));
  }
  return { ok: true, value: found, call: whole.refusal.call };
}

/** The memory over all instances; null where not all of it is known. */
function memoryOf(memory: Map<string, number | null>): number | null {
  let sum = 0;
  for (const bytes of memory.values()) {
    if (bytes === null) return null;
    sum += bytes;
  }
  return sum;
}
