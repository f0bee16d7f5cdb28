/**
 * Copies on Vulkan queues that run at the same time.
 *
 * @module
 */

import { CommandBuffer, Timestamps } from "../../../ffi/vulkan/commands.ts";
import type { DeviceBuffer, Queue } from "../../../ffi/vulkan/device.ts";
import { ImplausibleError } from "../benchmark.ts";
import type { VulkanTarget } from "../vulkan/target.ts";

/** A copy on a queue. Lanes on different queues run at the same time. */
export interface CopyLane {
  target: VulkanTarget;
  queue: Queue;
  from: DeviceBuffer;
  to: DeviceBuffer;
  /** In bytes, from the start of each. */
  size: number;
}

/** The lanes of one queue as one submission. */
interface Group extends Disposable {
  submit(): void;
  wait(): void;
  /** Nanoseconds by the device's clock; undefined where the queue has none. */
  elapsed(): number | undefined;
}

function groupOf(lanes: readonly [CopyLane, ...CopyLane[]], times: number): Group {
  using undo = new DisposableStack();
  const { target, queue } = lanes[0];
  const { device } = target;
  const hasClock = Timestamps.validBits(device, queue) > 0;
  const timer = hasClock ? undo.use(new Timestamps(device, queue)) : undefined;
  // A queue that only copies cannot reset queries: the device's first queue does it.
  const reset = () => {
    if (timer) target.run((c) => c.resetTimestamps(timer));
  };
  reset();
  const commands = undo.use(new CommandBuffer(device, queue));
  commands.record((c) => {
    c.barrier();
    if (timer) c.timestamp(timer, 0);
    for (let i = 0; i < times; i++) {
      if (i > 0) c.barrier();
      // No barrier between the lanes of one queue: the driver may let them overlap.
      for (const { from, to, size } of lanes) c.copy(from, to, { size });
    }
    c.barrier();
    if (timer) c.timestamp(timer, 1);
    c.barrierToHost();
  });
  const fence = device.createFence();
  undo.defer(() => device.destroyFence(fence));
  const owned = undo.move();
  return {
    submit: () => {
      device.submit(queue, [commands.handle], fence);
    },
    wait: () => device.waitFence(fence),
    elapsed: () => {
      if (timer === undefined) return undefined;
      const elapsed = timer.elapsedNanoseconds();
      reset();
      return elapsed;
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** Lanes that can be run again and again. */
export class TimedLanes implements Disposable {
  readonly #lanes: readonly CopyLane[];
  /** By the device's clock where all is on one queue that has one, otherwise by the host's. */
  readonly clock: "device" | "host";
  #recorded: { times: number; groups: Group[]; owned: DisposableStack } | undefined;

  /** Takes at least one lane. */
  constructor(lanes: readonly CopyLane[]) {
    this.#lanes = lanes;
    const [first] = lanes;
    const isOne = first !== undefined && lanes.every((lane) => lane.queue === first.queue);
    const hasClock = isOne && Timestamps.validBits(first.target.device, first.queue) > 0;
    this.clock = hasClock ? "device" : "host";
  }

  #record(times: number): Group[] {
    if (this.#recorded?.times !== times) {
      this.#recorded?.owned.dispose();
      this.#recorded = undefined;
      const byQueue = Map.groupBy(this.#lanes, (lane) => lane.queue);
      using undo = new DisposableStack();
      const groups = [...byQueue.values()].flatMap(([first, ...rest]) =>
        first === undefined ? [] : [undo.use(groupOf([first, ...rest], times))]
      );
      this.#recorded = { times, groups, owned: undo.move() };
    }
    return this.#recorded.groups;
  }

  /** Runs every lane `times` times and gives the nanoseconds that it took. */
  run(times: number): number {
    const groups = this.#record(times);
    const before = performance.now();
    for (const group of groups) group.submit();
    for (const group of groups) group.wait();
    const host = (performance.now() - before) * 1e6;
    const [device] = groups.map((group) => group.elapsed());
    if (this.clock === "host" || device === undefined) return host;
    // The submission contains the copies: the device cannot have taken longer than the host waited.
    if (device > host * 1.05 + 1e4) {
      throw new ImplausibleError(
        `the device's timestamps say ${device} ns, the host waited ${Math.round(host)} ns`,
      );
    }
    return device;
  }

  /** Frees what was recorded. */
  [Symbol.dispose](): void {
    this.#recorded?.owned.dispose();
    this.#recorded = undefined;
  }
}
