/**
 * Memory bandwidth of a device: read, write, copy, triad.
 *
 * @module
 */

import type { CommandBuffer } from "../../../ffi/vulkan/commands.ts";
import type { DeviceBuffer } from "../../../ffi/vulkan/device.ts";
import { cudaCopyShapes } from "../cuda/copy.ts";
import { type KernelCode } from "../../spirv/kernel.ts";
import {
  type Benchmark,
  type DataPattern,
  type Effort,
  type Prepared,
  type Shape,
  WrongResultError,
} from "../benchmark.ts";
import {
  addUp,
  elementsOf,
  patternContent,
  SALT_A,
  SALT_B,
  sourceBuffer,
  verifyContent,
  verifyWindows,
  workingSetBytes,
} from "./memory_buffers.ts";
import {
  copyKernel,
  readKernel,
  triadKernel,
  type Walk,
  walkName,
  workgroupsOf,
  writeKernel,
} from "./memory_kernels.ts";
import { dispatch, type Job, shaderHash, type VulkanTarget } from "./target.ts";

const TRIAD_SCALE = 0.75;

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
  { kind: "tile", unroll: 1, localSize: 512 },
  { kind: "tile", unroll: 8 },
];

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
  data: DataPattern | undefined,
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
    data: data ?? "random",
    shader_sha256: shaderHash(job.pipeline.code),
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
  const elements = elementsOf(target, effort);
  const fitting = walks.filter((walk) => {
    const localSize = walk.localSize ?? target.localSize;
    const workgroups = workgroupsOf(walk, elements, localSize);
    return Number.isInteger(workgroups) && workgroups <= target.maxWorkgroups &&
      localSize <= target.maxLocalSize && elements >= workgroups * localSize * walk.unroll;
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
    title: name.replace("_", " "),
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
      const { buffer: source, content } = sourceBuffer(target, effort, SALT_A);
      const sumBytes = workgroups * target.localSize * 4;
      const sums = target.shared("sums", sumBytes);
      const elements = elementsOf(target, effort);
      const job = target.job(readKernel(target, walk), [source, sums], { elements }, workgroups);
      return prepareJob(target, effort, job, source.size, effort.data, () => {
        const sum = addUp(target.readBack(sums, 0, sumBytes));
        const expected = content.sum(elements);
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
  const out = target.shared("out", workingSetBytes(target, effort));
  target.run((c) => c.fill(out, 0xdeadbeef));
  const buffers = code.bufferCount === 1 || values["scale"] !== undefined
    ? [out, ...sources]
    : [...sources, out];
  const elements = elementsOf(target, effort);
  const job = target.job(code, buffers, { elements, ...values }, workgroups);
  const bytes = buffers.length * out.size;
  // What writes alone makes its data itself: random.
  const data = sources.length === 0 ? "random" : effort.data;
  return prepareJob(target, effort, job, bytes, data, () => verify(out));
}

const write = bandwidth(
  "write",
  "bytes written",
  (target, effort) =>
    shapesOf(target, effort, [...GRID_WALKS.slice(0, 2), ...TILE_WALKS], (walk, workgroups) => {
      const code = writeKernel(target, walk);
      const verify = (out: DeviceBuffer) => verifyContent(target, out, patternContent(SALT_B));
      return writing(target, effort, code, [], { salt: SALT_B }, workgroups, verify);
    }),
);

const copy = bandwidth(
  "copy",
  "bytes read plus bytes written",
  (target, effort) => {
    const byKernel = (walks: readonly Walk[]) =>
      shapesOf(target, effort, walks, (walk, workgroups) => {
        const { buffer: source, content } = sourceBuffer(target, effort, SALT_A);
        const verify = (out: DeviceBuffer) => verifyContent(target, out, content);
        return writing(target, effort, copyKernel(target, walk), [source], {}, workgroups, verify);
      });
    const others = effort.allShapes ? byKernel(GRID_WALKS) : [];
    return [...byKernel(TILE_WALKS), ...cudaCopyShapes(target, effort), ...others];
  },
);

const triad = bandwidth(
  "triad",
  "bytes read plus bytes written, a = b + s * c",
  (target, effort) =>
    shapesOf(target, effort, [...TILE_WALKS, ...GRID_WALKS], (walk, workgroups) => {
      const b = sourceBuffer(target, effort, SALT_A), c = sourceBuffer(target, effort, SALT_B);
      const verify = (out: DeviceBuffer) =>
        verifyWindows(target, out, (index, words) => {
          const addends = asFloats(b.content.words(index));
          const scaled = asFloats(c.content.words(index));
          return asFloats([...words]).every((value, i) =>
            isTriad(value, addends[i] ?? NaN, scaled[i] ?? NaN)
          );
        });
      const code = triadKernel(target, walk);
      const sources = [b.buffer, c.buffer];
      return writing(target, effort, code, sources, { scale: TRIAD_SCALE }, workgroups, verify);
    }),
);

/** Words that `memory.fill` writes in turn, so that each sample writes something new. */
const FILL_WORDS = [0x3f9d70a4, 0x3fc8f5c3] as const;

const fill = command("fill", "bytes written by vkCmdFillBuffer", (target, effort) => {
  const out = target.shared("out", workingSetBytes(target, effort));
  return prepareCommands(target, effort, out.size, "random", (c, turn) => {
    c.fill(out, FILL_WORDS[turn]);
  }, (turn) => {
    verifyWindows(target, out, (_, words) => words.every((word) => word === FILL_WORDS[turn]));
  });
});

const copyBuffer = command(
  "copy_buffer",
  "bytes read plus bytes written by vkCmdCopyBuffer",
  (target, effort) => {
    const sources = [sourceBuffer(target, effort, SALT_A), sourceBuffer(target, effort, SALT_B)];
    const out = target.shared("out", workingSetBytes(target, effort));
    return prepareCommands(target, effort, 2 * out.size, effort.data, (c, turn) => {
      const from = sources[turn]?.buffer;
      if (from) c.copy(from, out, { size: out.size });
    }, (turn) => {
      const content = sources[turn]?.content;
      if (content) verifyContent(target, out, content);
    });
  },
);

/** A benchmark of one of Vulkan's own commands. */
function command(
  name: string,
  convention: string,
  prepare: (target: VulkanTarget, effort: Effort) => Prepared,
): Benchmark<VulkanTarget> {
  return bandwidth(name, convention, (target, effort) => [
    { name: "whole buffer", prepare: () => prepare(target, effort) },
  ]);
}

/**
 * Prepares commands that are recorded in two turns, each with a result of its own, so that what is checked
 * was written by the last sample.
 */
function prepareCommands(
  target: VulkanTarget,
  effort: Effort,
  bytes: number,
  data: DataPattern | undefined,
  record: (commands: CommandBuffer, turn: 0 | 1) => void,
  verify: (turn: 0 | 1) => void,
): Prepared {
  using undo = new DisposableStack();
  const once = undo.use(target.timed((c) => record(c, 0)));
  const times = Math.min(
    64,
    Math.max(1, Math.round((effort.sampleMs * 1e6) / Math.max(once.run(), 1))),
  );
  const turns = ([0, 1] as const).map((turn) =>
    undo.use(target.timed((c) => {
      for (let i = 0; i < times; i++) {
        if (i > 0) c.barrier();
        record(c, turn);
      }
    }))
  );
  let last: 0 | 1 = 0;
  const owned = undo.move();
  return {
    clock: target.clock,
    data: data ?? "random",
    sample: () => {
      last = last === 0 ? 1 : 0;
      const took = turns[last]?.run() ?? NaN;
      return [(bytes * times) / took];
    },
    verify: () => verify(last),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** The memory suite, but for the sweep over working sets. */
export const MEMORY_BENCHMARKS: readonly Benchmark<VulkanTarget>[] = [
  read,
  write,
  copy,
  triad,
  copyBuffer,
  fill,
];
