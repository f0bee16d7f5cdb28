/**
 * Memory bandwidth of a device: read, write, copy, triad.
 *
 * @module
 */

import type { DeviceBuffer } from "../../../ffi/vulkan/device.ts";
import { type KernelCode } from "../../spirv/kernel.ts";
import {
  type Benchmark,
  type Effort,
  type Prepared,
  type Shape,
  WrongResultError,
} from "../benchmark.ts";
import { ELEMENT_BYTES, patternSum, patternWords } from "../pattern.ts";
import {
  copyKernel,
  readKernel,
  triadKernel,
  type Walk,
  walkName,
  workgroupsOf,
  writeKernel,
} from "./memory_kernels.ts";
import { dispatch, type Job, type VulkanTarget } from "./target.ts";

const MiB = 1 << 20;
const SALT_A = 0x2545f491, SALT_B = 0x1b873593;
const TRIAD_SCALE = 0.75;

/** Windows of a buffer that are compared word by word, from its start to its end. */
const WINDOWS = 33, WINDOW_ELEMENTS = 1024;

const GRID_WALKS: readonly Walk[] = [
  { kind: "grid", unroll: 8, workgroups: 4096 },
  { kind: "grid", unroll: 4, workgroups: 4096 },
  { kind: "grid", unroll: 16, workgroups: 4096 },
  { kind: "grid", unroll: 4, workgroups: 16384 },
  { kind: "grid", unroll: 8, workgroups: 1024 },
];

const TILE_WALKS: readonly Walk[] = [
  { kind: "tile", unroll: 4 },
  { kind: "tile", unroll: 1 },
  { kind: "tile", unroll: 8 },
];

/**
 * Bytes of each buffer: a power of two, far beyond the caches, within an eighth of the device's memory
 * and the device's limits.
 */
export function workingSetBytes(target: VulkanTarget): number {
  const { physical } = target;
  const heap = Math.max(
    ...physical.heaps.filter((each) => each.deviceLocal)
      .map((each) => Math.min(each.size, each.budget ?? each.size)),
  );
  const limits = [heap / 8, physical.maxAllocationSize, target.isSoftware ? 128 * MiB : 2048 * MiB];
  if (target.addressing === "descriptor") limits.push(physical.limits.maxStorageBufferRange);
  return 2 ** Math.floor(Math.log2(Math.max(MiB, Math.min(...limits))));
}

function elementsOf(target: VulkanTarget): number {
  return workingSetBytes(target) / ELEMENT_BYTES;
}

/** A shared buffer that holds the pattern. */
function patternBuffer(target: VulkanTarget, name: string, salt: number): DeviceBuffer {
  return target.shared(name, workingSetBytes(target), (buffer) => {
    const walk = GRID_WALKS[0] ?? { kind: "grid", unroll: 1, workgroups: 1024 };
    const code = writeKernel(target, walk);
    const elements = elementsOf(target);
    using job = target.job(code, [buffer], { elements, salt }, workgroupsOf(walk, elements, 1));
    target.run((c) => dispatch(c, job));
  });
}

/** Sum of all words of a buffer, modulo 2^32, by the device, and the sums of single invocations. */
function sumOf(target: VulkanTarget, buffer: DeviceBuffer): number {
  const walk: Walk = { kind: "grid", unroll: 4, workgroups: 1024 };
  const bytes = 1024 * target.localSize * 4;
  const sums = target.shared("verify sums", bytes);
  const elements = buffer.size / ELEMENT_BYTES;
  using job = target.job(readKernel(target, walk), [buffer, sums], { elements }, 1024);
  target.run((c) => dispatch(c, job));
  return addUp(target.readBack(sums, 0, bytes));
}

function addUp(bytes: Uint8Array<ArrayBuffer>): number {
  return new Uint32Array(bytes.buffer).reduce((sum, word) => (sum + word) >>> 0, 0);
}

/** Compares windows of a buffer with `expected` words. */
function verifyWindows(
  target: VulkanTarget,
  buffer: DeviceBuffer,
  matches: (index: number, words: Uint32Array) => boolean,
): void {
  const elements = buffer.size / ELEMENT_BYTES;
  const window = Math.min(WINDOW_ELEMENTS, elements);
  for (let w = 0; w < WINDOWS; w++) {
    const first = Math.floor(((elements - window) * w) / (WINDOWS - 1));
    const bytes = target.readBack(buffer, first * ELEMENT_BYTES, window * ELEMENT_BYTES);
    const words = new Uint32Array(bytes.buffer);
    for (let i = 0; i < window; i++) {
      if (!matches(first + i, words.subarray(4 * i, 4 * i + 4))) {
        throw new WrongResultError(`element ${first + i} of ${elements} is wrong`);
      }
    }
  }
}

function verifyPattern(target: VulkanTarget, buffer: DeviceBuffer, salt: number): void {
  verifyWindows(
    target,
    buffer,
    (index, words) => patternWords(index, salt).every((word, c) => word === words[c]),
  );
  const sum = sumOf(target, buffer), expected = patternSum(buffer.size / ELEMENT_BYTES, salt);
  if (sum !== expected) throw new WrongResultError(`the words sum to ${sum}, not ${expected}`);
}

/** Whether `a` is `b + scale * c` within the roundings of an unfused multiply and add. */
function isTriad(a: number, b: number, c: number): boolean {
  const exact = b + TRIAD_SCALE * c;
  return Math.abs(a - exact) <= 2 ** -22 * exact;
}

