/**
 * A member's side of copies: its queues for them, and submissions that are waited for without blocking.
 *
 * @module
 */

import { CommandBuffer } from "../../../ffi/vulkan/commands.ts";
import type { DeviceBuffer, Queue } from "../../../ffi/vulkan/device.ts";
import { isDeviceLost } from "../../transfer/errors.ts";
import { copyOnlyQueues } from "../../transfer/copy_queues.ts";
import { waitFence } from "../wait.ts";
import { type CopyRange, TransferLostError, type TransferMember } from "./types.ts";

/** Whether bytes leave a member, or come to it: each direction has a queue of its own where there are two. */
export type Direction = "out" | "in";

/** A command buffer, and the fence by which its end is seen. Used again and again. */
interface Slot extends Disposable {
  commands: CommandBuffer;
  fence: bigint;
}

/** Copies of one member. Dispose it once none runs. */
export class MemberPort implements Disposable {
  readonly member: TransferMember;
  readonly #limitMs: number;
  readonly #queues: Readonly<Record<Direction, Queue>>;
  readonly #free = new Map<Queue, Slot[]>();
  #lost: Error | undefined;

  /** @param limitMs how long a submission may take before the device counts as hung. */
  constructor(member: TransferMember, limitMs: number) {
    this.member = member;
    this.#limitMs = limitMs;
    const [first = member.queue, second = first] = copyOnlyQueues(member.device);
    this.#queues = { out: first, in: second };
  }

  /** How long a copy may take, in ms. */
  get limitMs(): number {
    return this.#limitMs;
  }

  /** Why nothing more can be done; undefined while it can. */
  get lost(): Error | undefined {
    return this.#lost ?? this.member.lost;
  }

  /** Takes note that the member is lost, and gives the error to throw. */
  lose(reason: string): Error {
    const { member } = this;
    return this.#lost ??= member.lost ?? member.lose?.(reason) ??
      new TransferLostError(member, reason);
  }

  /** What `work` gives; an error of the driver that means the loss of the device is one that names it. */
  guard<T>(work: () => T): T {
    if (this.lost !== undefined) throw this.lost;
    try {
      return work();
    } catch (error) {
      if (isDeviceLost(error)) throw this.lose((error as Error).message);
      throw error;
    }
  }

  #slot(queue: Queue): Slot {
    const free = this.#free.get(queue)?.pop();
    if (free !== undefined) return free;
    using undo = new DisposableStack();
    const { device } = this.member;
    const commands = undo.use(new CommandBuffer(device, queue));
    const fence = device.createFence();
    undo.defer(() => device.destroyFence(fence));
    const owned = undo.move();
    return { commands, fence, [Symbol.dispose]: () => owned.dispose() };
  }

  /**
   * Copies ranges between two buffers of the device, and waits.
   *
   * @param shared whether all queue families may use both buffers; those that compute otherwise.
   * @throws {Error} by rejection: the one that names the member, where it is lost or does not answer.
   */
  async copy(
    direction: Direction,
    from: DeviceBuffer,
    to: DeviceBuffer,
    ranges: readonly CopyRange[],
    shared: boolean,
  ): Promise<void> {
    const queue = shared ? this.#queues[direction] : this.member.queue;
    const { device } = this.member;
    const slot = this.guard(() => this.#slot(queue));
    let submitted = false;
    try {
      this.guard(() => {
        slot.commands.record((c) => {
          c.barrier();
          for (const { sourceOffset, destinationOffset, size } of ranges) {
            c.copy(from, to, { size, fromOffset: sourceOffset, toOffset: destinationOffset });
          }
          c.barrier();
          c.barrierToHost();
        });
        device.submit(queue, [slot.commands.handle], slot.fence);
        submitted = true;
      });
      const end = await waitFence(device, slot.fence, this.#limitMs);
      if (end === "lost") throw this.lose("the driver says VK_ERROR_DEVICE_LOST");
      if (end === "hung") throw this.lose(`no answer within ${this.#limitMs / 1000} s`);
      this.#free.set(queue, [...this.#free.get(queue) ?? [], slot]);
    } catch (error) {
      // What was submitted to a device that does not answer must stay.
      if (!submitted || !device.isHung) slot[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const slots of this.#free.values()) for (const slot of slots) slot[Symbol.dispose]();
    this.#free.clear();
  }
}
