/**
 * libmvgal_host: the host's own processors and memory, measured in C by `shims/host`.
 *
 * Interface: `shims/host/host.h`. Every call that measures takes one sample and blocks until its threads
 * are joined; time is measured inside it.
 *
 * @module
 */

import { CallError } from "./call_error.ts";
import { type Library, openLibrary } from "./library.ts";

const FILE_NAME = "libmvgal_host.so";

/** `MVGAL_HOST_ABI` of the header that this file was written to. */
const ABI = 1;

const SYMBOLS = {
  mvgal_host_abi: { parameters: [], result: "u32" },
  mvgal_host_instruction_sets: { parameters: [], result: "u32" },
  mvgal_host_arena_create: {
    parameters: ["u64", "buffer", "u32", "u64", "buffer"],
    result: "pointer",
  },
  mvgal_host_arena_destroy: { parameters: ["pointer"], result: "void" },
  mvgal_host_memory: {
    parameters: ["pointer", "u32", "u32", "u32", "u32", "buffer"],
    result: "i32",
  },
  mvgal_host_fma: {
    parameters: ["buffer", "u32", "u32", "u32", "u64", "u64", "buffer"],
    result: "i32",
  },
  mvgal_host_clock: { parameters: ["buffer", "u32", "u64", "buffer"], result: "i32" },
} as const;

/** Names of all functions that are bound. */
export const HOST_SYMBOLS: readonly string[] = Object.keys(SYMBOLS);

/** `enum mvgal_host_isa`, narrowest vectors first. */
export const INSTRUCTION_SETS = ["sse2", "avx2", "avx512", "neon"] as const;
/** An instruction set that there are kernels for. */
export type InstructionSet = typeof INSTRUCTION_SETS[number];

/** `enum mvgal_host_operation`. */
export const OPERATIONS = ["read", "write", "copy", "triad"] as const;
/** What is done to an arena's arrays a, b and c: sum b; fill a; a = b; a = b + s * c. */
export type Operation = typeof OPERATIONS[number];

/** `enum mvgal_host_store`. */
export const STORES = ["cached", "streaming", "libc"] as const;
/** How it is stored: as usual, past the caches, or by memcpy(3), which `copy` alone can. */
export type Store = typeof STORES[number];

/** `enum mvgal_host_precision`. */
export const PRECISIONS = ["fp32", "fp64"] as const;
/** The numbers of a multiply-add. */
export type Precision = typeof PRECISIONS[number];

/** One measurement: `struct mvgal_host_sample`. */
export interface HostSample {
  readonly nanoseconds: number;
  /** Bytes that the operation's definition moves, floating-point operations, or clock cycles. */
  readonly work: number;
  /** Results that were compared with what they must be. */
  readonly checked: number;
  /** Of these, how many differ. */
  readonly wrong: number;
}

/** What came of {@linkcode openHostLibrary}. */
export type HostLibraryOutcome =
  | { state: "ok"; library: HostLibrary }
  | { state: "absent"; reason: string };

/** errno(3) values that the library answers, in Linux's numbers. */
const ERRNO: Readonly<Record<number, string>> = {
  1: "EPERM",
  11: "EAGAIN",
  12: "ENOMEM",
  22: "EINVAL",
  95: "ENOTSUP",
};

const EXPLANATIONS: Readonly<Record<number, string>> = {
  11: "no more threads can be started",
  12: "not enough memory",
  22: "a wrong argument, or a CPU that this process may not use",
  95: "this processor has no such instructions",
};

function check(call: string, result: number): void {
  if (result === 0) return;
  const code = -result;
  throw new CallError(call, result, ERRNO[code] ?? `errno ${code}`, EXPLANATIONS[code]);
}

/** Calls a function that fills a sample in. */
function sampleOf(call: string, measure: (out: BigUint64Array<ArrayBuffer>) => number): HostSample {
  const out = new BigUint64Array(4);
  check(call, measure(out));
  const [nanoseconds = 0n, work = 0n, checked = 0n, wrong = 0n] = out;
  return {
    nanoseconds: Number(nanoseconds),
    work: Number(work),
    checked: Number(checked),
    wrong: Number(wrong),
  };
}

/** Whether a path is a directory's. A library in memory is `/proc/self/fd/N`, which is none. */
function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/**
 * Opens the library in the first of `places` that has it.
 *
 * @param places absolute paths, each of the library or of a directory that holds it.
 */
