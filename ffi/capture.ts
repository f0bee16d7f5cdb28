/**
 * Keeping what libraries print out of mvgal's own output.
 *
 * @module
 */

import { libc } from "./libc.ts";

/** What a function gave back, and what was printed while it ran. */
export interface Captured<T> {
  value: T;
  /** Text that went to standard output or standard error; empty for none. At most 4 KiB of it. */
  printed: string;
}

const LIMIT_BYTES = 4096;
/** `MFD_CLOEXEC` of memfd_create(2). */
const CLOSE_ON_EXEC = 1;

/**
 * Runs `body` with standard output and standard error led into memory.
 *
 * Drivers print: "MESA: warning", "ZE_LOADER_DEBUG", a missing `/dev/kfd`. On standard output that
 * would be in the middle of a JSON document. Holds for the whole process: what other threads print
 * meanwhile is captured too, so finish what mvgal itself is writing before. Where descriptors cannot be
 * had, `body` simply runs.
 */
export function captureOutput<T>(body: () => T): Captured<T> {
  const c = libc();
  const sink = c.memfd_create(new TextEncoder().encode("mvgal-capture\0"), CLOSE_ON_EXEC);
  if (sink < 0) return { value: body(), printed: "" };
  const saved = [1, 2].map((fd) => ({ fd, copy: c.dup(fd) })).filter(({ copy }) => copy >= 0);
  c.fflush(null);
  for (const { fd } of saved) c.dup2(sink, fd);
  try {
    const value = body();
    // What C code printed may still be in its buffers, and would come out later, in the wrong place.
    c.fflush(null);
    return { value, printed: readBack(sink) };
  } finally {
    c.fflush(null);
    for (const { fd, copy } of saved) {
      c.dup2(copy, fd);
      c.close(copy);
    }
    c.close(sink);
  }
}

function readBack(sink: number): string {
  try {
    using file = Deno.openSync(`/proc/self/fd/${sink}`);
    const bytes = new Uint8Array(LIMIT_BYTES);
    const count = file.readSync(bytes) ?? 0;
    return new TextDecoder().decode(bytes.subarray(0, count)).trim();
  } catch {
    return "";
  }
}
