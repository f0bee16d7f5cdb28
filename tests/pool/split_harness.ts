/**
 * Runs a kernel whole and in parts, each part on copies of its own of all memory as a device of its own would have,
 * and puts the parts together by a verdict.
 *
 * @module
 */

import { CommandBuffer } from "../../ffi/vulkan/commands.ts";
import type { DeviceBuffer } from "../../ffi/vulkan/device.ts";
import {
  beginImage,
  copyFromImage,
  copyToImage,
  createStorageImage,
  type DeviceImage,
} from "../../ffi/vulkan/image.ts";
import type { KernelBinding } from "../../lib/pool/analysis/kernel_info.ts";
import type { KernelInfo } from "../../lib/pool/analysis/mod.ts";
import type {
  AccessWindow,
  ImageFacts,
  LaunchFacts,
  SplitVerdict,
  Triple,
} from "../../lib/pool/analysis/verdict.ts";
import { formatOfSpirv, IMAGE_FORMATS } from "../../lib/pool/image_format.ts";
import { PoolPipeline } from "../../lib/pool/pipeline.ts";
import type { VulkanTarget } from "../../lib/bench/vulkan/target.ts";

/** A launch with what is in its memories, by the number that its bindings name. */
export interface Launch {
  kernel: KernelInfo;
  facts: LaunchFacts;
  memories: ReadonlyMap<number, Uint8Array<ArrayBuffer>>;
  /** Memories whose addresses stand at the start of the push constants, 8 bytes each. */
  addresses?: readonly number[];
}

type Memories = Map<number, Uint8Array<ArrayBuffer>>;

/** What no kernel writes by itself: stands where a device has nothing. */
const POISON = 0xa7;

function copyOf(memories: Launch["memories"]): Memories {
  return new Map([...memories].map(([number, bytes]) => [number, bytes.slice()]));
}

/** Bytes that groups `from` to `to` touch, within `size`. */
function span(window: AccessWindow, from: number, to: number, size: number): [number, number] {
  const { stride, first, end } = window;
  const begin = Math.min(size, Math.max(0, stride * from + first));
  return [begin, Math.max(begin, Math.min(size, stride * (to - 1) + end))];
}

/** Makes garbage of all that a part does not read, as far as the verdict says so. */
function poison(launch: Launch, verdict: SplitVerdict, from: number, to: number, into: Memories) {
  const { bindings } = launch.facts;
  for (const facts of bindings) {
    const { memory, offset, size } = facts;
    if (bindings.some((other) => other !== facts && other.memory === memory)) continue;
    const use = verdict.uses.find(({ set, binding }) =>
      set === facts.set && binding === facts.binding
    );
    if (use === undefined || use.reads === "all") continue;
    const bytes = into.get(memory)?.subarray(offset, offset + size);
    const before = bytes?.slice();
    if (bytes === undefined || before === undefined) continue;
    bytes.fill(POISON);
    for (const window of [use.reads, use.writes]) {
      if (window === null) continue;
      const [begin, end] = span(window, from, to, size);
      bytes.set(before.subarray(begin, end), begin);
    }
  }
}

/** Runs launches on one device. */
export class SplitHarness implements Disposable {
  readonly #target: VulkanTarget;
  readonly #owned = new DisposableStack();
  readonly #commands: CommandBuffer;
  readonly #fence: bigint;
  readonly #buffers = new Map<string, DeviceBuffer>();
  readonly #images = new Map<string, DeviceImage>();

  constructor(target: VulkanTarget) {
    this.#target = target;
    const { device, queue } = target;
    this.#commands = this.#owned.use(new CommandBuffer(device, queue));
    this.#fence = device.createFence();
    this.#owned.defer(() => device.destroyFence(this.#fence));
  }

