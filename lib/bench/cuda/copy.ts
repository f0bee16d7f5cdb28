/**
 * CUDA's own copy within a device as a shape of the benchmark of copies.
 *
 * @module
 */

import { type Effort, type Prepared, type Shape, WrongResultError } from "../benchmark.ts";
import { hash32 } from "../pattern.ts";
import type { VulkanTarget } from "../vulkan/target.ts";
import { cudaOf, mayHaveCuda } from "./device.ts";

/** Bytes of each buffer at most: what starting and ending take weighs less the more there are. */
const MOST_BYTES = 8 * 2 ** 30;

/** Bytes after which the pattern repeats: not a power of two, so that no two windows are alike. */
const PATTERN_BYTES = 4 * 999_983;

/** Windows of the copy that are compared, and bytes of each. */
const WINDOWS = 33, WINDOW_BYTES = 1 << 16;

/** Bytes of each buffer on a device with so much memory: a power of two, at most a sixteenth of it. */
function bufferBytes(target: VulkanTarget, memoryScale: number): number {
  const heap = Math.max(
    ...target.physical.heaps.filter((each) => each.deviceLocal).map((each) => each.size),
  );
  return 2 ** Math.floor(Math.log2(Math.min(MOST_BYTES, heap / 16) * memoryScale));
}

function prepare(target: VulkanTarget, effort: Effort): Prepared {
  using undo = new DisposableStack();
  const cuda = cudaOf(target);
  const { data = "random", memoryScale = 1 } = effort;
  const size = bufferBytes(target, memoryScale);
  const [from, to] = [undo.use(cuda.allocate(size)), undo.use(cuda.allocate(size))];
  const scale = data === "zeros" ? 0 : 1;
  const words = Uint32Array.from({ length: PATTERN_BYTES / 4 }, (_, i) => scale * hash32(i));
  cuda.fillWith(from, new Uint8Array(words.buffer));
  cuda.fill(to, 0xdeadbeef);
  const first = Math.max(cuda.timeCopy(from, to, 1), 1000);
  const times = Math.min(64, Math.max(1, Math.round((effort.sampleMs * 1e6) / first)));
  const owned = undo.move();
  return {
    clock: "device",
    data,
    sample: () => [(2 * size * times) / cuda.timeCopy(from, to, times)],
    verify: () => {
      for (let i = 0; i < WINDOWS; i++) {
        const at = 4 * Math.floor((i * (size - WINDOW_BYTES)) / (WINDOWS - 1) / 4);
        const got = new Uint32Array(cuda.readBack(to, at, WINDOW_BYTES).buffer);
        const wrong = got.findIndex((word, j) => word !== words[(at / 4 + j) % words.length]);
        if (wrong < 0) continue;
        throw new WrongResultError(`word ${at / 4 + wrong} of the copy is ${got[wrong]}`);
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** The shape, for a device that CUDA may know. */
export function cudaCopyShapes(target: VulkanTarget, effort: Effort): Shape[] {
  if (!effort.allShapes || !mayHaveCuda(target, () => true)) return [];
  const { memoryScale = 1 } = effort;
  const size = bufferBytes(target, memoryScale) / 2 ** 30;
  return [{
    name: `CUDA cuMemcpyDtoDAsync of ${size} GiB`,
    prepare: () => prepare(target, effort),
  }];
}
