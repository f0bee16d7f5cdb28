/**
 * What transfers run on: devices, and what all transfers of a run share.
 *
 * @module
 */

import type { Gpu } from "../../gpu/gpu.ts";
import { type Effort, UnsupportedError } from "../benchmark.ts";
import { isDeviceLost, reasonOf } from "../errors.ts";
import type { VulkanTarget } from "../vulkan/target.ts";
import type { HostBlocks } from "./blocks.ts";
import type { ImportedBlocks } from "./imported_blocks.ts";
import type { ProbeRequest } from "./probe.ts";
import type { Runtimes } from "./runtimes.ts";

/** A device that takes part. */
export interface TransferDevice {
  readonly gpu: Pick<Gpu, "id" | "vendor" | "kind" | "pci_slot" | "uuid" | "vram_total_bytes">;
  /** The device opened through Vulkan. Throws, with the reason, where it cannot be. */
  get(): VulkanTarget;
}

/** What trying a path in a process of its own has shown. */
export interface Verdicts {
  /** Why the path must not be used here; undefined where it was tried and works. */
  obstacle(request: ProbeRequest): string | undefined;
}

/** What the transfers of a run share. */
export interface TransferTools {
  readonly blocks: HostBlocks;
  readonly imported: ImportedBlocks;
  readonly runtimes: Runtimes;
  readonly verdicts: Verdicts;
  /** The same with the data and the size that an effort asks for. */
  forEffort(effort: Pick<Effort, "data" | "memoryScale">): TransferTools;
}

/** Target of the transfers between the host and a device. */
export interface HostTransfer extends TransferTools {
  readonly device: TransferDevice;
}

/** Target of the transfers from one device to another. */
export interface PeerTransfer extends TransferTools {
  readonly source: TransferDevice;
  readonly destination: TransferDevice;
}

const MiB = 1 << 20, GiB = 1024 * MiB;

/** Bytes of one transfer among these devices: what leaves the caches, and takes no more than some 10 ms. */
export function transferBytes(devices: readonly TransferDevice[]): number {
  const sizes = devices.map(({ gpu }) => {
    if (gpu.kind === "software") return 32 * MiB;
    return (gpu.vram_total_bytes ?? 4 * GiB) >= 2 * GiB ? 256 * MiB : 64 * MiB;
  });
  return Math.min(256 * MiB, ...sizes);
}

/**
 * The device opened through Vulkan.
 *
 * @throws {UnsupportedError} where no driver shows it or opens it.
 */
export function vulkanOf(device: TransferDevice): VulkanTarget {
  try {
    return device.get();
  } catch (error) {
    if (isDeviceLost(error)) throw error;
    throw new UnsupportedError(`Vulkan: ${reasonOf(error)}`);
  }
}
