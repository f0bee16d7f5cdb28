/**
 * The kernels of the matrix benchmarks: multiply-adds in registers, and a matrix product.
 *
 * Matrices are read as arrays of 32-bit words, or of four, whatever their numbers are.
 *
 * @module
 */

import type { Addressing, KernelCode } from "../../spirv/kernel.ts";
import { MATRIX_FORMAT_BYTES, type MatrixFormat, MatrixKernel } from "../../spirv/matrix_kernel.ts";
import type { MatrixType, Value } from "../../spirv/module.ts";

/** Formats and sizes of one cooperative multiply-add, as a device advertises them. */
export interface MatrixShape {
  input: MatrixFormat;
  accumulator: MatrixFormat;
  m: number;
  n: number;
  k: number;
}

/** Multiply-adds of each accumulator in the body of the loop: half with A, half with its counterpart. */
export const MATRIX_UNROLL = 8;

/** Words of `count` numbers. */
export function wordsOf(format: MatrixFormat, count: number): number {
  return (count * MATRIX_FORMAT_BYTES[format]) / 4;
}

/**
 * Each subgroup runs `accumulators` independent chains `C = A * B + C`, in turn with A and with the matrix
 * behind it in memory, `loops * MATRIX_UNROLL` times, and stores the sum of the chains. Chain `i` starts
 * as the number `i`. Buffers: A and its counterpart, B, sums.
 */
export function matrixChainKernel(
  target: { addressing: Addressing; localSize: number; subgroups: number },
  shape: MatrixShape,
  accumulators: number,
): KernelCode {
  const { input, accumulator, m, n, k: depth } = shape;
  const kernel = new MatrixKernel(target);
  const [a, b, sums] = [
    kernel.buffer(kernel.u32),
    kernel.buffer(kernel.u32),
    kernel.buffer(kernel.u32),
  ];
  const loops = kernel.push("loops", kernel.u32);
  return kernel.body((k) => {
    const c = (value: number) => k.constant(k.u32, value);
    const typeA = k.matrixType(input, m, depth, "a");
    const typeB = k.matrixType(input, depth, n, "b");
    const typeC = k.matrixType(accumulator, m, n, "accumulator");
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
    const subgroup = k.add(k.mul(k.workgroupId(), c(target.subgroups)), k.subgroupId());
    const place = k.mul(subgroup, c(wordsOf(accumulator, m * n)));
    k.storeMatrix(sums.at(place), sum, "row_major", c(wordsOf(accumulator, n)));
  });
}

/** How a matrix product is cut up. */
export interface GemmTiling {
  /** Rows and columns of C of a workgroup, and the depth that it takes at a time. */
  tileM: number;
  tileN: number;
  tileK: number;
  /** Subgroups of a workgroup along M and N. */
  subgroupsM: number;
  subgroupsN: number;
}

/** A tiling for people: `128x256x32, 2x4 subgroups`. */
export function tilingName({ tileM, tileN, tileK, subgroupsM, subgroupsN }: GemmTiling): string {
  return `tiles ${tileM}x${tileN}x${tileK}, ${subgroupsM}x${subgroupsN} subgroups`;
}

/** Numbers in a vector of four words. */
const PER_VECTOR = 8;

/** Bytes of memory that a workgroup of a tiling shares. */
export function sharedBytes({ tileM, tileN, tileK }: GemmTiling): number {
  return tileK * (tileM / PER_VECTOR + 1 + tileN / PER_VECTOR + 1) * 16;
}

/** Rows of tiles that are worked on together, so that they find each other's columns in the cache. */
const GROUP_ROWS = 16;

/**
 * `C = Aᵀ * B` for square matrices of `size`, all in rows: A and B of 16-bit numbers, C of binary32.
 *
 * Each workgroup computes a tile of C: it loads the next slices of A and B into registers while it
 * multiplies the present ones, which it keeps in shared memory, each row a vector longer than needed so
 * that rows start in different banks. A is stored by its depth, as B is: the loads of both are then whole
 * rows. Buffers: A, B, C.
 */
