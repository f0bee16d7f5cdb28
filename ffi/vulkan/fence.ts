/**
 * A fence with its arguments ready: what is left to a wait is the driver's call.
 *
 * @module
 */

import type { Device } from "./device.ts";
import { check } from "./loader.ts";

/** `VK_TIMEOUT` and `VK_SUCCESS`, of `VkResult`. */
const VK_TIMEOUT = 2, VK_SUCCESS = 0;

/** How long a queue may take for a small submission before it counts as hung, in nanoseconds. */
const PATIENCE_NS = 5_000_000_000n;

/** A fence: a submission signals it, the host waits for it. */
export class Fence implements Disposable {
  readonly handle: bigint;
  readonly #device: Device;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  /** Creates one, unsignalled. */
  constructor(device: Device) {
    this.#device = device;
    this.handle = device.createFence();
    this.#bytes = new Uint8Array(BigUint64Array.of(this.handle).buffer);
  }

  /**
   * Waits until it is signalled.
   *
   * @throws {VulkanError} for a lost device.
   * @throws {HungQueueError} where it is not within `limitNs` nanoseconds: a submission must have been made.
   * At once where a queue did not answer before.
   */
  wait(limitNs: bigint = PATIENCE_NS): void {
    const { symbols, handle, isHung } = this.#device;
    if (isHung) throw this.#device.hung("vkWaitForFences", 0n);
    const result = symbols.vkWaitForFences(handle, 1, this.#bytes, 1, limitNs);
    if (result === VK_TIMEOUT) throw this.#device.hung("vkWaitForFences", limitNs);
    check("vkWaitForFences", result);
  }

  /** Whether it is signalled now. */
  isSignaled(): boolean {
    const { symbols, handle } = this.#device;
    return check("vkGetFenceStatus", symbols.vkGetFenceStatus(handle, this.handle)) === VK_SUCCESS;
  }

  /** Makes it unsignalled, for the next submission. */
  reset(): void {
    const { symbols, handle } = this.#device;
    check("vkResetFences", symbols.vkResetFences(handle, 1, this.#bytes));
  }

  /** Destroys it. */
  [Symbol.dispose](): void {
    this.#device.destroyFence(this.handle);
  }
}
