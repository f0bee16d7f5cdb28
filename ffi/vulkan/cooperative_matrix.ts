/**
 * The cooperative matrices that a device advertises.
 *
 * @module
 */

import type { Decoded } from "../struct.ts";
import { VkCooperativeMatrixPropertiesKHR } from "./generated/structs.ts";
import type { Instance } from "./instance.ts";
import { enumerate, type PhysicalDevice } from "./physical_device.ts";

/** Sizes, component types and scope of one kind of cooperative matrix. */
export type MatrixProperties = Decoded<VkCooperativeMatrixPropertiesKHR>;

/** What a device advertises; empty without VK_KHR_cooperative_matrix. */
export function cooperativeMatrices(
  instance: Instance,
  physical: PhysicalDevice,
): MatrixProperties[] {
  const ask = physical.features.has("cooperativeMatrix")
    ? instance.extension("vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR")
    : undefined;
  if (ask === undefined) return [];
  return enumerate(
    "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR",
    VkCooperativeMatrixPropertiesKHR,
    (count, elements) => ask(physical.handle, count, elements),
  );
}
