/**
 * Which processes hold device files of GPUs open: the one look at all of `/proc`, spread over time.
 *
 * Looking at every open file of every process is most of the cost. It is done at once for the first look and
 * for processes that are new. Processes known before take turns, so that each is looked at again every few
 * seconds; where the kernel tells how many files a process has open, one in which that number has changed
 * is looked at right away, and the others take turns far less often. Where it does not, a turn lists the
 * descriptors of a process, and reads where they lead only if there are others than before: what is left to
 * be found is a file that was opened under the number of one that was closed, for which all are read as
 * seldom as the others are.
 *
 * @module
 */

import { gpuNodeName } from "./nodes.ts";
import type { Access, ProcFiles } from "./proc_files.ts";

/** An open device file of a GPU. */
export interface GpuFile {
  fd: number;
  /** The device file's name: `renderD128`. */
  node: string;
}

/** A process as it was looked at last. */
interface Look {
  /** How many files it had open then; 0 where the kernel does not tell. */
  count: number;
  /** Which descriptors it had then, as {@linkcode ProcFiles.descriptors} puts it. */
  descriptors: number;
  /** When it is to be looked at even if these are the same, in ms. */
  due: number;
  access: Access;
  /** Whether it is a thread of the kernel's, which has no files: not to be looked at is no loss. */
  kernelThread: boolean;
  files: readonly GpuFile[];
}

/** Each process takes its turn this often, in ms. */
export const TURN_MS = 5_000;

/**
 * The same where the kernel tells of processes whose open files have changed in number; and how often all
 * open files of a process are looked at, at least, where it does not.
 */
export const TURN_COUNTED_MS = 30_000;

/** So many turns later all open files are looked at again. */
const TURNS = TURN_COUNTED_MS / TURN_MS;

/** What the sweep needs of `/proc`. */
export type SweepFiles = Pick<
  ProcFiles,
  "pids" | "openFileCount" | "descriptors" | "forEachLink" | "countsOpenFiles"
>;

/** Keeps the list of processes that hold device files of GPUs open. */
export class FileSweep {
  readonly #proc: SweepFiles;
  readonly #isKernelThread: (pid: number) => boolean;
  /** Least recently looked at first. */
  readonly #looks = new Map<number, Look>();
  readonly #holders = new Map<number, readonly GpuFile[]>();
  readonly #pids: number[] = [];
  #last: number | undefined;
  #now = 0;
  /** How many processes were new: they become due by turns, and not all at once. */
  #met = 0;

  /** @param isKernelThread is asked of processes that may not be looked at. */
  constructor(proc: SweepFiles, isKernelThread: (pid: number) => boolean) {
    this.#proc = proc;
    this.#isKernelThread = isKernelThread;
  }

  /** Processes with device files of GPUs, and these files. Any of them may be gone by now. */
  get holders(): ReadonlyMap<number, readonly GpuFile[]> {
    return this.#holders;
  }

  /** How many processes' open files may not be looked at. */
  get denied(): number {
    let count = 0;
    for (const look of this.#looks.values()) {
      if (look.access === "denied" && !look.kernelThread) count++;
    }
    return count;
  }

  /** Brings the list up to date. `now` is in ms. */
  update(now: number): void {
    this.#now = now;
    this.#proc.pids(this.#pids);
    this.#forgetGone();
    for (const pid of this.#pids) {
      const look = this.#looks.get(pid);
      if (look === undefined || this.#countChanged(pid, look)) this.look(pid);
    }
    this.#takeTurns(now);
    this.#last = now;
  }

  #forgetGone(): void {
    if (this.#looks.size === 0) return;
    const alive = new Set(this.#pids);
    for (const pid of this.#looks.keys()) {
      if (alive.has(pid)) continue;
      this.#looks.delete(pid);
      this.#holders.delete(pid);
    }
  }

  #countChanged(pid: number, look: Look): boolean {
    return this.#proc.countsOpenFiles && this.#proc.openFileCount(pid) !== look.count;
  }

  /** Looks at the processes whose turn it is: the share of all that the time since the last look is. */
  #takeTurns(now: number): void {
    if (this.#last === undefined) return;
    const turn = this.#proc.countsOpenFiles ? TURN_COUNTED_MS : TURN_MS;
    const share = Math.min(1, Math.max(0, (now - this.#last) / turn));
    const due = Math.ceil(share * this.#looks.size);
    const first = this.#looks.keys().take(due).toArray();
    for (const pid of first) {
      const look = this.#looks.get(pid);
      if (look === undefined || this.#isDue(pid, look)) this.look(pid);
      else this.#moveBehind(pid, look);
    }
  }

  /** Whether a process whose turn it is has other files open than before, or may have. */
  #isDue(pid: number, look: Look): boolean {
    if (this.#proc.countsOpenFiles || look.access !== "ok") return true;
    // The turn after this one would be too late.
    if (this.#now + TURN_MS > look.due) return true;
    return this.#proc.descriptors(pid) !== look.descriptors;
  }

  #moveBehind(pid: number, look: Look): void {
    this.#looks.delete(pid);
    this.#looks.set(pid, look);
  }

  /** Looks at one process now. */
  look(pid: number): void {
    const files: GpuFile[] = [];
    const counted = this.#proc.countsOpenFiles;
    const count = counted ? this.#proc.openFileCount(pid) : 0;
    // Before their targets: what is opened in between is then seen at the next turn.
    const descriptors = counted ? 0 : this.#proc.descriptors(pid);
    const known = this.#looks.get(pid);
    const access = this.#proc.forEachLink(pid, (fd, target, length) => {
      const node = gpuNodeName(target, length);
      if (node !== undefined) files.push({ fd, node });
    });
    // Behind all others: the next turn is theirs.
    this.#looks.delete(pid);
    this.#holders.delete(pid);
    if (access === "gone") return;
    const kernelThread = access === "denied" && this.#isKernelThread(pid);
    const turns = known === undefined ? 1 + this.#met++ % TURNS : TURNS;
    const due = this.#now + turns * TURN_MS;
    this.#looks.set(pid, { count, descriptors, due, access, kernelThread, files });
    if (files.length > 0) this.#holders.set(pid, files);
  }
}
