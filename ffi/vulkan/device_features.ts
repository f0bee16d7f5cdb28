/**
 * The features and extensions of Vulkan devices that mvgal uses.
 *
 * @module
 */

import type { Chained, Layout } from "../struct.ts";
import * as vk from "./generated/structs.ts";
import { apiVersion } from "./loader.ts";
import type { PhysicalDevice } from "./physical_device.ts";

/** Features that are switched on wherever the device has them. */
const WANTED_FEATURES: readonly string[] = [
  "shaderFloat64",
  "shaderInt64",
  "shaderInt16",
  "shaderStorageImageExtendedFormats",
  "shaderStorageImageReadWithoutFormat",
  "shaderStorageImageWriteWithoutFormat",
];

const WANTED_FEATURES_11: readonly string[] = [
  "storageBuffer16BitAccess",
  "uniformAndStorageBuffer16BitAccess",
  "variablePointersStorageBuffer",
  "variablePointers",
];

const WANTED_FEATURES_12: readonly string[] = [
  "shaderFloat16",
  "shaderInt8",
  "storageBuffer8BitAccess",
  "bufferDeviceAddress",
  "timelineSemaphore",
  "vulkanMemoryModel",
  "vulkanMemoryModelDeviceScope",
];

const WANTED_FEATURES_13: readonly string[] = ["shaderIntegerDotProduct"];

/** Extensions that are switched on wherever the device has them, with their features. */
const WANTED_EXTENSIONS: readonly {
  name: string;
  layout?: Layout;
  features?: readonly string[];
}[] = [
  { name: "VK_EXT_external_memory_host" },
  { name: "VK_KHR_external_memory_fd" },
  { name: "VK_EXT_external_memory_dma_buf" },
  { name: "VK_KHR_external_semaphore_fd" },
  { name: "VK_EXT_calibrated_timestamps" },
  { name: "VK_KHR_calibrated_timestamps" },
  { name: "VK_KHR_global_priority" },
  {
    name: "VK_KHR_pipeline_executable_properties",
    layout: vk.VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR,
    features: ["pipelineExecutableInfo"],
  },
  {
    name: "VK_KHR_cooperative_matrix",
    layout: vk.VkPhysicalDeviceCooperativeMatrixFeaturesKHR,
    features: ["cooperativeMatrix"],
  },
  {
    name: "VK_NV_cooperative_matrix2",
    layout: vk.VkPhysicalDeviceCooperativeMatrix2FeaturesNV,
    features: [
      "cooperativeMatrixWorkgroupScope",
      "cooperativeMatrixFlexibleDimensions",
      "cooperativeMatrixTensorAddressing",
    ],
  },
  {
    name: "VK_KHR_shader_bfloat16",
    layout: vk.VkPhysicalDeviceShaderBfloat16FeaturesKHR,
    features: ["shaderBFloat16Type", "shaderBFloat16DotProduct", "shaderBFloat16CooperativeMatrix"],
  },
  {
    name: "VK_EXT_shader_float8",
    layout: vk.VkPhysicalDeviceShaderFloat8FeaturesEXT,
    features: ["shaderFloat8", "shaderFloat8CooperativeMatrix"],
  },
];

function wanted(names: readonly string[], features: ReadonlySet<string>): Record<string, number> {
  return Object.fromEntries(names.filter((name) => features.has(name)).map((name) => [name, 1]));
}

/** The `pNext` chain that switches the features on. */
export function featureChain(device: PhysicalDevice): Chained[] {
  const chain: Chained[] = [{
    layout: vk.VkPhysicalDeviceFeatures2,
    value: { features: wanted(WANTED_FEATURES, device.features) },
  }];
  if (device.apiVersionNumber >= apiVersion(1, 2)) {
    chain.push(
      {
        layout: vk.VkPhysicalDeviceVulkan11Features,
        value: wanted(WANTED_FEATURES_11, device.features),
      },
      {
        layout: vk.VkPhysicalDeviceVulkan12Features,
        value: wanted(WANTED_FEATURES_12, device.features),
      },
    );
  }
  if (device.apiVersionNumber >= apiVersion(1, 3)) {
    const value = wanted(WANTED_FEATURES_13, device.features);
    chain.push({ layout: vk.VkPhysicalDeviceVulkan13Features, value });
  }
  for (const { name, layout, features = [] } of WANTED_EXTENSIONS) {
    if (layout === undefined || !device.extensions.has(name)) continue;
    chain.push({ layout, value: wanted(features, device.features) });
  }
  return chain;
}

/** Names of the extensions to switch on. */
export function extensionsOf(device: PhysicalDevice): string[] {
  return WANTED_EXTENSIONS.map(({ name }) => name).filter((name) => device.extensions.has(name));
}
