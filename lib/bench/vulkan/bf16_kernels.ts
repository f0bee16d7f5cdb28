/**
 * The kernel of the bf16 benchmark: chains of dependent dot products in registers.
 *
 * VK_KHR_shader_bfloat16 has no multiply-add. Each chain is a vector that is multiplied with a matrix
 * again and again: every component of the next vector is a dot product with one row.
 *
 * @module
 */

import { Bfloat16Kernel } from "../../spirv/bfloat16_kernel.ts";
import type { Addressing, KernelCode } from "../../spirv/kernel.ts";
import type { ScalarType, Value, VectorType } from "../../spirv/module.ts";
import { firstValue } from "./compute_kernels.ts";

/** One way to arrange the dot products; at most 16 numbers in flight. */
export interface DotShape {
  /** Components of a vector. */
  width: 2 | 4;
  /** Independent vectors of an invocation. */
  chains: number;
}

/** Steps in the body of the loop: so few that whole numbers which are counted up stay exact in 8 bits. */
export const DOT_UNROLL = 8;

/** A shape for people: `dot products, vec2 x 4 chains`. */
export function dotShapeName({ width, chains }: DotShape): string {
  return `dot products, vec${width} x ${chains} chains`;
}

/** Operations of one step of one chain: of a dot product as many multiplications, one addition less. */
export function dotOperations({ width }: DotShape): number {
  return width * (2 * width - 1);
}

/** Name of the push constant with an element of the matrix. */
export function elementName(row: number, column: number): string {
  return `m${row}${column}`;
}

/**
 * Push constants: the elements of the matrix, `scale` (binary32), `loops`. Buffers: results, in binary32
 * the sum of all components of an invocation's vectors. Component `i` of chain `c` starts at
 * `firstValue(…) * scale`.
 */
export function dotKernel(
  target: { addressing: Addressing; localSize: number },
  { width, chains }: DotShape,
): KernelCode {
  const kernel = new Bfloat16Kernel(target);
  const results = kernel.buffer(kernel.f32);
  const indices = Array.from({ length: width }, (_, i) => i);
  const matrix = indices.map((row) =>
    indices.map((column) => kernel.push(elementName(row, column), kernel.f32))
  );
  const scale = kernel.push("scale", kernel.f32), loops = kernel.push("loops", kernel.u32);
  return kernel.body((k) => {
    const type = k.vector(k.bf16, width);
    const vectorOf = (parts: readonly Value<ScalarType>[]) =>
      k.composite(type, parts.map((part) => k.convertFloat(k.bf16, part)));
    const rows = matrix.map((row) => vectorOf(row.map((element) => element())));
    const low = k.and(k.globalId(), k.constant(k.u32, 3));
    const vectors = Array.from(
      { length: chains },
      (_, chain) =>
        k.variable(vectorOf(indices.map((i) => {
          const offset = k.constant(k.u32, firstValue(0, { width }, chain, i));
          return k.mul(k.toFloat(k.f32, k.add(low, offset)), scale());
        }))),
    );
    const step = (vector: Value<VectorType>) =>
      k.composite(type, rows.map((row) => k.dot(vector, row)));
    k.loop(k.constant(k.u32, 0), loops(), k.constant(k.u32, 1), () => {
      let values = vectors.map((vector) => vector.load());
      for (let i = 0; i < DOT_UNROLL; i++) values = values.map(step);
      values.forEach((value, i) => vectors[i]?.store(value));
    });
    const parts = vectors.flatMap((vector) => {
      const value = vector.load();
      return indices.map((i) => k.convertFloat(k.f32, k.extract(value, i)));
    });
    results.store(k.globalId(), parts.reduce((total, part) => k.add(total, part)));
  });
}
