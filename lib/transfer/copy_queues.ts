/**
 * Which queues of a device are for copies alone: they have engines of their own, beside those that compute.
 *
 * @module
 */

import type { Queue } from "../../ffi/vulkan/device.ts";
import type { QueueFamily } from "../../ffi/vulkan/physical_device.ts";

/** `VkQueueFlagBits`. */
const TRANSFER = 4, SPARSE = 8, PROTECTED = 16;

/** Whether a family does nothing but copy. (Those of video engines can copy too, and are none.) */
export function isCopyFamily(family: Pick<QueueFamily, "flags"> | undefined): boolean {
  const flags = family?.flags ?? 0;
  return (flags & TRANSFER) !== 0 && (flags & ~(TRANSFER | SPARSE | PROTECTED)) === 0;
}

/** The queues of a device that only copy. */
export function copyOnlyQueues({ queues, physical }: {
  readonly queues: readonly Queue[];
  readonly physical: { readonly queueFamilies: readonly QueueFamily[] };
}): Queue[] {
  return queues.filter(({ family }) => isCopyFamily(physical.queueFamilies[family]));
}
