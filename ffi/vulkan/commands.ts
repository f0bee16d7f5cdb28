/**
 * Command buffers and queries.
 *
 * @module
 */

import { encode } from "../struct.ts";
import type { Device, DeviceBuffer, Queue } from "./device.ts";
import {
  VkAccessFlagBits,
  VkCommandPoolCreateFlagBits,
  VkPipelineBindPoint,
  VkPipelineStageFlagBits,
  VkQueryResultFlagBits,
  VkQueryType,
  VkShaderStageFlagBits,
} from "./generated/enums.ts";
import * as vk from "./generated/structs.ts";
import { check } from "./loader.ts";
import type { DeviceEvent } from "./event.ts";
import type { Pipeline } from "./pipeline.ts";

const STAGES = VkPipelineStageFlagBits.VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
const HOST_STAGE = VkPipelineStageFlagBits.VK_PIPELINE_STAGE_HOST_BIT;
const READ = VkAccessFlagBits.VK_ACCESS_MEMORY_READ_BIT;
const WRITE = VkAccessFlagBits.VK_ACCESS_MEMORY_WRITE_BIT;

/** A command buffer of one queue family, which can be recorded again and again. */
export class CommandBuffer implements Disposable {
  readonly handle: bigint;
  readonly device: Device;
  readonly #pool: bigint;
  readonly #barrier = encode(vk.VkMemoryBarrier, {
    srcAccessMask: WRITE,
    dstAccessMask: READ | WRITE,
  });
  readonly #hostBarrier = encode(vk.VkMemoryBarrier, {
    srcAccessMask: WRITE,
    dstAccessMask: VkAccessFlagBits.VK_ACCESS_HOST_READ_BIT,
  });
  readonly #fromHostBarrier = encode(vk.VkMemoryBarrier, {
    srcAccessMask: VkAccessFlagBits.VK_ACCESS_HOST_WRITE_BIT,
    dstAccessMask: READ | WRITE,
  });

  /** Allocates one from a pool of its own. */
  constructor(device: Device, queue: Queue) {
    this.device = device;
    const { symbols, handle } = device;
    const poolInfo = encode(vk.VkCommandPoolCreateInfo, {
      flags: VkCommandPoolCreateFlagBits.VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
      queueFamilyIndex: queue.family,
    });
    this.#pool = device.created(
      "vkCreateCommandPool",
      (out) => symbols.vkCreateCommandPool(handle, poolInfo.bytes, null, out),
    );
    const info = encode(vk.VkCommandBufferAllocateInfo, {
      commandPool: this.#pool,
      commandBufferCount: 1,
    });
    this.handle = device.created(
      "vkAllocateCommandBuffers",
      (out) => symbols.vkAllocateCommandBuffers(handle, info.bytes, out),
    );
  }

  /** Records anew. */
  record(write: (commands: this) => void): void {
    const { symbols } = this.device;
    const begin = encode(vk.VkCommandBufferBeginInfo);
    check("vkBeginCommandBuffer", symbols.vkBeginCommandBuffer(this.handle, begin.bytes));
    write(this);
    check("vkEndCommandBuffer", symbols.vkEndCommandBuffer(this.handle));
  }

  /** Binds a pipeline and its descriptor set. */
  bind(pipeline: Pipeline): void {
    const { symbols } = this.device;
    const compute = VkPipelineBindPoint.VK_PIPELINE_BIND_POINT_COMPUTE;
    symbols.vkCmdBindPipeline(this.handle, compute, pipeline.handle);
    if (pipeline.descriptorSet === 0n) return;
    const sets = new Uint8Array(BigUint64Array.of(pipeline.descriptorSet).buffer);
    const { layout } = pipeline;
    symbols.vkCmdBindDescriptorSets(this.handle, compute, layout, 0, 1, sets, 0, null);
  }

  /** Sets all push constants of a pipeline. */
  push(pipeline: Pipeline, bytes: Uint8Array<ArrayBuffer>): void {
    const stage = VkShaderStageFlagBits.VK_SHADER_STAGE_COMPUTE_BIT;
    const { layout } = pipeline;
    if (bytes.length === 0) return;
    this.device.symbols.vkCmdPushConstants(this.handle, layout, stage, 0, bytes.length, bytes);
  }

  /** Runs `x` * `y` * `z` workgroups of the bound pipeline. */
  dispatch(x: number, y = 1, z = 1): void {
    this.device.symbols.vkCmdDispatch(this.handle, x, y, z);
  }

  /** All that came before is done and visible to all that comes after. */
  barrier(): void {
    const { symbols } = this.device;
    const barrier = this.#barrier.bytes;
    symbols.vkCmdPipelineBarrier(
      this.handle,
      STAGES,
      STAGES,
      0,
      1,
      barrier,
      0,
      null,
      0,
      null,
    );
  }

  /** All that came before is visible to the host once the submission is done. */
  barrierToHost(): void {
    const { symbols } = this.device;
    const barrier = this.#hostBarrier.bytes;
    symbols.vkCmdPipelineBarrier(
      this.handle,
      STAGES,
      HOST_STAGE,
      0,
      1,
      barrier,
      0,
      null,
      0,
      null,
    );
  }

  /** Sets an event when all that came before is done. Not on queues that only copy. */
  setEvent(event: DeviceEvent): void {
    this.device.symbols.vkCmdSetEvent(this.handle, event.handle, STAGES);
  }

  /**
   * Holds all that comes after until an event is set; what was done before that is visible then. Not on
   * queues that only copy.
   *
   * @param by who sets it: this queue, by {@linkcode setEvent}, or the host, by {@linkcode DeviceEvent.set}.
   */
  waitEvent(event: DeviceEvent, by: "queue" | "host"): void {
    const { symbols } = this.device;
    const [stage, barrier] = by === "queue"
      ? [STAGES, this.#barrier]
      : [HOST_STAGE, this.#fromHostBarrier];
    symbols.vkCmdWaitEvents(
      this.handle,
      1,
      event.bytes,
      stage,
      STAGES,
      1,
      barrier.bytes,
      0,
      null,
      0,
      null,
    );
  }

  /** Gives a buffer away to another queue family, or takes it over: both families record the same. */
  handOver(buffer: DeviceBuffer, from: Queue, to: Queue): void {
    const barrier = encode(vk.VkBufferMemoryBarrier, {
      srcAccessMask: WRITE,
      dstAccessMask: READ | WRITE,
      srcQueueFamilyIndex: from.family,
      dstQueueFamilyIndex: to.family,
      buffer: buffer.handle,
      size: BigInt(buffer.size),
    });
    this.device.symbols.vkCmdPipelineBarrier(
      this.handle,
      STAGES,
      STAGES,
      0,
      0,
      null,
      1,
      barrier.bytes,
      0,
      null,
    );
  }

  /** Copies `size` bytes between buffers. */
  copy(
    from: DeviceBuffer,
    to: DeviceBuffer,
    { size, fromOffset = 0, toOffset = 0 }: {
      size: number;
      fromOffset?: number;
      toOffset?: number;
    },
  ): void {
    const region = encode(vk.VkBufferCopy, {
      srcOffset: BigInt(fromOffset),
      dstOffset: BigInt(toOffset),
      size: BigInt(size),
    });
    const { symbols } = this.device;
    symbols.vkCmdCopyBuffer(this.handle, from.handle, to.handle, 1, region.bytes);
  }

  /** Fills a buffer with a 32-bit pattern. */
  fill(buffer: DeviceBuffer, word: number): void {
    const { symbols } = this.device;
    symbols.vkCmdFillBuffer(this.handle, buffer.handle, 0n, BigInt(buffer.size), word);
  }

  /** Resets a timer's queries before they are written. Not on queues that only copy. */
  resetTimestamps(timer: Timestamps): void {
    this.device.symbols.vkCmdResetQueryPool(this.handle, timer.pool, 0, timer.count);
  }

  /** Writes timestamp `which`, from 0, when all that came before is done. */
  timestamp(timer: Timestamps, which: number): void {
    const stage = VkPipelineStageFlagBits.VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT;
    this.device.symbols.vkCmdWriteTimestamp(this.handle, stage, timer.pool, which);
  }

  /** Frees the command buffer and its pool. */
  [Symbol.dispose](): void {
    const { device } = this;
    device.release(() => device.symbols.vkDestroyCommandPool(device.handle, this.#pool, null));
  }
}

/**
 * Ticks from one reading of a counter of so many bits to another; negative where the other came first. The
 * bits above are left out, and of the two ways round the shorter one is taken.
 */
export function ticksBetween(from: bigint, to: bigint, bits: number): number {
  const mask = (1n << BigInt(bits)) - 1n;
  const forth = (to - from) & mask, back = (from - to) & mask;
  return forth <= back ? Number(forth) : -Number(back);
}

/** Timestamps around device work: two, or more. */
export class Timestamps implements Disposable {
  readonly pool: bigint;
  readonly count: number;
  readonly #device: Device;
  readonly #bits: number;
  readonly #nanosecondsPerTick: number;

  /** Creates a query pool. `queue`'s family must have timestamps: see {@linkcode validBits}. */
  constructor(device: Device, queue: Queue, count = 2) {
    this.#device = device;
    this.count = count;
    this.#bits = Timestamps.validBits(device, queue);
    this.#nanosecondsPerTick = device.physical.limits.timestampPeriod;
    const info = encode(vk.VkQueryPoolCreateInfo, {
      queryType: VkQueryType.VK_QUERY_TYPE_TIMESTAMP,
      queryCount: count,
    });
    this.pool = device.created(
      "vkCreateQueryPool",
      (out) => device.symbols.vkCreateQueryPool(device.handle, info.bytes, null, out),
    );
  }

  /** How many bits of a timestamp count on this queue; 0 where it has none. */
  static validBits(device: Device, queue: Queue): number {
    if (!(device.physical.limits.timestampPeriod > 0)) return 0;
    return device.physical.queueFamilies[queue.family]?.timestampValidBits ?? 0;
  }

  /** All timestamps in ticks, once the submissions that wrote them are done. */
  ticks(): BigUint64Array {
    const results = new BigUint64Array(this.count);
    const flags = VkQueryResultFlagBits.VK_QUERY_RESULT_64_BIT |
      VkQueryResultFlagBits.VK_QUERY_RESULT_WAIT_BIT;
    const bytes = new Uint8Array(results.buffer);
    const { symbols, handle } = this.#device;
    const size = BigInt(bytes.length);
    check(
      "vkGetQueryPoolResults",
      symbols.vkGetQueryPoolResults(handle, this.pool, 0, this.count, size, bytes, 8n, flags),
    );
    return results;
  }

  /**
   * Nanoseconds from one reading of the device's clock to another, in ticks; negative where the other came
   * first. Only the bits that count in the timestamps of the queue are looked at.
   */
  nanoseconds(from: bigint, to: bigint): number {
    return ticksBetween(from, to, this.#bits) * this.#nanosecondsPerTick;
  }

  /** Nanoseconds from the first to the second, once the submission that wrote them is done. */
  elapsedNanoseconds(): number {
    const [before = 0n, after = 0n] = this.ticks();
    const mask = (1n << BigInt(this.#bits)) - 1n;
    return Number((after - before) & mask) * this.#nanosecondsPerTick;
  }

  /** Destroys the query pool. */
  [Symbol.dispose](): void {
    const device = this.#device;
    device.release(() => device.symbols.vkDestroyQueryPool(device.handle, this.pool, null));
  }
}
