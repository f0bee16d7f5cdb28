/**
 * Throughput of a device's matrix units: multiply-adds in registers, and a matrix product.
 *
 * @module
 */

import { VkComponentTypeKHR } from "../../../ffi/vulkan/generated/enums.ts";
import { MATRIX_FORMAT_BYTES, type MatrixFormat } from "../../spirv/matrix_kernel.ts";
import {
  type Benchmark,
  type Effort,
  type Prepared,
  type Shape,
  WrongResultError,
} from "../benchmark.ts";
import { hash32 } from "../pattern.ts";
import {
  gemmKernel,
  type GemmTiling,
  MATRIX_UNROLL,
  matrixChainKernel,
  type MatrixShape,
  sharedBytes,
  tilingName,
} from "./matrix_kernels.ts";
import { decodeNumbers, encodeNumbers } from "./matrix_numbers.ts";
import { dispatch, pushBytes, shaderHash, type VulkanTarget } from "./target.ts";

const FORMATS: Partial<Record<number, MatrixFormat>> = {
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_FLOAT16_KHR]: "fp16",
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_BFLOAT16_KHR]: "bf16",
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_FLOAT32_KHR]: "fp32",
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_FLOAT64_KHR]: "fp64",
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_SINT8_KHR]: "int8",
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_UINT8_KHR]: "uint8",
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_SINT32_KHR]: "int32",
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_UINT32_KHR]: "uint32",
};

/** `VK_SCOPE_SUBGROUP_KHR`. */
const SUBGROUP_SCOPE = 3;

/** Pairs of formats that there are benchmarks of. */
const PAIRS: readonly [MatrixFormat, MatrixFormat][] = [
  ["fp16", "fp32"],
  ["fp16", "fp16"],
  ["bf16", "fp32"],
  ["int8", "int32"],
  ["uint8", "uint32"],
  ["fp64", "fp64"],
];

/** Independent chains of a subgroup to try. */
const ACCUMULATORS: readonly number[] = [8, 4];

/** Subgroups of a workgroup in the register benchmark. */
const SUBGROUPS = 4;

/** The sizes that a device offers for a pair of formats, at subgroup scope. */
function shapesFor(
  target: VulkanTarget,
  input: MatrixFormat,
  accumulator: MatrixFormat,
): MatrixShape[] {
  return target.matrixProperties().filter(({ AType, BType, CType, ResultType, scope }) =>
    scope === SUBGROUP_SCOPE && FORMATS[AType] === input && FORMATS[BType] === input &&
    FORMATS[CType] === accumulator && FORMATS[ResultType] === accumulator
  ).map(({ MSize: m, NSize: n, KSize: k }) => ({ input, accumulator, m, n, k }));
}

/** Why a device has no such matrices; undefined where it has. */
function obstacle(
  target: VulkanTarget,
  input: MatrixFormat,
  accumulator: MatrixFormat,
): string | undefined {
  if (!target.physical.features.has("cooperativeMatrix")) {
    return "the device lacks VK_KHR_cooperative_matrix";
  }
  return shapesFor(target, input, accumulator).length > 0
    ? undefined
    : `the device advertises no ${input} matrices with ${accumulator} accumulators`;
}

/** Numbers between -1 and 1, or small whole ones for integers; `whole` gives 0 and 1 alone. */
function randomNumbers(
  format: MatrixFormat,
  count: number,
  seed: number,
  whole: boolean,
): number[] {
  return Array.from({ length: count }, (_, i) => {
    const hash = hash32(i + seed);
    if (whole) return hash & 1;
    return format.includes("int") ? (hash & 127) : (hash / 2 ** 31) - 1;
  });
}

/** The product's element for the register benchmark's chains, from whole numbers. */
function expectedChains(
  { m, n, k }: MatrixShape,
  left: readonly number[],
  right: readonly number[],
  accumulators: number,
  steps: number,
): number[] {
  const starts = (accumulators * (accumulators - 1)) / 2;
  return Array.from({ length: m * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let d = 0; d < k; d++) {
      const both = (left[i * k + d] ?? NaN) + (left[m * k + i * k + d] ?? NaN);
      sum += both * (right[d * n + j] ?? NaN);
    }
    return starts + accumulators * (steps / 2) * sum;
  });
}

