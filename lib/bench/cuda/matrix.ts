/**
 * Hopper's warpgroup multiply-adds as shapes of the matrix benchmarks.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { MATRIX_FORMAT_BYTES, type MatrixFormat } from "../../spirv/matrix_kernel.ts";
import { type Effort, type Prepared, type Shape, WrongResultError } from "../benchmark.ts";
import { loopsFor } from "../calibrate.ts";
import { decodeNumbers, encodeNumbers } from "../vulkan/matrix_numbers.ts";
import type { VulkanTarget } from "../vulkan/target.ts";
import { cudaOf, mayHaveCuda } from "./device.ts";
import {
  factorBytes,
  MATRIX_ENTRY,
  MATRIX_STEPS,
  MATRIX_THREADS,
  MATRIX_WARPGROUPS,
  matrixPtx,
} from "./matrix_ptx.ts";
import {
  hasWarpgroupInstruction,
  ROW_BYTES,
  STEPS,
  swizzled,
  WARPGROUP_ROWS,
  type WarpgroupShape,
  warpgroupShapeName,
} from "./warpgroup.ts";

/** Compute capability of the GPUs that have these instructions: Hopper's alone. */
export const WARPGROUP_CAPABILITY = 90;

/** Columns of C to try, best guess first. */
const COLUMNS = [256, 128];

/** Makes numbers of the input's format; `whole` gives 0 and 1 alone, whose sums are exact. */
export type NumberSource = (count: number, seed: number, whole: boolean) => number[];

/** SHA-256 of a kernel's PTX, in hexadecimal. */
export function ptxHash(ptx: string): string {
  return createHash("sha256").update(ptx).digest("hex");
}

/** Whether a device may have such an instruction for the formats. */
export function mayHaveWarpgroups(
  target: VulkanTarget,
  input: MatrixFormat,
  accumulator: MatrixFormat,
): boolean {
  return hasWarpgroupInstruction(input, accumulator) &&
    mayHaveCuda(target, (capability) => capability === WARPGROUP_CAPABILITY);
}

/** A factor's numbers, row after row of `depth`, as bytes in shared memory. */
function factor(format: MatrixFormat, numbers: readonly number[]): Uint8Array {
  return swizzled(encodeNumbers(format, numbers));
}

function prepare(
  target: VulkanTarget,
  effort: Effort,
  shape: WarpgroupShape,
  numbers: NumberSource,
): Prepared {
  using undo = new DisposableStack();
  const cuda = cudaOf(target);
  const { input, accumulator, columns } = shape;
  const depth = ROW_BYTES / MATRIX_FORMAT_BYTES[input];
  const { data = "random" } = effort;
  /** A, a counterpart that keeps the sums from growing, and B. */
  const upload = (whole: boolean) => {
    const scale = data === "zeros" && !whole ? 0 : 1;
    const a = numbers(WARPGROUP_ROWS * depth, 1, whole).map((x) => scale * x);
    const other = whole ? numbers(WARPGROUP_ROWS * depth, 7777, true) : a.map((x) => -x);
    const counterpart = input.startsWith("uint") && !whole ? a : other;
    const b = numbers(columns * depth, 99, whole).map((x) => scale * x);
    const bytes = new Uint8Array(factorBytes(shape).all);
    let at = 0;
    for (const part of [a, counterpart, b]) {
      bytes.set(factor(input, part), at);
      at += part.length * MATRIX_FORMAT_BYTES[input];
    }
    return { a, counterpart, b, buffer: undo.use(cuda.upload(bytes)) };
  };
  const timed = upload(false), checked = upload(true);
  const blocks = cuda.multiprocessors;
  const tileBytes = WARPGROUP_ROWS * columns * MATRIX_FORMAT_BYTES[accumulator];
  const tiles = blocks * MATRIX_WARPGROUPS;
  const sums = undo.use(cuda.allocate(tiles * tileBytes));
  const ptx = matrixPtx(shape);
  const kernel = undo.use(cuda.compile(ptx, MATRIX_ENTRY));
  const run = (factors: typeof timed, loops: number) =>
    cuda.time({
      kernel,
      blocks,
      threads: MATRIX_THREADS,
      sharedBytes: factorBytes(shape).all,
      parameters: [factors.buffer.address, sums.address, BigInt(loops)],
    });
  const loops = loopsFor(effort.sampleMs, (rounds) => run(timed, rounds), {
    first: 64,
    most: 1 << 24,
  });
  const perLoop = 2 * WARPGROUP_ROWS * columns * (depth / STEPS) * MATRIX_STEPS;
  const operations = perLoop * loops * tiles;
  const owned = undo.move();
  return {
    clock: "device",
    data,
    shader_sha256: ptxHash(ptx),
    sample: () => [operations / run(timed, loops) / 1000],
    verify: () => {
      cuda.fill(sums, 0x7fc07fc0);
      run(checked, 1);
      const { a, counterpart, b } = checked;
      for (const tile of [0, 1, tiles >> 1, tiles - 1]) {
        const got = decodeNumbers(accumulator, cuda.readBack(sums, tile * tileBytes, tileBytes));
        got.forEach((value, at) => {
          const i = Math.floor(at / columns), j = at % columns;
          let want = 0;
          for (let d = 0; d < depth; d++) {
            const left = (a[i * depth + d] ?? NaN) + (counterpart[i * depth + d] ?? NaN);
            want += left * (b[j * depth + d] ?? NaN);
          }
          if (value === want) return;
          throw new WrongResultError(`element ${at} of warpgroup ${tile} is ${value}, not ${want}`);
        });
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/**
 * Shapes for a benchmark of multiply-adds: none for a device that is known to have no such instruction.
 */
export function warpgroupShapes(
  target: VulkanTarget,
  effort: Effort,
  input: MatrixFormat,
  accumulator: MatrixFormat,
  numbers: NumberSource,
): Shape[] {
  if (!mayHaveWarpgroups(target, input, accumulator)) return [];
  return COLUMNS.slice(0, effort.allShapes ? undefined : 1).map((columns) => {
    const shape = { input, accumulator, columns };
    return {
      name: `CUDA wgmma ${warpgroupShapeName(shape)}, factors in shared memory`,
      prepare: () => prepare(target, effort, shape, numbers),
    };
  });
}
