/**
 * What it costs to let one device continue where another ends, when the host carries the signal: devices
 * of different drivers have no semaphore in common.
 *
 * @module
 */

import { Fence } from "../../../ffi/vulkan/fence.ts";
import { TimelineSemaphore } from "../../../ffi/vulkan/semaphore.ts";
import { Submission } from "../../../ffi/vulkan/submission.ts";
import {
  type Benchmark,
  type Prepared,
  type Shape,
  UnsupportedError,
  WrongResultError,
} from "../benchmark.ts";
import type { VulkanTarget } from "../vulkan/target.ts";
import { type TransferDevice, vulkanOf } from "./target.ts";

/** Relays of one call of `sample`. */
const RELAYS = 20;

/** How long the host waits for a semaphore, in nanoseconds. */
const PATIENCE_NS = 5_000_000_000n;

/** The device that ends, and the one that continues. */
export interface RelayTarget {
  source: TransferDevice;
  destination: TransferDevice;
}

/** Both opened through Vulkan. */
interface OpenPair {
  source: VulkanTarget;
  destination: VulkanTarget;
}

function openPair({ source, destination }: RelayTarget): OpenPair {
  return { source: vulkanOf(source), destination: vulkanOf(destination) };
}

/** Why a pair cannot be measured; undefined where it can. */
function obstacleOf(pair: RelayTarget): string | undefined {
  try {
    openPair(pair);
    return undefined;
  } catch (error) {
    if (error instanceof UnsupportedError) return error.message;
    throw error;
  }
}

/** The host waits for the fence of the one, then submits to the other. */
function byFences({ source, destination }: OpenPair): Prepared {
  using undo = new DisposableStack();
  const ends = [source, destination].map(({ device, queue }) => ({
    fence: undo.use(new Fence(device)),
    submission: new Submission(device, queue, {}),
  }));
  const owned = undo.move();
  return {
    clock: "host",
    sample: () =>
      Array.from({ length: RELAYS }, () => {
        const before = performance.now();
        for (const { submission, fence } of ends) {
          submission.submit(fence.handle);
          fence.wait();
        }
        const took = performance.now() - before;
        for (const { fence } of ends) fence.reset();
        return took * 1000;
      }),
    // Fence.wait() throws where a fence is not signalled, so that each relay checks itself.
    verify: () => {},
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** The other waits already, for a timeline semaphore that the host raises. */
function byTimelines({ source, destination }: OpenPair): Prepared {
  for (const { device, physical } of [source, destination]) {
    if (!TimelineSemaphore.supported(device)) {
      throw new UnsupportedError(`${physical.name} lacks timelineSemaphore (Vulkan 1.2)`);
    }
  }
  using undo = new DisposableStack();
  const first = undo.use(new TimelineSemaphore(source.device));
  const second = undo.use(new TimelineSemaphore(destination.device));
  const fence = undo.use(new Fence(destination.device));
  // A submission that still waited would keep the device from being closed.
  let value = 0n;
  undo.defer(() => {
    if (second.value() < value) second.signal(value);
    destination.device.waitIdle();
  });
  const owned = undo.move();
  return {
    clock: "host",
    sample: () =>
      Array.from({ length: RELAYS }, () => {
        value++;
        second.submitWait(destination.queue, value, fence.handle);
        const signals = [{ semaphore: first, value }];
        const submission = new Submission(source.device, source.queue, { signals });
        const before = performance.now();
        submission.submit();
        first.expect(value, PATIENCE_NS);
        second.signal(value);
        fence.wait();
        const took = performance.now() - before;
        fence.reset();
        return took * 1000;
      }),
    verify: () => {
      const reached = second.value();
      if (first.value() !== value || reached !== value) {
        throw new WrongResultError(`the destination's value is ${reached}, not ${value}`);
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** From a submission to the device of a task until its peer has done one that follows it. */
export const RELAY_BENCHMARK: Benchmark<RelayTarget> = {
  name: "sync.relay",
  suite: "sync",
  title: "relay to another device",
  unit: "µs",
  better: "lower",
  convention: "host clock: submission to the one device, its end seen by the host, the other's " +
    "submission after it, its fence",
  unsupported: obstacleOf,
  shapes: (target): Shape[] => [
    { name: "fences", prepare: () => byFences(openPair(target)) },
    {
      name: "timeline semaphores, the second submission waiting",
      prepare: () => byTimelines(openPair(target)),
    },
  ],
};
