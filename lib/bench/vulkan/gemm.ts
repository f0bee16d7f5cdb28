/**
 * Products of large matrices.
 *
 * @module
 */

import { warpgroupProductShapes } from "../cuda/gemm.ts";
import { mayHaveWarpgroups } from "../cuda/matrix.ts";
import { MATRIX_FORMAT_BYTES, type MatrixFormat } from "../../spirv/matrix_kernel.ts";
import { type Benchmark, type Prepared, type Shape, WrongResultError } from "../benchmark.ts";
import { hash32 } from "../pattern.ts";
import { gemmKernel, type GemmTiling, perVector, sharedBytes, tilingName } from "./gemm_kernel.ts";
import { matrixObstacle, matrixShapes, randomNumbers } from "./matrix_formats.ts";
import type { MatrixShape } from "./matrix_kernels.ts";
import { decodeNumbers, encodeNumbers } from "./matrix_numbers.ts";
import { dispatch, shaderHash, type VulkanTarget } from "./target.ts";

/** Formats of the factors and of their product. */
const PRODUCTS: readonly [MatrixFormat, MatrixFormat][] = [
  ["fp16", "fp32"],
  ["bf16", "fp32"],
  ["int8", "int32"],
];

/** Tilings of the matrix product to try, best guesses first. */
const TILINGS: readonly GemmTiling[] = [
  { tileM: 128, tileN: 128, tileK: 32, subgroupsM: 2, subgroupsN: 2 },
  { tileM: 128, tileN: 256, tileK: 32, subgroupsM: 2, subgroupsN: 4 },
  { tileM: 256, tileN: 128, tileK: 32, subgroupsM: 4, subgroupsN: 2 },
  { tileM: 64, tileN: 64, tileK: 32, subgroupsM: 2, subgroupsN: 2 },
];

/** Elements of C that are compared with the host's own sums. */
const CHECKED_ELEMENTS = 64;

/** Numbers after which the factors repeat; a whole number of rows. */
const FACTOR_PERIOD = 1 << 20;

/** The one that programs on the processor compile in bearable time. */
const SOFTWARE_TILINGS: readonly GemmTiling[] = TILINGS.slice(-1);

/** Rows and columns of the matrices: 8192 on big cards. */
function gemmSize(target: VulkanTarget): number {
  if (target.isSoftware) return 512;
  const heap = Math.max(
    ...target.physical.heaps.filter((each) => each.deviceLocal).map((each) => each.size),
  );
  if (target.physical.type === "discrete" && heap >= 8 * 2 ** 30) return 8192;
  return heap >= 2 ** 30 ? 2048 : 1024;
}

/** Whether a tiling fits the device and the sizes of its matrices. */
function fits(target: VulkanTarget, shape: MatrixShape, tiling: GemmTiling): boolean {
  const { limits, subgroupSize } = target.physical;
  const { m, n, k } = shape, numbers = perVector(shape);
  const invocations = tiling.subgroupsM * tiling.subgroupsN * subgroupSize;
  const vectors = invocations * numbers;
  return sharedBytes(tiling, shape) <= limits.maxComputeSharedMemorySize &&
    invocations <= limits.maxComputeWorkGroupInvocations &&
    (tiling.tileM / tiling.subgroupsM) % m === 0 && (tiling.tileN / tiling.subgroupsN) % n === 0 &&
    tiling.tileK % k === 0 && (tiling.tileM * tiling.tileK) % vectors === 0 &&
    (tiling.tileN * tiling.tileK) % vectors === 0 && m % numbers === 0 && n % numbers === 0;
}

/** Both factors of a product: the same numbers, again and again. */
interface Factors {
  size: number;
  numbers: readonly number[];
  bytes: Uint8Array<ArrayBuffer>;
}

function factorsOf(format: MatrixFormat, size: number): Factors {
  const bytes = encodeNumbers(format, randomNumbers(format, FACTOR_PERIOD, 5, false));
  return { size, numbers: decodeNumbers(format, bytes), bytes };
}

/**
 * Compares elements of C with the host's sums.
 *
 * @param layout whether the factors' rows are multiplied with each other (`A * Bᵀ`), or their columns.
 */
