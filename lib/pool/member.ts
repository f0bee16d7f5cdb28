/**
 * One Vulkan device of a pool, and work on it that does not block the event loop.
 *
 * @module
 */

import { CommandBuffer, Timestamps } from "../../ffi/vulkan/commands.ts";
import { Device, type Queue } from "../../ffi/vulkan/device.ts";
import type { Instance } from "../../ffi/vulkan/instance.ts";
import { VulkanError } from "../../ffi/vulkan/loader.ts";
import { type PhysicalDevice, readHeaps } from "../../ffi/vulkan/physical_device.ts";
import type { RuntimeGpu } from "../transfer/runtimes.ts";
import { waitFence } from "./wait.ts";

/** `VK_QUEUE_COMPUTE_BIT`. */
const QUEUE_COMPUTE = 2;

/** A member of a pool is gone: lost by its driver, or without an answer. Others may go on. */
export class MemberLostError extends Error {
  readonly member: Member;

  /** Takes the member and why it is lost. */
  constructor(member: Member, reason: string) {
    super(`${member.name} (${member.id}) is lost: ${reason}`);
    this.name = "MemberLostError";
    this.member = member;
  }
}

/** What a submission took. */
export interface Ran {
  /** Time on the device, in ms; the host's where the device has no timestamps. */
  ms: number;
}

/** A command buffer with all that is needed to wait for it. Used again and again. */
interface Slot extends Disposable {
  commands: CommandBuffer;
  fence: bigint;
  timer: Timestamps | undefined;
}

/** How long a submission may take before its device counts as hung, in ms. */
export const DEFAULT_LIMIT_MS = 30_000;

/** Who a member is. */
export interface MemberIdentity {
  /** Position in the pool. */
  index: number;
  /** The GPU's stable id. */
  id: string;
  /** By what its vendor's runtime finds it. */
  gpu: RuntimeGpu;
}

/** A device of a pool. */
export class Member implements Disposable {
  /** Position in the pool. */
  readonly index: number;
  /** The GPU's stable id. */
  readonly id: string;
  readonly name: string;
  /** By what its vendor's runtime finds it. */
  readonly gpu: RuntimeGpu;
  readonly physical: PhysicalDevice;
  readonly device: Device;
  /** The queue that computes. */
  readonly queue: Queue;
  readonly #instance: Instance;
  readonly #limitMs: number;
  readonly #owned = new DisposableStack();
  readonly #free: Slot[] = [];
  #lost: MemberLostError | undefined;

  /**
   * Opens a device.
   *
   * @param limitMs how long a submission may take before the device counts as hung.
   * @throws {VulkanError} where the driver refuses, or no queue computes.
   */
  constructor(
    { index, id, gpu }: MemberIdentity,
    instance: Instance,
    physical: PhysicalDevice,
    limitMs: number = DEFAULT_LIMIT_MS,
  ) {
    this.index = index;
    this.id = id;
    this.name = physical.name;
    this.gpu = gpu;
    this.physical = physical;
    this.#instance = instance;
    this.#limitMs = limitMs;
    using undo = new DisposableStack();
    this.device = undo.use(new Device(instance, physical));
    const queue = this.device.queues.find(({ family }) =>
      ((physical.queueFamilies[family]?.flags ?? 0) & QUEUE_COMPUTE) !== 0
    );
    if (queue === undefined) throw new VulkanError("a queue that computes", -8);
    this.queue = queue;
    this.#owned.use(undo.move());
  }

  /** Whether it is a program on the processor: its memory is the host's. */
  get isSoftware(): boolean {
    return this.physical.type === "cpu";
  }

  /** The largest heap of its own as it is now, in bytes; null where what is left of it is not told. */
  memory(): { size: number; budget: number | null; available: number | null } {
    const own = readHeaps(this.#instance.symbols, this.physical).filter((heap) => heap.deviceLocal);
    const [largest] = own.toSorted((a, b) => b.size - a.size);
    const { size = 0, budget = null, usage = null } = largest ?? {};
    const available = budget === null || usage === null ? null : Math.max(0, budget - usage);
    return { size, budget, available };
  }

  /** Why it is lost; undefined while it is not. */
  get lost(): MemberLostError | undefined {
    return this.#lost;
  }

  /** Takes note that it is lost, and gives the error to throw. */
  lose(reason: string): MemberLostError {
    return this.#lost ??= new MemberLostError(this, reason);
  }

  /** What `work` gives; a driver's error that means the loss of the device is a {@linkcode MemberLostError}. */
  guard<T>(work: () => T): T {
    if (this.#lost !== undefined) throw this.#lost;
    try {
      return work();
    } catch (error) {
      if (error instanceof VulkanError && error.isDeviceLost) throw this.lose(error.message);
      throw error;
    }
  }

  #slot(): Slot {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    using undo = new DisposableStack();
    const { device, queue } = this;
    const commands = undo.use(new CommandBuffer(device, queue));
    const fence = device.createFence();
    undo.defer(() => device.destroyFence(fence));
    const timer = Timestamps.validBits(device, queue) > 0
      ? undo.use(new Timestamps(device, queue))
      : undefined;
    const owned = undo.move();
    return { commands, fence, timer, [Symbol.dispose]: () => owned.dispose() };
  }

  /**
   * Records commands, submits them and waits, without blocking the event loop.
   *
   * @throws {MemberLostError} where the device is lost, or does not answer.
   * @throws {VulkanError} for any other refusal of the driver.
   */
  async run(record: (commands: CommandBuffer) => void): Promise<Ran> {
    const slot = this.guard(() => this.#slot());
    const { commands, fence, timer } = slot;
    const begun = performance.now();
    let submitted = false;
    try {
      this.guard(() => {
        commands.record((c) => {
          if (timer) c.resetTimestamps(timer);
          c.barrier();
          if (timer) c.timestamp(timer, 0);
          record(c);
          c.barrier();
          if (timer) c.timestamp(timer, 1);
          c.barrierToHost();
        });
        this.device.submit(this.queue, [commands.handle], fence);
        submitted = true;
      });
      const end = await waitFence(this.device, fence, this.#limitMs);
      if (end !== "done") {
        throw this.lose(
          end === "lost"
            ? "the driver says VK_ERROR_DEVICE_LOST"
            : `no answer within ${this.#limitMs / 1000} s`,
        );
      }
      const host = performance.now() - begun;
      const ms = this.guard(() => timer?.elapsedNanoseconds() ?? NaN) / 1e6;
      this.#free.push(slot);
      // A timestamp that says more than the host waited is none.
      return { ms: ms > 0 && ms <= host ? ms : host };
    } catch (error) {
      // What was submitted to a device that does not answer must stay.
      if (!submitted || this.#lost === undefined) slot[Symbol.dispose]();
      throw error;
    }
  }

  /** Closes the device, once all work is done. */
  [Symbol.dispose](): void {
    for (const slot of this.#free.splice(0)) slot[Symbol.dispose]();
    this.#owned.dispose();
  }
}
