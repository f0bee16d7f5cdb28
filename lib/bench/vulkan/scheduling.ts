/**
 * How long a small piece of work waits while the device, or another, is busy with a large one.
 *
 * @module
 */

import { CommandBuffer } from "../../../ffi/vulkan/commands.ts";
import type { Queue } from "../../../ffi/vulkan/device.ts";
import {
  type Benchmark,
  type Effort,
  ImplausibleError,
  type Prepared,
  type Shape,
} from "../benchmark.ts";
import { chainKernel, type ChainShape } from "./compute_kernels.ts";
import { dispatch, pushBytes, type VulkanTarget } from "./target.ts";

/** How long one load keeps its device busy, in milliseconds, and in dispatches of how many. */
const LOAD_MS = 60, LOAD_DISPATCHES = 30;

/** Arithmetic that fills a device. */
const LOAD_SHAPE: ChainShape = { recurrence: "affine", width: 1, chains: 4 };

/** A device that others keep busy while one is measured. */
export interface SchedulingTarget {
  target: VulkanTarget;
  /** The other open devices of this run. */
  others: readonly VulkanTarget[];
}

/** A long submission, many dispatches long so that a fair scheduler has places to step in. */
interface Load extends Disposable {
  start(): void;
  /** Whether it still runs. */
  isRunning(): boolean;
  finish(): void;
}

/** Prepares a load of {@linkcode LOAD_MS} on a queue. */
function prepareLoad(target: VulkanTarget, queue: Queue): Load {
  using undo = new DisposableStack();
  const { device } = target;
  const workgroups = target.isSoftware ? 64 : 8192;
  const results = undo.use(device.createBuffer(workgroups * target.localSize * 4, "device"));
  const code = chainKernel(target, "fp32", LOAD_SHAPE);
  const values = { a: -1, b: 1.5, scale: 0.25 };
  const job = undo.use(target.job(code, [results], { ...values, loops: 1 }, workgroups));
  const withLoops = (loops: number) => ({
    ...job,
    push: pushBytes(code, [results], { ...values, loops }),
  });
  let loops = 1, took = 0;
  const aim = (LOAD_MS * 1e6) / LOAD_DISPATCHES;
  for (; loops < 1 << 20; loops *= 4) {
    using trial = target.timed((c) => dispatch(c, withLoops(loops)));
    took = trial.run();
    if (took > aim / 8) break;
  }
  loops = Math.max(1, Math.round((loops * aim) / Math.max(took, 1)));
  const commands = undo.use(new CommandBuffer(device, queue));
  commands.record((c) => dispatch(c, withLoops(loops), LOAD_DISPATCHES));
  const fence = device.createFence();
  undo.defer(() => device.destroyFence(fence));
  let started = false;
  const finish = () => {
    if (started) device.waitFence(fence);
    started = false;
  };
  undo.defer(finish);
  const owned = undo.move();
  return {
    start: () => {
      device.submit(queue, [commands.handle], fence);
      started = true;
    },
    isRunning: () => started && device.symbols.vkGetFenceStatus(device.handle, fence) === 1,
    finish,
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** Small submissions to `queue`, from the submit to the fence, while the loads run. */
function prepareProbe(target: VulkanTarget, queue: Queue, loads: readonly Load[]): Prepared {
  using undo = new DisposableStack();
  for (const load of loads) undo.use(load);
  const { device } = target;
  const results = undo.use(device.createBuffer(target.localSize * 4, "device"));
  const code = chainKernel(target, "fp32", LOAD_SHAPE);
  const values = { a: -1, b: 1.5, scale: 0.25, loops: 1 };
  const job = undo.use(target.job(code, [results], values, 1));
  const commands = undo.use(new CommandBuffer(device, queue));
  commands.record((c) => dispatch(c, job));
  const fence = device.createFence();
  undo.defer(() => device.destroyFence(fence));
  const owned = undo.move();
  return {
    clock: "host",
    sample: () => {
      const samples: number[] = [];
      for (const load of loads) load.start();
      try {
        do {
          const before = performance.now();
          device.submit(queue, [commands.handle], fence);
          device.waitFence(fence);
          const took = (performance.now() - before) * 1000;
          // The last probe counts only where the load outlived it.
          if (loads.every((load) => load.isRunning())) samples.push(took);
          else break;
        } while (samples.length < 200);
      } finally {
        for (const load of loads) load.finish();
      }
      if (samples.length > 0) return samples;
      throw new ImplausibleError(
        "no small submission came through while the load ran: the queues are not independent",
      );
    },
    verify: () => {},
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** A second queue on which work may run beside that of the first: another family's, best. */
function secondQueue(target: VulkanTarget): Queue | undefined {
  const [first, ...rest] = target.computeQueues;
  return rest.find((queue) => queue.family !== first?.family) ?? rest[0];
}

function scheduling(
  name: string,
  title: string,
  convention: string,
  unsupported: (target: SchedulingTarget) => string | undefined,
  prepare: (target: SchedulingTarget) => Prepared,
): Benchmark<SchedulingTarget> {
  return {
    name: `scheduling.${name}`,
    suite: "scheduling",
    title,
    unit: "µs",
    better: "lower",
    convention,
    unsupported,
    shapes: (target: SchedulingTarget, _effort: Effort): Shape[] => [
      { name: "one workgroup", prepare: () => prepare(target) },
    ],
  };
}

/** The scheduling suite. */
export const SCHEDULING_BENCHMARKS: readonly Benchmark<SchedulingTarget>[] = [
  scheduling(
    "busy_queue",
    "beside a busy queue",
    "host clock: submit of one workgroup to its fence while another queue of the device is full",
    ({ target }) =>
      secondQueue(target) === undefined ? "the device has one compute queue only" : undefined,
    ({ target }) => {
      const queue = secondQueue(target) ?? target.queue;
      return prepareProbe(target, queue, [prepareLoad(target, target.queue)]);
    },
  ),
  scheduling(
    "busy_devices",
    "beside busy devices",
    "host clock: submit of one workgroup to its fence while the other devices of this run are full",
    ({ others }) => others.length === 0 ? "there is no other Vulkan device in this run" : undefined,
    ({ target, others }) =>
      prepareProbe(target, target.queue, others.map((other) => prepareLoad(other, other.queue))),
  ),
];
