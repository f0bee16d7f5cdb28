/**
 * The cooperative matrices that a device advertises.
 *
 * @module
 */

import type { Decoded } from "../struct.ts";
import {
  VkCooperativeMatrixFlexibleDimensionsPropertiesNV,
  VkCooperativeMatrixPropertiesKHR,
} from "./generated/structs.ts";
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

/** Component types, scope and granularity of matrices whose sizes can be chosen. */
export type FlexibleMatrixProperties = Decoded<VkCooperativeMatrixFlexibleDimensionsPropertiesNV>;

/** What a device advertises by VK_NV_cooperative_matrix2; empty without it. */
export function flexibleMatrices(
  instance: Instance,
  physical: PhysicalDevice,
): FlexibleMatrixProperties[] {
  const ask = physical.features.has("cooperativeMatrixFlexibleDimensions")
    ? instance.extension("vkGetPhysicalDeviceCooperativeMatrixFlexibleDimensionsPropertiesNV")
    : undefined;
  if (ask === undefined) return [];
  return enumerate(
    "vkGetPhysicalDeviceCooperativeMatrixFlexibleDimensionsPropertiesNV",
    VkCooperativeMatrixFlexibleDimensionsPropertiesNV,
    (count, elements) => ask(physical.handle, count, elements),
  );
}
