/**
 * From a GPU of the inventory to Vulkan's device.
 *
 * @module
 */

import type { PhysicalDevice } from "../../ffi/vulkan/physical_device.ts";
import type { ApiDevice } from "../gpu/gpu.ts";

/**
 * The physical device that a GPU's Vulkan entry means; undefined where it is there no more. The order may have
 * changed since the entry was read.
 */
export function findPhysicalDevice(
  devices: readonly PhysicalDevice[],
  { index, uuid, name }: Pick<ApiDevice, "index" | "uuid" | "name">,
): PhysicalDevice | undefined {
  const matches = (device: PhysicalDevice) => device.uuid === uuid && device.name === name;
  const sameIndex = devices[Number(index)];
  return sameIndex && matches(sameIndex) ? sameIndex : devices.find(matches);
}
