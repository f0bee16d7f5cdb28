/**
 * The few functions of the C library that Deno has no equivalent of.
 *
 * ABI: POSIX.1-2017 and the Linux Standard Base for 64-bit systems. `memfd_create` is Linux's own
 * (memfd_create(2), glibc 2.27).
 *
 * @module
 */

import { openLibrary, type Symbols } from "./library.ts";

const SYMBOLS = {
  sysconf: { parameters: ["i32"], result: "i64" },
  posix_memalign: { parameters: ["buffer", "usize", "usize"], result: "i32" },
  free: { parameters: ["pointer"], result: "void" },
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  dup: { parameters: ["i32"], result: "i32" },
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  fflush: { parameters: ["pointer"], result: "i32" },
  memcmp: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
} as const;

/** The functions bound here. */
export type Libc = Symbols<typeof SYMBOLS>;

let bound: Libc | undefined;

/**
 * The C library of this process.
 *
 * @throws {Error} where there is none, which no host on which Deno runs is.
 */
export function libc(): Libc {
  if (bound === undefined) {
    const opened = openLibrary(["libc.so.6"], SYMBOLS, { resident: true });
    if (opened.state === "absent") throw new Error(`the C library: ${opened.reason}`);
    bound = opened.library.symbols;
  }
  return bound;
}

/** `_SC_PAGESIZE` of glibc's `bits/confname.h`. */
const SC_PAGESIZE = 30;

/** Size of a page of memory, in bytes. */
export function pageSize(): number {
  return Number(libc().sysconf(SC_PAGESIZE));
}

/** Memory outside JavaScript's heap, at an address that does not move. Dispose it to free it. */
export class HostMemory implements Disposable {
  /** The first byte's address. */
  readonly address: bigint;
  /** Size in bytes. */
  readonly size: number;
  #pointer: Deno.PointerObject | null;

  private constructor(pointer: Deno.PointerObject, size: number) {
    this.#pointer = pointer;
    this.address = Deno.UnsafePointer.value(pointer);
    this.size = size;
  }

  /**
   * Allocates memory with `posix_memalign`. Its contents are whatever was there before.
   *
   * @param size in bytes, more than 0.
   * @param align of the first byte: a power of two, at least 8. {@linkcode pageSize} by default.
   * @throws {RangeError} for a size or alignment that is not as above, or more than the host has.
   */
  static allocate(size: number, align: number = pageSize()): HostMemory {
    if (!Number.isSafeInteger(size) || size <= 0) {
      throw new RangeError(`cannot allocate ${size} bytes`);
    }
    const address = new BigUint64Array(1);
    const error = libc().posix_memalign(address, BigInt(align), BigInt(size));
    const pointer = Deno.UnsafePointer.create(address[0] ?? 0n);
    if (error !== 0 || pointer === null) {
      const why = error === 22 ? "no such alignment (EINVAL)" : "not enough memory (ENOMEM)";
      throw new RangeError(`cannot allocate ${size} bytes aligned to ${align}: ${why}`);
    }
    return new HostMemory(pointer, size);
  }

  /** For a function's `pointer` argument. */
  get pointer(): Deno.PointerObject {
    if (this.#pointer === null) throw new Error("the memory is freed");
    return this.#pointer;
  }

  /** The memory itself. Not to be touched once this object is disposed. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(this.pointer, this.size));
  }

  [Symbol.dispose](): void {
    if (this.#pointer !== null) libc().free(this.#pointer);
    this.#pointer = null;
  }
}
