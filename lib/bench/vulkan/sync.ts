/**
 * What it costs to start work on a device, to order it, and to learn that it is done: queue family by queue
 * family.
 *
 * @module
 */

import type { Queue } from "../../../ffi/vulkan/device.ts";
import { TimelineSemaphore } from "../../../ffi/vulkan/semaphore.ts";
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
  firstQueue,
  kindName,
  QUEUE_KINDS,
  type QueueKind,
  queuePair,
} from "./queue_families.ts";
import { DISPATCHES, dispatches } from "./sync/batches.ts";
import { copyWork, dispatchWork } from "./sync/counted_work.ts";
import { type Carrier, handover, handoverObstacle } from "./sync/handover.ts";
import { Lane } from "./sync/lane.ts";
import { releaseByEvent, releaseByTimeline } from "./sync/releases.ts";
import { submitToFence, submitToTimeline } from "./sync/round_trips.ts";
import { submitStartObstacle, submitToStart } from "./sync/submit_start.ts";
import type { VulkanTarget } from "./target.ts";

type SyncBenchmark = Benchmark<VulkanTarget>;

/** A figure of one queue of each of some kinds. */
interface QueueFigure {
  name: string;
  title: string;
  convention: string;
  kinds: readonly QueueKind[];
  shape: string;
  unsupported?(target: VulkanTarget, queue: Queue): string | undefined;
  prepare(target: VulkanTarget, queue: Queue): Prepared;
}

/** What all figures of the suite have in common. */
function latency(
  own: Pick<SyncBenchmark, "name" | "title" | "convention" | "unsupported"> & {
    parameters: Parameters;
  },
  shape: string,
  prepare: (target: VulkanTarget) => Prepared,
): SyncBenchmark {
  return {
    ...own,
    name: `sync.${own.name}`,
    suite: "sync",
    unit: "µs",
    better: "lower",
    shapes: (target): Shape[] => [{ name: shape, prepare: () => prepare(target) }],
  };
}

function figures(
  { name, title, convention, kinds, shape, unsupported, prepare }: QueueFigure,
): SyncBenchmark[] {
  return kinds.map((kind) =>
    latency(
      {
        name,
        title: `${title}, ${kindName(kind)} queue`,
        convention,
        parameters: { queue: kind },
        unsupported: (target) => {
          const queue = firstQueue(target.device, kind);
          return typeof queue === "string" ? queue : unsupported?.(target, queue);
        },
      },
      shape,
      (target) => {
        const queue = firstQueue(target.device, kind);
        if (typeof queue === "string") throw new UnsupportedError(queue);
        return prepare(target, queue);
      },
    )
  );
}

/** What a semaphore is called. */
const CARRIERS: Readonly<Record<Carrier, string>> = {
  binary: "binary semaphore",
  timeline: "timeline semaphore",
};

function lacksTimeline({ device }: VulkanTarget): string | undefined {
  return TimelineSemaphore.supported(device)
    ? undefined
    : "the device lacks timelineSemaphore (Vulkan 1.2)";
}

/** From one submission to the next of the same queue. */
function onOneQueue(carrier: Carrier): SyncBenchmark[] {
  const lacking = (target: VulkanTarget) =>
    carrier === "timeline" ? lacksTimeline(target) : undefined;
  return figures({
    name: `${carrier}_queue`,
    title: `${CARRIERS[carrier]}`,
    convention: "device clock: end of a submission's work to the start of the next one's on the " +
      `same queue, which waits for its ${CARRIERS[carrier]}`,
    kinds: COPY_KINDS,
    shape: "two submissions",
    unsupported: (target, queue) => lacking(target) ?? handoverObstacle(target, queue, queue),
    prepare: (target, queue) => handover(target, queue, queue, carrier),
  });
}

/** From each kind of queue to each, a second queue of its own kind included. */
function betweenQueues(carrier: Carrier): SyncBenchmark[] {
  return COPY_KINDS.flatMap((from) =>
    COPY_KINDS.map((to) =>
      latency(
        {
          name: `${carrier}_queues`,
          title: `${CARRIERS[carrier]}, ${kindName(from)} to ${
            from === to ? `second ${kindName(to)} queue` : kindName(to)
          }`,
          convention: "device clock: end of work on one queue to the start of work on another, " +
            `which waits for its ${CARRIERS[carrier]} and, of another family, takes a buffer over`,
          parameters: { from, to },
          unsupported: (target) => {
            const pair = queuePair(target.device, from, to);
            if (typeof pair === "string") return pair;
            return (carrier === "timeline" ? lacksTimeline(target) : undefined) ??
              handoverObstacle(target, ...pair);
          },
        },
        "two submissions",
        (target) => {
          const pair = queuePair(target.device, from, to);
          if (typeof pair === "string") throw new UnsupportedError(pair);
          return handover(target, ...pair, carrier);
        },
      )
    )
  );
}