function checkProduct(
  { size, numbers }: Factors,
  accumulator: MatrixFormat,
  layout: "rows" | "columns",
  readBack: (offset: number, size: number) => Uint8Array<ArrayBuffer>,
): void {
  const at = (line: number, depth: number) => {
    const place = layout === "rows" ? line * size + depth : depth * size + line;
    return numbers[place % FACTOR_PERIOD] ?? NaN;
  };
  for (let i = 0; i < CHECKED_ELEMENTS; i++) {
    const row = hash32(2 * i) % size, column = hash32(2 * i + 1) % size;
    const got = decodeNumbers(accumulator, readBack((row * size + column) * 4, 4))[0] ?? NaN;
    let want = 0, magnitude = 0;
    for (let d = 0; d < size; d++) {
      const term = at(row, d) * at(column, d);
      want += term;
      magnitude += Math.abs(term);
    }
    // Each of `size` additions may round by half a unit of the running sum, or truncate by a whole one.
    const slack = accumulator === "fp32" ? magnitude * 2 ** -23 * Math.sqrt(size) : 0;
    if (!(Math.abs(got - want) <= slack)) {
      throw new WrongResultError(`element ${row}, ${column} is ${got}, not ${want}`);
    }
  }
}

function prepare(
  target: VulkanTarget,
  shape: MatrixShape,
  tiling: GemmTiling,
  factors: Factors,
): Prepared {
  using undo = new DisposableStack();
  const { size, bytes } = factors;
  const factor = (name: string) =>
    target.shared(
      `gemm ${shape.input} ${name}`,
      size * size * MATRIX_FORMAT_BYTES[shape.input],
      (buffer) => {
        using part = target.upload(bytes);
        target.run((c) => {
          for (let at = 0; at < buffer.size; at += part.size) {
            c.copy(part, buffer, { size: Math.min(part.size, buffer.size - at), toOffset: at });
          }
        });
      },
    );
  const [a, b] = [factor("a"), factor("b")];
  const product = target.shared("gemm c", size * size * 4);
  const code = gemmKernel(
    { addressing: target.addressing, subgroupSize: target.physical.subgroupSize },
    shape,
    tiling,
    size,
  );
  const workgroups = (size / tiling.tileM) * (size / tiling.tileN);
  const job = undo.use(target.job(code, [a, b, product], {}, workgroups));
  const timed = undo.use(target.timed((c) => dispatch(c, job)));
  target.run((c) => c.fill(product, 0x7fc00000));
  const owned = undo.move();
  return {
    clock: target.clock,
    shader_sha256: shaderHash(code),
    sample: () => [(2 * size ** 3) / timed.run() / 1000],
    verify: () =>
      checkProduct(
        factors,
        shape.accumulator,
        "columns",
        (offset, length) => target.readBack(product, offset, length),
      ),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** The ways by cooperative matrices. */
function cooperativeShapes(
  target: VulkanTarget,
  allShapes: boolean,
  [input, accumulator]: readonly [MatrixFormat, MatrixFormat],
  factors: () => Factors,
): Shape[] {
  const [shape] = matrixShapes(target, input, accumulator)
    .filter(({ m, n }) => m % perVector({ input }) === 0 && n % perVector({ input }) === 0);
  if (shape === undefined) return [];
  const tilings = target.isSoftware ? SOFTWARE_TILINGS : TILINGS;
  return tilings.filter((tiling) => fits(target, shape, tiling)).slice(0, allShapes ? undefined : 2)
    .map((tiling) => ({
      name: tilingName(tiling),
      prepare: () => prepare(target, shape, tiling, factors()),
    }));
}

function product([input, accumulator]: readonly [MatrixFormat, MatrixFormat]): Benchmark<
  VulkanTarget
> {
  return {
    name: `compute.gemm_${input}_${accumulator}`,
    suite: "compute",
    title: `product ${input} into ${accumulator}`,
    unit: accumulator === "fp32" ? "TFLOP/s" : "TOP/s",
    better: "higher",
    convention: "a product of square matrices, 2 operations a multiply-add",
    parameters: { input, accumulator },
    peak: `matrix.${input}.${accumulator}`,
    unsupported: (target) =>
      mayHaveWarpgroups(target, input, accumulator)
        ? undefined
        : matrixObstacle(target, input, accumulator),
    shapes: (target, { allShapes }) => {
      let made: Factors | undefined;
      const size = gemmSize(target);
      const factors = () => made ??= factorsOf(input, size);
      return [
        ...warpgroupProductShapes(target, allShapes, {
          input,
          accumulator,
          size,
          bytes: () => factors().bytes,
          verify: (readBack) => checkProduct(factors(), accumulator, "rows", readBack),
        }),
        ...cooperativeShapes(target, allShapes, [input, accumulator], factors),
      ];
    },
  };
}

/** Products of matrices, in the compute suite. */
export const GEMM_BENCHMARKS: readonly Benchmark<VulkanTarget>[] = PRODUCTS.map(product);
