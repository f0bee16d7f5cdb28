/**
 * What the logical device is measured with: real kernels, each with its inputs, its size and its results.
 *
 * @module
 */

import type { Dimension, Triple, WholeRule } from "../../pool/analysis/verdict.ts";
import type { KernelCode } from "../../spirv/kernel.ts";

/** How much a kernel is given to do. What `depth` counts is the kernel's {@linkcode PoolKernel.depth}. */
export interface KernelSize {
  /** Elements of a row. */
  width: number;
  /** Rows; 1 for a kernel without rows. */
  height: number;
  /** Work for each element, at the same number of bytes. */
  depth: number;
}

/** A buffer of a kernel, in the order of the descriptors of set 0. */
export interface PoolBuffer {
  bytes: number;
  /**
   * `in` is read alone; `out` is written all over, whatever it held; `inout` is read and written, or written
   * in part.
   */
  role: "in" | "out" | "inout";
}

/** First contents of the buffers, in their order; null for those that are `out`. */
export type PoolInputs = readonly (Uint8Array<ArrayBuffer> | null)[];

/** What must stand at some places of a buffer: as many 32-bit words as there are values. */
export interface ExpectedWords {
  /** The buffer's number. */
  buffer: number;
  /** Which 32-bit words, rising. */
  words: Uint32Array;
  /** What they hold; a `Float32Array` where they are binary32. */
  values: Uint32Array | Float32Array;
}

/** What is to be seen when the logical device gets the kernel. */
export type Expectation =
  /** Splitting is proved safe, and pays. */
  | { kind: "split"; dimension: Dimension; reason: string }
  /** Splitting is proved safe, but moving the bytes takes longer than it saves: runs whole. */
  | { kind: "unprofitable"; dimension: Dimension; reason: string }
  /** Splitting is not safe. */
  | { kind: "whole"; rule: WholeRule; reason: string };

/** A kernel of `mvgal bench pool`. */
export interface PoolKernel {
  /** Short name: `mandelbrot`. */
  id: string;
  /** For people. */
  title: string;
  /** What {@linkcode KernelSize.depth} counts: `iterations`; null where it must be 1. */
  depth: string | null;
  code: KernelCode;
  /** A size for tests: right in a few milliseconds on a processor, and not a multiple of the work-group. */
  small: KernelSize;
  /** The size at which a calibration starts. */
  first: KernelSize;
  /**
   * A size of about `factor` times the work. `depth` grows before the buffers do where there is one.
   *
   * @param factor above 0.
   */
  scale(size: KernelSize, factor: number): KernelSize;
  /** Work-groups of a dispatch. */
  groups(size: KernelSize): Triple;
  /** Bytes of push constants. */
  push(size: KernelSize): Uint8Array<ArrayBuffer>;
  buffers(size: KernelSize): PoolBuffer[];
  /** The same bytes at each call. */
  fill(size: KernelSize): PoolInputs;
  /**
   * Results, computed on the host.
   *
   * @param inputs what {@linkcode PoolKernel.fill} gave for this size.
   * @param samples how many elements at most; fewer than there are lie spread over all rows.
   */
  reference(size: KernelSize, inputs: PoolInputs, samples: number): ExpectedWords[];
  /**
   * How far results may be from the reference, times the greater of 1 and the value; 0 for bytes that must
   * be the same on every device.
   */
  tolerance: number;
  /** Work of a dispatch, in {@linkcode PoolKernel.unit}. */
  work(size: KernelSize): number;
  /** Unit of {@linkcode PoolKernel.work}: `FLOP`, `pixels`. */
  unit: string;
  expectation: Expectation;
}

/** A kernel that renders the frames of an animation; none reads another. */
export interface FrameKernel extends PoolKernel {
  /** Push constants of frame `frame`; {@linkcode PoolKernel.push} is those of frame 0. */
  framePush(size: KernelSize, frame: number): Uint8Array<ArrayBuffer>;
  /** {@linkcode PoolKernel.reference} of frame `frame`. */
  frameReference(size: KernelSize, frame: number, samples: number): ExpectedWords[];
}
