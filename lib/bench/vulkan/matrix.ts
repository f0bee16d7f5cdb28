/**
 * Throughput of a device's matrix units: multiply-adds whose factors stay where the units read them.
 *
 * @module
 */

import { MATRIX_FORMAT_BYTES, type MatrixFormat } from "../../spirv/matrix_kernel.ts";
import {
  type Benchmark,
  type Effort,
  type Prepared,
  type Shape,
  UnsupportedError,
  WrongResultError,
} from "../benchmark.ts";
import { loopsFor } from "../calibrate.ts";
import { mayHaveWarpgroups, warpgroupShapes } from "../cuda/matrix.ts";
import {
  advertisedMatrices,
  cooperativeMatrixObstacle,
  formatsName,
  matrixFormats,
  notAdvertised,
  randomNumbers,
  shapesWith,
  shapesWithout,
  workgroupMatrixShapes,
} from "./matrix_formats.ts";
import {
  MATRIX_UNROLL,
  matrixChainKernel,
  type MatrixChains,
  type MatrixFormats,
  type MatrixShape,
  storedFormat,
} from "./matrix_kernels.ts";
import { decodeNumbers, encodeNumbers } from "./matrix_numbers.ts";
import { dispatch, pushBytes, shaderHash, type VulkanTarget } from "./target.ts";

/**
 * Formats that several drivers are known to advertise, the same of both factors: each has a benchmark of
 * its own. All others are among the shapes of one benchmark, for every benchmark takes a part of a device's
 * time.
 */
export const MATRIX_FORMATS: readonly MatrixFormats[] = [
  matrixFormats("fp16", "fp32"),
  matrixFormats("fp16", "fp16"),
  matrixFormats("bf16", "fp32"),
  matrixFormats("bf16", "bf16"),
  matrixFormats("e4m3", "fp32"),
  matrixFormats("e4m3", "fp16"),
  matrixFormats("e5m2", "fp32"),
  matrixFormats("e5m2", "fp16"),
  matrixFormats("int8", "int32"),
  matrixFormats("uint8", "uint32"),
  matrixFormats("fp32", "fp32"),
  matrixFormats("fp64", "fp64"),
];

/** Independent chains of a subgroup to try. */
const ACCUMULATORS: readonly number[] = [8, 4];

/** Subgroups of a workgroup in the register benchmark. */
const SUBGROUPS = 4;

/** The sum of the matrices that lie one after the other. */
function sumOfMatrices(numbers: readonly number[], size: number): number[] {
  const sum = new Array<number>(size).fill(0);
  numbers.forEach((number, i) => sum[i % size] = (sum[i % size] ?? 0) + number);
  return sum;
}

/**
 * The sum of the chains of one holder of matrices, from whole numbers.
 *
 * @param left the matrices A one after the other, of which each step takes the next one.
 * @param right the matrices B, of which each chain takes the next one.
 */
export function expectedChains(
  { m, n, k }: Pick<MatrixShape, "m" | "n" | "k">,
  left: readonly number[],
  right: readonly number[],
  { accumulators, lefts, rights }: Omit<MatrixChains, "reloads">,
  steps: number,
): number[] {
  const starts = (accumulators * (accumulators - 1)) / 2;
  // Every A as often as every other is multiplied with every B, by chains and steps that all are added.
  const times = (steps / lefts) * (accumulators / rights);
  const a = sumOfMatrices(left, m * k), b = sumOfMatrices(right, k * n);
  return Array.from({ length: m * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let d = 0; d < k; d++) sum += (a[i * k + d] ?? NaN) * (b[d * n + j] ?? NaN);
    return starts + times * sum;
  });
}

/** How many workgroups run a shape, of how many invocations, and what each holder of matrices does. */
interface ChainPlan extends MatrixChains {
  workgroups: number;
  localSize: number;
  /** Holders of matrices in a workgroup: its subgroups, or itself. */
  holders: number;
}

