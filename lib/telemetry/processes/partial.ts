/**
 * Why a list of programs is not whole, and what would make it so.
 *
 * @module
 */

import type { Sysroot } from "../../sysfs/sysroot.ts";

/** The inode of the first pid namespace (`PROC_PID_INIT_INO` of `include/linux/proc_ns.h`). */
const FIRST_PID_NAMESPACE = "pid:[4026531836]";

/** What keeps this process from seeing others. */
export interface View {
  /** Whether it runs in a pid namespace of its own, as in a container: others' pids are not the host's. */
  ownPidNamespace: boolean;
  /** How `/proc` hides processes of other users, by the name of the mount option; null where it does not. */
  hidepid: string | null;
}

/** The value of `hidepid` with which `/proc` is mounted; null where processes are not hidden. */
export function parseHidepid(mounts: string): string | null {
  let value: string | null = null;
  for (const line of mounts.split("\n")) {
    // device, mount point, type, options; the mount made last is on top.
    const [, point, type, options = ""] = line.split(" ");
    if (point !== "/proc" || type !== "proc") continue;
    value = /(?:^|,)hidepid=([^,]+)/.exec(options)?.[1] ?? null;
  }
  // 1 and noaccess leave the processes to be seen, and only close their files.
  return value === null || /^(0|off|1|noaccess)$/.test(value) ? null : value;
}

/** What keeps this process from seeing others. A dump shows what it shows. */
export function readView(sysroot: Sysroot): View {
  if (!sysroot.isHost) return { ownPidNamespace: false, hidepid: null };
  const namespace = sysroot.readLink("/proc/self/ns/pid");
  return {
    ownPidNamespace: namespace !== undefined && namespace !== FIRST_PID_NAMESPACE,
    hidepid: parseHidepid(sysroot.text("/proc/self/mounts") ?? ""),
  };
}

/** What a sweep missed. */
export interface Missed extends View {
  /** Whether this process is the superuser's, who sees hidden processes. */
  root: boolean;
  /** Processes whose open files may not be looked at. */
  denied: number;
  /** Programs that a source names by pids of the host which are not those here. */
  foreign: number;
  /** What the sources say of their own lists. */
  sources: readonly string[];
}

/** One line that says what is missing and which right would show it; null where the list is whole. */
export function describeMissed(missed: Missed): string | null {
  const parts: string[] = [];
  if (missed.denied > 0) {
    const { denied } = missed;
    parts.push(
      `open files of ${denied} ${denied === 1 ? "process" : "processes"} not looked at: ` +
        "needs CAP_SYS_PTRACE (root)",
    );
  }
  if (missed.hidepid !== null && !missed.root) {
    parts.push(
      `processes of other users are hidden (/proc is mounted with hidepid=${missed.hidepid}): ` +
        "needs root, or the group of that mount's gid option",
    );
  }
  if (missed.ownPidNamespace) {
    parts.push("processes outside this container are not seen: needs the host's pid namespace");
  }
  if (missed.foreign > 0) {
    const { foreign } = missed;
    parts.push(
      `${foreign} ${foreign === 1 ? "program has" : "programs have"} no name, since the driver ` +
        "gives the host's pids: needs the host's pid namespace (--pid=host)",
    );
  }
  parts.push(...missed.sources);
  return parts.length === 0 ? null : parts.join("; ");
}
