/**
 * By what a vendor's runtime finds a member.
 *
 * @module
 */

import type { PhysicalDevice } from "../../../ffi/vulkan/physical_device.ts";
import { vendorFromId } from "../../gpu/vendor.ts";
import type { RuntimeGpu } from "../../transfer/runtimes.ts";
import type { TransferMember } from "./types.ts";

const KINDS: Readonly<Record<PhysicalDevice["type"], RuntimeGpu["kind"]>> = {
  discrete: "discrete",
  integrated: "integrated",
  virtual: "virtual",
  cpu: "software",
  other: "unknown",
};

function pciSlot({ pci }: PhysicalDevice): string | null {
  if (pci === null) return null;
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
  return `${hex(pci.domain, 4)}:${hex(pci.bus, 2)}:${hex(pci.device, 2)}.${pci.function}`;
}

/** What the member itself says of it, or Vulkan. */
export function gpuFacts({ gpu, device: { physical } }: TransferMember): RuntimeGpu {
  return gpu ?? {
    vendor: vendorFromId(physical.vendorId),
    kind: KINDS[physical.type],
    pci_slot: pciSlot(physical),
    uuid: physical.uuid,
  };
}
