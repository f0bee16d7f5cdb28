/**
 * Whether this process may write a file, as the kernel decides it: by `faccessat(2)`, and so with the
 * effective user, capabilities, access lists and read-only mounts.
 *
 * ABI: POSIX.1-2017 for 64-bit Linux.
 *
 * @module
 */

import { openLibrary } from "./library.ts";

const AT_FDCWD = -100;
const W_OK = 2;
/** `AT_EACCESS` (`linux/fcntl.h`). */
const AT_EACCESS = 0x200;

/** `errno` values with words of their own. */
const WORDS: Readonly<Record<number, string>> = {
  1: "not permitted",
  2: "no such file",
  13: "permission denied",
  30: "the file system is mounted read-only",
};

/**
 * Asks whether a file can be opened for writing. Opens nothing.
 *
 * @returns undefined where it can; else why not: `permission denied`.
 */
export function whyNotWritable(path: string): string | undefined {
  const opened = openLibrary(["libc.so.6"], {
    faccessat: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
    __errno_location: { parameters: [], result: "pointer" },
  });
  if (opened.state === "absent") return `not known: ${opened.reason}`;
  using library = opened.library;
  const { faccessat, __errno_location } = library.symbols;
  const location = __errno_location();
  if (faccessat(AT_FDCWD, new TextEncoder().encode(`${path}\0`), W_OK, AT_EACCESS) === 0) {
    return undefined;
  }
  const errno = location === null ? 0 : new Deno.UnsafePointerView(location).getInt32();
  return WORDS[errno] ?? `errno ${errno}`;
}
