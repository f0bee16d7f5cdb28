/**
 * How big arrays have to be for memory, and not caches, to be measured.
 *
 * @module
 */

import { parseInteger, type Sysroot } from "../../sysfs/sysroot.ts";

const MIB = 2 ** 20;

/** Arrays are this many times the last-level caches: STREAM's rule (J. McCalpin, "STREAM run rules"). */
const TIMES_CACHE = 4;

/** Where memory is short, arrays may be only this many times the caches. */
const TIMES_CACHE_AT_LEAST = 2;

/** Arrays are not smaller than this, for a pass to take milliseconds. */
const SMALLEST = 256 * MIB;

/** The size where the kernel does not tell the caches': four times the largest of one die today. */
const WITHOUT_CACHE_SIZE = 1024 * MIB;

/** Arrays of the triad, which all operations share. */
const ARRAYS = 3;

/** The arrays take no more than this share of the memory that is free. */
const SHARE_OF_FREE = 0.25;

/** Arrays consist of whole pages. */
const PAGE = 4096;

/** Bytes in a cache's `size`: `32768K`; undefined for anything else. */
export function parseCacheSize(text: string): number | undefined {
  const [, digits, unit] = /^(\d+)([KMG])$/.exec(text) ?? [];
  const count = parseInteger(digits ?? "");
  if (count === undefined || unit === undefined) return undefined;
  return count * { K: 2 ** 10, M: MIB, G: 2 ** 30 }[unit as "K" | "M" | "G"];
}

/**
 * The size of all last-level caches of some CPUs together, in bytes; null where the kernel does not tell.
 *
 * Source: the kernel's ABI/testing/sysfs-devices-system-cpu (`cache/index*`).
 */
export function readLastLevelCacheBytes(
  sysroot: Sysroot,
  cpus: readonly number[],
): number | null {
  const caches = new Map<string, number>();
  for (const cpu of cpus) {
    const directory = `/sys/devices/system/cpu/cpu${cpu}/cache`;
    let last: { level: number; key: string; bytes: number } | undefined;
    for (const name of sysroot.list(directory).filter((entry) => /^index\d+$/.test(entry))) {
      const level = sysroot.integer(`${directory}/${name}/level`);
      const bytes = parseCacheSize(sysroot.text(`${directory}/${name}/size`) ?? "");
      const type = sysroot.text(`${directory}/${name}/type`);
      if (level === undefined || bytes === undefined || type === "Instruction") continue;
      const sharers = sysroot.text(`${directory}/${name}/shared_cpu_list`) ?? String(cpu);
      if (last === undefined || level > last.level) last = { level, key: sharers, bytes };
    }
    if (last === undefined) return null;
    caches.set(`${last.level}:${last.key}`, last.bytes);
  }
  return caches.size === 0 ? null : [...caches.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** Memory that can be had without swapping, in bytes (`MemAvailable` of proc_meminfo(5)). */
export function readAvailableBytes(sysroot: Sysroot): number | null {
  const meminfo = sysroot.text("/proc/meminfo") ?? "";
  const kib = parseInteger(/^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1] ?? "");
  return kib === undefined ? null : kib * 1024;
}

/** An array's size, or why there is none that would do. */
export type ArraySize = { state: "ok"; bytes: number } | { state: "too little"; reason: string };

/**
 * Chooses the size of each of three arrays.
 *
 * @param cacheBytes of all last-level caches together; null where unknown.
 * @param freeBytes that the process can take; null where unknown.
 */
export function chooseArraySize(cacheBytes: number | null, freeBytes: number | null): ArraySize {
  const wanted = cacheBytes === null
    ? WITHOUT_CACHE_SIZE
    : Math.max(SMALLEST, TIMES_CACHE * cacheBytes);
  const most = freeBytes === null ? wanted : freeBytes * SHARE_OF_FREE / ARRAYS;
  const bytes = Math.floor(Math.min(wanted, most) / PAGE) * PAGE;
  const least = cacheBytes === null ? WITHOUT_CACHE_SIZE / 2 : TIMES_CACHE_AT_LEAST * cacheBytes;
  if (bytes >= least && bytes > 0) return { state: "ok", bytes };
  const mib = (count: number) => `${Math.round(count / MIB)} MiB`;
  return {
    state: "too little",
    reason:
      `${mib(freeBytes ?? 0)} of memory are free, and arrays that are big beside the caches need ` +
      mib(Math.ceil(least * ARRAYS / SHARE_OF_FREE)),
  };
}