export function gemmKernel(
  target: { addressing: Addressing; subgroupSize: number },
  shape: MatrixShape,
  tiling: GemmTiling,
  size: number,
): KernelCode {
  const { tileM, tileN, tileK, subgroupsM, subgroupsN } = tiling;
  const localSize = subgroupsM * subgroupsN * target.subgroupSize;
  const kernel = new MatrixKernel({ addressing: target.addressing, localSize });
  const vector = kernel.vector(kernel.u32, 4);
  const [a, b] = [kernel.buffer(vector), kernel.buffer(vector)];
  const out = kernel.buffer(kernel.f32);
  const rowA = tileM / PER_VECTOR, rowB = tileN / PER_VECTOR;
  const strideA = rowA + 1, strideB = rowB + 1;
  const loadsA = (rowA * tileK) / localSize, loadsB = (rowB * tileK) / localSize;
  const perM = tileM / subgroupsM / shape.m, perN = tileN / subgroupsN / shape.n;
  return kernel.body((k) => {
    const c = (value: number) => k.constant(k.u32, value);
    const sharedA = k.workgroupArray(vector, tileK * strideA);
    const sharedB = k.workgroupArray(vector, tileK * strideB);
    const tilesM = size / tileM, tilesN = size / tileN, together = Math.min(GROUP_ROWS, tilesM);
    const band = k.divide(k.workgroupId(), c(together * tilesN));
    const inBand = k.modulo(k.workgroupId(), c(together * tilesN));
    const row = k.mul(
      k.add(k.mul(band, c(together)), k.modulo(inBand, c(together))),
      c(tileM),
    );
    const column = k.mul(k.divide(inBand, c(together)), c(tileN));
    const [t, subgroup] = [k.localId(), k.subgroupId()];
    const subRow = k.mul(k.divide(subgroup, c(subgroupsN)), c(tileM / subgroupsM));
    const subColumn = k.mul(k.modulo(subgroup, c(subgroupsN)), c(tileN / subgroupsN));
    const typeC = k.matrixType(shape.accumulator, shape.m, shape.n, "accumulator");
    const typeA = k.matrixType(shape.input, shape.m, shape.k, "a");
    const typeB = k.matrixType(shape.input, shape.k, shape.n, "b");
    const sums = Array.from(
      { length: perM * perN },
      () => k.variable<MatrixType>(k.filled(typeC, 0)),
    );
    /** Where invocation `t` finds its `i`-th vector of a slice of rows of `length` vectors. */
    const placeOf = (i: number, length: number) => ({
      depth: k.add(k.divide(t, c(length)), c((i * localSize) / length)),
      at: k.modulo(t, c(length)),
    });
    const load = (depth: Value, isA: boolean) => {
      const [length, loads, base] = isA ? [rowA, loadsA, row] : [rowB, loadsB, column];
      const first = k.divide(base, c(PER_VECTOR));
      return Array.from({ length: loads }, (_, i) => {
        const place = placeOf(i, length);
        const line = k.mul(k.add(depth, place.depth), c(size / PER_VECTOR));
        return (isA ? a : b).load(k.add(k.add(line, first), place.at));
      });
    };
    const aheadA = load(c(0), true).map((value) => k.variable(value));
    const aheadB = load(c(0), false).map((value) => k.variable(value));
    k.loop(c(0), c(size), c(tileK), (depth) => {
      aheadA.forEach((value, i) => {
        const place = placeOf(i, rowA);
        sharedA.store(k.add(k.mul(place.depth, c(strideA)), place.at), value.load());
      });
      aheadB.forEach((value, i) => {
        const place = placeOf(i, rowB);
        sharedB.store(k.add(k.mul(place.depth, c(strideB)), place.at), value.load());
      });
      k.barrier();
      // The last slice is followed by the first again: a load without a branch, and without use.
      const next = k.and(k.add(depth, c(tileK)), c(size - 1));
      load(next, true).forEach((value, i) => aheadA[i]?.store(value));
      load(next, false).forEach((value, i) => aheadB[i]?.store(value));
      for (let step = 0; step < tileK; step += shape.k) {
        const lefts = Array.from({ length: perM }, (_, i) => {
          const at = k.add(
            c(step * strideA),
            k.divide(k.add(subRow, c(i * shape.m)), c(PER_VECTOR)),
          );
          return k.loadMatrix(typeA, sharedA.at(at), "column_major", c(strideA));
        });
        const rights = Array.from({ length: perN }, (_, j) => {
          const at = k.add(
            c(step * strideB),
            k.divide(k.add(subColumn, c(j * shape.n)), c(PER_VECTOR)),
          );
          return k.loadMatrix(typeB, sharedB.at(at), "row_major", c(strideB));
        });
        lefts.forEach((left, i) =>
          rights.forEach((right, j) => {
            const sum = sums[i * perN + j];
            sum?.store(k.mulAdd(left, right, sum.load()));
          })
        );
      }
      k.barrier();
    });
    sums.forEach((sum, at) => {
      const i = Math.floor(at / perN), j = at % perN;
      const line = k.mul(k.add(k.add(row, subRow), c(i * shape.m)), c(size));
      const place = k.add(k.add(line, k.add(column, subColumn)), c(j * shape.n));
      k.storeMatrix(out.at(place), sum.load(), "row_major", c(size));
    });
  });
}
