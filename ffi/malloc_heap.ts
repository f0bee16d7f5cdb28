/**
 * The heap of the C library, in which all that is not JavaScript's is kept.
 *
 * @module
 */

import { openLibrary } from "./library.ts";

const SYMBOLS = {
  malloc_trim: { parameters: ["usize"], result: "i32" },
} as const;

/** Gives memory back. */
export interface MallocHeap extends Disposable {
  /** Gives pages that hold nothing back to the system; takes about a millisecond. */
  trim(): void;
}

/**
 * Opens the heap of this process.
 *
 * Source: malloc_trim(3), an extension of glibc: where there is another C library the heap is left to that, and
 * undefined is given.
 */
export function openMallocHeap(): MallocHeap | undefined {
  const opened = openLibrary(["libc.so.6"], SYMBOLS);
  if (opened.state === "absent") return undefined;
  const { library } = opened;
  return {
    trim: () => void library.symbols.malloc_trim(0n),
    [Symbol.dispose]: () => library[Symbol.dispose](),
  };
}
