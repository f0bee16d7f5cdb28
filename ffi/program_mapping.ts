/**
 * Whether the kernel lets code of a file run: a trial mapping by `mmap(2)`, as the dynamic loader makes it.
 *
 * ABI: POSIX.1-2017 for 64-bit Linux.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { openLibrary } from "./library.ts";

const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "i64" },
  munmap: { parameters: ["i64", "usize"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** `O_RDONLY | O_NONBLOCK | O_CLOEXEC`: the same numbers on all of Deno's architectures. */
const OPEN_FLAGS = 0o2004000;

/** `PROT_READ | PROT_EXEC` and `MAP_PRIVATE` (`asm-generic/mman-common.h`). */
const PROT_READ_EXEC = 1 | 4;
const MAP_PRIVATE = 2;

/** One byte is enough: the kernel maps its page. */
const LENGTH = 1n;

/** `errno` of a file on a mount with `noexec` (mmap(2)). */
const EPERM = 1;

/**
 * Why code of a file cannot be mapped, as on a mount with `noexec`, or where a security module forbids it.
 *
 * Nothing of the file is run.
 *
 * @returns one line that begins with the path; undefined where it can be.
 * @throws {Error} where the C library cannot be used; the message is one line.
 */
export function whyNotMappable(path: string): string | undefined {
  const opened = openLibrary(["libc.so.6"], SYMBOLS, { resident: true });
  if (opened.state === "absent") throw new Error(`the C library: ${opened.reason}`);
  const { open, close, mmap, munmap, __errno_location } = opened.library.symbols;
  const errno = __errno_location();
  const code = () => errno === null ? 0 : new Deno.UnsafePointerView(errno).getInt32();
  const file = open(Buffer.from(`${path}\0`), OPEN_FLAGS);
  if (file < 0) return `${path}: it cannot be opened (errno ${code()})`;
  const address = mmap(0n, LENGTH, PROT_READ_EXEC, MAP_PRIVATE, file, 0n);
  const failed = address === -1n ? code() : 0;
  if (address !== -1n) munmap(address, LENGTH);
  close(file);
  if (address !== -1n) return undefined;
  return failed === EPERM
    ? `${path}: it is on a file system mounted noexec, from which no program is loaded`
    : `${path}: programs cannot be loaded from there (errno ${failed})`;
}
