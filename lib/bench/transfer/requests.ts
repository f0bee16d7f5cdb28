/**
 * What is to be tried in a process of its own, for devices that are open here.
 *
 * @module
 */

import type { SharedHandle } from "../../../ffi/vulkan/external_memory.ts";
import type { SharedMode } from "../../transfer/sharing.ts";
import type { VulkanTarget } from "../vulkan/target.ts";
import type { DeviceReference, ProbeRequest } from "./probe.ts";
import type { PeerTransfer, TransferDevice } from "./target.ts";

/** A reference to a device that may be open to Vulkan. */
export function referenceTo(device: TransferDevice, target?: VulkanTarget): DeviceReference {
  const { id, vendor, kind, pci_slot, uuid, vram_total_bytes } = device.gpu;
  const physical = target?.physical;
  return {
    gpu: { id, vendor, kind, pci_slot, uuid, vram_total_bytes },
    vulkan: physical === undefined
      ? null
      : { index: physical.index, uuid: physical.uuid, name: physical.name },
  };
}

/**
 * The device opened through Vulkan; undefined where it cannot be. One that was lost says so when it is
 * measured: here it must not end what is done for others.
 */
export function vulkanOrNothing(device: TransferDevice): VulkanTarget | undefined {
  try {
    return device.get();
  } catch {
    return undefined;
  }
}

/** That the device imports host memory. */
export function hostMemoryRequest(device: TransferDevice, target: VulkanTarget): ProbeRequest {
  return { kind: "host_memory", device: referenceTo(device, target) };
}

/** That memory of a pair can be shared. */
export function sharedMemoryRequest(
  { source, destination }: Pick<PeerTransfer, "source" | "destination">,
  handle: SharedHandle,
  mode: SharedMode,
): ProbeRequest {
  return {
    kind: "shared_memory",
    device: referenceTo(source, vulkanOrNothing(source)),
    peer: referenceTo(destination, vulkanOrNothing(destination)),
    handle,
    mode,
  };
}

/** That a runtime copies from one of the pair to the other. */
export function runtimePeerRequest(
  { source, destination }: Pick<PeerTransfer, "source" | "destination">,
  runtime: string,
): ProbeRequest {
  return {
    kind: "runtime_peer",
    device: referenceTo(source),
    peer: referenceTo(destination),
    runtime,
  };
}
