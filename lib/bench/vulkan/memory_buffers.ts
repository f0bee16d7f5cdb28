/**
 * The buffers of the memory benchmarks: what is in them, and whether it is still.
 *
 * @module
 */

import type { DeviceBuffer } from "../../../ffi/vulkan/device.ts";
import { type Effort, WrongResultError } from "../benchmark.ts";
import { ELEMENT_BYTES, patternSum, patternWords } from "../pattern.ts";
import { readKernel, type Walk, workgroupsOf, writeKernel } from "./memory_kernels.ts";
import { dispatch, type VulkanTarget } from "./target.ts";

/** Of an effort, what the buffers depend on. */
export type Sizing = Pick<Effort, "memoryScale" | "data">;

const MiB = 1 << 20;

/** What makes the patterns of two buffers differ. */
export const SALT_A = 0x2545f491, SALT_B = 0x1b873593;

/** Windows of a buffer that are compared word by word, from its start to its end. */
const WINDOWS = 33, WINDOW_ELEMENTS = 1024;

/**
 * How buffers are filled and added up: by a grid of at most so many workgroups, and none that would step
 * beyond the end of a small buffer.
 */
function wholeWalk(
  { localSize }: Pick<VulkanTarget, "localSize">,
  elements: number,
  { unroll, most }: { unroll: number; most: number },
): Walk {
  const fitting = Math.floor(elements / (localSize * unroll));
  return { kind: "grid", unroll, workgroups: Math.max(1, Math.min(most, fitting)) };
}

/**
 * Bytes of each buffer: a power of two, far beyond the caches, within an eighth of the device's memory
 * and the device's limits.
 */
export function workingSetBytes(target: VulkanTarget, effort: Sizing = {}): number {
  const { physical } = target;
  const heap = Math.max(
    ...physical.heaps.filter((each) => each.deviceLocal)
      .map((each) => Math.min(each.size, each.budget ?? each.size)),
  );
  const limits = [heap / 8, physical.maxAllocationSize, target.isSoftware ? 128 * MiB : 2048 * MiB];
  if (target.addressing === "descriptor") limits.push(physical.limits.maxStorageBufferRange);
  const wanted = Math.min(...limits) * (effort.memoryScale ?? 1);
  return 2 ** Math.floor(Math.log2(Math.max(MiB, wanted)));
}

/** Elements of each buffer. */
export function elementsOf(target: VulkanTarget, effort: Sizing): number {
  return workingSetBytes(target, effort) / ELEMENT_BYTES;
}

/** What a buffer holds, by which it can be checked. */
export interface Content {
  /** The four words of an element. */
  words(index: number): readonly number[];
  /** Sum of all words of the first `elements` elements, modulo 2^32. */
  sum(elements: number): number;
}

/** The pattern of `lib/bench/pattern.ts`. */
export function patternContent(salt: number): Content {
  return {
    words: (index) => patternWords(index, salt),
    sum: (elements) => patternSum(elements, salt),
  };
}

const ZEROS: Content = { words: () => [0, 0, 0, 0], sum: () => 0 };

/** A shared buffer to read from, and what it holds: the pattern of `salt`, or zeros where the effort says so. */
export function sourceBuffer(
  target: VulkanTarget,
  effort: Sizing,
  salt: number,
): { buffer: DeviceBuffer; content: Content } {
  const size = workingSetBytes(target, effort);
  if (effort.data === "zeros") {
    const zeros = target.shared("zeros", size, (fresh) => target.run((c) => c.fill(fresh, 0)));
    return { buffer: zeros, content: ZEROS };
  }
  const buffer = target.shared(`source ${salt}`, size, (fresh) => {
    const elements = size / ELEMENT_BYTES;
    const walk = wholeWalk(target, elements, { unroll: 8, most: 4096 });
    const code = writeKernel(target, walk);
    const workgroups = workgroupsOf(walk, elements, target.localSize);
    using job = target.job(code, [fresh], { elements, salt }, workgroups);
    target.run((c) => dispatch(c, job));
  });
  return { buffer, content: patternContent(salt) };
}

/** Sum of all words of a buffer, modulo 2^32, by the device, and the sums of single invocations. */
function sumOf(target: VulkanTarget, buffer: DeviceBuffer): number {
  const elements = buffer.size / ELEMENT_BYTES;
  const walk = wholeWalk(target, elements, { unroll: 4, most: 1024 });
  const workgroups = workgroupsOf(walk, elements, target.localSize);
  const bytes = workgroups * target.localSize * 4;
  const sums = target.shared("verify sums", bytes);
  using job = target.job(readKernel(target, walk), [buffer, sums], { elements }, workgroups);
  target.run((c) => dispatch(c, job));
  return addUp(target.readBack(sums, 0, bytes));
}

/** Sum of 32-bit words, modulo 2^32. */
export function addUp(bytes: Uint8Array<ArrayBuffer>): number {
  return new Uint32Array(bytes.buffer).reduce((sum, word) => (sum + word) >>> 0, 0);
}

/** Compares windows of a buffer with `expected` words. */
export function verifyWindows(
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

/**
 * Compares a whole buffer with what it should hold.
 *
 * @throws {WrongResultError} where a word differs.
 */
export function verifyContent(
  target: VulkanTarget,
  buffer: DeviceBuffer,
  content: Content,
): void {
  verifyWindows(target, buffer, (index, words) => {
    const expected = content.words(index);
    return words.every((word, c) => word === expected[c]);
  });
  const sum = sumOf(target, buffer), expected = content.sum(buffer.size / ELEMENT_BYTES);
  if (sum !== expected) throw new WrongResultError(`the words sum to ${sum}, not ${expected}`);
}
