/**
 * Becoming another program: `execv` of the C library, with what Deno changed for itself put back.
 *
 * ABI: POSIX.1-2017; `prlimit` is Linux's own (prlimit(2)).
 *
 * @module
 */

import { openLibrary } from "./library.ts";

/** `SIGPIPE` and `RLIMIT_NOFILE` of Linux's `asm-generic`; Deno runs on no other ABI. */
const SIGPIPE = 13;
const RLIMIT_NOFILE = 7;

const SYMBOLS = {
  execv: { parameters: ["buffer", "buffer"], result: "i32" },
  signal: { parameters: ["i32", "pointer"], result: "pointer" },
  prlimit: { parameters: ["i32", "i32", "buffer", "buffer"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** The environment of the new program is that of this process: `Deno.env`. */
export interface ExecOptions {
  /** Soft limit of open files that the program is to have; undefined leaves Deno's, which is the hard one. */
  openFiles?: number;
}

/** A C string. */
function cString(text: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const end = new Uint8Array(bytes.length + 1);
  end.set(bytes);
  return end;
}

/**
 * Becomes the program at `path`: same process, same pid. Returns only where that fails.
 *
 * Deno ignores SIGPIPE, which a program would inherit: it is set to what it is by default. Descriptors that
 * Deno opened close by themselves.
 *
 * @param argv its arguments, the name first.
 * @returns the number of the error, of errno(3).
 */
export function becomeProgram(
  path: string,
  argv: readonly (string | Uint8Array)[],
  { openFiles }: ExecOptions = {},
): number {
  const opened = openLibrary(["libc.so.6"], SYMBOLS, { resident: true });
  if (opened.state === "absent") throw new Error(`the C library: ${opened.reason}`);
  const { execv, signal, prlimit, __errno_location } = opened.library.symbols;
  const strings = argv.map(cString);
  const pointers = new BigUint64Array(strings.length + 1);
  strings.forEach((each, i) => {
    pointers[i] = Deno.UnsafePointer.value(Deno.UnsafePointer.of(each));
  });
  if (openFiles !== undefined) {
    const limits = new BigUint64Array(2);
    if (prlimit(0, RLIMIT_NOFILE, null, limits) === 0 && BigInt(openFiles) < (limits[0] ?? 0n)) {
      limits[0] = BigInt(openFiles);
      prlimit(0, RLIMIT_NOFILE, limits, null);
    }
  }
  signal(SIGPIPE, null);
  const errno = __errno_location();
  execv(cString(path), pointers);
  const code = errno === null ? 0 : new Deno.UnsafePointerView(errno).getInt32();
  signal(SIGPIPE, Deno.UnsafePointer.create(1n));
  return code;
}
