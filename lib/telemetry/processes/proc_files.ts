/**
 * `/proc` of this host or of a dump: which processes there are, and what they hold open.
 *
 * Format: proc(5); `/proc/PID/fd`'s size is the number of open files from Linux 6.2 on
 * (`proc_fd_getattr()` of `fs/proc/fd.c`).
 *
 * @module
 */

import { AT_FDCWD, encodePath, Errno, FileAt } from "../../../ffi/file_at.ts";
import type { Sysroot } from "../../sysfs/sysroot.ts";

/** Longest file that is read: fdinfo of a busy client is about 3 KiB, command lines are cut here. */
const MAX_BYTES = 32 * 1024;

/** Longest `PID/NAME` here: `2147483647/fdinfo/2147483647`. */
const MAX_NAME_BYTES = 64;

const ZERO = 0x30;
const SLASH = 0x2f;

/** What came of a look at a process: it may be gone by then, or belong to somebody else. */
export type Access = "ok" | "gone" | "denied";

/** Called for each open file of a process that is a path: the bytes hold for the call alone. */
export type LinkVisitor = (fd: number, target: Uint8Array, length: number) => void;

function accessOf(error: number): "gone" | "denied" {
  return -error === Errno.EACCES || -error === Errno.EPERM ? "denied" : "gone";
}

/** Reads `/proc`. Nothing that it reads is followed out of it. */
export class ProcFiles implements Disposable {
  readonly #files: FileAt;
  readonly #root: number;
  readonly #buffer = new Uint8Array(MAX_BYTES);
  readonly #name = new Uint8Array(MAX_NAME_BYTES);
  readonly #descriptors: number[] = [];
  readonly #utf8 = new TextDecoder();
  /** Whether {@linkcode openFileCount} is more than 0 for a process with open files. */
  readonly countsOpenFiles: boolean;

  /** @throws {Error} where there is no such directory, or the C library cannot be used. */
  constructor(sysroot: Sysroot) {
    const directory = sysroot.isHost ? "/proc" : sysroot.resolve("/proc");
    if (directory === undefined) throw new Error(`${sysroot.directory} has no directory proc`);
    const path = sysroot.isHost ? directory : `${sysroot.directory}${directory}`;
    this.#files = new FileAt();
    this.#root = this.#files.openDirectory(AT_FDCWD, encodePath(path));
    if (this.#root < 0) {
      this.#files[Symbol.dispose]();
      throw new Error(`${path} cannot be opened (errno ${-this.#root})`);
    }
    this.countsOpenFiles = sysroot.isHost && this.openFileCount(Deno.pid) > 0;
  }

  /** The pids of all processes. */
  pids(into: number[]): void {
    // Its own descriptor: the position in a directory belongs to the descriptor.
    const fd = this.#files.openDirectory(this.#root, encodePath("."));
    if (fd < 0) {
      into.length = 0;
      return;
    }
    this.#files.numbers(fd, into);
    this.#files.close(fd);
  }

  /** How many files a process has open, where the kernel tells; 0 where it does not. */
  openFileCount(pid: number): number {
    return Math.max(0, this.#files.size(this.#root, this.#path(pid, "/fd")));
  }

  /**
   * A number that tells the descriptors that a process has open from others, and where they lead to not at
   * all; -1 where they may not be listed, or the process is gone. Two sets of them of which only one
   * descriptor differs never have the same; any others are unlikely to (FNV-1a, 32 bits).
   */
  descriptors(pid: number): number {
    const directory = this.#files.openDirectory(this.#root, this.#path(pid, "/fd"));
    if (directory < 0) return -1;
    const count = this.#files.numbers(directory, this.#descriptors);
    this.#files.close(directory);
    if (count < 0) return -1;
    let hash = 0x811c9dc5;
    for (const fd of this.#descriptors) hash = Math.imul(hash ^ fd, 0x01000193);
    return hash >>> 0;
  }

  /** Visits a process's open files that have a path. */
  forEachLink(pid: number, visit: LinkVisitor): Access {
    const directory = this.#files.openDirectory(this.#root, this.#path(pid, "/fd"));
    if (directory < 0) return accessOf(directory);
    const count = this.#files.numbers(directory, this.#descriptors);
    const { target } = this.#files;
    let access: Access = count < 0 ? accessOf(count) : "ok";
    for (const fd of this.#descriptors) {
      const length = this.#files.readLink(directory, this.#path(fd, ""));
      if (length > 0 && target[0] === SLASH) visit(fd, target, length);
      // A process's files are all denied, or none is; one that was closed since is merely gone.
      if (length < 0 && accessOf(length) === "denied") {
        access = "denied";
        break;
      }
    }
    this.#files.close(directory);
    return access;
  }

  /** A file of a process: `stat`, `fdinfo/5`. Longer ones are cut; bytes that are no UTF-8 are replaced. */
  read(pid: number, name: string): { access: "ok"; text: string } | { access: "gone" | "denied" } {
    const length = this.#files.readFile(this.#root, this.#path(pid, `/${name}`), this.#buffer);
    if (length < 0) return { access: accessOf(length) };
    return { access: "ok", text: this.#utf8.decode(this.#buffer.subarray(0, length)) };
  }

  /** The text of {@linkcode read}; undefined where there is none. */
  text(pid: number, name: string): string | undefined {
    const read = this.read(pid, name);
    return read.access === "ok" ? read.text : undefined;
  }

  /** `PID` and a suffix in ASCII, in the one buffer for paths: it holds until the next call. */
  #path(number: number, suffix: string): Uint8Array<ArrayBuffer> {
    const path = this.#name;
    let digits = 1;
    for (let rest = number; rest >= 10; rest = Math.floor(rest / 10)) digits++;
    for (let at = digits - 1, rest = number; at >= 0; at--, rest = Math.floor(rest / 10)) {
      path[at] = ZERO + rest % 10;
    }
    for (let at = 0; at < suffix.length; at++) path[digits + at] = suffix.charCodeAt(at);
    path[digits + suffix.length] = 0;
    return path;
  }

  [Symbol.dispose](): void {
    this.#files.close(this.#root);
    this.#files[Symbol.dispose]();
  }
}
