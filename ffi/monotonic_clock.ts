/**
 * The host's monotonic clock as drivers read it. `performance.now()` has another origin.
 *
 * ABI: clock_gettime(2) on 64-bit Linux, `struct timespec` of two 64-bit integers.
 *
 * @module
 */

import { openLibrary } from "./library.ts";

const SYMBOLS = {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
} as const;

/** `CLOCK_MONOTONIC` of `linux/time.h`. */
const CLOCK_MONOTONIC = 1;

/**
 * A function that reads `CLOCK_MONOTONIC`, in nanoseconds.
 *
 * @throws {Error} where there is no C library, which no host on which Deno runs is.
 */
export function monotonicClock(): () => bigint {
  const opened = openLibrary(["libc.so.6"], SYMBOLS, { resident: true });
  if (opened.state === "absent") throw new Error(`the C library: ${opened.reason}`);
  const { clock_gettime } = opened.library.symbols;
  const time = new BigInt64Array(2);
  const bytes = new Uint8Array(time.buffer);
  return () => {
    clock_gettime(CLOCK_MONOTONIC, bytes);
    return (time[0] ?? 0n) * 1_000_000_000n + (time[1] ?? 0n);
  };
}
