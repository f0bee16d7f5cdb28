/**
 * What benchmarks have tried in a process of its own.
 *
 * @module
 */

import type { SharedHandle } from "../../../ffi/vulkan/external_memory.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { VulkanReference } from "../../transfer/reference.ts";
import type { SharedMode } from "../../transfer/sharing.ts";

/** A device, so that another process finds it again. */
export interface DeviceReference {
  gpu: Pick<Gpu, "id" | "vendor" | "kind" | "pci_slot" | "uuid" | "vram_total_bytes">;
  /** How Vulkan lists it; null where it does not. */
  vulkan: VulkanReference | null;
}

/** One thing to be tried. */
export type ProbeRequest =
  /** The device imports host memory and copies to and from it. */
  | { kind: "host_memory"; device: DeviceReference }
  /** The one imports the other's memory. */
  | {
    kind: "shared_memory";
    device: DeviceReference;
    peer: DeviceReference;
    handle: SharedHandle;
    mode: SharedMode;
  }
  /** A vendor's runtime copies directly. */
  | { kind: "runtime_peer"; device: DeviceReference; peer: DeviceReference; runtime: string };

function nameOf({ gpu, vulkan }: DeviceReference): string {
  return `${gpu.id}#${vulkan?.index ?? ""}`;
}

/** What makes two requests the same. */
export function requestKey(request: ProbeRequest): string {
  const { kind, device } = request;
  switch (kind) {
    case "host_memory":
      return `${kind} ${nameOf(device)}`;
    case "shared_memory":
      return `${kind} ${request.handle} ${request.mode} ${nameOf(device)} ${nameOf(request.peer)}`;
    case "runtime_peer":
      return `${kind} ${request.runtime} ${nameOf(device)} ${nameOf(request.peer)}`;
  }
}
