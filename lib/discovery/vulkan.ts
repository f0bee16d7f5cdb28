/**
 * The devices that Vulkan shows, of all drivers that its loader finds.
 *
 * @module
 */

import { Instance } from "../../ffi/vulkan/instance.ts";
import type { PhysicalDevice } from "../../ffi/vulkan/physical_device.ts";
import type { GpuKind } from "../gpu/gpu.ts";
import { formatPciAddress } from "../gpu/pci_address.ts";
import { FactGatherer, hidingNote, joinNotes, pciId, reportLibrary } from "./library_report.ts";
import type { Sighting, Source } from "./source.ts";

/** Extensions that decide what mvgal can do with a device. */
const CAPABILITY_EXTENSIONS: readonly string[] = [
  "VK_EXT_external_memory_host",
  "VK_EXT_external_memory_dma_buf",
  "VK_KHR_external_memory_fd",
  "VK_KHR_external_semaphore_fd",
  "VK_EXT_calibrated_timestamps",
  "VK_EXT_memory_budget",
  "VK_KHR_cooperative_matrix",
  "VK_NV_cooperative_matrix2",
  "VK_KHR_shader_bfloat16",
  "VK_KHR_swapchain",
];

/** Features that decide the same. */
const CAPABILITY_FEATURES: readonly string[] = [
  "shaderFloat64",
  "shaderFloat16",
  "shaderInt64",
  "shaderInt8",
  "shaderIntegerDotProduct",
  "bufferDeviceAddress",
  "timelineSemaphore",
];

const KINDS: Partial<Record<PhysicalDevice["type"], GpuKind>> = {
  discrete: "discrete",
  integrated: "integrated",
  virtual: "virtual",
  cpu: "software",
};

/** The source `vulkan`. It creates an instance, and no device. */
export const vulkan: Source = {
  name: "vulkan",
  reads: "library",
  vendors: "any",
  discover({ capture }) {
    return reportLibrary(() => {
      const opened = Instance.open();
      if (opened.state === "absent") {
        return { state: "absent", reason: `${opened.reason}; ${ADVICE}` };
      }
      using instance = opened.instance;
      const note = joinNotes(
        hidingNote(["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_LOADER_DEVICE_SELECT"]),
      );
      const sightings = instance.physicalDevices().map(sight);
      return { state: "ok", sightings, ...(note === undefined ? {} : { note }) };
    }, capture);
  },
};

const ADVICE =
  "a Vulkan driver is in Debian's mesa-vulkan-drivers, Fedora's mesa-vulkan-drivers, " +
  "Arch's vulkan-radeon or vulkan-intel, or NVIDIA's own driver";

function sight(device: PhysicalDevice): Sighting {
  const gather = new FactGatherer("vulkan");
  gather.set("name", device.name, "deviceName");
  const kind = KINDS[device.type];
  if (kind !== undefined) gather.set("kind", kind, "deviceType");
  const isSoftware = device.type === "cpu";
  const pci = device.pci === null || isSoftware ? undefined : formatPciAddress(
    device.pci.domain,
    device.pci.bus,
    device.pci.device,
    device.pci.function,
  );
  // Ids above 0xffff are Khronos's own, not PCI's.
  if (device.vendorId <= 0xffff && !isSoftware) {
    gather.set("vendor_id", pciId(device.vendorId), "vendorID");
    gather.set("device_id", pciId(device.deviceId), "deviceID");
  }
  if (pci !== undefined) gather.set("pci_slot", pci, "VkPhysicalDevicePCIBusInfoPropertiesEXT");
  if (!isSoftware && device.uuid !== null) gather.set("uuid", device.uuid, "deviceUUID");
  const local = device.heaps.filter((heap) => heap.deviceLocal);
  const localBytes = local.reduce((sum, heap) => sum + heap.size, 0);
  if (device.type === "discrete" && localBytes > 0) {
    gather.set("vram_total_bytes", localBytes, "memoryHeaps");
    gather.set("memory_kind", "dedicated", "deviceType");
  } else if (device.type === "integrated" || isSoftware) {
    gather.set("memory_kind", "shared", "deviceType");
    gather.miss(["vram_total_bytes"], "the device has no memory of its own");
  }
  const minors = [device.drmPrimaryMinor, device.drmRenderMinor].filter((minor) => minor !== null);
  const capabilities = [
    ...CAPABILITY_FEATURES.filter((name) => device.features.has(name)),
    ...CAPABILITY_EXTENSIONS.filter((name) => device.extensions.has(name)),
  ];
  return {
    match: {
      ...(pci === undefined ? {} : { pci }),
      ...(isSoftware || device.uuid === null ? {} : { uuid: device.uuid }),
      ...(minors.length === 0 ? {} : { drm_minors: minors }),
      name: device.name,
      software: isSoftware,
    },
    fallback_id: `vulkan:${device.index}`,
    vendor_id: device.vendorId,
    ...gather,
    api: {
      name: "vulkan",
      device: {
        index: String(device.index),
        name: device.name,
        api_version: device.apiVersion,
        driver: [device.driverName, device.driverInfo].filter((part) => part).join(" ") || null,
        uuid: device.uuid,
        capabilities,
        memory_total_bytes: localBytes > 0 ? localBytes : null,
      },
    },
  };
}
