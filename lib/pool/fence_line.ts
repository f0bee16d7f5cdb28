/**
 * The order of work on one queue, as points that the host can ask for and wait for.
 *
 * A point is a value of the line's timeline semaphore; a fence of its own where the device has no such
 * semaphores. As a queue signals in the order of submission, a point that is reached has all earlier ones
 * reached.
 *
 * @module
 */

import type { Device, Queue } from "../../ffi/vulkan/device.ts";
import { check, VulkanError } from "../../ffi/vulkan/loader.ts";
import { TimelineSemaphore } from "../../ffi/vulkan/semaphore.ts";
import { type SemaphorePoint, Submission } from "../../ffi/vulkan/submission.ts";
import { isReached, type WaitEnd, type WaitOptions, type WaitPoint, waitPoint } from "./wait.ts";

/** `VK_ERROR_DEVICE_LOST`, of `VkResult`. */
const VK_ERROR_DEVICE_LOST = -4;

/** A device of a pool, with the queue that its fences are of. */
export interface FenceMember {
  /** Position in the pool. */
  readonly index: number;
  readonly device: Device;
  readonly queue: Queue;
}

/** A point of a line: reached once all that was submitted to the queue before is done. */
export interface LinePoint {
  readonly value: bigint;
  /** 0 for a line with a timeline semaphore. */
  fence: bigint;
  /** How many threads wait for the fence: it must stay as it is meanwhile. */
  waiters: number;
}

/** One queue's order of work. */
export class FenceLine {
  readonly member: FenceMember;
  /** `llvmpipe (member 1)`, for messages. */
  readonly name: string;
  /** Undefined where the device has no timeline semaphores. */
  readonly timeline: TimelineSemaphore | undefined;
  /** When a point was seen reached last, in ms of `performance.now()`. */
  progressAt = 0;
  readonly #free: bigint[] = [];
  /** Points with fences of their own that may not be reached, the earliest first. */
  #open: LinePoint[] = [];
  #last = 0n;
  #reached = 0n;
  #lost: string | undefined;

  /**
   * Begins a line.
   *
   * @param timelines whether to use a timeline semaphore where the device has them.
   * @throws {VulkanError} where the driver refuses.
   */
  constructor(member: FenceMember, timelines: boolean) {
    this.member = member;
    this.name = `${member.device.physical.name} (member ${member.index})`;
    this.timeline = timelines && TimelineSemaphore.supported(member.device)
      ? new TimelineSemaphore(member.device)
      : undefined;
  }

  /** Why nothing more comes of the queue; undefined while it is well. */
  get lost(): string | undefined {
    if (this.#lost === undefined && this.member.device.isHung) this.#lost = "its queue hangs";
    return this.#lost;
  }

  /** Takes note that the device is lost. */
  lose(reason: string): void {
    this.#lost ??= reason;
  }

  /** Counts the device as hung: no answer for `ms` milliseconds. */
  hang(ms: number): void {
    const { device } = this.member;
    const hung = device.hung("vkWaitSemaphores", BigInt(Math.ceil(ms * 1e6)));
    this.lose(hung.message);
  }

  /**
   * A point after all that was submitted so far.
   *
   * @param waits what the queue waits for before it goes on, and reaches the point.
   * @throws {VulkanError} where the driver refuses, or the device is lost.
   */
  mark(waits: readonly SemaphorePoint[] = []): LinePoint {
    const { device, queue } = this.member;
    this.#sweep();
    const value = this.#last + 1n;
    const { timeline } = this;
    const point: LinePoint = { value, fence: timeline ? 0n : this.#fence(), waiters: 0 };
    const signals = timeline ? [{ semaphore: timeline, value }] : [];
    try {
      new Submission(device, queue, { waits, signals }).submit(point.fence);
    } catch (error) {
      // It is unsignalled still: nothing was submitted.
      if (point.fence !== 0n) this.#free.push(point.fence);
      throw error;
    }
    this.#last = value;
    if (point.fence !== 0n) this.#open.push(point);
    return point;
  }

  #fence(): bigint {
    return this.#free.pop() ?? this.member.device.createFence();
  }

  /** What the driver waits for. */
  #target(point: LinePoint): WaitPoint {
    const { device } = this.member;
    return this.timeline
      ? { device, timeline: this.timeline, value: point.value }
      : { device, fence: point.fence };
  }

  /**
   * Whether a point is reached now.
   *
   * @throws {VulkanError} for a lost device.
   */
  isReached(point: LinePoint): boolean {
    if (point.value <= this.#reached) return true;
    if (this.timeline === undefined) {
      if (!isReached(this.#target(point))) return false;
      this.#advance(point.value);
      return true;
    }
    const value = this.timeline.value();
    // A value that nobody was to set: that is how some drivers end what a lost device left.
    if (value > this.#last) {
      throw new VulkanError("vkGetSemaphoreCounterValue", VK_ERROR_DEVICE_LOST);
    }
    if (value > this.#reached) this.#advance(value);
    return point.value <= this.#reached;
  }

  /** Waits for a point without blocking the event loop; see {@linkcode waitPoint}. */
  async wait(
    point: LinePoint,
    options: WaitOptions,
    over?: () => boolean,
  ): Promise<WaitEnd | "timeout"> {
    if (point.value <= this.#reached) return "done";
    point.waiters++;
    const begun = performance.now();
    try {
      const end = await waitPoint(this.#target(point), options, over);
      if (end === "done") this.#advance(point.value);
      if (end === "lost") this.lose("the driver says VK_ERROR_DEVICE_LOST");
      if (end === "hung" && !this.member.device.isHung) this.hang(performance.now() - begun);
      return end;
    } finally {
      point.waiters--;
    }
  }

  #advance(value: bigint): void {
    if (value <= this.#reached) return;
    this.#reached = value;
    this.progressAt = performance.now();
  }

  /** Takes back the fences of points that are reached. */
  #sweep(): void {
    if (this.#open.length === 0 || this.lost !== undefined) return;
    const { symbols, handle } = this.member.device;
    const first = this.#open[0];
    if (first !== undefined) this.isReached(first);
    this.#open = this.#open.filter((point) => {
      if (point.value > this.#reached || point.waiters > 0) return true;
      const fences = new Uint8Array(BigUint64Array.of(point.fence).buffer);
      check("vkResetFences", symbols.vkResetFences(handle, 1, fences));
      this.#free.push(point.fence);
      point.fence = 0n;
      return false;
    });
  }

  /** Destroys the semaphore and the fences. The queue must be done with them, or lost. */
  dispose(): void {
    const { device } = this.member;
    this.timeline?.[Symbol.dispose]();
    for (const { fence } of this.#open.splice(0)) device.destroyFence(fence);
    for (const fence of this.#free.splice(0)) device.destroyFence(fence);
  }
}
