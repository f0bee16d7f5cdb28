/**
 * Links, small files and directories by `openat(2)` and its relatives, into buffers of the caller's.
 *
 * Looking at all open files of all processes is tens of thousands of calls a time. Deno's own functions make
 * a string, an object and an absolute path of each; these make nothing.
 *
 * ABI: POSIX.1-2017 for 64-bit Linux; `statx` (glibc 2.28) and `getdents64` by its number, since the C
 * library has a function of that name from 2.30 on alone. Sizes and lengths fit in 32 bits here.
 *
 * @module
 */

import { openLibrary } from "./library.ts";

const SYMBOLS = {
  openat: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  readlinkat: { parameters: ["i32", "buffer", "buffer", "usize"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  syscall: { parameters: ["i64", "i64", "buffer", "usize"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** `errno` values that callers tell apart (`asm-generic/errno-base.h`). */
export const Errno = { EPERM: 1, ENOENT: 2, ESRCH: 3, EACCES: 13 } as const;

/** `AT_FDCWD`: paths from the current directory, or absolute ones. */
export const AT_FDCWD = -100;

/** Number of `getdents64`, by architecture (`asm/unistd_64.h`, `asm-generic/unistd.h`). */
const GETDENTS64: Record<typeof Deno.build.arch, bigint> = { x86_64: 217n, aarch64: 61n };

/** Longest target of a link that is read: those of device files are far shorter. */
const MAX_TARGET_BYTES = 512;

/** `struct linux_dirent64`: where `d_reclen` and `d_name` lie. */
const D_RECLEN = 16;
const D_NAME = 19;

/** `struct statx`: `STATX_SIZE`, where `stx_size` lies, and the size of all of it. */
const STATX_SIZE = 0x200;
const STX_SIZE = 40;
const STATX_BYTES = 256;

/** Flags of `open`: `O_DIRECTORY` and `O_NOFOLLOW` differ between the architectures. */
const ARM = Deno.build.arch === "aarch64";
const O_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;
const O_DIRECTORY = ARM ? 0o40000 : 0o200000;
const O_NOFOLLOW = ARM ? 0o100000 : 0o400000;

/** A path, or a part of one, as the calls take it: UTF-8 with a NUL behind. */
export function encodePath(path: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${path}\0`);
}

/**
 * The calls. Each gives a value of 0 and more, or `errno` as a negative number.
 *
 * A link is never followed in the last part of a path, and a FIFO never blocks: what is read may be a dump
 * that somebody sent.
 */
export class FileAt implements Disposable {
  readonly #library;
  readonly #calls;
  readonly #errno: Deno.UnsafePointerView;
  /** The target of the link read last, from its beginning. */
  readonly target = new Uint8Array(MAX_TARGET_BYTES);
  readonly #targetSize = BigInt(MAX_TARGET_BYTES);
  readonly #entries = new Uint8Array(32 * 1024);
  readonly #entriesSize = BigInt(this.#entries.length);
  readonly #view = new DataView(this.#entries.buffer);
  readonly #statx = new Uint8Array(STATX_BYTES);
  readonly #stat = new DataView(this.#statx.buffer);

  /** @throws {Error} where the C library cannot be used; the message is one line. */
  constructor() {
    const opened = openLibrary(["libc.so.6"], SYMBOLS, { resident: true });
    if (opened.state === "absent") throw new Error(`the C library: ${opened.reason}`);
    this.#library = opened.library;
    this.#calls = opened.library.symbols;
    const location = this.#calls.__errno_location();
    if (location === null) throw new Error("the C library has no errno");
    this.#errno = new Deno.UnsafePointerView(location);
  }

  #failed(): number {
    return -this.#errno.getInt32();
  }

  /** Opens a directory for reading. Close what it gives. */
  openDirectory(at: number, path: Uint8Array<ArrayBuffer>): number {
    const fd = this.#calls.openat(at, path, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? this.#failed() : fd;
  }

  /** Opens a file for reading. Close what it gives. */
  openFile(at: number, path: Uint8Array<ArrayBuffer>): number {
    const fd = this.#calls.openat(at, path, O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    return fd < 0 ? this.#failed() : fd;
  }

  /** Closes what one of the above gave. */
  close(fd: number): void {
    this.#calls.close(fd);
  }

  /** Reads a link into {@linkcode target}, without a NUL, as much as fits; gives its length. */
  readLink(at: number, path: Uint8Array<ArrayBuffer>): number {
    const length = this.#calls.readlinkat(at, path, this.target, this.#targetSize);
    return length < 0 ? this.#failed() : length;
  }

  /** Reads a file from its beginning, as much as fits; gives how much that is. */
  readFile(at: number, path: Uint8Array<ArrayBuffer>, into: Uint8Array<ArrayBuffer>): number {
    const fd = this.openFile(at, path);
    if (fd < 0) return fd;
    let used = 0;
    while (used < into.length) {
      const rest = used === 0 ? into : into.subarray(used);
      const got = this.#calls.read(fd, rest, BigInt(rest.length));
      if (got < 0) used = this.#failed();
      if (got <= 0) break;
      used += got;
    }
    this.close(fd);
    return used;
  }

  /** The size that the file system gives for a file or directory. */
  size(at: number, path: Uint8Array<ArrayBuffer>): number {
    if (this.#calls.statx(at, path, 0, STATX_SIZE, this.#statx) < 0) return this.#failed();
    return Number(this.#stat.getBigUint64(STX_SIZE, true));
  }

  /**
   * The names in an open directory that are decimal numbers without a sign or leading zeros, up to
   * 2^31 - 1: pids and descriptors. Others are passed over. Gives how many there were.
   *
   * @param into is filled with them from its beginning.
   */
  numbers(fd: number, into: number[]): number {
    into.length = 0;
    const call = GETDENTS64[Deno.build.arch];
    const directory = BigInt(fd);
    for (;;) {
      const got = this.#calls.syscall(call, directory, this.#entries, this.#entriesSize);
      if (got < 0) return this.#failed();
      if (got === 0) return into.length;
      for (let at = 0; at < got; at += this.#view.getUint16(at + D_RECLEN, true)) {
        const number = this.#number(at + D_NAME);
        if (number >= 0) into.push(number);
      }
    }
  }

  #number(at: number): number {
    const first = this.#entries[at] ?? 0;
    if (first < 0x30 || first > 0x39 || (first === 0x30 && this.#entries[at + 1] !== 0)) return -1;
    let value = 0;
    for (; this.#entries[at] !== 0; at++) {
      const digit = (this.#entries[at] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
      if (value > 0x7fffffff) return -1;
    }
    return value;
  }

  /** Ends the use of the C library. Descriptors stay open. */
  [Symbol.dispose](): void {
    this.#library[Symbol.dispose]();
  }
}
