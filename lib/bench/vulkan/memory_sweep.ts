/**
 * Reading working sets of every size, from the caches to memory, in order and at random.
 *
 * @module
 */

import { Kernel, type KernelCode } from "../../spirv/kernel.ts";
import {
  type Benchmark,
  type Effort,
  type Prepared,
  UnsupportedError,
  WrongResultError,
} from "../benchmark.ts";
import { ELEMENT_BYTES, emitHash, hash32 } from "../pattern.ts";
import { addUp, type Content, SALT_A, sourceBuffer, workingSetBytes } from "./memory_buffers.ts";
import type { KernelTarget } from "./memory_kernels.ts";
import { dispatch, pushBytes, shaderHash, type VulkanTarget } from "./target.ts";

const KiB = 1 << 10, MiB = 1 << 20;

/** Loads in the body of the loop, all in flight together. */
const UNROLL = 8;

/** Working sets of the sweep, in bytes: 256 KiB to 2 GiB. */
const SWEEP_BYTES: readonly number[] = Array.from({ length: 14 }, (_, i) => 256 * KiB * 2 ** i);

/** How a kernel chooses what to read next. */
type Order = "sequential" | "random";

/**
 * `sums[invocation]` = sum of the words of `count` elements (a multiple of {@linkcode UNROLL}) among the
 * first `mask + 1`. Each workgroup reads a stretch of its own, one after the other, around the working set
 * as often as it takes; at random, the elements that the hashes of those numbers name. Buffers: source,
 * sums.
 */
export function sweepKernel(target: KernelTarget, order: Order): KernelCode {
  const kernel = new Kernel(target);
  const vector = kernel.vector(kernel.u32, 4);
  const source = kernel.buffer(vector), sums = kernel.buffer(kernel.u32);
  const count = kernel.push("count", kernel.u32), mask = kernel.push("mask", kernel.u32);
  return kernel.body((k) => {
    const c = (value: number) => k.constant(k.u32, value);
    const sum = k.variable(k.constant(vector, 0));
    const stretch = k.mul(k.workgroupId(), k.mul(count(), c(target.localSize)));
    const first = k.add(stretch, k.localId());
    k.loop(c(0), count(), c(UNROLL), (i) => {
      const loaded = Array.from({ length: UNROLL }, (_, u) => {
        const at = k.add(first, k.mul(k.add(i, c(u)), c(target.localSize)));
        return source.load(k.and(order === "random" ? emitHash(k, at) : at, mask()));
      });
      sum.store(loaded.reduce((total, value) => k.add(total, value), sum.load()));
    });
    const [x, y, z, w] = [0, 1, 2, 3].map((i) => k.extract(sum.load(), i));
    if (x && y && z && w) sums.store(k.globalId(), k.add(k.add(x, y), k.add(z, w)));
  });
}

/** What one dispatch does: invocations, and elements that each reads. */
interface Plan {
  invocations: number;
  count: number;
  /** Elements of the working set, a power of two. */
  elements: number;
}

/** A plan in which every element of the working set is read equally often, and `bytes` in all or more. */
function planFor(target: VulkanTarget, elements: number, bytes: number): Plan {
  const invocations = (target.isSoftware ? 64 : 4096) * target.localSize;
  const whole = Math.max(UNROLL, elements / invocations);
  const wanted = Math.ceil(bytes / ELEMENT_BYTES / invocations / whole) * whole;
  return { invocations, count: wanted, elements };
}

/** Sum of all words that a sequential plan reads, modulo 2^32. */
function expectedSequential({ invocations, count, elements }: Plan, content: Content): number {
  const times = BigInt(invocations) * BigInt(count) / BigInt(elements);
  return Number((times * BigInt(content.sum(elements))) & 0xffffffffn);
}

/** Sum of the words that one invocation of a random plan reads, modulo 2^32. */
function expectedRandom(
  { count, elements }: Plan,
  content: Content,
  invocation: number,
  localSize: number,
): number {
  const first = Math.floor(invocation / localSize) * count * localSize + (invocation % localSize);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const at = (first + i * localSize) >>> 0;
    for (const word of content.words(hash32(at) & (elements - 1))) sum = (sum + word) | 0;
  }
  return sum >>> 0;
}

