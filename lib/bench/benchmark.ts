/**
 * What a benchmark is, and what comes out of one.
 *
 * @module
 */

import type { Conditions } from "./conditions/conditions.ts";
import type { KnownPeaks } from "./peaks/peak.ts";
import type { Summary } from "./statistics.ts";

/** The suites, in the order in which they run. */
export const SUITES = ["host", "memory", "compute", "transfer", "sync", "scheduling"] as const;

/** A group of benchmarks that the command line can choose. */
export type Suite = typeof SUITES[number];

/** How thoroughly to measure. */
export interface Effort {
  /** Samples of the reported shape at least. */
  minSamples: number;
  /** Device time of one throughput sample to aim at, in milliseconds. */
  sampleMs: number;
  /**
   * Time for one benchmark to aim at, shapes that lose included, in milliseconds. With 0 every shape is
   * tried, and no more samples are taken than must be.
   */
  budgetMs: number;
  /**
   * How long past its time a benchmark may go to take as many samples as it should, in milliseconds; a limit
   * of its own where it is left out.
   */
  graceMs?: number;
  /** Try every shape of a kernel, or only those that are usually best. */
  allShapes: boolean;
  /** What buffers and registers hold: `random` (also where it is left out), or all bits zero. */
  data?: DataPattern;
  /**
   * Share of the usual working set to take, 1 where it is left out: a benchmark for which memory does not
   * suffice is tried again with a half of it, and with a quarter.
   */
  memoryScale?: number;
}

/** What the data is that benchmarks move and compute with. */
export type DataPattern = "random" | "zeros";

/** The two efforts that the command line offers. */
export const EFFORTS: { readonly quick: Effort; readonly full: Effort } = {
  quick: { minSamples: 10, sampleMs: 5, budgetMs: 250, allShapes: false },
  full: { minSamples: 15, sampleMs: 20, budgetMs: 2000, allShapes: true },
};

/**
 * Time for all benchmarks of one device by the efforts, in milliseconds, with what they do beyond their own
 * time and with the device's part of trying paths in other processes. Looking for devices and opening them
 * come on top: 20 s and 150 s are the promise.
 */
export const DEVICE_LIMIT_MS: Readonly<Record<keyof typeof EFFORTS, number>> = {
  quick: 17_000,
  full: 135_000,
};

/** One way of doing a benchmark, ready to run. */
export interface Shape {
  /** E.g. `vec4 x 2 chains, affine`. */
  readonly name: string;
  /** Builds what the shape needs. Its time is not measured. */
  prepare(effort: Effort): Prepared;
}

/** A prepared shape. */
export interface Prepared extends Disposable {
  /** Measures once and gives the samples, in the benchmark's unit. */
  sample(): number[];
  /**
   * Checks what the measured work wrote.
   *
   * @throws {WrongResultError} where it is wrong.
   */
  verify(): void;
  /** By which clock: timestamps of the device, or the host's clock around it. */
  readonly clock: "device" | "host";
  /** What its data are, where it can have the others that {@linkcode Effort.data} asks for. */
  readonly data?: DataPattern;
  /** SHA-256 of the SPIR-V that is measured, in hexadecimal, where there is any. */
  readonly shader_sha256?: string;
}

/** Parameters of a benchmark by name, with the unit in the name. */
export type Parameters = Readonly<Record<string, string | number>>;

/** A benchmark: one figure of one device. `T` is what it runs on. */
export interface Benchmark<T> {
  /** Unique, `suite.figure`: `memory.copy`. */
  readonly name: string;
  readonly suite: Suite;
  /** What a person reads: `copy`. */
  readonly title: string;
  /** Of the figure: `GB/s` (10^9), `TFLOP/s`, `TOP/s`, `µs`. */
  readonly unit: string;
  readonly better: "higher" | "lower";
  /** What is counted: `bytes read plus bytes written`, `an FMA is 2 operations`. */
  readonly convention: string;
  /** What sets the benchmark apart from its like: `{ working_set_bytes: 33554432 }`. */
  readonly parameters?: Parameters;
  /** Which of a device's peaks the figure is held against: a key of the table of peaks, `fp32`. */
  readonly peak?: string;
  /** Why the target cannot do it, or undefined where it can. */
  unsupported(target: T): string | undefined;
  /** The ways to do it, best guesses first. */
  shapes(target: T, effort: Effort): readonly Shape[];
}

export { UnsupportedError, WrongResultError } from "../transfer/errors.ts";

/** A figure that cannot be true, whatever the device. */
export class ImplausibleError extends Error {
  override readonly name = "ImplausibleError";
}

/** What was measured of one shape. */
export interface Measured {
  /** Name of the shape that is reported: the one with the best median. */
  shape: string;
  clock: "device" | "host";
  summary: Summary;
  /** Every sample, in order. */
  samples: number[];
  /** The samples of its warm-up, in order: they do not count. */
  warm_up: number[];
  /** Median of each shape that was tried; null for one that failed, with its error in `failures`. */
  candidates: Record<string, number | null>;
  /** Shape -> why it is not counted: it is not offered, failed, or computed something wrong. */
  failures: Record<string, string>;
  /** What a reader should know: a smaller working set, a slow first sample, a spread that stayed wide. */
  notes: string[];
  /** Null where there is nothing to read them from. */
  conditions: Conditions | null;
  /** Null where the benchmark names no peak. */
  peaks: KnownPeaks | null;
  /** SHA-256 of the reported shape's SPIR-V; null where it has none, or does not tell. */
  shader_sha256: string | null;
}

/** How one benchmark on one device ended. */
export type Outcome =
  | { state: "ok"; measured: Measured }
  /** The device, or its driver, does not have what it takes. */
  | { state: "unsupported"; reason: string }
  /** Not run: not asked for, interrupted, or the device was lost before. */
  | { state: "skipped"; reason: string }
  /** It did not run to its end, or computed something wrong. */
  | { state: "failed"; reason: string }
  /** The figure cannot be true. */
  | { state: "implausible"; reason: string; measured?: Measured };

/** A benchmark without what it does, and how it ended. */
export interface Result {
  name: string;
  suite: Suite;
  title: string;
  unit: string;
  better: "higher" | "lower";
  convention: string;
  parameters: Parameters;
  /** Key of the peak that the figure is held against; null for none. */
  peak: string | null;
  /** Id of the device: a GPU's id, or `host`. */
  device: string;
  /** Id of the other device of a transfer between two; null otherwise. */
  peer: string | null;
  /** How long it took with all that it needed, in milliseconds; left out where nobody looked. */
  took_ms?: number;
  outcome: Outcome;
}
