/**
 * Comparing what was sent with what arrived.
 *
 * @module
 */

import { libc } from "../../ffi/libc.ts";

/** Position of the first byte in which two blocks of one size differ; -1 for none. */
export function firstDifference(a: Uint8Array<ArrayBuffer>, b: Uint8Array<ArrayBuffer>): number {
  const size = Math.min(a.length, b.length);
  const { memcmp } = libc();
  if (memcmp(a, b, BigInt(size)) === 0) return -1;
  let at = 0;
  // Narrow it down by halves, then byte by byte.
  for (let length = size; length > 4096; length = size - at) {
    const half = Math.floor(length / 2);
    const isEqual = memcmp(a.subarray(at), b.subarray(at), BigInt(half)) === 0;
    if (!isEqual) return at + firstDifference(a.subarray(at, at + half), b.subarray(at, at + half));
    at += half;
  }
  while (a[at] === b[at]) at++;
  return at;
}
