/**
 * The host's processors as the kernel describes them, and which of them to measure on.
 *
 * Source: proc_pid_status(5), the kernel's Documentation/admin-guide/cputopology.rst and
 * ABI/testing/sysfs-devices-system-cpu.
 *
 * @module
 */

import { decodeAttribute, parseInteger, type Sysroot } from "../../sysfs/sysroot.ts";

/** What a processor is, in the terms of its maker. */
export type ProcessorModel =
  | { maker: "x86"; vendor: string; family: number; model: number }
  | { maker: "arm"; implementer: number; part: number };

/** The processors that this process may use. */
export interface Processors {
  /** `model name` of the kernel; null where it has none, as on most of Arm. */
  readonly name: string | null;
  /** Null where the kernel does not say, or where they are not all the same. */
  readonly model: ProcessorModel | null;
  /** Numbers of the CPUs that the process may run on, ascending. */
  readonly allowed: readonly number[];
  /** CPU -> the list of CPUs that share its core, as the kernel writes it; only where it is known. */
  readonly cores: ReadonlyMap<number, string>;
}

/** Most CPUs of a Linux kernel; a list that goes further is damaged. */
const MAX_CPUS = 8192;

/** `/proc/cpuinfo` of thousands of CPUs. */
const MAX_CPUINFO_BYTES = 16 << 20;

/**
 * The numbers in a list such as `0-3,8,10-11`, ascending.
 *
 * @returns null where the text is no such list.
 */
export function parseCpuList(text: string): number[] | null {
  if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text)) return null;
  const cpus = new Set<number>();
  for (const range of text.split(",")) {
    const [first = 0, last = first] = range.split("-").map(Number);
    if (last < first || last >= MAX_CPUS) return null;
    for (let cpu = first; cpu <= last; cpu++) cpus.add(cpu);
  }
  return [...cpus].sort((a, b) => a - b);
}

/** The `name: value` lines of each block of `/proc/cpuinfo`. */
function cpuinfoBlocks(text: string): Map<string, string>[] {
  return text.split(/\n\s*\n/).map((block) =>
    new Map(
      block.split("\n").map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
      }),
    )
  );
}

function modelOf(block: ReadonlyMap<string, string>): ProcessorModel | null {
  const number = (name: string) => parseInteger(block.get(name) ?? "");
  const vendor = block.get("vendor_id"), family = number("cpu family"), model = number("model");
  if (vendor !== undefined && family !== undefined && model !== undefined) {
    return { maker: "x86", vendor, family, model };
  }
  const implementer = number("CPU implementer"), part = number("CPU part");
  if (implementer === undefined || part === undefined) return null;
  return { maker: "arm", implementer, part };
}

/** Name and model in `/proc/cpuinfo`. A model that not all blocks agree on is null. */
export function parseCpuinfo(text: string): Pick<Processors, "name" | "model"> {
  const blocks = cpuinfoBlocks(text).filter((block) => block.has("processor"));
  const models = new Map(blocks.map((block) => {
    const model = modelOf(block);
    return [JSON.stringify(model), model] as const;
  }));
  const [model = null] = models.size === 1 ? models.values() : [];
  return { name: blocks[0]?.get("model name") ?? null, model };
}

/** Reads the processors. Where the kernel does not say which CPUs are allowed, there are none. */
export function readProcessors(sysroot: Sysroot): Processors {
  const status = sysroot.text("/proc/self/status") ?? "";
  const allowed = parseCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? "") ?? [];
  const cores = new Map<number, string>();
  for (const cpu of allowed) {
    const topology = `/sys/devices/system/cpu/cpu${cpu}/topology`;
    const core = sysroot.text(`${topology}/core_cpus_list`) ??
      sysroot.text(`${topology}/thread_siblings_list`);
    if (core !== undefined) cores.set(cpu, core);
  }
  const cpuinfo = sysroot.bytes("/proc/cpuinfo", MAX_CPUINFO_BYTES) ?? new Uint8Array();
  return { ...parseCpuinfo(decodeAttribute(cpuinfo)), allowed, cores };
}

/**
 * The CPUs to measure on: all that are allowed, or as many as a quota lasts for, whole ones only, since a
 * thread that waits for its quota measures the wait. One of each core comes before a second one of any.
 *
 * @param quota CPUs' worth of time; null without a limit.
 */
export function chooseCpus(processors: Processors, quota: number | null): number[] {
  const { allowed, cores } = processors;
  const count = quota === null ? allowed.length : Math.max(1, Math.floor(quota));
  const taken = new Map<string, number>();
  const ranked = allowed.map((cpu) => {
    const core = cores.get(cpu) ?? String(cpu);
    const rank = taken.get(core) ?? 0;
    taken.set(core, rank + 1);
    return { cpu, rank };
  });
  ranked.sort((a, b) => a.rank - b.rank || a.cpu - b.cpu);
  return ranked.slice(0, count).map(({ cpu }) => cpu).sort((a, b) => a - b);
}

/** How many cores some CPUs belong to; null where the kernel does not say for all of them. */
export function countCores(processors: Processors, cpus: readonly number[]): number | null {
  const cores = cpus.map((cpu) => processors.cores.get(cpu));
  return cores.includes(undefined) ? null : new Set(cores).size;
}
