/**
 * What it costs to start work on a device and to learn that it is done.
 *
 * @module
 */

import { CommandBuffer } from "../../../ffi/vulkan/commands.ts";
import { TimelineSemaphore } from "../../../ffi/vulkan/semaphore.ts";
import { Kernel, type KernelCode } from "../../spirv/kernel.ts";
import { type Benchmark, type Prepared, type Shape, WrongResultError } from "../benchmark.ts";
import { dispatch, type VulkanTarget } from "./target.ts";

/** Round trips of one call of `sample`. */
const ROUND_TRIPS = 20;

/** Dispatches of one timed submission. */
const DISPATCHES = 256;

/** How long the host waits for a semaphore, in nanoseconds. */
const PATIENCE_NS = 5_000_000_000n;

function latency(
  name: string,
  title: string,
  convention: string,
  unsupported: (target: VulkanTarget) => string | undefined,
  shapes: readonly { name: string; prepare: (target: VulkanTarget) => Prepared }[],
): Benchmark<VulkanTarget> {
  return {
    name: `sync.${name}`,
    suite: "sync",
    title,
    unit: "µs",
    better: "lower",
    convention,
    unsupported,
    shapes: (target) =>
      shapes.map((shape): Shape => ({
        name: shape.name,
        prepare: () => shape.prepare(target),
      })),
  };
}

/** Host time of each of {@linkcode ROUND_TRIPS} calls, in microseconds. */
function roundTrips(call: () => void): number[] {
  return Array.from({ length: ROUND_TRIPS }, () => {
    const before = performance.now();
    call();
    return (performance.now() - before) * 1000;
  });
}

/** Submission without a command, then a wait for its fence. */
function prepareFence(target: VulkanTarget): Prepared {
  const { device, queue } = target;
  const fence = device.createFence();
  return {
    clock: "host",
    sample: () =>
      roundTrips(() => {
        device.submit(queue, [], fence);
        device.waitFence(fence);
      }),
    verify: () => {},
    [Symbol.dispose]: once(() => device.destroyFence(fence)),
  };
}

/** Submission that sets a timeline semaphore, then a wait by the host for its value. */
function prepareTimeline(target: VulkanTarget): Prepared {
  const { device, queue } = target;
  const semaphore = new TimelineSemaphore(device);
  let value = 0n;
  return {
    clock: "host",
    sample: () =>
      roundTrips(() => {
        semaphore.submitSignal(queue, ++value);
        semaphore.wait(value, PATIENCE_NS);
      }),
    verify: () => {
      const reached = semaphore.value();
      if (reached !== value) throw new WrongResultError(`the value is ${reached}, not ${value}`);
    },
    [Symbol.dispose]: once(() => semaphore[Symbol.dispose]()),
  };
}

/** A kernel that adds 1 to a counter per invocation: it can be counted that every dispatch ran. */
function counterKernel(target: VulkanTarget): KernelCode {
  const kernel = new Kernel({ addressing: target.addressing, localSize: 1 });
  const counters = kernel.buffer(kernel.u32);
  return kernel.body((k) => {
    const i = k.globalId();
    counters.store(i, k.add(counters.load(i), k.constant(k.u32, 1)));
  });
}

/** Dispatches of one workgroup back to back, by the device's clock. */
function prepareDispatch(target: VulkanTarget, withBarriers: boolean): Prepared {
  using undo = new DisposableStack();
  const counters = target.shared("counter", 4096);
  const job = undo.use(target.job(counterKernel(target), [counters], {}, 1));
  const timed = undo.use(target.timed((c) => {
    c.bind(job.pipeline);
    c.push(job.pipeline, job.push);
    for (let i = 0; i < DISPATCHES; i++) {
      c.dispatch(1);
      if (withBarriers) c.barrier();
    }
  }));
  const owned = undo.move();
  return {
    clock: target.clock,
    sample: () => [timed.run() / 1000 / DISPATCHES],
    verify: () => {
      target.run((c) => c.fill(counters, 0));
      timed.run();
      const bytes = target.readBack(counters, 0, 4);
      const count = new Uint32Array(bytes.buffer)[0] ?? 0;
      // Without barriers the dispatches race for the counter: at least one, at most all get through.
      const least = withBarriers ? DISPATCHES : 1;
      if (count < least || count > DISPATCHES) {
        throw new WrongResultError(`${count} of ${DISPATCHES} dispatches were counted`);
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** One submission with one small dispatch and its fence. */
function prepareSmallSubmit(target: VulkanTarget): Prepared {
  using undo = new DisposableStack();
  const { device, queue } = target;
  const counters = target.shared("counter", 4096);
  const job = undo.use(target.job(counterKernel(target), [counters], {}, 1));
  const commands = undo.use(new CommandBuffer(device, queue));
  commands.record((c) => {
    c.barrier();
    dispatch(c, job);
  });
  const fence = device.createFence();
  undo.defer(() => device.destroyFence(fence));
  const owned = undo.move();
  const submit = () => {
    device.submit(queue, [commands.handle], fence);
    device.waitFence(fence);
  };
  return {
    clock: "host",
    sample: () => roundTrips(submit),
    verify: () => {
      target.run((c) => c.fill(counters, 0));
      for (let i = 0; i < 5; i++) submit();
      const bytes = target.readBack(counters, 0, 4);
      const count = new Uint32Array(bytes.buffer)[0] ?? 0;
      if (count !== 5) throw new WrongResultError(`${count} of 5 submissions were counted`);
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** `action`, but only the first time. */
function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}

const always = () => undefined;

/** The sync suite. */
export const SYNC_BENCHMARKS: readonly Benchmark<VulkanTarget>[] = [
  latency(
    "submit_fence",
    "empty submit to fence",
    "host clock: vkQueueSubmit without commands until vkWaitForFences returns",
    always,
    [{ name: "fence", prepare: prepareFence }],
  ),
  latency(
    "submit_dispatch",
    "one dispatch to fence",
    "host clock: vkQueueSubmit of one workgroup until vkWaitForFences returns",
    always,
    [{ name: "fence", prepare: prepareSmallSubmit }],
  ),
  latency(
    "timeline",
    "timeline semaphore",
    "host clock: submission that signals until vkWaitSemaphores returns",
    (target) =>
      TimelineSemaphore.supported(target.device)
        ? undefined
        : "the device lacks timelineSemaphore (Vulkan 1.2)",
    [{ name: "timeline", prepare: prepareTimeline }],
  ),
  latency(
    "dispatch",
    "dispatch, back to back",
    `device clock over ${DISPATCHES} dispatches of one workgroup without barriers`,
    always,
    [{ name: "no barrier", prepare: (target) => prepareDispatch(target, false) }],
  ),
  latency(
    "dispatch_barrier",
    "dispatch with barrier",
    `device clock over ${DISPATCHES} dispatches of one workgroup, a full barrier after each`,
    always,
    [{ name: "barrier", prepare: (target) => prepareDispatch(target, true) }],
  ),
];
