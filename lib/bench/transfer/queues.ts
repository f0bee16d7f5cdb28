/**
 * Which queues of a Vulkan device copy, and by themselves.
 *
 * @module
 */

import type { Queue } from "../../../ffi/vulkan/device.ts";
import { copyOnlyQueues } from "../../transfer/copy_queues.ts";
import type { VulkanTarget } from "../vulkan/target.ts";

/** A queue for copies, with a name for it. */
export interface NamedQueue {
  queue: Queue;
  /** `copy queue`, `compute queue`. */
  name: string;
}

/** The queues of a device on which copies are worth trying, those that only copy first. */
export function copyQueues(target: VulkanTarget): NamedQueue[] {
  return [
    ...copyOnlyQueues(target.device).map((queue) => ({ queue, name: "copy queue" })),
    ...target.computeQueues.map((queue) => ({ queue, name: "compute queue" })),
  ];
}