function asFloats(words: readonly number[]): Float32Array {
  return new Float32Array(Uint32Array.from(words).buffer);
}

/** Prepares a job to be timed: enough repetitions for a sample, bytes over time as the figure. */
function prepareJob(
  target: VulkanTarget,
  effort: Effort,
  job: Job & Disposable,
  bytes: number,
  verify: () => void,
): Prepared {
  using undo = new DisposableStack();
  undo.use(job);
  const once = undo.use(target.timed((c) => dispatch(c, job)));
  const first = Math.max(once.run(), 1);
  const times = Math.min(64, Math.max(1, Math.round((effort.sampleMs * 1e6) / first)));
  const timed = times === 1 ? once : undo.use(target.timed((c) => dispatch(c, job, times)));
  const owned = undo.move();
  return {
    clock: target.clock,
    sample: () => [(bytes * times) / timed.run()],
    verify,
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** Builds a shape for each walk that fits the device. */
function shapesOf(
  target: VulkanTarget,
  effort: Effort,
  walks: readonly Walk[],
  prepare: (walk: Walk, workgroups: number) => Prepared,
): Shape[] {
  const elements = elementsOf(target);
  const fitting = walks.filter((walk) => {
    const workgroups = workgroupsOf(walk, elements, target.localSize);
    return Number.isInteger(workgroups) && workgroups <= target.maxWorkgroups &&
      elements >= workgroups * target.localSize * walk.unroll;
  });
  return fitting.slice(0, effort.allShapes ? undefined : 3).map((walk) => ({
    name: walkName(walk),
    prepare: () => prepare(walk, workgroupsOf(walk, elements, target.localSize)),
  }));
}

function bandwidth(
  name: string,
  convention: string,
  shapes: (target: VulkanTarget, effort: Effort) => Shape[],
): Benchmark<VulkanTarget> {
  return {
    name: `memory.${name}`,
    suite: "memory",
    title: name,
    unit: "GB/s",
    better: "higher",
    convention,
    peak: "memory_bandwidth",
    unsupported: () => undefined,
    shapes,
  };
}

const read = bandwidth(
  "read",
  "bytes read",
  (target, effort) =>
    shapesOf(target, effort, GRID_WALKS, (walk, workgroups) => {
      const source = patternBuffer(target, "a", SALT_A);
      const sumBytes = workgroups * target.localSize * 4;
      const sums = target.shared("sums", sumBytes);
      const elements = elementsOf(target);
      const job = target.job(readKernel(target, walk), [source, sums], { elements }, workgroups);
      return prepareJob(target, effort, job, source.size, () => {
        const sum = addUp(target.readBack(sums, 0, sumBytes));
        const expected = patternSum(elements, SALT_A);
        if (sum !== expected) {
          throw new WrongResultError(`the words read sum to ${sum}, not ${expected}`);
        }
      });
    }),
);

/** A job whose result lands in the shared buffer `out`, poisoned first. */
function writing(
  target: VulkanTarget,
  effort: Effort,
  code: KernelCode,
  sources: readonly DeviceBuffer[],
  values: Record<string, number>,
  workgroups: number,
  verify: (out: DeviceBuffer) => void,
): Prepared {
  const out = target.shared("out", workingSetBytes(target));
  target.run((c) => c.fill(out, 0xdeadbeef));
  const buffers = code.bufferCount === 1 || values["scale"] !== undefined
    ? [out, ...sources]
    : [...sources, out];
  const job = target.job(code, buffers, { elements: elementsOf(target), ...values }, workgroups);
  const bytes = buffers.length * out.size;
  return prepareJob(target, effort, job, bytes, () => verify(out));
}

const write = bandwidth(
  "write",
  "bytes written",
  (target, effort) =>
    shapesOf(target, effort, [...GRID_WALKS.slice(0, 2), ...TILE_WALKS], (walk, workgroups) => {
      const code = writeKernel(target, walk);
      const verify = (out: DeviceBuffer) => verifyPattern(target, out, SALT_B);
      return writing(target, effort, code, [], { salt: SALT_B }, workgroups, verify);
    }),
);

const copy = bandwidth(
  "copy",
  "bytes read plus bytes written",
  (target, effort) =>
    shapesOf(target, effort, [...TILE_WALKS, ...GRID_WALKS], (walk, workgroups) => {
      const source = patternBuffer(target, "a", SALT_A);
      const verify = (out: DeviceBuffer) => verifyPattern(target, out, SALT_A);
      return writing(target, effort, copyKernel(target, walk), [source], {}, workgroups, verify);
    }),
);

const triad = bandwidth(
  "triad",
  "bytes read plus bytes written, a = b + s * c",
  (target, effort) =>
    shapesOf(target, effort, [...TILE_WALKS, ...GRID_WALKS], (walk, workgroups) => {
      const b = patternBuffer(target, "a", SALT_A), c = patternBuffer(target, "b", SALT_B);
      const verify = (out: DeviceBuffer) =>
        verifyWindows(target, out, (index, words) => {
          const addends = asFloats(patternWords(index, SALT_A));
          const scaled = asFloats(patternWords(index, SALT_B));
          return asFloats([...words]).every((value, i) =>
            isTriad(value, addends[i] ?? NaN, scaled[i] ?? NaN)
          );
        });
      const code = triadKernel(target, walk);
      return writing(target, effort, code, [b, c], { scale: TRIAD_SCALE }, workgroups, verify);
    }),
);

/** The memory suite. */
export const MEMORY_BENCHMARKS: readonly Benchmark<VulkanTarget>[] = [read, write, copy, triad];
