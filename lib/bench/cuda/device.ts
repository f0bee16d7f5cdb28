/**
 * A Vulkan device in CUDA.
 *
 * @module
 */

import { captureOutput } from "../../../ffi/capture.ts";
import { type CudaComputeDevice, openCudaCompute } from "../../../ffi/cuda_compute.ts";
import { parseUuid } from "../../gpu/uuid.ts";
import { UnsupportedError } from "../benchmark.ts";
import type { VulkanTarget } from "../vulkan/target.ts";

/** PCI's number of NVIDIA. */
const NVIDIA = 0x10de;

/**
 * Whether shapes in CUDA are worth a try: the device is NVIDIA's, and CUDA does not say that its compute
 * capability (9.0 as 90) is not one that `suffices`. Where CUDA cannot be opened, preparing a shape says why.
 */
export function mayHaveCuda(
  target: VulkanTarget,
  suffices: (capability: number) => boolean,
): boolean {
  const { physical } = target;
  if (physical.vendorId !== NVIDIA || physical.type === "cpu") return false;
  try {
    return suffices(cudaOf(target).capability);
  } catch {
    return true;
  }
}

/**
 * The device in CUDA, opened once and closed with the target. Vulkan's deviceUUID is CUDA's.
 *
 * @throws {UnsupportedError} where CUDA is not there, or does not show the device.
 */
export function cudaOf(target: VulkanTarget): CudaComputeDevice {
  return target.companion("CUDA", () => {
    const uuid = parseUuid(target.physical.uuid ?? "");
    if (uuid === undefined) throw new UnsupportedError("CUDA: the device tells no UUID");
    const bytes = Uint8Array.from(
      uuid.replaceAll("-", "").matchAll(/../g),
      ([hex]) => parseInt(hex, 16),
    );
    const { value: opened } = captureOutput(() => openCudaCompute(bytes));
    if (opened.state === "absent") throw new UnsupportedError(`CUDA: ${opened.reason}`);
    return opened.device;
  });
}
