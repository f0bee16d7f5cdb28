/**
 * Arithmetic throughput of a device's vector units.
 *
 * @module
 */

import {
  type Benchmark,
  type Effort,
  type Prepared,
  type Shape,
  WrongResultError,
} from "../benchmark.ts";
import { dotShapes, hasDots } from "./bf16.ts";
import {
  chainKernel,
  type ChainShape,
  chainShapeName,
  firstValue,
  isByteDot,
  type NumberFormat,
  type Recurrence,
  UNROLL,
} from "./compute_kernels.ts";
import { mayHavePackedChains, packedChainShapes } from "../cuda/vector.ts";
import type { PackedFormat } from "../cuda/vector_ptx.ts";
import { dispatch, pushBytes, shaderHash, type VulkanTarget } from "./target.ts";

/** No single shape is fastest on all GPUs; these are usually among the best, best guesses first. */
const QUICK_SHAPES: readonly ChainShape[] = [
  { recurrence: "affine", width: 1, chains: 8 },
  { recurrence: "affine", width: 2, chains: 4 },
  { recurrence: "affine", width: 4, chains: 2 },
  { recurrence: "quadratic", width: 1, chains: 8 },
];

/** More for formats that take no vectors. */
const PACKED_QUICK_SHAPES: readonly ChainShape[] = [
  { recurrence: "affine", width: 1, chains: 4 },
];

/** Every recurrence, width and number of chains with at most 16 values in flight. */
function allShapes(): ChainShape[] {
  const recurrences: Recurrence[] = ["affine", "quadratic"];
  const widths: (1 | 2 | 4)[] = [1, 2, 4];
  return recurrences.flatMap((recurrence) =>
    widths.flatMap((width) =>
      [1, 2, 4, 8].filter((chains) => width * chains <= 16)
        .map((chains) => ({ recurrence, width, chains }))
    )
  );
}

/** For pairs of binary16: other forms of those that are usually best. */
const PAIR_SHAPES: readonly ChainShape[] = [
  { recurrence: "affine", width: 2, chains: 8, form: "mul+add" },
  { recurrence: "quadratic", width: 2, chains: 8, form: "mul+add" },
  { recurrence: "affine", width: 4, chains: 4, form: "mul+add" },
  { recurrence: "affine", width: 2, chains: 8, form: "packed fma" },
  { recurrence: "quadratic", width: 2, chains: 8, form: "packed fma" },
  { recurrence: "quadratic", width: 2, chains: 8, form: "packed mul+add" },
];

/** A format of arithmetic, by Vulkan or otherwise: Vulkan's bf16 has dot products and matrices alone. */
type ArithmeticFormat = NumberFormat | "bf16";

/** Whether a format's numbers are integers. */
function isInteger(format: ArithmeticFormat): boolean {
  return format.startsWith("int");
}

/**
 * The shapes to try. Squares modulo 2^32 soon repeat: integers have affine chains alone. A packed dot
 * product is a vector by itself.
 */
export function shapesOf(format: NumberFormat, effort: Effort): ChainShape[] {
  const every = [...allShapes(), ...format === "fp16" ? PAIR_SHAPES : []];
  return (effort.allShapes ? every : [...QUICK_SHAPES, ...PACKED_QUICK_SHAPES])
    .filter((shape) => !isInteger(format) || shape.recurrence === "affine")
    .filter((shape) => !isByteDot(format) || shape.width === 1)
    .slice(0, effort.allShapes ? undefined : QUICK_SHAPES.length);
}

/** Coefficients of a run. */
interface Coefficients {
  a: number;
  b: number;
  scale: number;
}

/**
 * Coefficients of the timed runs: values stay bounded for ever and change in most of their bits at every
 * step, as real data do (constant data take less power, and let a GPU clock higher).
 */
function timedCoefficients(format: ArithmeticFormat, recurrence: Recurrence): Coefficients {
  // Bytes of which some are negative where they are signed.
  if (isByteDot(format)) return { a: 2654435761, b: 0, scale: 1664525 };
  // Constants of the "Numerical Recipes" generator; odd scale.
  if (isInteger(format)) return { a: 1664525, b: 1013904223, scale: 2654435761 };
  // x -> b - x alternates between two arbitrary values; x^2 - 1.9 is chaotic in [-1.9, 1.9].
  return recurrence === "affine"
    ? { a: -1, b: 1.3720703125, scale: 0.0478515625 }
    : { a: 0, b: -1.9, scale: 0.0478515625 };
}

/**
 * Coefficients of the runs that are checked, such that the results tell how many steps were done: affine
 * chains count (exact in every format for so few steps), quadratic ones creep up to 0.5 like
 * 0.5 - 1/steps.
 */
