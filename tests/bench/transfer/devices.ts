/**
 * Software devices and fake runtimes for the tests of transfers.
 *
 * @module
 */

import type { Instance } from "../../../ffi/vulkan/instance.ts";
import { HostBlocks } from "../../../lib/bench/transfer/blocks.ts";
import type { RuntimeOpeners } from "../../../lib/bench/transfer/runtimes.ts";
import type { TransferDevice, TransferTools } from "../../../lib/bench/transfer/target.ts";
import { sharedTools } from "../../../lib/bench/transfer/tools.ts";
import { VulkanTarget } from "../../../lib/bench/vulkan/target.ts";
import { openSoftwareInstance } from "../../vulkan_devices.ts";

const MiB = 1 << 20;

/** Bytes of one transfer in tests: more than every ring holds, so that slots are used again. */
export const TEST_BYTES = 36 * MiB;

/** A Vulkan device as a software one. */
export function softwareDevice(target: VulkanTarget): TransferDevice {
  return {
    gpu: {
      id: target.id,
      vendor: "other",
      kind: "software",
      pci_slot: null,
      uuid: target.physical.uuid,
      vram_total_bytes: null,
    },
    get: () => target,
  };
}

/** A GPU of NVIDIA that Vulkan does not show. */
export function cudaDevice(pci: string): TransferDevice {
  return {
    gpu: {
      id: `pci:${pci}`,
      vendor: "nvidia",
      kind: "discrete",
      pci_slot: pci,
      uuid: null,
      vram_total_bytes: 1 << 30,
    },
    get: () => {
      throw new Error("no Vulkan driver shows this GPU");
    },
  };
}

/** Tools of a run in which every path may be used. */
export function testTools(owner: DisposableStack, openers?: RuntimeOpeners): TransferTools {
  const verdicts = { obstacle: () => undefined };
  return owner.use(sharedTools(new HostBlocks(TEST_BYTES), verdicts, { openers }));
}

/** All software devices, opened. What is opened goes to `owner`. */
export function softwareTargets(owner: DisposableStack): VulkanTarget[] {
  const instance: Instance = owner.use(openSoftwareInstance());
  return instance.physicalDevices().map((physical) =>
    owner.use(new VulkanTarget(`vulkan:${physical.index}`, instance, physical))
  );
}
