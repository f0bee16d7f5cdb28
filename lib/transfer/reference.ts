/**
 * A Vulkan device, so that another process finds it again.
 *
 * @module
 */

import type { PhysicalDevice } from "../../ffi/vulkan/physical_device.ts";

/** How Vulkan lists a device. */
export interface VulkanReference {
  index: number;
  uuid: string | null;
  name: string;
}

/** A reference to a device. */
export function referenceTo({ index, uuid, name }: PhysicalDevice): VulkanReference {
  return { index, uuid, name };
}
