/**
 * Who a process is: its name, command, user, container, and when it started.
 *
 * @module
 */

import { containerOf } from "./container.ts";
import type { ProcFiles } from "./proc_files.ts";
import type { UserNames } from "./users.ts";

/** What is told of a process; null for what may not be read. */
export interface Identity {
  name: string | null;
  command: string | null;
  uid: number | null;
  user: string | null;
  container: string | null;
}

/** A process whose identity cannot be read. */
export const UNKNOWN_IDENTITY: Readonly<Identity> = {
  name: null,
  command: null,
  uid: null,
  user: null,
  container: null,
};

/** From `/proc/PID/stat`. */
export interface ProcessStat {
  /** Name of the program, at most 15 bytes. It may hold anything, brackets and line feeds too. */
  name: string;
  /** Whether it is a thread of the kernel's. */
  kernelThread: boolean;
  /** When it started, in clock ticks since boot: with the pid, it names a process for good. */
  start: number;
}

/** `PF_KTHREAD` of `include/linux/sched.h`. */
const PF_KTHREAD = 0x0020_0000;

/** Reads `/proc/PID/stat` (proc(5)); undefined for what is none. */
export function parseStat(text: string): ProcessStat | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 0 || close < open) return undefined;
  // Field 3, the state, is the first behind the name.
  const fields = text.slice(close + 1).trim().split(" ");
  const flags = Number(fields[9 - 3]);
  const start = Number(fields[22 - 3]);
  if (!Number.isFinite(flags) || !Number.isFinite(start)) return undefined;
  return {
    name: printable(text.slice(open + 1, close)),
    kernelThread: (flags & PF_KTHREAD) !== 0,
    start,
  };
}

/** The command line: arguments with a space between them; null where there is none. */
export function parseCommandLine(text: string): string | null {
  const command = printable(text.replace(/\0+$/, "").replaceAll("\0", " ")).trim();
  return command === "" ? null : command;
}

/** The real user id, from `/proc/PID/status`; null where it does not say. */
export function parseUid(status: string): number | null {
  const uid = /^Uid:\t(\d{1,10})\t/m.exec(status)?.[1];
  return uid === undefined ? null : Number(uid);
}

/** Without control characters: programs choose these texts, and terminals obey them. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, " ");
}

interface Known {
  stat: ProcessStat;
  at: number;
  identity: Identity;
}

/** After so long an identity is read again, in ms: a process may change its user or its container. */
const MAX_AGE = 5_000;

/** Reads identities, and remembers them for as long as the process is the same one. */
export class Identities {
  readonly #proc: ProcFiles;
  readonly #users: UserNames;
  #known = new Map<number, Known>();
  #asked = new Set<number>();

  constructor(proc: ProcFiles, users: UserNames) {
    this.#proc = proc;
    this.#users = users;
  }

  /** Who a process is now; undefined where there is none of that pid. */
  of(pid: number, now: number): { stat: ProcessStat; identity: Identity } | undefined {
    const known = this.#known.get(pid);
    if (known !== undefined && this.#asked.has(pid)) return known;
    this.#asked.add(pid);
    const stat = this.stat(pid);
    if (stat === undefined) {
      this.#known.delete(pid);
      return undefined;
    }
    const isSame = known?.stat.start === stat.start && known.stat.name === stat.name;
    if (known !== undefined && isSame && now - known.at < MAX_AGE) return known;
    const read = { stat, at: now, identity: this.#read(pid, stat) };
    this.#known.set(pid, read);
    return read;
  }

  /** What is read of a process anew each time. */
  stat(pid: number): ProcessStat | undefined {
    return parseStat(this.#proc.text(pid, "stat") ?? "");
  }

  #read(pid: number, { name }: ProcessStat): Identity {
    const uid = parseUid(this.#proc.text(pid, "status") ?? "");
    return {
      name,
      command: parseCommandLine(this.#proc.text(pid, "cmdline") ?? ""),
      uid,
      user: uid === null ? null : this.#users.name(uid),
      container: containerOf(this.#proc.text(pid, "cgroup") ?? "") ?? null,
    };
  }

  /** Ends a sweep: within one, a process is looked at once. Forgets those that were not asked for in it. */
  endSweep(): void {
    for (const pid of this.#known.keys()) {
      if (!this.#asked.has(pid)) this.#known.delete(pid);
    }
    this.#asked.clear();
  }
}
