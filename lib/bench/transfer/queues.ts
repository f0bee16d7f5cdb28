/**
 * Which queues of a Vulkan device copy, and by themselves.
 *
 * @module
 */

import type { Queue } from "../../../ffi/vulkan/device.ts";
import type { QueueFamily } from "../../../ffi/vulkan/physical_device.ts";
import type { VulkanTarget } from "../vulkan/target.ts";

/** `VK_QUEUE_TRANSFER_BIT`, and those that may stand beside it: sparse binding, protected memory. */
const TRANSFER = 4, BESIDE = 8 | 16;

/** Whether a family does nothing but copy. (Those of video engines can copy too, and are none.) */
export function isCopyFamily(family: Pick<QueueFamily, "flags"> | undefined): boolean {
  const flags = family?.flags ?? 0;
  return (flags & TRANSFER) !== 0 && (flags & ~(TRANSFER | BESIDE)) === 0;
}

/** A queue for copies, with a name for it. */
export interface NamedQueue {
  queue: Queue;
  /** `copy queue`, `compute queue`. */
  name: string;
}

/** The queues of a device on which copies are worth trying, those that only copy first. */
export function copyQueues(target: VulkanTarget): NamedQueue[] {
  const families = target.physical.queueFamilies;
  const only = target.device.queues.filter(({ family }) => isCopyFamily(families[family]));
  return [
    ...only.map((queue) => ({ queue, name: "copy queue" })),
    ...target.computeQueues.map((queue) => ({ queue, name: "compute queue" })),
  ];
}

/** One queue of each name. */
export function queueKinds(target: VulkanTarget): NamedQueue[] {
  const all = copyQueues(target);
  return all.filter(({ name }, i) => all.findIndex((other) => other.name === name) === i);
}
