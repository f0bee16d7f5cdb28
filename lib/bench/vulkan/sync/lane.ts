/**
 * One queue of a device with what it takes to run work there and to read what the work wrote.
 *
 * @module
 */

import { CommandBuffer, Timestamps } from "../../../../ffi/vulkan/commands.ts";
import type { Device, DeviceBuffer, Queue } from "../../../../ffi/vulkan/device.ts";
import { Fence } from "../../../../ffi/vulkan/fence.ts";
import { Submission } from "../../../../ffi/vulkan/submission.ts";
import { ImplausibleError } from "../../benchmark.ts";
import type { Recorder, Timed } from "../target.ts";

/** A queue in use. Buffers that it touches belong to its family. */
export class Lane implements Disposable {
  readonly device: Device;
  readonly queue: Queue;
  readonly fence: Fence;
  readonly #owned = new DisposableStack();
  readonly #oneShot: CommandBuffer;

  /** Takes a queue of the device. */
  constructor(device: Device, queue: Queue) {
    this.device = device;
    this.queue = queue;
    using undo = new DisposableStack();
    this.fence = undo.use(new Fence(device));
    this.#oneShot = undo.use(new CommandBuffer(device, queue));
    this.#owned.use(undo.move());
  }

  /** A command buffer for this queue, recorded. */
  recorded(record: Recorder): CommandBuffer {
    const commands = new CommandBuffer(this.device, this.queue);
    commands.record(record);
    return commands;
  }

  /** Submits to this queue and waits for the fence. */
  finish(submission: Submission): void {
    submission.submit(this.fence.handle);
    this.fence.wait();
    this.fence.reset();
  }

  /** Records, submits and waits. */
  run(record: Recorder): void {
    this.#oneShot.record(record);
    this.finish(new Submission(this.device, this.queue, { commands: [this.#oneShot] }));
  }

  /** The 32-bit word at the start of a buffer. */
  readWord(buffer: DeviceBuffer): number {
    using staging = this.device.createBuffer(4, "host");
    this.run((c) => {
      c.barrier();
      c.copy(buffer, staging, { size: 4 });
      c.barrierToHost();
    });
    return wordOf(staging);
  }

  /** By which clock work on this queue is timed. */
  get clock(): "device" | "host" {
    return Timestamps.validBits(this.device, this.queue) > 0 ? "device" : "host";
  }

  /**
   * Work to be timed again and again, with a full barrier before and after it. The queue must compute: others
   * cannot reset what is timed.
   */
  timed(record: Recorder): Timed {
    using undo = new DisposableStack();
    const timer = this.clock === "device"
      ? undo.use(new Timestamps(this.device, this.queue))
      : undefined;
    const commands = undo.use(this.recorded((c) => {
      if (timer) c.resetTimestamps(timer);
      c.barrier();
      if (timer) c.timestamp(timer, 0);
      record(c);
      c.barrier();
      if (timer) c.timestamp(timer, 1);
    }));
    const submission = new Submission(this.device, this.queue, { commands: [commands] });
    const owned = undo.move();
    return {
      run: () => {
        const before = performance.now();
        this.finish(submission);
        const host = (performance.now() - before) * 1e6;
        const took = timer?.elapsedNanoseconds() ?? host;
        // The submission contains the timed work: the device cannot have taken longer than the host waited.
        if (took > host * 1.05 + 1e4) {
          throw new ImplausibleError(
            `the device's timestamps say ${took} ns, the host waited ${Math.round(host)} ns`,
          );
        }
        return took;
      },
      [Symbol.dispose]: () => owned.dispose(),
    };
  }

  /** Frees what it made. */
  [Symbol.dispose](): void {
    this.#owned.dispose();
  }
}

/** The 32-bit word at the start of a host buffer. */
export function wordOf({ bytes }: DeviceBuffer): number {
  if (bytes === null) throw new TypeError("the host does not see the buffer");
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** Sets the 32-bit word at the start of a host buffer. */
export function setWord({ bytes }: DeviceBuffer, word: number): void {
  if (bytes === null) throw new TypeError("the host does not see the buffer");
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, word, true);
}