function checkedCoefficients(format: ArithmeticFormat, recurrence: Recurrence): Coefficients {
  if (isInteger(format)) return timedCoefficients(format, recurrence);
  return recurrence === "affine" ? { a: 1, b: 1, scale: 1 } : { a: 0, b: 0.25, scale: 0.015625 };
}

/** Spacing of the format's numbers at 1. */
const EPSILON: Record<ArithmeticFormat, number> = {
  fp64: 2 ** -52,
  fp32: 2 ** -23,
  fp16: 2 ** -10,
  bf16: 2 ** -7,
  int32: 0,
  int16: 0,
  int8_dot: 0,
  int8_uint8_dot: 0,
};

/** Sum of the products of four bytes each, those of `a` signed. */
function dot4x8(a: number, b: number, isSignedB: boolean): number {
  let sum = 0;
  for (let shift = 0; shift < 32; shift += 8) {
    const byte = b << (24 - shift);
    sum += ((a << (24 - shift)) >> 24) * (isSignedB ? byte >> 24 : byte >>> 24);
  }
  return sum;
}

/** One step of an integer recurrence, modulo 2^32 or 2^16. */
function integerStep(format: ArithmeticFormat, x: number, { a, b }: Coefficients): number {
  if (isByteDot(format)) return (dot4x8(x, a, format === "int8_dot") + x) | 0;
  const next = (Math.imul(x, a) + b) | 0;
  return format === "int16" ? next & 0xffff : next;
}

/** The checked run's result of one invocation, in double precision or modulo 2^32. */
export function expectedSum(
  format: ArithmeticFormat,
  shape: ChainShape,
  invocation: number,
  steps: number,
): number {
  const coefficients = checkedCoefficients(format, shape.recurrence);
  const { a, b, scale } = coefficients;
  let sum = 0;
  for (let chain = 0; chain < shape.chains; chain++) {
    for (let component = 0; component < shape.width; component++) {
      const first = firstValue(invocation, shape, chain, component);
      if (isInteger(format)) {
        let x = Math.imul(first, scale);
        for (let i = 0; i < steps; i++) x = integerStep(format, x, coefficients);
        sum = (sum + x) >>> 0;
        if (format === "int16") sum &= 0xffff;
      } else {
        let x = first * scale;
        for (let i = 0; i < steps; i++) x = x * (shape.recurrence === "affine" ? a : x) + b;
        sum += x;
      }
    }
  }
  return sum;
}

/** Operations of one step of one chain. */
function operationsOf(format: NumberFormat): number {
  return isByteDot(format) ? 8 : 2;
}

/** Bytes that an invocation stores. */
function resultBytes(format: NumberFormat): number {
  return format === "fp64" ? 8 : 4;
}

function readResults(format: NumberFormat, bytes: Uint8Array<ArrayBuffer>): ArrayLike<number> {
  if (format === "fp64") return new Float64Array(bytes.buffer);
  return isInteger(format) ? new Uint32Array(bytes.buffer) : new Float32Array(bytes.buffer);
}

