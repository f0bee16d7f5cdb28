/**
 * The host made ready to be measured.
 *
 * @module
 */

import type { HostArena, HostLibrary, InstructionSet } from "../../../ffi/host.ts";
import { openHostLibrary } from "../../../ffi/host.ts";
import { Sysroot } from "../../sysfs/sysroot.ts";
import {
  type ArraySize,
  chooseArraySize,
  readAvailableBytes,
  readLastLevelCacheBytes,
} from "./array_size.ts";
import { readCgroupLimits, tightest } from "./cgroup.ts";
import { fmaPeak, type Peak } from "./peaks.ts";
import { chooseCpus, countCores, type Processors, readProcessors } from "./processor.ts";

/** Of the numbers in arrays and chains. */
export const SEED = 0x6d76_6761_6c00n;

/** Cycles of one reading of the clock: a quarter of a millisecond, short enough to go undisturbed. */
const CLOCK_CYCLES = 1e6;

/** What is known of the host before anything is measured. */
export interface HostFacts {
  readonly processors: Processors;
  /** CPUs that are measured on, one thread each. */
  readonly cpus: readonly number[];
  /** Of those, how many cores; null where unknown. */
  readonly cores: number | null;
  /** CPUs' worth of time that a control group leaves; null without a limit. */
  readonly cpuQuota: number | null;
  /** Of all last-level caches together; null where unknown. */
  readonly cacheBytes: number | null;
  /** Memory that can be taken; null where unknown. */
  readonly freeBytes: number | null;
  /** Of each of the three arrays. */
  readonly arraySize: ArraySize;
}

/** Reads what is known of a host. */
export function readHostFacts(sysroot: Sysroot): HostFacts {
  const processors = readProcessors(sysroot);
  const limits = readCgroupLimits(sysroot);
  const cpus = chooseCpus(processors, limits.cpus);
  const cacheBytes = readLastLevelCacheBytes(sysroot, cpus);
  const freeBytes = tightest([readAvailableBytes(sysroot), limits.memoryBytes]);
  return {
    processors,
    cpus,
    cores: countCores(processors, cpus),
    cpuQuota: limits.cpus,
    cacheBytes,
    freeBytes,
    arraySize: chooseArraySize(cacheBytes, freeBytes),
  };
}

/** Of a {@linkcode HostArena}, what benchmarks use. */
export type Arena = Pick<HostArena, "measure" | typeof Symbol.dispose>;

/** Of a {@linkcode HostLibrary}, what benchmarks use. */
export interface Kernels
  extends Pick<HostLibrary, "instructionSets" | "fma" | "clock" | typeof Symbol.dispose> {
  createArena(bytes: number, cpus: readonly number[], seed: bigint): Arena;
}

/** The library and the instruction sets that it can measure with. */
export type HostKernels =
  | { state: "ok"; library: Kernels; instructionSets: readonly InstructionSet[] }
  | { state: "absent"; reason: string };

/** The host, its library where it is there, and the arrays that benchmarks share. */
export class HostTarget implements Disposable {
  /** As in results. */
  readonly id = "host";
  readonly facts: HostFacts;
  readonly kernels: HostKernels;
  readonly #owned = new DisposableStack();
  #arena: Arena | undefined;
  #clockGhz: number | undefined;

  /** Takes what is known of the host, and its library. The target closes the library. */
  constructor(
    facts: HostFacts,
    opened: { state: "ok"; library: Kernels } | { state: "absent"; reason: string },
  ) {
    this.facts = facts;
    if (opened.state === "absent") {
      this.kernels = {
        state: "absent",
        reason: `the C library that measures the host is not there (${opened.reason}): ` +
          "install a C compiler and make, and build again",
      };
      return;
    }
    const library = this.#owned.use(opened.library);
    this.kernels = { state: "ok", library, instructionSets: library.instructionSets() };
  }

  /**
   * Opens this host.
   *
   * @param places where `libmvgal_host.so` may be: absolute paths of itself or of its directory, best first.
   */
  static open(places: readonly string[]): HostTarget {
    return new HostTarget(readHostFacts(new Sysroot()), openHostLibrary(places));
  }

  /** Why nothing can be measured with the library; undefined where it can. */
  get obstacle(): string | undefined {
    if (this.kernels.state === "absent") return this.kernels.reason;
    if (this.facts.cpus.length === 0) {
      return "/proc/self/status does not say on which CPUs this process may run";
    }
    if (this.kernels.instructionSets.length === 0) {
      return "there are no kernels for this processor's architecture: x86-64 and AArch64 have them";
    }
    return undefined;
  }

  /**
   * The library.
   *
   * @throws {Error} where there is an {@linkcode obstacle}.
   */
  get library(): Kernels {
    if (this.kernels.state === "absent") throw new Error(this.kernels.reason);
    return this.kernels.library;
  }

  /** Instruction sets to measure with, widest vectors first. */
  get instructionSets(): InstructionSet[] {
    return this.kernels.state === "ok" ? [...this.kernels.instructionSets].reverse() : [];
  }

  /**
   * The arrays, made on first use and kept until the target is disposed.
   *
   * @throws {Error} where they do not fit in memory.
   */
  arena(): Arena {
    const { arraySize, cpus } = this.facts;
    if (arraySize.state !== "ok") throw new Error(arraySize.reason);
    this.#arena ??= this.#owned.use(this.library.createArena(arraySize.bytes, cpus, SEED));
    return this.#arena;
  }

  /**
   * Reads the clock of the slowest CPU while all are busy, and keeps the highest reading: what else runs
   * on the host can only make one too low.
   */
  observeClock(): void {
    const { nanoseconds, work } = this.library.clock(this.facts.cpus, CLOCK_CYCLES);
    this.#clockGhz = Math.max(this.#clockGhz ?? 0, work / nanoseconds);
  }

  /** The highest clock seen on all CPUs at once, in GHz; undefined before it was read. */
  get clockGhz(): number | undefined {
    return this.#clockGhz;
  }

  /** The most multiply-adds at the clock that was seen; null where it cannot be told. */
  fmaPeak(isa: InstructionSet, precision: "fp32" | "fp64"): Peak | null {
    const { cores, processors } = this.facts;
    if (cores === null || this.#clockGhz === undefined) return null;
    return fmaPeak(processors.model, cores, this.#clockGhz, isa, precision);
  }

  [Symbol.dispose](): void {
    this.#owned.dispose();
  }
}
