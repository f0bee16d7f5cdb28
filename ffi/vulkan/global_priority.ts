/**
 * Global priorities of queues: those that count among all processes (VK_KHR_global_priority).
 *
 * @module
 */

import { addressOf, decode, encode } from "../struct.ts";
import { VkQueueGlobalPriorityKHR } from "./generated/enums.ts";
import * as vk from "./generated/structs.ts";
import type { VulkanSymbols } from "./loader.ts";
import type { PhysicalDevice } from "./physical_device.ts";

/** The priorities by name; `realtime`, which may starve the desktop, is none of them. */
export const GLOBAL_PRIORITIES = {
  low: VkQueueGlobalPriorityKHR.VK_QUEUE_GLOBAL_PRIORITY_LOW_KHR,
  medium: VkQueueGlobalPriorityKHR.VK_QUEUE_GLOBAL_PRIORITY_MEDIUM_KHR,
  high: VkQueueGlobalPriorityKHR.VK_QUEUE_GLOBAL_PRIORITY_HIGH_KHR,
} as const;

/** Offset of `pNext` in a Vulkan structure. */
const PNEXT = 8;

/** The `VkQueueGlobalPriorityKHR` that a family's queues can have; undefined without the extension. */
export function globalPriorities(
  symbols: VulkanSymbols,
  physical: PhysicalDevice,
  family: number,
): readonly number[] | undefined {
  if (!physical.extensions.has("VK_KHR_global_priority")) return undefined;
  const properties = vk.VkQueueFamilyProperties2,
    priorities = vk.VkQueueFamilyGlobalPriorityPropertiesKHR;
  const total = physical.queueFamilies.length;
  const chained = Array.from({ length: total }, () => encode(priorities).bytes);
  const elements = new Uint8Array(properties.size * total);
  const view = new DataView(elements.buffer);
  chained.forEach((bytes, i) => {
    const at = i * properties.size;
    elements.set(encode(properties).bytes.subarray(0, properties.size), at);
    view.setBigUint64(at + PNEXT, addressOf(bytes), true);
  });
  const count = new Uint8Array(Uint32Array.of(total).buffer);
  symbols.vkGetPhysicalDeviceQueueFamilyProperties2(physical.handle, count, elements);
  const bytes = chained[family];
  if (bytes === undefined) return [];
  const found = decode(priorities, bytes);
  return found.priorities.slice(0, found.priorityCount);
}