  #buffer(number: number, size: number): DeviceBuffer {
    const key = `${number} ${size}`;
    let buffer = this.#buffers.get(key);
    if (!buffer) {
      buffer = this.#owned.use(this.#target.device.createBuffer(size, "host"));
      this.#buffers.set(key, buffer);
    }
    return buffer;
  }

  #image(number: number, facts: ImageFacts, { image }: KernelBinding): DeviceImage {
    const { dimensions, extent: [width, height, depth] } = facts;
    const name = formatOfSpirv(image?.format ?? 0);
    if (name === null) throw new Error("an image without a format that the pool has");
    const key = `${number} ${facts.extent.join()} ${name}`;
    let made = this.#images.get(key);
    if (!made) {
      const shape = { dimensions, width, height, depth, format: IMAGE_FORMATS[name].vulkan };
      made = this.#owned.use(createStorageImage(this.#target.device, shape));
      this.#images.set(key, made);
    }
    return made;
  }

  #pipeline(
    { kernel }: Launch,
    words: Uint32Array<ArrayBuffer>,
    specialization: ReadonlyMap<number, number>,
  ): PoolPipeline {
    const { entryPoint, pushBytes, bindings } = kernel;
    return new PoolPipeline(this.#target.device, {
      words,
      entryPoint,
      specialization,
      pushBytes,
      bindings: bindings.map(({ set, binding, image }) => ({
        set,
        binding,
        kind: image === null ? "storage_buffer" : "storage_image",
      })),
    });
  }

  #run(launch: Launch, pipeline: PoolPipeline, memories: Memories, base: Triple, count: Triple) {
    const { device, queue } = this.#target;
    const { bindings, push } = launch.facts;
    for (const [number, bytes] of memories) {
      this.#buffer(number, bytes.length).bytes?.set(bytes);
    }
    const images = new Map<number, { image: DeviceImage; facts: ImageFacts }>();
    const sets = pipeline.bind(bindings.map((bound) => {
      const { set, binding, memory, offset, size, image: facts } = bound;
      const wanted = launch.kernel.bindings.find((each) =>
        each.set === set && each.binding === binding
      );
      if (facts !== undefined && wanted !== undefined) {
        const image = this.#image(memory, facts, wanted);
        images.set(memory, { image, facts });
        return { set, binding, image };
      }
      const buffer = this.#buffer(memory, memories.get(memory)?.length ?? 0);
      return { set, binding, buffer, offset, size };
    }));
    const bufferOf = (memory: number) => this.#buffer(memory, memories.get(memory)?.length ?? 0);
    const slabOf = ({ dimensions, extent: [, height, depth] }: ImageFacts) => ({
      start: 0,
      end: dimensions === 2 ? height : depth,
    });
    const pushed = new Uint8Array(push);
    const view = new DataView(pushed.buffer);
    for (const [i, number] of (launch.addresses ?? []).entries()) {
      const { address } = this.#buffer(number, memories.get(number)?.length ?? 0);
      view.setBigUint64(8 * i, address ?? 0n, true);
    }
    this.#commands.record((c) => {
      c.barrier();
      for (const { image } of images.values()) beginImage(c, image);
      for (const [number, { image, facts }] of images) {
        copyToImage(c, image, bufferOf(number), slabOf(facts), facts.texelBytes);
      }
      c.barrier();
      pipeline.dispatch(c, sets, pushed, base, count);
      c.barrier();
      for (const [number, { image, facts }] of images) {
        copyFromImage(c, image, bufferOf(number), slabOf(facts), facts.texelBytes);
      }
      c.barrierToHost();
    });
    device.submit(queue, [this.#commands.handle], this.#fence);
    device.waitFence(this.#fence);
    pipeline.release(sets);
    for (const [number, bytes] of memories) {
      const from = this.#buffer(number, bytes.length).bytes;
      if (from) bytes.set(from);
    }
  }

  /** All memory after the launch, whole. */
  whole(launch: Launch): Memories {
    const { kernel, facts } = launch;
    const memories = copyOf(launch.memories);
    using pipeline = this.#pipeline(launch, kernel.words, facts.specialization);
    this.#run(launch, pipeline, memories, [0, 0, 0], facts.groups);
    return memories;
  }

  /** All memory after some work-groups from `base` on, which begin with `memories`. */
  part(
    launch: Launch,
    { words, specialization }: SplitVerdict,
    base: Triple,
    count: Triple,
    memories: Launch["memories"] = launch.memories,
  ): Memories {
    const after = copyOf(memories);
    const both = new Map([...launch.facts.specialization, ...specialization]);
    using pipeline = this.#pipeline(launch, words, both);
    this.#run(launch, pipeline, after, base, count);
    return after;
  }

  /** All memory after the launch, cut before the groups of `cuts` and put together by the verdict. */
  split(launch: Launch, verdict: SplitVerdict, cuts: readonly number[]): Memories {
    const { facts } = launch;
    const { dimension, words } = verdict;
    const specialization = new Map([...facts.specialization, ...verdict.specialization]);
    const merged = copyOf(launch.memories);
    using pipeline = this.#pipeline(launch, words, specialization);
    const ends = [...cuts, facts.groups[dimension]];
    let from = 0;
    for (const to of ends) {
      const part = copyOf(launch.memories);
      poison(launch, verdict, from, to, part);
      const base = [0, 0, 0], count = [...facts.groups];
      base[dimension] = from;
      count[dimension] = to - from;
      this.#run(launch, pipeline, part, triple(base), triple(count));
      for (const { set, binding, writes } of verdict.uses) {
        const bound = facts.bindings.find((each) => each.set === set && each.binding === binding);
        if (writes === null || bound === undefined) continue;
        const [begin, end] = span(writes, from, to, bound.size);
        const bytes = part.get(bound.memory)?.subarray(bound.offset + begin, bound.offset + end);
        if (bytes) merged.get(bound.memory)?.set(bytes, bound.offset + begin);
      }
      from = to;
    }
    return merged;
  }

  [Symbol.dispose](): void {
    this.#owned.dispose();
  }
}

function triple([x = 1, y = 1, z = 1]: readonly number[]): Triple {
  return [x, y, z];
}

/** First byte in which two states of memory differ; null for none. */
export function difference(a: Launch["memories"], b: Launch["memories"]): string | null {
  for (const [number, bytes] of a) {
    const other = b.get(number);
    const at = bytes.findIndex((byte, i) => byte !== other?.[i]);
    if (at >= 0) return `memory ${number} byte ${at}: ${bytes[at]} and ${other?.[at]}`;
  }
  return null;
}
