/**
 * The schema of what a GPU is, as the inventory has it.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import type { FactName } from "../../../gpu/gpu.ts";
import { vendorNames } from "../../../gpu/vendor.ts";
import {
  count,
  flag,
  flagOrNull,
  gpuId,
  integerOrNull,
  notes,
  numberOrNull,
  orNull,
  text,
  textOrNull,
  texts,
} from "./value.ts";

/** The maker of a GPU. */
export const vendor = z.enum([...vendorNames(), "other"]).openapi({
  description: "The maker of the GPU",
});

/** Runtime power management. */
export const powerState = z.enum([
  "active",
  "suspended",
  "suspending",
  "resuming",
  "unsupported",
]).nullable().openapi({
  description: "Runtime power management: power/runtime_status of the device",
});

/** Why values are null. */
export const absent = <K extends string>() => notes<K>("By name of the value, why it is not known");

/** Where values are from. */
export const sources = <K extends string>() =>
  notes<K>("By name of the value, where it was read: hwmon:temp1_input, nvml");

const apiDevice = z.object({
  index: text("The API's own index: a Vulkan or CUDA ordinal, platform and device for OpenCL"),
  name: text("The API's own name of the device"),
  api_version: textOrNull("The version that the device supports"),
  driver: textOrNull("The driver's name and version as the API gives them"),
  uuid: textOrNull("UUID by which the API knows the device"),
  capabilities: texts("Extensions or features that matter to mvgal, by the API's own names"),
  memory_total_bytes: numberOrNull("Memory that the device itself has, bytes"),
}).openapi("ApiDevice", { description: "How one API shows a GPU" });

const apiDevices = (description: string) => z.array(apiDevice).optional().openapi({ description });

const sriov = z.object({
  role: z.enum(["pf", "vf", "none"]).openapi({
    description: "A physical function, a virtual function, or neither",
  }),
  total_vfs: integerOrNull("How many virtual functions the device may have at most"),
  num_vfs: integerOrNull("How many it has now"),
  physical_function: textOrNull("Of a virtual function, its physical function's PCI address"),
}).openapi("Sriov", { description: "Single-root I/O virtualisation" });

const peerLink = z.object({
  link: z.int().openapi({ description: "Number of the link on this GPU" }),
  active: flag("Whether the link is up"),
  remote: textOrNull("PCI address of the device at the other end"),
  remote_type: z.enum(["gpu", "switch", "cpu", "unknown"]).openapi({
    description: "What is at the other end",
  }),
  version: numberOrNull("Version of the link's protocol"),
}).openapi("PeerLink", { description: "One NVLink or xGMI link" });

/** A GPU of the inventory. */
export const inventoryGpu = z.object({
  id: gpuId(),
  index: count("Position in this listing; not stable"),
  vendor,
  seen_by: texts("The sources of discovery that saw it"),
  apis: z.object({
    vulkan: apiDevices("By Vulkan"),
    opencl: apiDevices("By OpenCL"),
    cuda: apiDevices("By CUDA"),
    level_zero: apiDevices("By Level Zero"),
    hip: apiDevices("By HIP"),
  }).openapi({ description: "How each API shows it; none that does not" }),
  enabled: flag("Whether mvgal may use it"),
  name: textOrNull("The model"),
  board_name: textOrNull("The board by its maker"),
  vendor_id: textOrNull("PCI vendor id, 0x10de"),
  device_id: textOrNull("PCI device id, 0x2704"),
  subsystem_vendor_id: textOrNull("PCI vendor id of the board's maker"),
  subsystem_device_id: textOrNull("The board by its maker's numbering"),
  revision: textOrNull("PCI revision id, 0xa1"),
  class_code: textOrNull("PCI class code, 0x030000"),
  kind: z.enum(["discrete", "integrated", "virtual", "display", "software", "unknown"]).openapi({
    description: "What kind of device it is",
  }),
  pci_slot: textOrNull("PCI address, 0000:06:00.0"),
  uuid: textOrNull("UUID by the vendor's own driver, in its form"),
  driver: textOrNull("The kernel driver that is bound"),
  driver_version: textOrNull(
    "The driver's own version; drivers that are part of the kernel have none",
  ),
  drm_node: textOrNull("/dev/dri/card0"),
  render_node: textOrNull("/dev/dri/renderD128"),
  device_nodes: texts("Other device nodes, /dev/nvidia0"),
  connectors: z.array(z.object({
    name: text("DP-1, HDMI-A-1"),
    status: z.enum(["connected", "disconnected", "unknown"]).openapi({
      description: "Whether a display is plugged in, as far as the driver has looked",
    }),
  })).openapi({ description: "Where displays can be plugged in" }),
  hwmon: textOrNull("The hwmon directory, /sys/class/hwmon/hwmon3"),
  numa_node: integerOrNull("The NUMA node next to the GPU"),
  local_cpus: textOrNull("CPUs next to the GPU, in the kernel's list format: 0-15,32-47"),
  iommu_group: integerOrNull("Number of the IOMMU group"),
  pcie_path: texts(
    "Bridges from the root port down to the GPU itself; empty where some are not known",
  ),
  pcie_link_gen: numberOrNull("Generation of the PCIe link now"),
  pcie_link_width: numberOrNull("PCIe lanes now"),
  pcie_link_gen_max: numberOrNull("The best generation that both ends of the link can do"),
  pcie_link_width_max: numberOrNull("The most lanes that both ends of the link have"),
  pcie_link_at: textOrNull("PCI address of the function at which the link was read"),
  memory_kind: z.enum(["dedicated", "shared"]).nullable().openapi({
    description: "Whether it has memory of its own, or uses the host's",
  }),
  vram_total_bytes: numberOrNull("Size of its own memory, or of what firmware set aside, bytes"),
  vram_used_bytes: numberOrNull("How much of it is in use by all programs, bytes"),
  vram_visible_bytes: numberOrNull("How much of it the processor can address, bytes"),
  temperature_c: numberOrNull("Of the chip when the listing was made, °C"),
  utilization_pct: numberOrNull("How busy it was when the listing was made, % of 100"),
  power_state: powerState,
  sriov: orNull(sriov, "Its part in single-root I/O virtualisation"),
  mig_enabled: flagOrNull("Whether it is in NVIDIA's multi-instance mode"),
  peer_links: z.array(peerLink).openapi({
    description: "Direct links to other GPUs, and to switches between them",
  }),
  sources: sources<FactName>(),
  absent: absent<FactName>(),
}).openapi("InventoryGpu", { description: "What a GPU is" });