function prepareChains(
  target: VulkanTarget,
  effort: Effort,
  format: NumberFormat,
  shape: ChainShape,
): Prepared {
  using undo = new DisposableStack();
  // Many times more invocations than any GPU runs at once, so that the last ones weigh little.
  const workgroups = target.isSoftware ? 64 : 16384;
  const invocations = workgroups * target.localSize;
  const results = target.shared("chains", invocations * 8);
  const code = chainKernel(target, format, shape);
  const { data = "random" } = effort;
  const timedBy = data === "zeros"
    ? { a: 0, b: 0, scale: 0 }
    : timedCoefficients(format, shape.recurrence);
  const job = undo.use(target.job(code, [results], { ...timedBy, loops: 1 }, workgroups));
  const withLoops = (loops: number) => ({
    ...job,
    push: pushBytes(code, [results], { ...timedBy, loops }),
  });

  let loops = 1;
  for (;;) {
    using trial = target.timed((c) => dispatch(c, withLoops(loops)));
    const took = Math.max(trial.run(), 1), aim = effort.sampleMs * 1e6;
    // A dispatch of a few µs is mostly overhead: step up carefully from there.
    if (took > aim / 4 || loops >= 1 << 20) {
      loops = Math.max(1, Math.min(1 << 20, Math.round((loops * aim) / took)));
      break;
    }
    loops *= Math.min(16, Math.max(2, Math.floor(aim / took / 2)));
  }
  const operations = operationsOf(format) * invocations * loops * UNROLL * shape.chains *
    shape.width;
  const timed = undo.use(target.timed((c) => dispatch(c, withLoops(loops))));
  const owned = undo.move();
  return {
    clock: target.clock,
    data,
    shader_sha256: shaderHash(code),
    sample: () => [operations / timed.run() / 1000],
    verify: () => {
      const checkedLoops = format === "fp16" ? 1 : 4;
      const coefficients = checkedCoefficients(format, shape.recurrence);
      const push = pushBytes(code, [results], { ...coefficients, loops: checkedLoops });
      target.run((c) => {
        c.fill(results, 0xdeadbeef);
        c.barrier();
        dispatch(c, { ...job, push });
      });
      const bytes = target.readBack(results, 0, invocations * resultBytes(format));
      verifySums(format, shape, readResults(format, bytes), checkedLoops * UNROLL);
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/**
 * Compares what the invocations stored with the host's own recurrences.
 *
 * @throws {WrongResultError} for the first that differs by more than its roundings.
 */
export function verifySums(
  format: ArithmeticFormat,
  shape: ChainShape,
  results: ArrayLike<number>,
  steps: number,
): void {
  // Invocations differ in two bits of their number: four recurrences check them all.
  const expected = [0, 1, 2, 3].map((i) => expectedSum(format, shape, i, steps));
  const isExact = isInteger(format) || shape.recurrence === "affine";
  const slack = isExact ? 0 : EPSILON[format] * (steps + shape.width * shape.chains);
  for (let i = 0; i < results.length; i++) {
    const want = expected[i & 3] ?? NaN, got = results[i] ?? NaN;
    if (!(Math.abs(got - want) <= slack * Math.abs(want))) {
      throw new WrongResultError(`invocation ${i} gave ${got}, not ${want}`);
    }
  }
}

/** Pairs of numbers that are calculated at once, in CUDA. */
function packedShapes(target: VulkanTarget, effort: Effort, format: PackedFormat): Shape[] {
  return packedChainShapes(target, effort, {
    format,
    timed: (recurrence) => timedCoefficients(format, recurrence),
    checked: (recurrence) => checkedCoefficients(format, recurrence),
    verify: (results, shape, steps) => verifySums(format, shape, results, steps),
  });
}

/** By dot products, which is all that Vulkan has of this format, or in CUDA. */
const BF16: Benchmark<VulkanTarget> = {
  name: "compute.bf16",
  suite: "compute",
  title: "bf16",
  unit: "TFLOP/s",
  better: "higher",
  convention: "a fused multiply-add is 2 operations, a dot product of n pairs 2 n - 1",
  peak: "bf16",
  unsupported: (target) =>
    mayHavePackedChains(target) || hasDots(target)
      ? undefined
      : "of bf16 vectors Vulkan has dot products alone, and the device lacks shaderBFloat16DotProduct",
  shapes: (target, effort) => [
    ...packedShapes(target, effort, "bf16"),
    ...dotShapes(target, effort),
  ],
};

/** Signed bytes by unsigned ones, for the dot products that are usually best. */
function mixedShapes(target: VulkanTarget, effort: Effort): Shape[] {
  return shapesOf("int8_uint8_dot", effort).filter(({ chains }) => chains === 8).map((shape) => ({
    name: `${chainShapeName(shape)}, signed by unsigned`,
    prepare: () => prepareChains(target, effort, "int8_uint8_dot", shape),
  }));
}

function arithmetic(
  format: Exclude<NumberFormat, "int8_uint8_dot">,
  unit: string,
  convention: string,
  feature?: string,
): Benchmark<VulkanTarget> {
  return {
    name: `compute.${format}`,
    suite: "compute",
    title: format === "int8_dot" ? "int8 dot product" : format,
    unit,
    better: "higher",
    convention,
    peak: format,
    unsupported: ({ physical }) =>
      feature === undefined || physical.features.has(feature)
        ? undefined
        : `the device lacks ${feature}`,
    shapes: (target, effort) => [
      ...format === "fp16" ? packedShapes(target, effort, format) : [],
      ...shapesOf(format, effort).map((shape): Shape => ({
        name: chainShapeName(shape),
        prepare: () => prepareChains(target, effort, format, shape),
      })),
      ...format === "int8_dot" ? mixedShapes(target, effort) : [],
    ],
  };
}

const FMA = "a fused multiply-add is 2 operations";
const MULTIPLY_ADD = "a multiplication and an addition are 2 operations";

/** The compute suite. */
export const COMPUTE_BENCHMARKS: readonly Benchmark<VulkanTarget>[] = [
  arithmetic("fp32", "TFLOP/s", FMA),
  arithmetic("fp64", "TFLOP/s", FMA, "shaderFloat64"),
  arithmetic("fp16", "TFLOP/s", FMA, "shaderFloat16"),
  BF16,
  arithmetic("int32", "TOP/s", MULTIPLY_ADD),
  arithmetic("int16", "TOP/s", MULTIPLY_ADD, "shaderInt16"),
  arithmetic(
    "int8_dot",
    "TOP/s",
    "a dot product of 4 bytes added to an integer is 8 operations",
    "shaderIntegerDotProduct",
  ),
];
