/**
 * How long a small piece of work waits while the device, or another, is busy with a large one.
 *
 * @module
 */

import type { Device, Queue } from "../../../ffi/vulkan/device.ts";
import { GLOBAL_PRIORITIES, globalPriorities } from "../../../ffi/vulkan/global_priority.ts";
import { VulkanError } from "../../../ffi/vulkan/loader.ts";
import {
  type Benchmark,
  type Parameters,
  type Prepared,
  type Shape,
  UnsupportedError,
} from "../benchmark.ts";
import {
  COMPUTE_KINDS,
  COPY_KINDS,
  kindName,
  type QueueKind,
  queuePair,
} from "./queue_families.ts";
import { type Load, prepareLoad } from "./scheduling/load.ts";
import { prepareProbe } from "./scheduling/probe.ts";
import { copyWork, dispatchWork } from "./sync/counted_work.ts";
import { Lane } from "./sync/lane.ts";
import type { VulkanTarget } from "./target.ts";

/** A device that others keep busy while one is measured. */
export interface SchedulingTarget {
  target: VulkanTarget;
  /** The other open devices of this run. */
  others: readonly VulkanTarget[];
}

/** A priority by name. */
type Priority = keyof typeof GLOBAL_PRIORITIES;

/** What all figures of the suite have in common. */
function scheduling(
  own: Pick<Benchmark<SchedulingTarget>, "name" | "title" | "convention" | "unsupported"> & {
    parameters?: Parameters;
  },
  shape: string,
  prepare: (target: SchedulingTarget) => Prepared,
): Benchmark<SchedulingTarget> {
  return {
    ...own,
    name: `scheduling.${own.name}`,
    suite: "scheduling",
    unit: "µs",
    better: "lower",
    shapes: (target): Shape[] => [{ name: shape, prepare: () => prepare(target) }],
  };
}

/** Makes loads; what it makes goes to the owner. */
type LoadMaker = (owner: DisposableStack) => Load[];

/** Probes of a queue beside loads; `owner` has what else is to be disposed with them. */
function besideLoads(
  device: Device,
  queue: Queue,
  workOf: typeof dispatchWork | typeof copyWork,
  loads: LoadMaker,
  owner: DisposableStack,
): Prepared {
  const lane = owner.use(new Lane(device, queue));
  const work = owner.use(workOf(lane));
  return prepareProbe(lane, work, loads(owner), owner);
}

/** A load on one queue. */
function loadOn(target: VulkanTarget, queue: Queue): LoadMaker {
  return (owner) => [owner.use(prepareLoad(target, queue))];
}

/** Beside a busy queue: another one of its family, or of another family. */
function besideQueue(load: QueueKind, probe: QueueKind): Benchmark<SchedulingTarget> {
  const copies = probe === "copy";
  return scheduling(
    {
      name: "busy_queue",
      title: `${load === probe ? "second " : ""}${kindName(probe)} queue beside a busy ${
        kindName(load)
      } queue`,
      convention: `host clock: submit of ${copies ? "a copy of 4 bytes" : "one workgroup"} to ` +
        "its fence while another queue of the device is full",
      parameters: { load, probe },
      unsupported: ({ target }) => {
        const pair = queuePair(target.device, load, probe);
        return typeof pair === "string" ? pair : undefined;
      },
    },
    copies ? "one copy" : "one workgroup",
    ({ target }) => {
      const pair = queuePair(target.device, load, probe);
      if (typeof pair === "string") throw new UnsupportedError(pair);
      const [busy, queue] = pair;
      using owner = new DisposableStack();
      const workOf = copies ? copyWork : dispatchWork;
      return besideLoads(target.device, queue, workOf, loadOn(target, busy), owner);
    },
  );
}

/** Why a device has no queue of a global priority; undefined where it says that it has. */
function priorityObstacle({ device, queue }: VulkanTarget, priority: Priority): string | undefined {
  const found = globalPriorities(device.symbols, device.physical, queue.family);
  if (found === undefined) return "the driver has no VK_KHR_global_priority";
  return found.includes(GLOBAL_PRIORITIES[priority])
    ? undefined
    : `the driver has no ${priority} global priority for this user's queues`;
}

/** Opens the device once more, with one queue of a global priority. */
function withPriority({ device, queue }: VulkanTarget, priority: Priority): Device {
  try {
    const { family } = queue;
    return device.sibling({ globalPriority: { family, priority: GLOBAL_PRIORITIES[priority] } });
  } catch (error) {
    if (error instanceof VulkanError && error.result.startsWith("VK_ERROR_NOT_PERMITTED")) {
      throw new UnsupportedError(
        `this user may not have queues of ${priority} global priority: it takes CAP_SYS_NICE, or root`,
      );
    }
    if (error instanceof VulkanError && error.result === "VK_ERROR_INITIALIZATION_FAILED") {
      throw new UnsupportedError(`the driver refuses queues of ${priority} global priority`);
    }
    throw error;
  }
}

/** A queue of a global priority, of a logical device of its own, beside a busy queue of medium priority. */
function byPriority(priority: Priority): Benchmark<SchedulingTarget> {
  return scheduling(
    {
      name: "priority",
      title: `${priority} priority beside a busy queue`,
      convention: "host clock: submit of one workgroup to its fence, on a queue of that global " +
        "priority, while another logical device keeps a queue of medium priority full",
      parameters: { priority },
      unsupported: ({ target }) => priorityObstacle(target, priority),
    },
    "one workgroup",
    ({ target }) => {
      using owner = new DisposableStack();
      const device = owner.use(withPriority(target, priority));
      const [queue] = device.queues;
      if (queue === undefined) throw new UnsupportedError("the driver gave no queue");
      const loads = loadOn(target, target.queue);
      return besideLoads(device, queue, dispatchWork, loads, owner);
    },
  );
}

/** The scheduling suite. */
export const SCHEDULING_BENCHMARKS: readonly Benchmark<SchedulingTarget>[] = [
  ...COMPUTE_KINDS.flatMap((load) => COPY_KINDS.map((probe) => besideQueue(load, probe))),
  byPriority("low"),
  byPriority("medium"),
  byPriority("high"),
  scheduling(
    {
      name: "busy_devices",
      title: "beside busy devices",
      convention: "host clock: submit of one workgroup to its fence while the other devices of " +
        "this run are full",
      unsupported: ({ others }) =>
        others.length === 0
          ? "there is no other Vulkan device in this run, or none that still answers"
          : undefined,
    },
    "one workgroup",
    ({ target, others }) => {
      using owner = new DisposableStack();
      const loads: LoadMaker = (owner) =>
        others.map((other) => owner.use(prepareLoad(other, other.queue)));
      return besideLoads(target.device, target.queue, dispatchWork, loads, owner);
    },
  ),
];