/** What chains multiply: half of the matrices A are the counterparts of the others. */
function factorsOf(
  { m, n, k, input, inputB }: MatrixShape,
  { lefts, rights }: MatrixChains,
  data: "random" | "zeros" | "whole",
): { left: number[]; right: number[] } {
  const isWhole = data === "whole", scale = data === "zeros" ? 0 : 1;
  const numbers = (format: MatrixFormat, count: number, seed: number) =>
    randomNumbers(format, count, seed, isWhole).map((x) => scale * x);
  const left = Array.from({ length: lefts / 2 }, (_, i) => {
    const matrix = numbers(input, m * k, 1 + i * m * k);
    // Sums stay bounded where a matrix is followed by its negative.
    if (isWhole) return [...matrix, ...numbers(input, m * k, 7777 + i * m * k)];
    return [...matrix, ...(input.startsWith("uint") ? matrix : matrix.map((x) => -x))];
  });
  return { left: left.flat(), right: numbers(inputB, rights * k * n, 99) };
}

function prepareChains(
  target: VulkanTarget,
  effort: Effort,
  shape: MatrixShape,
  plan: ChainPlan,
): Prepared {
  using undo = new DisposableStack();
  const { m, n, k, input, inputB, accumulator } = shape;
  const { workgroups, localSize, holders, accumulators } = plan;
  const stored = storedFormat(shape), tileBytes = m * n * MATRIX_FORMAT_BYTES[stored];
  const tiles = workgroups * holders;
  const sums = target.shared("matrix sums", tiles * tileBytes);
  const code = matrixChainKernel(
    { addressing: target.addressing, localSize, subgroups: holders },
    shape,
    plan,
  );
  const { data = "random" } = effort;
  const upload = ({ left, right }: ReturnType<typeof factorsOf>) => [
    undo.use(target.upload(encodeNumbers(input, left))),
    undo.use(target.upload(encodeNumbers(inputB, right))),
    sums,
  ];
  const wholes = factorsOf(shape, plan, "whole");
  const timedBuffers = upload(factorsOf(shape, plan, data)), checkedBuffers = upload(wholes);
  const job = undo.use(target.job(code, timedBuffers, { loops: 1 }, workgroups));
  const withLoops = (loops: number) => ({ ...job, push: pushBytes(code, timedBuffers, { loops }) });
  const run = (rounds: number) => {
    using trial = target.timed((c) => dispatch(c, withLoops(rounds)));
    return trial.run();
  };
  const loops = loopsFor(effort.sampleMs, run, { first: 4, most: 1 << 20 });
  const operations = 2 * m * n * k * accumulators * MATRIX_UNROLL * loops * tiles;
  const timed = undo.use(target.timed((c) => dispatch(c, withLoops(loops))));
  const checked = undo.use(target.job(code, checkedBuffers, { loops: 1 }, workgroups));
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
      const expected = expectedChains(shape, wholes.left, wholes.right, plan, MATRIX_UNROLL);
      for (const tile of [0, 1, Math.floor(tiles / 2), tiles - 1]) {
        const bytes = target.readBack(sums, tile * tileBytes, tileBytes);
        const got = decodeNumbers(stored, bytes);
        const slack = accumulator === "bf16" ? 2 ** -5 : 0;
        const wrong = expected.findIndex((value, i) =>
          !(Math.abs(value - (got[i] ?? NaN)) <= slack * value)
        );
        if (wrong < 0) continue;
        throw new WrongResultError(
          `element ${wrong} of matrix ${tile} is ${got[wrong]}, not ${expected[wrong]}`,
        );
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** The ways to run one advertised combination. */
function subgroupShapes(target: VulkanTarget, effort: Effort, shape: MatrixShape): Shape[] {
  const { m, n, k, saturates } = shape, { isSoftware } = target;
  return ACCUMULATORS.map((accumulators) => ({
    name: `${m}x${n}x${k} x ${accumulators} chains${saturates ? ", saturating" : ""}`,
    prepare: () =>
      prepareChains(target, effort, shape, {
        workgroups: isSoftware ? 64 : 4096,
        localSize: SUBGROUPS * target.physical.subgroupSize,
        holders: SUBGROUPS,
        accumulators,
        // What software calculates, a compiler calculates but once where it can.
        lefts: isSoftware ? MATRIX_UNROLL : 2,
        rights: isSoftware ? accumulators : 1,
        reloads: isSoftware,
      }),
  }));
}

/** The ways to run what a device offers of some formats at workgroup scope. */
function workgroupShapes(target: VulkanTarget, effort: Effort, formats: MatrixFormats): Shape[] {
  return workgroupMatrixShapes(target, formats).map((shape) => ({
    name: `${shape.m}x${shape.n}x${shape.k} of ${shape.invocations} invocations` +
      (shape.saturates ? ", saturating" : ""),
    prepare: () =>
      prepareChains(target, effort, shape, {
        workgroups: 1024,
        localSize: shape.invocations,
        holders: 1,
        accumulators: 1,
        lefts: 2,
        rights: 1,
        reloads: false,
      }),
  }));
}

const CONVENTION =
  "multiply-adds of matrices that stay in registers, or in shared memory where the shape says so; " +
  "a multiplication and an addition are 2 operations";

/** The benchmark of some formats. */
function multiplyAdds(formats: MatrixFormats): Benchmark<VulkanTarget> {
  const { input, accumulator } = formats;
  const hasWarpgroups = (target: VulkanTarget) => mayHaveWarpgroups(target, input, accumulator);
  const numbers = (count: number, seed: number, whole: boolean) =>
    randomNumbers(input, count, seed, whole);
  const advertised = (target: VulkanTarget) =>
    shapesWith(advertisedMatrices(target.matrixProperties()), formats);
  return {
    name: `compute.matrix_${input}_${accumulator}`,
    suite: "compute",
    title: `matrix ${formatsName(formats)}`,
    unit: accumulator.includes("int") ? "TOP/s" : "TFLOP/s",
    better: "higher",
    convention: CONVENTION,
    parameters: { input, accumulator },
    peak: `matrix.${input}.${accumulator}`,
    unsupported: (target) => {
      if (hasWarpgroups(target)) return undefined;
      const isOffered = advertised(target).length > 0 ||
        workgroupMatrixShapes(target, formats).length > 0;
      return cooperativeMatrixObstacle(target) ?? (isOffered ? undefined : notAdvertised(formats));
    },
    shapes: (target, effort) => {
      const own = advertised(target), atWorkgroup = workgroupShapes(target, effort, formats);
      return [
        ...warpgroupShapes(target, effort, input, accumulator, numbers),
        ...own.slice(0, effort.allShapes ? undefined : 2)
          .flatMap((shape) => subgroupShapes(target, effort, shape)),
        ...atWorkgroup.slice(0, effort.allShapes || own.length === 0 ? undefined : 0),
      ];
    },
  };
}

/** What a device advertises of formats that have no benchmark of their own. */
function otherMatrices(target: VulkanTarget) {
  return shapesWithout(advertisedMatrices(target.matrixProperties()), MATRIX_FORMATS);
}

/**
 * Whatever else a device advertises: the fastest is reported, the others are among the shapes, each with
 * its figure, or with why it has none.
 */
const OTHER_FORMATS: Benchmark<VulkanTarget> = {
  name: "compute.matrix_other",
  suite: "compute",
  title: "matrix, other formats",
  unit: "TOP/s",
  better: "higher",
  convention: CONVENTION,
  unsupported: (target) => {
    const { shapes, refused } = otherMatrices(target);
    return cooperativeMatrixObstacle(target) ??
      (shapes.length + refused.length > 0
        ? undefined
        : "all formats that the device advertises have figures of their own");
  },
  shapes: (target, effort) => {
    const { shapes, refused } = otherMatrices(target);
    return [
      ...shapes.flatMap((shape) =>
        subgroupShapes(target, effort, shape).slice(0, 1)
          .map((each) => ({ ...each, name: `${formatsName(shape)}, ${each.name}` }))
      ),
      ...refused.map(({ name, reason }): Shape => ({
        name,
        prepare: () => {
          throw new UnsupportedError(reason);
        },
      })),
    ];
  },
};

/** Matrix units in the compute suite. */
export const MATRIX_BENCHMARKS: readonly Benchmark<VulkanTarget>[] = [
  ...MATRIX_FORMATS.map(multiplyAdds),
  OTHER_FORMATS,
];