function prepareChains(
  target: VulkanTarget,
  effort: Effort,
  shape: MatrixShape,
  accumulators: number,
): Prepared {
  using undo = new DisposableStack();
  const { m, n, k, input, accumulator } = shape;
  const localSize = SUBGROUPS * target.physical.subgroupSize;
  const workgroups = 4096, tiles = workgroups * SUBGROUPS;
  const sums = target.shared("matrix sums", tiles * m * n * MATRIX_FORMAT_BYTES[accumulator]);
  const code = matrixChainKernel(
    { addressing: target.addressing, localSize, subgroups: SUBGROUPS },
    shape,
    accumulators,
  );
  /** The factors: A with a counterpart that keeps the sums from growing, and B. */
  const { data = "random" } = effort;
  const upload = (whole: boolean) => {
    const scale = data === "zeros" && !whole ? 0 : 1;
    const left = randomNumbers(input, m * k, 1, whole).map((x) => scale * x);
    const counterpart = whole ? randomNumbers(input, m * k, 7777, true) : left.map((x) => -x);
    const right = randomNumbers(input, k * n, 99, whole).map((x) => scale * x);
    const both = [...left, ...(input === "uint8" && !whole ? left : counterpart)];
    const buffers = [both, right].map((numbers) =>
      undo.use(target.upload(encodeNumbers(input, numbers)))
    );
    return { left: both, right, buffers: [...buffers, sums] };
  };
  const [timedData, checkedData] = [upload(false), upload(true)];
  const job = undo.use(target.job(code, timedData.buffers, { loops: 1 }, workgroups));
  const withLoops = (loops: number) => ({
    ...job,
    push: pushBytes(code, timedData.buffers, { loops }),
  });
  let loops = 4;
  for (let round = 0; round < 4; round++) {
    using trial = target.timed((c) => dispatch(c, withLoops(loops)));
    const took = Math.max(trial.run(), 1000), aim = effort.sampleMs * 1e6;
    if (took > aim / 2) break;
    loops = Math.min(1 << 20, Math.max(loops + 1, Math.round((loops * aim) / took)));
  }
  const operations = 2 * m * n * k * accumulators * MATRIX_UNROLL * loops * tiles;
  const timed = undo.use(target.timed((c) => dispatch(c, withLoops(loops))));
  const checked = undo.use(target.job(code, checkedData.buffers, { loops: 1 }, workgroups));
  const owned = undo.move();
  return {
    clock: target.clock,
    data,
    shader_sha256: shaderHash(code),
    sample: () => [operations / timed.run() / 1000],
    verify: () => {
      target.run((c) => {
        c.fill(sums, 0x7fc07fc0);
        c.barrier();
        dispatch(c, checked);
      });
      const { left, right } = checkedData;
      const expected = expectedChains(shape, left, right, accumulators, MATRIX_UNROLL);
      const tileBytes = m * n * MATRIX_FORMAT_BYTES[accumulator];
      for (const tile of [0, 1, Math.floor(tiles / 2), tiles - 1]) {
        const bytes = target.readBack(sums, tile * tileBytes, tileBytes);
        const got = decodeNumbers(accumulator, bytes);
        const wrong = expected.findIndex((value, i) => value !== got[i]);
        if (wrong < 0) continue;
        throw new WrongResultError(
          `element ${wrong} of subgroup ${tile} is ${got[wrong]}, not ${expected[wrong]}`,
        );
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

function inRegisters([input, accumulator]: [MatrixFormat, MatrixFormat]): Benchmark<VulkanTarget> {
  const isInteger = accumulator.includes("int");
  return {
    name: `compute.matrix_${input}_${accumulator}`,
    suite: "compute",
    title: `matrix ${input} into ${accumulator}`,
    unit: isInteger ? "TOP/s" : "TFLOP/s",
    better: "higher",
    convention:
      "multiply-adds of matrices in registers, a multiplication and an addition are 2 operations",
    parameters: { input, accumulator },
    peak: `matrix.${input}.${accumulator}`,
    unsupported: (target) => obstacle(target, input, accumulator),
    shapes: (target, effort) =>
      shapesFor(target, input, accumulator).slice(0, effort.allShapes ? undefined : 2)
        .flatMap((shape) =>
          ACCUMULATORS.map((accumulators): Shape => ({
            name: `${shape.m}x${shape.n}x${shape.k} x ${accumulators} chains`,
            prepare: () => prepareChains(target, effort, shape, accumulators),
          }))
        ),
  };
}

/** Tilings of the matrix product to try, best guesses first. */
const TILINGS: readonly GemmTiling[] = [
  { tileM: 128, tileN: 128, tileK: 32, subgroupsM: 2, subgroupsN: 2 },
  { tileM: 128, tileN: 256, tileK: 32, subgroupsM: 2, subgroupsN: 4 },
  { tileM: 256, tileN: 128, tileK: 32, subgroupsM: 4, subgroupsN: 2 },
  { tileM: 64, tileN: 64, tileK: 32, subgroupsM: 2, subgroupsN: 2 },
];

/** Rows and columns of the matrices: 8192 on big cards. */
function gemmSize(target: VulkanTarget): number {
  const heap = Math.max(
    ...target.physical.heaps.filter((each) => each.deviceLocal).map((each) => each.size),
  );
  if (target.physical.type === "discrete" && heap >= 8 * 2 ** 30) return 8192;
  return heap >= 2 ** 30 ? 2048 : 1024;
}

/** Whether a tiling fits the device and the sizes of its matrices. */
function fits(target: VulkanTarget, { m, n, k }: MatrixShape, tiling: GemmTiling): boolean {
  const { limits, subgroupSize } = target.physical;
  const invocations = tiling.subgroupsM * tiling.subgroupsN * subgroupSize;
  const vectors = invocations * 8;
  return sharedBytes(tiling) <= limits.maxComputeSharedMemorySize &&
    invocations <= limits.maxComputeWorkGroupInvocations &&
    (tiling.tileM / tiling.subgroupsM) % m === 0 && (tiling.tileN / tiling.subgroupsN) % n === 0 &&
    tiling.tileK % k === 0 && (tiling.tileM * tiling.tileK) % vectors === 0 &&
    (tiling.tileN * tiling.tileK) % vectors === 0 && m % 8 === 0 && n % 8 === 0;
}

/** Elements of C that are compared with the host's own products. */
const CHECKED_ELEMENTS = 64;

/** Numbers after which the factors repeat; a whole number of rows. */
const FACTOR_PERIOD = 1 << 20;

function prepareGemm(target: VulkanTarget, shape: MatrixShape, tiling: GemmTiling): Prepared {
  using undo = new DisposableStack();
  const size = gemmSize(target);
  const numbers = decodeNumbers(
    shape.input,
    encodeNumbers(shape.input, randomNumbers(shape.input, FACTOR_PERIOD, 5, false)),
  );
  const factor = (name: string) =>
    target.shared(`gemm ${shape.input} ${name}`, size * size * 2, (buffer) => {
      using part = target.upload(encodeNumbers(shape.input, numbers));
      target.run((c) => {
        for (let at = 0; at < buffer.size; at += part.size) {
          c.copy(part, buffer, { size: part.size, toOffset: at });
        }
      });
    });
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
    verify: () => {
      const at = (row: number, column: number) =>
        numbers[(row * size + column) % FACTOR_PERIOD] ?? NaN;
      for (let i = 0; i < CHECKED_ELEMENTS; i++) {
        const row = hash32(2 * i) % size, column = hash32(2 * i + 1) % size;
        const bytes = target.readBack(product, (row * size + column) * 4, 4);
        const got = new Float32Array(bytes.buffer)[0] ?? NaN;
        let want = 0, magnitude = 0;
        for (let d = 0; d < size; d++) {
          const term = at(d, row) * at(d, column);
          want += term;
          magnitude += Math.abs(term);
        }
        // Each of `size` additions may round by half a unit of the running sum, or truncate by a whole one.
        if (!(Math.abs(got - want) <= magnitude * 2 ** -23 * Math.sqrt(size))) {
          throw new WrongResultError(`element ${row}, ${column} is ${got}, not ${want}`);
        }
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

function gemm(input: MatrixFormat): Benchmark<VulkanTarget> {
  return {
    name: `compute.gemm_${input}_fp32`,
    suite: "compute",
    title: `product ${input} into fp32`,
    unit: "TFLOP/s",
    better: "higher",
    convention: "C = Aᵀ * B of square matrices, 2 operations a multiply-add",
    parameters: { input, accumulator: "fp32" },
    peak: `matrix.${input}.fp32`,
    unsupported: (target) => obstacle(target, input, "fp32"),
    shapes: (target, effort) => {
      const [shape] = shapesFor(target, input, "fp32").filter(({ n }) => n >= 16);
      if (shape === undefined) return [];
      return TILINGS.filter((tiling) => fits(target, shape, tiling))
        .slice(0, effort.allShapes ? undefined : 2)
        .map((tiling): Shape => ({
          name: tilingName(tiling),
          prepare: () => prepareGemm(target, shape, tiling),
        }));
    },
  };
}

/** Matrix units in the compute suite. */
export const MATRIX_BENCHMARKS: readonly Benchmark<VulkanTarget>[] = [
  ...PAIRS.map(inRegisters),
  gemm("fp16"),
  gemm("bf16"),
];
