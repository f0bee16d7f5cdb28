/**
 * Semaphores, binary and timeline.
 *
 * @module
 */

import { encode } from "../struct.ts";
import type { Device, Queue } from "./device.ts";
import { exportChain, type SemaphoreHandleType } from "./external_semaphore.ts";
import { VkPipelineStageFlagBits, VkSemaphoreType } from "./generated/enums.ts";
import * as vk from "./generated/structs.ts";
import { apiVersion, check, VulkanError } from "./loader.ts";

/** What a semaphore can do beyond its own device. */
export interface SemaphoreOptions {
  /** As what it can be exported, where the device lets it: see `semaphoreSharing()`. */
  exportable?: SemaphoreHandleType;
}

/** A semaphore that one submission sets and one other waits for. */
export class BinarySemaphore implements Disposable {
  readonly handle: bigint;
  readonly #device: Device;

  /** Creates one, not set. */
  constructor(device: Device, { exportable }: SemaphoreOptions = {}) {
    this.#device = device;
    const info = encode(vk.VkSemaphoreCreateInfo, { pNext: exportChain(exportable) });
    this.handle = device.created(
      "vkCreateSemaphore",
      (out) => device.symbols.vkCreateSemaphore(device.handle, info.bytes, null, out),
    );
  }

  /** Destroys the semaphore. */
  [Symbol.dispose](): void {
    const device = this.#device;
    device.release(() => device.symbols.vkDestroySemaphore(device.handle, this.handle, null));
  }
}

/** A semaphore whose value only rises; host and queues can wait for a value, and set it. */
export class TimelineSemaphore implements Disposable {
  readonly handle: bigint;
  readonly #device: Device;

  /** Creates one with value 0. The device must have the feature: see {@linkcode supported}. */
  constructor(device: Device, { exportable }: SemaphoreOptions = {}) {
    this.#device = device;
    const info = encode(vk.VkSemaphoreCreateInfo, {
      pNext: [{
        layout: vk.VkSemaphoreTypeCreateInfo,
        value: { semaphoreType: VkSemaphoreType.VK_SEMAPHORE_TYPE_TIMELINE },
      }, ...exportChain(exportable)],
    });
    this.handle = device.created(
      "vkCreateSemaphore",
      (out) => device.symbols.vkCreateSemaphore(device.handle, info.bytes, null, out),
    );
  }

  /** Whether a device and the loader have timeline semaphores. */
  static supported(device: Device): boolean {
    return device.physical.features.has("timelineSemaphore") &&
      device.physical.apiVersionNumber >= apiVersion(1, 2) &&
      device.symbols.vkWaitSemaphores !== null && device.symbols.vkSignalSemaphore !== null;
  }

  /** A submission without work that sets the value once the queue gets to it. */
  submitSignal(queue: Queue, value: bigint): void {
    this.#submit(queue, {
      pNext: [{
        layout: vk.VkTimelineSemaphoreSubmitInfo,
        value: { pSignalSemaphoreValues: BigUint64Array.of(value) },
      }],
      pSignalSemaphores: BigUint64Array.of(this.handle),
    });
  }

  /** A submission that holds its queue until the value is reached, then signals `fence` (0: none). */
  submitWait(queue: Queue, value: bigint, fence: bigint): void {
    const stage = VkPipelineStageFlagBits.VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
    this.#submit(queue, {
      pNext: [{
        layout: vk.VkTimelineSemaphoreSubmitInfo,
        value: { pWaitSemaphoreValues: BigUint64Array.of(value) },
      }],
      pWaitSemaphores: BigUint64Array.of(this.handle),
      pWaitDstStageMask: Uint32Array.of(stage),
    }, fence);
  }

  #submit(queue: Queue, value: vk.VkSubmitInfo, fence = 0n): void {
    const info = encode(vk.VkSubmitInfo, value);
    const { symbols } = this.#device;
    check("vkQueueSubmit", symbols.vkQueueSubmit(queue.handle, 1, info.bytes, fence));
  }

  /** The value now. */
  value(): bigint {
    const ask = this.#device.symbols.vkGetSemaphoreCounterValue;
    if (ask === null) throw new VulkanError("vkGetSemaphoreCounterValue", -7);
    const out = new BigUint64Array(1);
    const bytes = new Uint8Array(out.buffer);
    check("vkGetSemaphoreCounterValue", ask(this.#device.handle, this.handle, bytes));
    return out[0] ?? 0n;
  }

  /** Blocks until the value is reached, or for `timeout` nanoseconds: then it throws. */
  wait(value: bigint, timeout: bigint): void {
    const wait = this.#device.symbols.vkWaitSemaphores;
    if (wait === null) throw new VulkanError("vkWaitSemaphores", -7);
    const info = encode(vk.VkSemaphoreWaitInfo, {
      pSemaphores: BigUint64Array.of(this.handle),
      pValues: BigUint64Array.of(value),
    });
    const result = check("vkWaitSemaphores", wait(this.#device.handle, info.bytes, timeout));
    if (result === 2) throw new VulkanError("vkWaitSemaphores", result);
  }

  /**
   * Blocks until a value that a queue was told to set is reached.
   *
   * @throws {HungQueueError} where it is not within `limitNs` nanoseconds.
   */
  expect(value: bigint, limitNs: bigint): void {
    try {
      this.wait(value, limitNs);
    } catch (error) {
      if (!(error instanceof VulkanError && error.result === "VK_TIMEOUT")) throw error;
      throw this.#device.hung("vkWaitSemaphores", limitNs);
    }
  }

  /** Sets the value from the host. */
  signal(value: bigint): void {
    const signal = this.#device.symbols.vkSignalSemaphore;
    if (signal === null) throw new VulkanError("vkSignalSemaphore", -7);
    const info = encode(vk.VkSemaphoreSignalInfo, { semaphore: this.handle, value });
    check("vkSignalSemaphore", signal(this.#device.handle, info.bytes));
  }

  /** Destroys the semaphore. */
  [Symbol.dispose](): void {
    const device = this.#device;
    device.release(() => device.symbols.vkDestroySemaphore(device.handle, this.handle, null));
  }
}