export function openHostLibrary(places: readonly string[]): HostLibraryOutcome {
  if (places.length === 0) return { state: "absent", reason: `${FILE_NAME} is not built` };
  const files = places.map((place) => isDirectory(place) ? `${place}/${FILE_NAME}` : place);
  const opened = openLibrary(files, SYMBOLS);
  if (opened.state === "absent") return { state: "absent", reason: opened.reason };
  const { library } = opened;
  const abi = library.symbols.mvgal_host_abi();
  if (abi === ABI) return { state: "ok", library: new HostLibrary(library) };
  library[Symbol.dispose]();
  return {
    state: "absent",
    reason: `${library.soname}: it has interface ${abi}, not ${ABI}: build the shims again`,
  };
}

/** The open library. Dispose it after its arenas. */
export class HostLibrary implements Disposable {
  readonly #library: Library<typeof SYMBOLS>;

  /** Takes an open library of the right interface: see {@linkcode openHostLibrary}. */
  constructor(library: Library<typeof SYMBOLS>) {
    this.#library = library;
  }

  /** The instruction sets that this processor and its kernel offer, narrowest vectors first. */
  instructionSets(): InstructionSet[] {
    const mask = this.#library.symbols.mvgal_host_instruction_sets();
    return INSTRUCTION_SETS.filter((_, bit) => (mask >>> bit & 1) === 1);
  }

  /**
   * Maps and fills the three arrays that memory is measured with.
   *
   * @param bytes of each array: a multiple of 4096.
   * @param cpus numbers of the CPUs to use, one thread each.
   * @throws {CallError} where there is not enough memory, or a CPU cannot be used.
   */
  createArena(bytes: number, cpus: readonly number[], seed: bigint): HostArena {
    const { symbols } = this.#library;
    const error = new Int32Array(1);
    const arena = symbols.mvgal_host_arena_create(
      BigInt(bytes),
      Uint32Array.from(cpus),
      cpus.length,
      seed,
      error,
    );
    if (arena === null) check("mvgal_host_arena_create", error[0] ?? 0);
    if (arena === null) throw new CallError("mvgal_host_arena_create", 0, "NULL");
    return new HostArena(symbols, arena);
  }

  /**
   * Runs chains of multiply-adds in registers, on every CPU of a list at once.
   *
   * @param iterations steps of each chain.
   * @param seed of the numbers; it also chooses which lanes are checked.
   * @throws {CallError} where a CPU cannot be used or has no such instructions.
   */
  fma(
    cpus: readonly number[],
    isa: InstructionSet,
    precision: Precision,
    iterations: number,
    seed: bigint,
  ): HostSample {
    const { symbols } = this.#library;
    return sampleOf("mvgal_host_fma", (out) =>
      symbols.mvgal_host_fma(
        Uint32Array.from(cpus),
        cpus.length,
        INSTRUCTION_SETS.indexOf(isa),
        PRECISIONS.indexOf(precision),
        BigInt(iterations),
        seed,
        out,
      ));
  }

  /**
   * Counts clock cycles on every CPU of a list at once: work over nanoseconds is the clock, in GHz, of the
   * slowest one.
   *
   * @param cycles at least 64.
   * @throws {CallError} where a CPU cannot be used.
   */
  clock(cpus: readonly number[], cycles: number): HostSample {
    const { symbols } = this.#library;
    return sampleOf(
      "mvgal_host_clock",
      (out) => symbols.mvgal_host_clock(Uint32Array.from(cpus), cpus.length, BigInt(cycles), out),
    );
  }

  [Symbol.dispose](): void {
    this.#library[Symbol.dispose]();
  }
}

/** Three arrays in memory; see {@linkcode HostLibrary.createArena}. */
export class HostArena implements Disposable {
  readonly #symbols: Library<typeof SYMBOLS>["symbols"];
  #arena: Deno.PointerObject | null;

  /** Takes what `mvgal_host_arena_create` returned. */
  constructor(symbols: Library<typeof SYMBOLS>["symbols"], arena: Deno.PointerObject) {
    this.#symbols = symbols;
    this.#arena = arena;
  }

  /**
   * Makes `passes` passes of an operation over the arrays.
   *
   * @throws {CallError} for a store that the operation has not, and instructions that the CPU has not.
   * @throws {Error} once the arena is disposed.
   */
  measure(isa: InstructionSet, operation: Operation, store: Store, passes: number): HostSample {
    const arena = this.#arena;
    if (arena === null) throw new Error("the arena is disposed");
    return sampleOf("mvgal_host_memory", (out) =>
      this.#symbols.mvgal_host_memory(
        arena,
        INSTRUCTION_SETS.indexOf(isa),
        OPERATIONS.indexOf(operation),
        STORES.indexOf(store),
        passes,
        out,
      ));
  }

  [Symbol.dispose](): void {
    if (this.#arena !== null) this.#symbols.mvgal_host_arena_destroy(this.#arena);
    this.#arena = null;
  }
}
