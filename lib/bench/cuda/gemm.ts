/**
 * Hopper's matrix product as shapes of the benchmark of products.
 *
 * @module
 */

import { MATRIX_FORMAT_BYTES, type MatrixFormat } from "../../spirv/matrix_kernel.ts";
import type { Prepared, Shape } from "../benchmark.ts";
import type { VulkanTarget } from "../vulkan/target.ts";
import { cudaOf } from "./device.ts";
import {
  GEMM_ENTRY,
  GEMM_ROWS,
  GEMM_THREADS,
  gemmPtx,
  gemmSharedBytes,
  type WarpgroupTiling,
  warpgroupTilingName,
} from "./gemm_ptx.ts";
import { mayHaveWarpgroups, ptxHash } from "./matrix.ts";
import { ROW_BYTES } from "./warpgroup.ts";

/** Tilings to try, best guesses first. */
const TILINGS: readonly WarpgroupTiling[] = [
  { columns: 256, stages: 3 },
  { columns: 256, stages: 4 },
  { columns: 128, stages: 4 },
];

/** A product of square matrices to be computed. */
export interface ProductTask {
  input: MatrixFormat;
  /** 32 bits wide. */
  accumulator: MatrixFormat;
  /** Rows and columns of each matrix. */
  size: number;
  /** What fills both factors, again and again. */
  bytes(): Uint8Array<ArrayBuffer>;
  /**
   * Checks the product `A * Bᵀ`.
   *
   * @param readBack gives bytes of C, which is in rows.
   */
  verify(readBack: (offset: number, size: number) => Uint8Array<ArrayBuffer>): void;
}

function prepare(target: VulkanTarget, task: ProductTask, tiling: WarpgroupTiling): Prepared {
  using undo = new DisposableStack();
  const cuda = cudaOf(target);
  const { input, accumulator, size } = task;
  const elementBytes = MATRIX_FORMAT_BYTES[input];
  const columns = size * elementBytes;
  const map = (boxRows: number) => {
    const matrix = undo.use(cuda.allocate(size * columns));
    cuda.fillWith(matrix, task.bytes());
    return undo.use(
      cuda.tensorMap(matrix, { rows: size, columns, boxRows, boxColumns: ROW_BYTES }),
    );
  };
  const a = map(GEMM_ROWS), b = map(tiling.columns);
  const product = undo.use(cuda.allocate(size * size * 4));
  const ptx = gemmPtx({ input, accumulator, elementBytes }, tiling, size);
  const kernel = undo.use(cuda.compile(ptx, GEMM_ENTRY));
  const run = () =>
    cuda.time({
      kernel,
      blocks: cuda.multiprocessors,
      threads: GEMM_THREADS,
      sharedBytes: gemmSharedBytes(tiling),
      parameters: [a.address, b.address, product.address],
    });
  cuda.fill(product, 0x7fc00000);
  const owned = undo.move();
  return {
    clock: "device",
    shader_sha256: ptxHash(ptx),
    sample: () => [(2 * size ** 3) / run() / 1000],
    verify: () => task.verify((offset, bytes) => cuda.readBack(product, offset, bytes)),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** Shapes for a benchmark of products: none for a device that is known to have no such instruction. */
export function warpgroupProductShapes(
  target: VulkanTarget,
  allShapes: boolean,
  task: ProductTask,
): Shape[] {
  const { input, accumulator, size } = task;
  if (!mayHaveWarpgroups(target, input, accumulator)) return [];
  return TILINGS.filter(({ columns }) => size % GEMM_ROWS === 0 && size % columns === 0)
    .slice(0, allShapes ? undefined : 1)
    .map((tiling) => ({
      name: `CUDA wgmma, ${warpgroupTilingName(tiling)}`,
      prepare: () => prepare(target, task, tiling),
    }));
}
