/**
 * From what is known of a Vulkan device (a GPU of the inventory, another process's word) to the device.
 *
 * @module
 */

import type { PhysicalDevice } from "../../ffi/vulkan/physical_device.ts";

/** How Vulkan listed a device. */
export interface VulkanListing {
  /** Its place in the list: a whole number, or the decimal digits of one. */
  index: number | string;
  uuid: string | null;
  name: string;
}

/**
 * The physical device that a GPU's Vulkan entry, or a reference, means; undefined where it is there no more.
 * The order may have changed since that was read.
 */
export function findPhysicalDevice(
  devices: readonly PhysicalDevice[],
  { index, uuid, name }: VulkanListing,
): PhysicalDevice | undefined {
  const matches = (device: PhysicalDevice) => device.uuid === uuid && device.name === name;
  const sameIndex = devices[Number(index)];
  return sameIndex && matches(sameIndex) ? sameIndex : devices.find(matches);
}
