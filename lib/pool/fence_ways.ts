/**
 * In which ways a queue can wait for another one: which are there for a pair, and why others are not.
 *
 * @module
 */

import type { SemaphoreHandleType, SemaphoreKind } from "../../ffi/vulkan/external_semaphore.ts";

/**
 * How a queue waits, the best way first:
 * - `queue_order`: both are one queue;
 * - `timeline`, `binary`: a semaphore of the device that both are of;
 * - `opaque_fd_timeline`, `opaque_fd`: a timeline or binary semaphore that two devices of one GPU and
 *   one driver share;
 * - `sync_fd`: the signal goes to the other device as a sync file of the kernel;
 * - `host_relay`: the host waits for the one, then sets a timeline semaphore that the other waits for;
 * - `held_back`: the host waits, and nothing is to be submitted meanwhile.
 */
export type FenceWay = typeof FENCE_WAYS[number];

/** All ways, the best one first. */
export const FENCE_WAYS = [
  "queue_order",
  "timeline",
  "binary",
  "opaque_fd_timeline",
  "opaque_fd",
  "sync_fd",
  "host_relay",
  "held_back",
] as const;

/** What is to be known of one end of a pair. */
export interface FenceEnd {
  /** For messages. */
  name: string;
  /** Its queue and its logical device: equal numbers for equal things. */
  queue: bigint;
  device: bigint;
  /** Null where the driver gives none. */
  uuid: string | null;
  driverUuid: string | null;
  timelines: boolean;
  /** Whether it has `VK_KHR_external_semaphore_fd`. */
  hasFds: boolean;
  exports(handle: SemaphoreHandleType, kind: SemaphoreKind): boolean;
  imports(handle: SemaphoreHandleType, kind: SemaphoreKind): boolean;
}

/** A way, and why it cannot be for a pair; null where it can. */
export interface FenceWayOption {
  way: FenceWay;
  refused: string | null;
}

const without = (end: FenceEnd, what: string) => `${end.name} has no ${what}`;

function acrossByFd(
  from: FenceEnd,
  to: FenceEnd,
  handle: SemaphoreHandleType,
  kind: SemaphoreKind,
): string | null {
  const poor = [from, to].find(({ hasFds }) => !hasFds);
  if (poor !== undefined) return without(poor, "VK_KHR_external_semaphore_fd");
  if (handle === "opaque_fd") {
    // VkPhysicalDeviceIDProperties: "deviceUUID and driverUUID must match" for opaque descriptors.
    if (from.uuid === null || from.uuid !== to.uuid) return "they are different GPUs";
    if (from.driverUuid === null || from.driverUuid !== to.driverUuid) {
      return "they have different drivers";
    }
  }
  const what = `${kind} semaphores as ${handle}`;
  if (!from.exports(handle, kind)) return `${from.name} does not export ${what}`;
  if (!to.imports(handle, kind)) return `${to.name} does not import ${what}`;
  return null;
}

function refusal(way: FenceWay, from: FenceEnd, to: FenceEnd): string | null {
  const sameDevice = from.device === to.device;
  const poor = [from, to].find(({ timelines }) => !timelines);
  switch (way) {
    case "queue_order":
      return sameDevice && from.queue === to.queue ? null : "they are different queues";
    case "timeline":
      if (!sameDevice) return "they are different devices";
      return poor ? without(poor, "timeline semaphores") : null;
    case "binary":
      return sameDevice ? null : "they are different devices";
    case "opaque_fd_timeline":
      if (poor) return without(poor, "timeline semaphores");
      return acrossByFd(from, to, "opaque_fd", "timeline");
    case "opaque_fd":
      return acrossByFd(from, to, "opaque_fd", "binary");
    case "sync_fd":
      return acrossByFd(from, to, "sync_fd", "binary");
    case "host_relay":
      return to.timelines ? null : without(to, "timeline semaphores");
    case "held_back":
      return null;
  }
}

/** The ways for a pair, the best one first. The last, `held_back`, is never refused. */
export function fenceWayOptions(from: FenceEnd, to: FenceEnd): FenceWayOption[] {
  return FENCE_WAYS.map((way) => ({ way, refused: refusal(way, from, to) }));
}
