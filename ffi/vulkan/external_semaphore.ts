/**
 * Semaphores that cross devices, by file descriptors.
 *
 * @module
 */

import { libc } from "../libc.ts";
import { type Chained, decode, encode } from "../struct.ts";
import type { Device } from "./device.ts";
import {
  VkExternalSemaphoreFeatureFlagBits as Feature,
  VkExternalSemaphoreHandleTypeFlagBits as HandleType,
  VkSemaphoreImportFlagBits as ImportFlag,
  VkSemaphoreType,
} from "./generated/enums.ts";
import * as vk from "./generated/structs.ts";
import { check, VulkanError } from "./loader.ts";

/**
 * What a descriptor stands for: `opaque_fd` the semaphore itself, known to the same driver alone;
 * `sync_fd` one signal of a binary semaphore that was submitted before, which any driver may know.
 */
export type SemaphoreHandleType = "opaque_fd" | "sync_fd";

/** The two types of semaphores. */
export type SemaphoreKind = "binary" | "timeline";

/** What a device lets one do with semaphores by a handle type. */
export interface SemaphoreSharing {
  exportable: boolean;
  importable: boolean;
}

/** The extension that a device needs for either handle type. */
export const SEMAPHORE_FD_EXTENSION = "VK_KHR_external_semaphore_fd";

const HANDLE_TYPES: Readonly<Record<SemaphoreHandleType, number>> = {
  opaque_fd: HandleType.VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT,
  sync_fd: HandleType.VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT,
};

const KINDS: Readonly<Record<SemaphoreKind, number>> = {
  binary: VkSemaphoreType.VK_SEMAPHORE_TYPE_BINARY,
  timeline: VkSemaphoreType.VK_SEMAPHORE_TYPE_TIMELINE,
};

/** What a device says of semaphores of a kind by a handle type; nothing works without the extension. */
export function semaphoreSharing(
  device: Device,
  handle: SemaphoreHandleType,
  kind: SemaphoreKind,
): SemaphoreSharing {
  if (!device.physical.extensions.has(SEMAPHORE_FD_EXTENSION)) {
    return { exportable: false, importable: false };
  }
  const info = encode(vk.VkPhysicalDeviceExternalSemaphoreInfo, {
    // A device that knows of no timeline semaphores must not see the structure of their type.
    pNext: kind === "binary"
      ? []
      : [{ layout: vk.VkSemaphoreTypeCreateInfo, value: { semaphoreType: KINDS[kind] } }],
    handleType: HANDLE_TYPES[handle],
  });
  const answer = encode(vk.VkExternalSemaphoreProperties);
  device.symbols.vkGetPhysicalDeviceExternalSemaphoreProperties(
    device.physical.handle,
    info.bytes,
    answer.bytes,
  );
  const { externalSemaphoreFeatures: flags } = decode(
    vk.VkExternalSemaphoreProperties,
    answer.bytes,
  );
  return {
    exportable: (flags & Feature.VK_EXTERNAL_SEMAPHORE_FEATURE_EXPORTABLE_BIT) !== 0,
    importable: (flags & Feature.VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT) !== 0,
  };
}

/** The `pNext` chain with which a semaphore is created that shall be exported. */
export function exportChain(handle: SemaphoreHandleType | undefined): Chained[] {
  if (handle === undefined) return [];
  return [{ layout: vk.VkExportSemaphoreCreateInfo, value: { handleTypes: HANDLE_TYPES[handle] } }];
}

/**
 * A new descriptor of a semaphore that was created for it.
 *
 * As `sync_fd`, it is of the signal that was last submitted: there must be one, and the semaphore is unset
 * from then on.
 *
 * @returns the descriptor, the caller's to close; for `sync_fd` -1 where the signal is over already.
 * @throws {VulkanError} where the driver refuses.
 */
export function exportSemaphore(
  device: Device,
  semaphore: { readonly handle: bigint },
  handle: SemaphoreHandleType,
): number {
  const get = device.extension("vkGetSemaphoreFdKHR");
  if (get === undefined) throw new VulkanError("vkGetSemaphoreFdKHR", -7);
  const out = new Int32Array(1);
  const info = encode(vk.VkSemaphoreGetFdInfoKHR, {
    semaphore: semaphore.handle,
    handleType: HANDLE_TYPES[handle],
  });
  check("vkGetSemaphoreFdKHR", get(device.handle, info.bytes, new Uint8Array(out.buffer)));
  return out[0] ?? -1;
}

/**
 * Makes a semaphore of the same kind stand for what a descriptor stands for: `opaque_fd` for good, `sync_fd`
 * until the next wait for it is over.
 *
 * @param fd is the driver's afterwards, and closed where it refuses.
 * @throws {VulkanError} where the driver refuses.
 */
export function importSemaphore(
  device: Device,
  semaphore: { readonly handle: bigint },
  handle: SemaphoreHandleType,
  fd: number,
): void {
  const put = device.extension("vkImportSemaphoreFdKHR");
  const info = encode(vk.VkImportSemaphoreFdInfoKHR, {
    semaphore: semaphore.handle,
    // The specification knows no other import of a sync_fd.
    flags: handle === "sync_fd" ? ImportFlag.VK_SEMAPHORE_IMPORT_TEMPORARY_BIT : 0,
    handleType: HANDLE_TYPES[handle],
    fd,
  });
  const result = put === undefined ? -7 : put(device.handle, info.bytes);
  if (result < 0 && fd >= 0) libc().close(fd);
  check("vkImportSemaphoreFdKHR", result);
}
