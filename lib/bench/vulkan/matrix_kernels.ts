/**
 * The kernel of the matrix benchmarks: multiply-adds in registers.
 *
 * Matrices are read as arrays of 32-bit words, whatever their numbers are.
 *
 * @module
 */

import type { Addressing, KernelCode } from "../../spirv/kernel.ts";
import {
  MATRIX_FORMAT_BYTES,
  type MatrixFormat,
  MatrixKernel,
  type MatrixScope,
} from "../../spirv/matrix_kernel.ts";
import type { MatrixType, Value } from "../../spirv/module.ts";

/** Formats of one multiply-add. */
export interface MatrixFormats {
  /** Of A. */
  input: MatrixFormat;
  /** Of B. */
  inputB: MatrixFormat;
  /** Of the sums. */
  accumulator: MatrixFormat;
}

/** Formats and sizes of one cooperative multiply-add, as a device advertises them. */
export interface MatrixShape extends MatrixFormats {
  m: number;
  n: number;
  k: number;
  scope: MatrixScope;
  /** Whether integer sums stop at the greatest and the least number, instead of wrapping. */
  saturates: boolean;
}

/** Multiply-adds of each accumulator in the body of the loop. */
export const MATRIX_UNROLL = 8;

/** Words of `count` numbers. */
export function wordsOf(format: MatrixFormat, count: number): number {
  return (count * MATRIX_FORMAT_BYTES[format]) / 4;
}

/** The format that chains are added and stored in: bf16 has no additions but those of multiply-adds. */
export function storedFormat({ accumulator }: Pick<MatrixFormats, "accumulator">): MatrixFormat {
  return accumulator === "bf16" ? "fp32" : accumulator;
}

/** How many chains a holder of matrices has, and which factors they multiply. */
export interface MatrixChains {
  /** Independent chains. */
  accumulators: number;
  /** Matrices A, one after the other in memory: step `i` takes number `i % lefts`. A power of two. */
  lefts: number;
  /** Matrices B, one after the other in memory: chain `i` takes number `i % rights`. */
  rights: number;
  /**
   * Whether each step loads its A, in an order that the loop's counter turns: a compiler that makes a
   * multiply-add of others can then calculate no product ahead of the loop. Units for matrices take such a
   * product and its addition as one, and need not load.
   */
  reloads: boolean;
}

/**
 * Each subgroup, or workgroup as the shape's scope says, runs independent chains `C = A * B + C`,
 * `loops * MATRIX_UNROLL` times, and stores the sum of the chains in {@linkcode storedFormat}. Chain `i`
 * starts as the number `i`. Buffers: the matrices A, the matrices B, sums.
 */
export function matrixChainKernel(
  target: { addressing: Addressing; localSize: number; subgroups: number },
  shape: MatrixShape,
  { accumulators, lefts, rights, reloads }: MatrixChains,
): KernelCode {
  const { input, inputB, accumulator, m, n, k: depth, scope, saturates } = shape;
  const kernel = new MatrixKernel(target);
  const [a, b, sums] = [
    kernel.buffer(kernel.u32),
    kernel.buffer(kernel.u32),
    kernel.buffer(kernel.u32),
  ];
  const loops = kernel.push("loops", kernel.u32);
  return kernel.body((k) => {
    const c = (value: number) => k.constant(k.u32, value);
    const typeA = k.matrixType(input, m, depth, "a", scope);
    const typeB = k.matrixType(inputB, depth, n, "b", scope);
    const typeC = k.matrixType(accumulator, m, n, "accumulator", scope);
    const strideA = c(wordsOf(input, depth)), strideB = c(wordsOf(inputB, n));
    const wordsA = wordsOf(input, m * depth), wordsB = wordsOf(inputB, depth * n);
    const loadLeft = (at: Value) => k.loadMatrix(typeA, a.at(at), "row_major", strideA);
    const kept = Array.from({ length: reloads ? 0 : lefts }, (_, i) => loadLeft(c(i * wordsA)));
    const right = Array.from(
      { length: rights },
      (_, i) => k.loadMatrix(typeB, b.at(c(i * wordsB)), "row_major", strideB),
    );
    const chains = Array.from(
      { length: accumulators },
      (_, i) => k.variable<MatrixType>(k.filled(typeC, i)),
    );
    k.loop(c(0), loops(), c(1), (turn) => {
      let values = chains.map((chain) => chain.load());
      for (let step = 0; step < MATRIX_UNROLL; step++) {
        const left = kept[step % lefts] ??
          loadLeft(k.mul(k.and(k.add(turn, c(step)), c(lefts - 1)), c(wordsA)));
        values = values.map((value, i) => {
          const factor = right[i % rights];
          return factor === undefined ? value : k.mulAdd(left, factor, value, saturates);
        });
      }
      values.forEach((value, i) => chains[i]?.store(value));
    });
    const stored = storedFormat(shape);
    const typeStored = k.matrixType(stored, m, n, "accumulator", scope);
    const sum = chains.map((chain) => chain.load())
      .map((value) => stored === accumulator ? value : k.convertMatrix(typeStored, value))
      .reduce((total: Value<MatrixType>, value) => k.add(total, value));
    const holder = scope === "workgroup"
      ? k.workgroupId()
      : k.add(k.mul(k.workgroupId(), c(target.subgroups)), k.subgroupId());
    const place = k.mul(holder, c(wordsOf(stored, m * n)));
    k.storeMatrix(sums.at(place), sum, "row_major", c(wordsOf(stored, n)));
  });
}
