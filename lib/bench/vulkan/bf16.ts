/**
 * Dot products of bf16 vectors: what Vulkan has of arithmetic in that format.
 *
 * @module
 */

import { type Effort, type Prepared, type Shape, WrongResultError } from "../benchmark.ts";
import { loopsFor } from "../calibrate.ts";
import {
  DOT_UNROLL,
  dotKernel,
  dotOperations,
  type DotShape,
  dotShapeName,
  elementName,
} from "./bf16_kernels.ts";
import { firstValue } from "./compute_kernels.ts";
import { dispatch, pushBytes, shaderHash, type VulkanTarget } from "./target.ts";

/** Arrangements to try, best guess first. */
const SHAPES: readonly DotShape[] = [
  { width: 2, chains: 4 },
  { width: 4, chains: 2 },
  { width: 2, chains: 8 },
  { width: 4, chains: 4 },
];

/** Rows of the matrix that vectors are multiplied with. */
type Rows = readonly (readonly number[])[];

/**
 * Matrices of the timed runs. Some power of each is the identity, so that values stay bounded for ever;
 * all that comes of the first values is exact in bf16, and changes at every step.
 */
const TIMED: Record<DotShape["width"], Rows> = {
  // The sixth power.
  2: [[1, -1], [1, 0]],
  // Half of Hadamard's matrix: the square.
  4: [[0.5, 0.5, 0.5, 0.5], [0.5, -0.5, 0.5, -0.5], [0.5, 0.5, -0.5, -0.5], [0.5, -0.5, -0.5, 0.5]],
};

/** A power of two, by which first values are multiplied in the timed runs. */
const TIMED_SCALE = 0.0625;

/** Matrices of the runs that are checked: components count up by their neighbours, exactly. */
const CHECKED: Record<DotShape["width"], Rows> = {
  2: [[1, 1], [0, 1]],
  4: [[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]],
};

function pushValues(rows: Rows, scale: number, loops: number): Record<string, number> {
  const elements = rows.flatMap((row, i) => row.map((value, j) => [elementName(i, j), value]));
  return { ...Object.fromEntries(elements), scale, loops };
}

/** The checked run's result of one invocation. */
export function expectedDots(
  { width, chains }: DotShape,
  invocation: number,
  steps: number,
): number {
  let sum = 0;
  for (let chain = 0; chain < chains; chain++) {
    let vector = Array.from(
      { length: width },
      (_, i) => firstValue(invocation, { width }, chain, i),
    );
    for (let step = 0; step < steps; step++) {
      const before = vector;
      vector = CHECKED[width].map((row) =>
        row.reduce((dot, element, i) => dot + element * (before[i] ?? NaN), 0)
      );
    }
    sum += vector.reduce((total, value) => total + value, 0);
  }
  return sum;
}

/**
 * Compares what the invocations stored with the host's own recurrences.
 *
 * @throws {WrongResultError} for the first that differs.
 */
export function verifyDots(shape: DotShape, results: ArrayLike<number>, steps: number): void {
  // Invocations differ in two bits of their number.
  const expected = [0, 1, 2, 3].map((i) => expectedDots(shape, i, steps));
  for (let i = 0; i < results.length; i++) {
    if (results[i] === expected[i & 3]) continue;
    throw new WrongResultError(`invocation ${i} gave ${results[i]}, not ${expected[i & 3]}`);
  }
}

function prepare(target: VulkanTarget, effort: Effort, shape: DotShape): Prepared {
  using undo = new DisposableStack();
  const { data = "random" } = effort;
  const workgroups = target.isSoftware ? 64 : 16384;
  const invocations = workgroups * target.localSize;
  const results = target.shared("chains", invocations * 8);
  const code = dotKernel(target, shape);
  const isZero = data === "zeros", scale = isZero ? 0 : TIMED_SCALE;
  const rows = isZero ? TIMED[shape.width].map((row) => row.map(() => 0)) : TIMED[shape.width];
  const values = (loops: number) => pushValues(rows, scale, loops);
  const job = undo.use(target.job(code, [results], values(1), workgroups));
  const withLoops = (loops: number) => ({
    ...job,
    push: pushBytes(code, [results], values(loops)),
  });
  const run = (loops: number) => {
    using trial = target.timed((c) => dispatch(c, withLoops(loops)));
    return trial.run();
  };
  const loops = loopsFor(effort.sampleMs, run, { first: 4, most: 1 << 20 });
  const operations = dotOperations(shape) * shape.chains * DOT_UNROLL * loops * invocations;
  const timed = undo.use(target.timed((c) => dispatch(c, withLoops(loops))));
  const owned = undo.move();
  return {
    clock: target.clock,
    data,
    shader_sha256: shaderHash(code),
    sample: () => [operations / timed.run() / 1000],
    verify: () => {
      const push = pushBytes(code, [results], pushValues(CHECKED[shape.width], 1, 1));
      target.run((c) => {
        c.fill(results, 0x7fc00000);
        c.barrier();
        dispatch(c, { ...job, push });
      });
      const bytes = target.readBack(results, 0, invocations * 4);
      verifyDots(shape, new Float32Array(bytes.buffer), DOT_UNROLL);
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** Whether a device has dot products of bf16 vectors (VK_KHR_shader_bfloat16). */
export function hasDots({ physical: { features } }: Pick<VulkanTarget, "physical">): boolean {
  return features.has("shaderBFloat16Type") && features.has("shaderBFloat16DotProduct");
}

/** Shapes of dot products for the bf16 benchmark; none for a device without them. */
export function dotShapes(target: VulkanTarget, effort: Effort): Shape[] {
  if (!hasDots(target)) return [];
  return SHAPES.slice(0, effort.allShapes ? undefined : 2).map((shape) => ({
    name: dotShapeName(shape),
    prepare: () => prepare(target, effort, shape),
  }));
}
