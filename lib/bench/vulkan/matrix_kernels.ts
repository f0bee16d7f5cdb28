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

/** Formats and sizes of one cooperative multiply-add, as a device advertises them. */
export interface MatrixShape {
  input: MatrixFormat;
  accumulator: MatrixFormat;
  m: number;
  n: number;
  k: number;
  scope: MatrixScope;
}

/** Multiply-adds of each accumulator in the body of the loop: half with A, half with its counterpart. */
export const MATRIX_UNROLL = 8;

/** Words of `count` numbers. */
export function wordsOf(format: MatrixFormat, count: number): number {
  return (count * MATRIX_FORMAT_BYTES[format]) / 4;
}

/**
 * Each subgroup, or workgroup as the shape's scope says, runs `accumulators` independent chains `C = A * B + C`, in turn with A and with the matrix
 * behind it in memory, `loops * MATRIX_UNROLL` times, and stores the sum of the chains. Chain `i` starts
 * as the number `i`. Buffers: A and its counterpart, B, sums.
 */
export function matrixChainKernel(
  target: { addressing: Addressing; localSize: number; subgroups: number },
  shape: MatrixShape,
  accumulators: number,
): KernelCode {
  const { input, accumulator, m, n, k: depth, scope } = shape;
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
    const typeB = k.matrixType(input, depth, n, "b", scope);
    const typeC = k.matrixType(accumulator, m, n, "accumulator", scope);
    const strideA = c(wordsOf(input, depth)), strideB = c(wordsOf(input, n));
    const factors = [0, 1].map((which) =>
      k.loadMatrix(typeA, a.at(c(which * wordsOf(input, m * depth))), "row_major", strideA)
    );
    const right = k.loadMatrix(typeB, b.at(c(0)), "row_major", strideB);
    const chains = Array.from(
      { length: accumulators },
      (_, i) => k.variable<MatrixType>(k.filled(typeC, i)),
    );
    k.loop(c(0), loops(), c(1), () => {
      let values = chains.map((chain) => chain.load());
      for (let step = 0; step < MATRIX_UNROLL; step++) {
        const left = factors[step % 2];
        if (left) values = values.map((value) => k.mulAdd(left, right, value));
      }
      values.forEach((value, i) => chains[i]?.store(value));
    });
    const sum = chains.map((chain) => chain.load())
      .reduce((total: Value<MatrixType>, value) => k.add(total, value));
    const holder = scope === "workgroup"
      ? k.workgroupId()
      : k.add(k.mul(k.workgroupId(), c(target.subgroups)), k.subgroupId());
    const place = k.mul(holder, c(wordsOf(accumulator, m * n)));
    k.storeMatrix(sums.at(place), sum, "row_major", c(wordsOf(accumulator, n)));
  });
}
