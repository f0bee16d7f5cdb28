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
  WrongResultError,
} from "../benchmark.ts";
import { loopsFor } from "../calibrate.ts";
import { mayHaveWarpgroups, warpgroupShapes } from "../cuda/matrix.ts";
import {
  matrixObstacle,
  matrixShapes,
  randomNumbers,
  workgroupMatrixShapes,
} from "./matrix_formats.ts";
import { MATRIX_UNROLL, matrixChainKernel, type MatrixShape } from "./matrix_kernels.ts";
import { decodeNumbers, encodeNumbers } from "./matrix_numbers.ts";
import { dispatch, pushBytes, shaderHash, type VulkanTarget } from "./target.ts";

/**
 * Formats of the factors and of the sums that drivers are known to advertise: all for which there are
 * benchmarks. Both factors have the same format.
 */
export const MATRIX_FORMATS: readonly (readonly [MatrixFormat, MatrixFormat])[] = [
  ["fp16", "fp32"],
  ["fp16", "fp16"],
  ["bf16", "fp32"],
  ["bf16", "bf16"],
  ["e4m3", "fp32"],
  ["e4m3", "fp16"],
  ["e5m2", "fp32"],
  ["e5m2", "fp16"],
  ["int8", "int32"],
  ["uint8", "uint32"],
  ["uint8", "int32"],
  ["fp32", "fp32"],
  ["fp64", "fp64"],
];

/** Independent chains of a subgroup to try. */
const ACCUMULATORS: readonly number[] = [8, 4];

/** Subgroups of a workgroup in the register benchmark. */
const SUBGROUPS = 4;

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

/** How many workgroups run a shape, of how many invocations, and how many chains each holder has. */
interface ChainPlan {
  workgroups: number;
  localSize: number;
  /** Holders of matrices in a workgroup: its subgroups, or itself. */
  holders: number;
  accumulators: number;
}

function prepareChains(
  target: VulkanTarget,
  effort: Effort,
  shape: MatrixShape,
  { workgroups, localSize, holders, accumulators }: ChainPlan,
): Prepared {
  using undo = new DisposableStack();
  const { m, n, k, input, accumulator } = shape;
  const tiles = workgroups * holders;
  const sums = target.shared("matrix sums", tiles * m * n * MATRIX_FORMAT_BYTES[accumulator]);
  const code = matrixChainKernel(
    { addressing: target.addressing, localSize, subgroups: holders },
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
  const trial = (rounds: number) => {
    using submission = target.timed((c) => dispatch(c, withLoops(rounds)));
    return submission.run();
  };
  const loops = loopsFor(effort.sampleMs, trial, { first: 4, most: 1 << 20 });
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

/** The benchmark of one pair of formats. */
function multiplyAdds(
  [input, accumulator]: readonly [MatrixFormat, MatrixFormat],
): Benchmark<VulkanTarget> {
  const isInteger = accumulator.includes("int");
  const numbers = (count: number, seed: number, whole: boolean) =>
    randomNumbers(input, count, seed, whole);
  return {
    name: `compute.matrix_${input}_${accumulator}`,
    suite: "compute",
    title: `matrix ${input} into ${accumulator}`,
    unit: isInteger ? "TOP/s" : "TFLOP/s",
    better: "higher",
    convention:
      "multiply-adds of matrices that stay in registers, or in shared memory where the shape says so; " +
      "a multiplication and an addition are 2 operations",
    parameters: { input, accumulator },
    peak: `matrix.${input}.${accumulator}`,
    unsupported: (target) =>
      mayHaveWarpgroups(target, input, accumulator)
        ? undefined
        : matrixObstacle(target, input, accumulator),
    shapes: (target, effort) => [
      ...warpgroupShapes(target, effort, input, accumulator, numbers),
      ...matrixShapes(target, input, accumulator).slice(0, effort.allShapes ? undefined : 2)
        .flatMap((shape) =>
          ACCUMULATORS.map((accumulators): Shape => ({
            name: `${shape.m}x${shape.n}x${shape.k} x ${accumulators} chains`,
            prepare: () =>
              prepareChains(target, effort, shape, {
                workgroups: 4096,
                localSize: SUBGROUPS * target.physical.subgroupSize,
                holders: SUBGROUPS,
                accumulators,
              }),
          }))
        ),
      ...workgroupMatrixShapes(target, input, accumulator)
        .slice(0, effort.allShapes ? undefined : 0)
        .map((shape): Shape => ({
          name: `${shape.m}x${shape.n}x${shape.k} of ${shape.invocations} invocations`,
          prepare: () =>
            prepareChains(target, effort, shape, {
              workgroups: 1024,
              localSize: shape.invocations,
              holders: 1,
              accumulators: 1,
            }),
        })),
    ],
  };
}

/** Matrix units in the compute suite. */
export const MATRIX_BENCHMARKS: readonly Benchmark<VulkanTarget>[] = MATRIX_FORMATS.map(
  multiplyAdds,
);
