/**
 * Submissions that are written once and made again and again: what is left to each is the driver's call.
 *
 * @module
 */

import { encode } from "../struct.ts";
import type { Device, Queue } from "./device.ts";
import { VkPipelineStageFlagBits } from "./generated/enums.ts";
import * as vk from "./generated/structs.ts";
import { check } from "./loader.ts";

/** A binary semaphore, or a value of a timeline semaphore. */
export interface SemaphorePoint {
  semaphore: { readonly handle: bigint };
  /** For timeline semaphores alone. */
  value?: bigint;
}

/** What is submitted. */
export interface Work {
  commands?: readonly { readonly handle: bigint }[];
  /** Before any of the commands begins. */
  waits?: readonly SemaphorePoint[];
  /** Once all commands are done. */
  signals?: readonly SemaphorePoint[];
}

const ALL_COMMANDS = VkPipelineStageFlagBits.VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;

const handlesOf = (points: readonly SemaphorePoint[]) =>
  BigUint64Array.from(points, ({ semaphore }) => semaphore.handle);

/** The driver looks at no value of a binary semaphore, but there must be one. */
const valuesOf = (points: readonly SemaphorePoint[]) =>
  BigUint64Array.from(points, ({ value = 0n }) => value);

/** A submission to one queue. */
export class Submission {
  readonly #device: Device;
  readonly #queue: bigint;
  readonly #info: ReturnType<typeof encode>;

  /** Writes it; submits nothing yet. */
  constructor(device: Device, queue: Queue, work: Work) {
    this.#device = device;
    this.#queue = queue.handle;
    const { commands = [], waits = [], signals = [] } = work;
    const hasValues = [...waits, ...signals].some(({ value }) => value !== undefined);
    this.#info = encode(vk.VkSubmitInfo, {
      pNext: hasValues
        ? [{
          layout: vk.VkTimelineSemaphoreSubmitInfo,
          value: {
            pWaitSemaphoreValues: valuesOf(waits),
            pSignalSemaphoreValues: valuesOf(signals),
          },
        }]
        : [],
      pWaitSemaphores: handlesOf(waits),
      pWaitDstStageMask: Uint32Array.from(waits, () => ALL_COMMANDS),
      pCommandBuffers: BigUint64Array.from(commands, ({ handle }) => handle),
      pSignalSemaphores: handlesOf(signals),
    });
  }

  /**
   * Submits it; `fence` (0 for none) is signalled when all of it is done.
   *
   * @throws {HungQueueError} at once where a queue did not answer before.
   */
  submit(fence = 0n): void {
    const { symbols, isHung } = this.#device;
    if (isHung) throw this.#device.hung("vkQueueSubmit", 0n);
    check("vkQueueSubmit", symbols.vkQueueSubmit(this.#queue, 1, this.#info.bytes, fence));
  }
}
