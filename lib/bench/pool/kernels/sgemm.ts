/**
 * A matrix product in binary32: C = A * B, all in rows.
 *
 * @module
 */

import { ComputeKernel } from "../../../spirv/compute_kernel.ts";
import type { KernelCode } from "../../../spirv/kernel.ts";
import type { ScalarType, Value } from "../../../spirv/module.ts";
import { encodePush } from "../../../spirv/push_constants.ts";
import type { PoolKernel } from "../kernel.ts";
import { asFloats, randomFloats } from "./contents.ts";
import { sampled, TILE } from "./grid.ts";

/** Rows and columns of C of a work-group, and the depth of the slices of A and B that it shares at a time. */
const SIDE = 64, SLICE = 16;

/** Sums that an invocation holds: rows and columns, as far apart as the work-group is wide. */
const [ACROSS, DOWN] = TILE;
const COLUMNS = SIDE / ACROSS, ROWS = SIDE / DOWN;

/** Numbers of a slice that an invocation loads. */
const LOADS = (SIDE * SLICE) / (ACROSS * DOWN);

/** From one number to the one below it in a shared slice of A: one more, for rows in different banks. */
const STRIDE = SIDE + 1;

/**
 * Buffers: A, B; C. Each work-group computes a square of C from slices of A and B in shared memory; what a
 * slice has beyond the matrices is 0.
 */
function code(): KernelCode {
  const kernel = new ComputeKernel({ localSize: TILE, addressing: "descriptor" });
  const a = kernel.buffer(kernel.f32),
    b = kernel.buffer(kernel.f32),
    out = kernel.buffer(kernel.f32);
  const columns = kernel.push("columns", kernel.u32), rows = kernel.push("rows", kernel.u32);
  const depth = kernel.push("depth", kernel.u32);
  return kernel.body((k) => {
    const c = (value: number) => k.constant(k.u32, value);
    const sharedA = k.workgroupArray(k.f32, SLICE * STRIDE);
    const sharedB = k.workgroupArray(k.f32, SLICE * SIDE);
    const lx = k.localId(0), ly = k.localId(1);
    const firstRow = k.mul(k.workgroupId(1), c(SIDE));
    const firstColumn = k.mul(k.workgroupId(0), c(SIDE));
    const t = k.add(k.mul(ly, c(ACROSS)), lx);
    const sums = Array.from({ length: ROWS * COLUMNS }, () => k.variable(k.constant(k.f32, 0)));

    /** Copies a number of a matrix into shared memory, or 0 where the matrix has none. */
    const share = (
      from: typeof a,
      [row, rowEnd]: readonly [Value<ScalarType>, Value<ScalarType>],
      [column, columnEnd]: readonly [Value<ScalarType>, Value<ScalarType>],
      store: (value: Value<ScalarType>) => void,
    ) => {
      const within = k.both(k.less(row, rowEnd), k.less(column, columnEnd));
      // The nearest number within is loaded in any case: a load without a branch.
      const nearRow = k.min(row, k.sub(rowEnd, c(1)));
      const nearColumn = k.min(column, k.sub(columnEnd, c(1)));
      const value = from.load(k.add(k.mul(nearRow, columnEnd), nearColumn));
      store(k.select(within, value, k.constant(k.f32, 0)));
    };

    k.loop(c(0), depth(), c(SLICE), (start) => {
      for (let i = 0; i < LOADS; i++) {
        const number = k.add(t, c(i * ACROSS * DOWN));
        const rowA = k.divide(number, c(SLICE)), depthA = k.modulo(number, c(SLICE));
        share(
          a,
          [k.add(firstRow, rowA), rows()],
          [k.add(depthA, start), depth()],
          (value) => sharedA.store(k.add(k.mul(depthA, c(STRIDE)), rowA), value),
        );
        const depthB = k.divide(number, c(SIDE)), columnB = k.modulo(number, c(SIDE));
        share(
          b,
          [k.add(depthB, start), depth()],
          [k.add(firstColumn, columnB), columns()],
          (value) => sharedB.store(number, value),
        );
      }
      k.barrier();
      for (let step = 0; step < SLICE; step++) {
        const down = Array.from(
          { length: ROWS },
          (_, i) => sharedA.load(k.add(ly, c(step * STRIDE + i * DOWN))),
        );
        const across = Array.from(
          { length: COLUMNS },
          (_, j) => sharedB.load(k.add(lx, c(step * SIDE + j * ACROSS))),
        );
        sums.forEach((sum, at) => {
          const x = down[Math.floor(at / COLUMNS)], y = across[at % COLUMNS];
          if (x && y) sum.store(k.fma(x, y, sum.load()));
        });
      }
      k.barrier();
    });
    for (let i = 0; i < ROWS; i++) {
      const row = k.add(k.add(firstRow, ly), c(i * DOWN));
      k.when(k.less(row, rows()), () => {
        for (let j = 0; j < COLUMNS; j++) {
          const column = k.add(k.add(firstColumn, lx), c(j * ACROSS));
          k.when(k.less(column, columns()), () => {
            const sum = sums[i * COLUMNS + j];
            if (sum) out.store(k.add(k.mul(row, columns()), column), sum.load());
          });
        }
      });
    }
  });
}

/** The matrix product; C has `height` rows of `width` numbers, and A has `depth` columns. */
export function sgemm(): PoolKernel {
  const kernel = code();
  return {
    id: "sgemm",
    title: "matrix product (binary32)",
    depth: "columns of A",
    code: kernel,
    small: { width: 75, height: 139, depth: 41 },
    first: { width: 512, height: 512, depth: 512 },
    scale({ width, height, depth }, factor) {
      const grown = (length: number) => Math.max(16, Math.round(length * Math.cbrt(factor)));
      return { width: grown(width), height: grown(height), depth: grown(depth) };
    },
    groups: ({ width, height }) => [Math.ceil(width / SIDE), Math.ceil(height / SIDE), 1],
    push: ({ width, height, depth }) => encodePush(kernel, { columns: width, rows: height, depth }),
    buffers: ({ width, height, depth }) => [
      { bytes: 4 * height * depth, role: "in" },
      { bytes: 4 * depth * width, role: "in" },
      { bytes: 4 * height * width, role: "out" },
    ],
    fill({ width, height, depth }) {
      // Sums of `depth` products stay near 1.
      const most = 1 / Math.sqrt(depth);
      return [
        randomFloats(6, height * depth, -1, 1),
        randomFloats(7, depth * width, -most, most),
        null,
      ];
    },
    reference({ width, height, depth }, [bytesA, bytesB], samples) {
      const a = asFloats(bytesA), b = asFloats(bytesB);
      const words = sampled(width * height, samples);
      const values = Float32Array.from(words, (at) => {
        const row = Math.floor(at / width) * depth, column = at % width;
        let sum = 0;
        for (let i = 0; i < depth; i++) sum += (a[row + i] ?? NaN) * (b[i * width + column] ?? NaN);
        return sum;
      });
      return [{ buffer: 2, words, values }];
    },
    tolerance: 1e-4,
    work: ({ width, height, depth }) => 2 * width * height * depth,
    unit: "FLOP",
    expectation: {
      kind: "split",
      dimension: 1,
      reason: "each row of work-groups writes its own rows of C, and A and B are not written",
    },
  };
}
