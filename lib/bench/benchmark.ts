/**
 * What a benchmark is, and what comes out of one.
 *
 * @module
 */

import type { Summary } from "./statistics.ts";

/** The suites, in the order in which they run. */
export const SUITES = ["host", "memory", "compute", "sync", "scheduling"] as const;

/** A group of benchmarks that the command line can choose. */
export type Suite = typeof SUITES[number];

/** How thoroughly to measure. */
export interface Effort {
  /** Samples of the reported shape at least. */
  minSamples: number;
  /** Device time of one throughput sample to aim at, in milliseconds. */
  sampleMs: number;
  /** Time for one benchmark's samples to aim at, in milliseconds. */
  budgetMs: number;
  /** Try every shape of a kernel, or only those that are usually best. */
  allShapes: boolean;
}

/** The two efforts that the command line offers. */
export const EFFORTS: { readonly quick: Effort; readonly full: Effort } = {
  quick: { minSamples: 10, sampleMs: 5, budgetMs: 250, allShapes: false },
  full: { minSamples: 15, sampleMs: 20, budgetMs: 2000, allShapes: true },
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

/** The device, or the host, does not offer what a shape needs: the shape is left out, not failed. */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError";
}

/** The device computed something else than it should have. */
export class WrongResultError extends Error {
  override readonly name = "WrongResultError";
}

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
  /** Median of each shape that was tried; null for one that failed, with its error in `failures`. */
  candidates: Record<string, number | null>;
  /** Shape -> why it is not counted: it is not offered, failed, or computed something wrong. */
  failures: Record<string, string>;
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
  outcome: Outcome;
}