/** The sync suite. */
export const SYNC_BENCHMARKS: readonly SyncBenchmark[] = [
  ...figures({
    name: "submit_fence",
    title: "empty submit to fence",
    convention: "host clock: vkQueueSubmit without commands until vkWaitForFences returns",
    kinds: QUEUE_KINDS,
    shape: "fence",
    prepare: ({ device }, queue) => submitToFence(new Lane(device, queue)),
  }),
  ...figures({
    name: "submit_dispatch",
    title: "one dispatch to fence",
    convention: "host clock: vkQueueSubmit of one workgroup until vkWaitForFences returns",
    kinds: COMPUTE_KINDS,
    shape: "fence",
    prepare: ({ device }, queue) => submitToFence(new Lane(device, queue), dispatchWork),
  }),
  ...figures({
    name: "submit_copy",
    title: "one copy to fence",
    convention: "host clock: vkQueueSubmit of a copy of 4 bytes until vkWaitForFences returns",
    kinds: COPY_KINDS,
    shape: "fence",
    prepare: ({ device }, queue) => submitToFence(new Lane(device, queue), copyWork),
  }),
  ...figures({
    name: "submit_start",
    title: "submit to start",
    convention: "both clocks: vkQueueSubmit by the host's until the queue writes a timestamp, by " +
      "calibrated timestamps",
    kinds: COPY_KINDS,
    shape: "one timestamp",
    unsupported: ({ device }, queue) => submitStartObstacle(device, queue),
    prepare: submitToStart,
  }),
  ...figures({
    name: "timeline",
    title: "timeline semaphore to host",
    convention: "host clock: submission that signals until vkWaitSemaphores returns",
    kinds: COPY_KINDS,
    shape: "timeline",
    unsupported: lacksTimeline,
    prepare: ({ device }, queue) => submitToTimeline(new Lane(device, queue)),
  }),
  ...figures({
    name: "timeline_release",
    title: "host to timeline semaphore",
    convention: "host clock: vkSignalSemaphore until the fence of an empty submission that waits " +
      "for the value",
    kinds: COPY_KINDS,
    shape: "timeline",
    unsupported: lacksTimeline,
    prepare: ({ device }, queue) => releaseByTimeline(new Lane(device, queue)),
  }),
  ...figures({
    name: "event_release",
    title: "host to event",
    convention: "host clock: vkSetEvent until the fence of the submission that waits for the " +
      "event, then runs one workgroup",
    kinds: COMPUTE_KINDS,
    shape: "event",
    prepare: ({ device }, queue) => releaseByEvent(device, queue.family),
  }),
  ...figures({
    name: "dispatch",
    title: "dispatch, back to back",
    convention: `device clock over ${DISPATCHES} dispatches of one workgroup without barriers`,
    kinds: COMPUTE_KINDS,
    shape: "no barrier",
    prepare: ({ device }, queue) => dispatches(new Lane(device, queue), "nothing"),
  }),
  ...figures({
    name: "dispatch_barrier",
    title: "dispatch with barrier",
    convention: `device clock over ${DISPATCHES} dispatches of one workgroup, a full barrier ` +
      "after each",
    kinds: COMPUTE_KINDS,
    shape: "barrier",
    prepare: ({ device }, queue) => dispatches(new Lane(device, queue), "barrier"),
  }),
  ...figures({
    name: "event",
    title: "dispatch with event",
    convention: `device clock over ${DISPATCHES} dispatches of one workgroup, an event set after ` +
      "each and waited for before the next",
    kinds: COMPUTE_KINDS,
    shape: "event",
    prepare: ({ device }, queue) => dispatches(new Lane(device, queue), "event"),
  }),
  ...onOneQueue("binary"),
  ...onOneQueue("timeline"),
  ...betweenQueues("binary"),
  ...betweenQueues("timeline"),
];
