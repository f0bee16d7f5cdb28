/**
 * Packed 16-bit arithmetic in CUDA as shapes of the arithmetic benchmarks.
 *
 * @module
 */

import type { Effort, Prepared, Shape } from "../benchmark.ts";
import { loopsFor } from "../calibrate.ts";
import { type ChainShape, chainShapeName, type Recurrence } from "../vulkan/compute_kernels.ts";
import type { VulkanTarget } from "../vulkan/target.ts";
import { cudaOf, mayHaveCuda } from "./device.ts";
import { ptxHash } from "./matrix.ts";
import {
  CHAIN_ENTRY,
  CHAIN_STEPS,
  CHAIN_THREADS,
  packedChainPtx,
  type PackedFormat,
} from "./vector_ptx.ts";

/** Compute capability from which on both formats have instructions for pairs. */
const CAPABILITY = 80;

/** Arrangements to try, best guess first. */
const SHAPES: readonly ChainShape[] = [
  { recurrence: "quadratic", width: 2, chains: 8 },
  { recurrence: "affine", width: 2, chains: 8 },
  { recurrence: "quadratic", width: 2, chains: 4 },
];

/** Blocks: many times more threads than any GPU runs at once, so that the last ones weigh little. */
const BLOCKS = 16384;

/** The coefficients of `x = x * a + b`, and what the first values are multiplied with. */
export interface ChainCoefficients {
  a: number;
  b: number;
  scale: number;
}

/** What the benchmark knows of its chains. */
export interface PackedChains {
  format: PackedFormat;
  /** Of the timed runs, and of those that are checked. */
  timed(recurrence: Recurrence): ChainCoefficients;
  checked(recurrence: Recurrence): ChainCoefficients;
  /**
   * Checks what all threads stored after so many steps.
   *
   * @param results one sum a thread.
   */
  verify(results: Float32Array, shape: ChainShape, steps: number): void;
}

/** A number as binary32 in the low half of a parameter. */
function parameter(value: number): bigint {
  return BigInt(new Uint32Array(new Float32Array([value]).buffer)[0] ?? 0);
}

function prepare(
  target: VulkanTarget,
  effort: Effort,
  work: PackedChains,
  shape: ChainShape,
): Prepared {
  using undo = new DisposableStack();
  const cuda = cudaOf(target);
  const results = undo.use(cuda.allocate(BLOCKS * CHAIN_THREADS * 4));
  const ptx = packedChainPtx(work.format, shape);
  const kernel = undo.use(cuda.compile(ptx, CHAIN_ENTRY));
  const run = ({ a, b, scale }: ChainCoefficients, loops: number) =>
    cuda.time({
      kernel,
      blocks: BLOCKS,
      threads: CHAIN_THREADS,
      sharedBytes: 0,
      parameters: [results.address, ...[a, b, scale].map(parameter), BigInt(loops)],
    });
  const { data = "random" } = effort;
  const timed = data === "zeros" ? { a: 0, b: 0, scale: 0 } : work.timed(shape.recurrence);
  const loops = loopsFor(effort.sampleMs, (rounds) => run(timed, rounds), {
    first: 4,
    most: 1 << 24,
  });
  const operations = 2 * shape.width * shape.chains * CHAIN_STEPS * loops * BLOCKS * CHAIN_THREADS;
  const owned = undo.move();
  return {
    clock: "device",
    data,
    shader_sha256: ptxHash(ptx),
    sample: () => [operations / run(timed, loops) / 1000],
    verify: () => {
      cuda.fill(results, 0x7fc00000);
      run(work.checked(shape.recurrence), 1);
      const bytes = cuda.readBack(results, 0, results.size);
      work.verify(new Float32Array(bytes.buffer), shape, CHAIN_STEPS);
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** Whether a device may have instructions for pairs of 16-bit numbers in CUDA. */
export function mayHavePackedChains(target: VulkanTarget): boolean {
  return mayHaveCuda(target, (capability) => capability >= CAPABILITY);
}

/** Shapes for a benchmark of 16-bit arithmetic: none for a device that is known to have no such instruction. */
export function packedChainShapes(
  target: VulkanTarget,
  effort: Effort,
  work: PackedChains,
): Shape[] {
  if (!mayHavePackedChains(target)) return [];
  return SHAPES.slice(0, effort.allShapes ? undefined : 1).map((shape) => ({
    name: `CUDA ${chainShapeName(shape)}`,
    prepare: () => prepare(target, effort, work, shape),
  }));
}
