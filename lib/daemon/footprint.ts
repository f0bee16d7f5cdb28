/**
 * Keeps the memory of the service small: it stays on a host for months, and is there for the programs' sake.
 *
 * @module
 */

import { openMallocHeap } from "../../ffi/malloc_heap.ts";

/**
 * How often pages that hold nothing are given back, in ms. The start alone leaves 60 MB of them: what code was
 * unpacked and compiled in.
 */
const TRIM_MS = 10_000;

/** Gives memory back that holds nothing, until it is disposed. */
export function keepFootprintSmall(): Disposable {
  const heap = openMallocHeap();
  if (heap === undefined) return { [Symbol.dispose]() {} };
  const timer = setInterval(() => heap.trim(), TRIM_MS);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      heap[Symbol.dispose]();
    },
  };
}