function prepareSweep(
  target: VulkanTarget,
  effort: Effort,
  order: Order,
  workingSet: number,
): Prepared {
  using undo = new DisposableStack();
  const { buffer: source, content } = sourceBuffer(target, effort, SALT_A);
  const elements = workingSet / ELEMENT_BYTES;
  const code = sweepKernel(target, order);
  const first = planFor(target, elements, workingSet);
  const sums = target.shared("sweep sums", first.invocations * 4);
  const valuesOf = ({ count }: Plan) => ({ count, mask: elements - 1 });
  const workgroups = first.invocations / target.localSize;
  const job = undo.use(target.job(code, [source, sums], valuesOf(first), workgroups));
  const withPlan = (plan: Plan) => ({
    ...job,
    push: pushBytes(code, [source, sums], valuesOf(plan)),
  });
  const bytesOf = (plan: Plan) => plan.invocations * plan.count * ELEMENT_BYTES;
  let plan = first;
  for (let rounds = 0; rounds < 4; rounds++) {
    using trial = target.timed((c) => dispatch(c, withPlan(plan)));
    const took = Math.max(trial.run(), 1000), aim = effort.sampleMs * 1e6;
    if (took > aim / 2) break;
    plan = planFor(target, elements, Math.min(bytesOf(plan) * (aim / took), 2 ** 42));
  }
  const timed = undo.use(target.timed((c) => dispatch(c, withPlan(plan))));
  const owned = undo.move();
  return {
    clock: target.clock,
    data: effort.data ?? "random",
    shader_sha256: shaderHash(code),
    sample: () => [bytesOf(plan) / timed.run()],
    verify: () => {
      const bytes = target.readBack(sums, 0, plan.invocations * 4);
      const got = new Uint32Array(bytes.buffer);
      if (order === "random") {
        // The longest check that stays short: a few invocations, spread over the grid.
        const spread = [0, 1, 77, plan.invocations >> 1, plan.invocations - 1];
        const wrong = spread.find((i) =>
          got[i] !== expectedRandom(plan, content, i, target.localSize)
        );
        if (wrong === undefined) return;
        throw new WrongResultError(`invocation ${wrong} read ${got[wrong]}, not what it should`);
      }
      const sum = addUp(bytes), expected = expectedSequential(plan, content);
      if (sum !== expected) {
        throw new WrongResultError(`the words read sum to ${sum}, not ${expected}`);
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

function sizeText(bytes: number): string {
  if (bytes >= 1024 * MiB) return `${bytes / (1024 * MiB)} GiB`;
  return bytes >= MiB ? `${bytes / MiB} MiB` : `${bytes / KiB} KiB`;
}

const TOO_LARGE = "the working set is larger than the buffers here";

function sweepPoint(bytes: number): Benchmark<VulkanTarget> {
  const size = sizeText(bytes);
  return {
    name: `memory.read_${size.replace(" ", "").toLowerCase()}`,
    suite: "memory",
    title: `read, ${size}`,
    unit: "GB/s",
    better: "higher",
    convention: "bytes read, again and again within the working set",
    parameters: { working_set_bytes: bytes },
    unsupported: (target) =>
      bytes <= workingSetBytes(target)
        ? undefined
        : "the working set is larger than the buffers here",
    shapes: (target) => [{
      name: "sequential",
      prepare: (scaled) => {
        if (bytes > workingSetBytes(target, scaled)) throw new UnsupportedError(TOO_LARGE);
        return prepareSweep(target, scaled, "sequential", bytes);
      },
    }],
  };
}

const gather: Benchmark<VulkanTarget> = {
  name: "memory.gather",
  suite: "memory",
  title: "random gather",
  unit: "GB/s",
  better: "higher",
  convention: "bytes of 16-byte elements read at hashed indices",
  unsupported: () => undefined,
  shapes: (target) => [{
    name: "16 bytes at random",
    prepare: (effort) => prepareSweep(target, effort, "random", workingSetBytes(target, effort)),
  }],
};

/** Random reads, and reads of growing working sets. */
export const MEMORY_SWEEP_BENCHMARKS: readonly Benchmark<VulkanTarget>[] = [
  gather,
  ...SWEEP_BYTES.map(sweepPoint),
];
