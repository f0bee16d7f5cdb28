/**
 * A matrix product with cooperative matrices.
 *
 * Factors are read as arrays of vectors of four 32-bit words, whatever their numbers are.
 *
 * @module
 */

import type { Addressing, KernelCode } from "../../spirv/kernel.ts";
import { MATRIX_FORMAT_BYTES, MatrixKernel } from "../../spirv/matrix_kernel.ts";
import type { MatrixType, Value } from "../../spirv/module.ts";
import type { MatrixShape } from "./matrix_kernels.ts";

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

/** Numbers of a factor in a vector of four words. */
export function perVector({ input }: Pick<MatrixShape, "input">): number {
  return 16 / MATRIX_FORMAT_BYTES[input];
}

/** Bytes of memory that a workgroup of a tiling shares. */
export function sharedBytes(
  { tileM, tileN, tileK }: GemmTiling,
  shape: Pick<MatrixShape, "input">,
): number {
  const numbers = perVector(shape);
  return tileK * (tileM / numbers + 1 + tileN / numbers + 1) * 16;
}

/** Rows of tiles that are worked on together, so that they find each other's columns in the cache. */
const GROUP_ROWS = 16;

/**
 * `C = Aᵀ * B` for square matrices of `size`, all in rows; C of 32-bit numbers.
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
  const numbers = perVector(shape);
  const localSize = subgroupsM * subgroupsN * target.subgroupSize;
  const kernel = new MatrixKernel({ addressing: target.addressing, localSize });
  const vector = kernel.vector(kernel.u32, 4);
  const [a, b] = [kernel.buffer(vector), kernel.buffer(vector)];
  const out = kernel.buffer(kernel.scalar(shape.accumulator));
  const rowA = tileM / numbers, rowB = tileN / numbers;
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
      const first = k.divide(base, c(numbers));
      return Array.from({ length: loads }, (_, i) => {
        const place = placeOf(i, length);
        const line = k.mul(k.add(depth, place.depth), c(size / numbers));
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
            k.divide(k.add(subRow, c(i * shape.m)), c(numbers)),
          );
          return k.loadMatrix(typeA, sharedA.at(at), "column_major", c(strideA));
        });
        const rights = Array.from({ length: perN }, (_, j) => {
          const at = k.add(
            c(step * strideB),
            k.divide(k.add(subColumn, c(j * shape.n)), c(numbers)),
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
