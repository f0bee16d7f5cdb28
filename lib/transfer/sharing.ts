/**
 * Whether the memory of one Vulkan device can be had by another, as far as their drivers tell.
 *
 * @module
 */

import type { Device } from "../../ffi/vulkan/device.ts";
import {
  SHARED_HANDLE_EXTENSIONS,
  type SharedHandle,
  sharingFeatures,
} from "../../ffi/vulkan/external_memory.ts";
import type { PhysicalDevice } from "../../ffi/vulkan/physical_device.ts";

/** The destination reads the source's memory, or the source writes the destination's. */
export type SharedMode = "pull" | "push";

/** Which end copies, for people. */
export const MODE_NAMES: Readonly<Record<SharedMode, string>> = {
  pull: "the destination reads the source's memory",
  push: "the source writes the destination's memory",
};

/** An open device. */
export interface SharingDevice {
  readonly device: Device;
  readonly physical: PhysicalDevice;
}

/** How each handle is called. */
export const HANDLE_NAMES: Readonly<Record<SharedHandle, string>> = {
  dma_buf: "dma-buf",
  opaque_fd: "opaque fd",
};

/** Every handle with each end. */
export const SHARED_WAYS: readonly { handle: SharedHandle; mode: SharedMode }[] = [
  { handle: "dma_buf", mode: "pull" },
  { handle: "dma_buf", mode: "push" },
  { handle: "opaque_fd", mode: "pull" },
  { handle: "opaque_fd", mode: "push" },
];

/** Why `owner`'s memory cannot be had by `other`; undefined where nothing is known against it. */
export function sharingObstacle(
  owner: SharingDevice,
  other: SharingDevice,
  handle: SharedHandle,
): string | undefined {
  for (const { physical } of [owner, other]) {
    const lacking = SHARED_HANDLE_EXTENSIONS[handle].find((name) => !physical.extensions.has(name));
    if (lacking !== undefined) return `${physical.name} lacks ${lacking}`;
  }
  if (handle === "opaque_fd") {
    if (owner.physical.uuid === null || other.physical.uuid === null) {
      return "a device below Vulkan 1.1 does not tell its UUID, without which opaque fd memory is unsafe";
    }
    // Vulkan 1.3, table "External memory handle types compatibility".
    if (owner.physical.driverUuid !== other.physical.driverUuid) {
      return "opaque fd memory does not leave its driver, and the devices' driverUUIDs differ";
    }
    if (owner.physical.uuid !== other.physical.uuid) {
      return "opaque fd memory does not leave its device, and the deviceUUIDs differ";
    }
  }
  if (!sharingFeatures(owner.device, handle).exportable) {
    return `${owner.physical.name} does not export buffers as ${HANDLE_NAMES[handle]}`;
  }
  if (!sharingFeatures(other.device, handle).importable) {
    return `${other.physical.name} does not import buffers as ${HANDLE_NAMES[handle]}`;
  }
  return undefined;
}
