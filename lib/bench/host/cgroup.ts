/**
 * How much of the host the process's control group leaves it.
 *
 * Source: the kernel's Documentation/admin-guide/cgroup-v2.rst (`cpu.max`, `memory.max`,
 * `memory.current`, `memory.stat`), scheduler/sched-bwc.rst and admin-guide/cgroup-v1/memory.rst.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { parseInteger, type Sysroot } from "../../sysfs/sysroot.ts";

/** What a control group and those above it allow; null where they set no limit. */
export interface CgroupLimits {
  /** CPUs' worth of time: 1.5 is one and a half CPUs. */
  readonly cpus: number | null;
  /** Bytes of memory that can still be taken. */
  readonly memoryBytes: number | null;
}

/** Where the files of one hierarchy are, and what they are called. */
interface Hierarchy {
  /** Whether a line of `/proc/self/cgroup` with these controllers means this hierarchy. */
  matches(controllers: readonly string[]): boolean;
  readonly mounts: readonly string[];
  cpus(sysroot: Sysroot, group: string): number | null;
  memoryBytes(sysroot: Sysroot, group: string): number | null;
}

/** The value of a `name value` line. */
function statOf(text: string | undefined, name: string): number {
  const value = text?.split("\n").find((line) => line.startsWith(`${name} `));
  return parseInteger(value?.slice(name.length + 1) ?? "") ?? 0;
}

/** What is left of a limit, counting page cache that the kernel would drop as free. */
function leftOf(
  limit: number | undefined,
  used: number | undefined,
  reclaimable: number,
): number | null {
  if (limit === undefined) return null;
  return Math.max(0, limit - (used ?? 0) + reclaimable);
}

const VERSION_2: Hierarchy = {
  matches: (controllers) => controllers.length === 0,
  mounts: ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"],
  cpus(sysroot, group) {
    const [quota = "", period = ""] = sysroot.text(`${group}/cpu.max`)?.split(" ") ?? [];
    const time = parseInteger(quota), of = parseInteger(period);
    return time === undefined || of === undefined || of <= 0 ? null : time / of;
  },
  memoryBytes(sysroot, group) {
    return leftOf(
      sysroot.integer(`${group}/memory.max`),
      sysroot.integer(`${group}/memory.current`),
      statOf(sysroot.text(`${group}/memory.stat`), "inactive_file"),
    );
  },
};

const VERSION_1_CPU: Hierarchy = {
  matches: (controllers) => controllers.includes("cpu"),
  mounts: ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"],
  cpus(sysroot, group) {
    const time = sysroot.integer(`${group}/cpu.cfs_quota_us`);
    const of = sysroot.integer(`${group}/cpu.cfs_period_us`);
    return time === undefined || time < 0 || of === undefined || of <= 0 ? null : time / of;
  },
  memoryBytes: () => null,
};

const VERSION_1_MEMORY: Hierarchy = {
  matches: (controllers) => controllers.includes("memory"),
  mounts: ["/sys/fs/cgroup/memory"],
  cpus: () => null,
  memoryBytes(sysroot, group) {
    // "No limit" is a number close to 2^63, which integer() does not take for a number.
    return leftOf(
      sysroot.integer(`${group}/memory.limit_in_bytes`),
      sysroot.integer(`${group}/memory.usage_in_bytes`),
      statOf(sysroot.text(`${group}/memory.stat`), "total_inactive_file"),
    );
  },
};

const HIERARCHIES = [VERSION_2, VERSION_1_CPU, VERSION_1_MEMORY];

/** A group and all groups above it, up to the mount: in a container, the upper ones may be all there is. */
function groupsUpward(mount: string, path: string): string[] {
  const groups: string[] = [];
  for (let at = join("/", path);; at = dirname(at)) {
    groups.push(join(mount, at));
    if (at === "/") return groups;
  }
}

/** The tightest of some limits; null where none is set. */
export function tightest(limits: readonly (number | null)[]): number | null {
  const set = limits.filter((limit) => limit !== null);
  return set.length === 0 ? null : Math.min(...set);
}

/** Reads the limits of this process's groups, of both versions of cgroups. */
export function readCgroupLimits(sysroot: Sysroot): CgroupLimits {
  const cpus: (number | null)[] = [], memory: (number | null)[] = [];
  for (const line of sysroot.text("/proc/self/cgroup")?.split("\n") ?? []) {
    const [, list, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (list === undefined || path === undefined) continue;
    const controllers = list === "" ? [] : list.split(",");
    for (const hierarchy of HIERARCHIES.filter((each) => each.matches(controllers))) {
      for (const group of hierarchy.mounts.flatMap((mount) => groupsUpward(mount, path))) {
        cpus.push(hierarchy.cpus(sysroot, group));
        memory.push(hierarchy.memoryBytes(sysroot, group));
      }
    }
  }
  return { cpus: tightest(cpus), memoryBytes: tightest(memory) };
}
