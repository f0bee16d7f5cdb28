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

/** The physical device of a reference; the order may have changed since it was read. */
export function findPhysical(
  devices: readonly PhysicalDevice[],
  { index, uuid, name }: VulkanReference,
): PhysicalDevice | undefined {
  const matches = (device: PhysicalDevice) => device.uuid === uuid && device.name === name;
  const sameIndex = devices[index];
  return sameIndex && matches(sameIndex) ? sameIndex : devices.find(matches);
}
