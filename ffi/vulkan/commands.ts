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

  /** Runs `workgroups` workgroups of the bound pipeline. */
  dispatch(workgroups: number): void {
    this.device.symbols.vkCmdDispatch(this.handle, workgroups, 1, 1);
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

  /** Resets two queries, to be written before and after what is timed. */
  resetTimestamps(timer: Timestamps): void {
    this.device.symbols.vkCmdResetQueryPool(this.handle, timer.pool, 0, 2);
  }

  /** Writes timestamp 0 or 1 when all that came before is done. */
  timestamp(timer: Timestamps, which: 0 | 1): void {
    const stage = VkPipelineStageFlagBits.VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT;
    this.device.symbols.vkCmdWriteTimestamp(this.handle, stage, timer.pool, which);
  }

  /** Frees the command buffer and its pool. */
  [Symbol.dispose](): void {
    this.device.symbols.vkDestroyCommandPool(this.device.handle, this.#pool, null);
  }
}

/** A pair of timestamps around device work. */
export class Timestamps implements Disposable {
  readonly pool: bigint;
  readonly #device: Device;
  readonly #mask: bigint;
  readonly #nanosecondsPerTick: number;

  /** Creates a query pool of two. `queue`'s family must have timestamps: see {@linkcode supported}. */
  constructor(device: Device, queue: Queue) {
    this.#device = device;
    const bits = Timestamps.validBits(device, queue);
    this.#mask = (1n << BigInt(bits)) - 1n;
    this.#nanosecondsPerTick = device.physical.limits.timestampPeriod;
    const info = encode(vk.VkQueryPoolCreateInfo, {
      queryType: VkQueryType.VK_QUERY_TYPE_TIMESTAMP,
      queryCount: 2,
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

  /** Nanoseconds between the two, once the submission that wrote them is done. */
  elapsedNanoseconds(): number {
    const results = new BigUint64Array(2);
    const flags = VkQueryResultFlagBits.VK_QUERY_RESULT_64_BIT |
      VkQueryResultFlagBits.VK_QUERY_RESULT_WAIT_BIT;
    const bytes = new Uint8Array(results.buffer);
    const { symbols, handle } = this.#device;
    check(
      "vkGetQueryPoolResults",
      symbols.vkGetQueryPoolResults(handle, this.pool, 0, 2, 16n, bytes, 8n, flags),
    );
    const [before = 0n, after = 0n] = results;
    return Number((after - before) & this.#mask) * this.#nanosecondsPerTick;
  }

  /** Destroys the query pool. */
  [Symbol.dispose](): void {
    this.#device.symbols.vkDestroyQueryPool(this.#device.handle, this.pool, null);
  }
}
