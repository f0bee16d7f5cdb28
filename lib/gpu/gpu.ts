/**
 * What mvgal knows of a GPU. Plain data, without I/O.
 *
 * The property names are those of the JSON documents: `mvgal info --json`, the library and the HTTP API
 * show the same record. A value that is not known is `null`, and {@linkcode Gpu.absent} says why.
 *
 * @module
 */

import type { PciAddress } from "./pci_address.ts";
import type { Vendor } from "./vendor.ts";

/**
 * A stable name: `pci:0000:06:00.0`, `uuid:…` for a device without a PCI address, `drm:card1` or
 * `platform:…` for one that has neither, `vulkan:…`, `opencl:…` for a device that one API alone knows.
 */
export type GpuId = string;

/** What kind of device: a card of its own, part of the processor, a virtual one, or a program. */
export type GpuKind = "discrete" | "integrated" | "virtual" | "software" | "unknown";

/** Runtime power management state, from `power/runtime_status`. */
export type PowerState = "active" | "suspended" | "suspending" | "resuming" | "unsupported";

/** An interface through which programs reach GPUs. */
export type ApiName = "vulkan" | "opencl" | "cuda" | "level_zero" | "hip";

/** How one API shows this GPU. */
export interface ApiDevice {
  /** The API's own index, in its own order: a Vulkan or CUDA ordinal, platform and device for OpenCL. */
  index: string;
  /** The API's own name of the device. */
  name: string;
  /** The version that the device supports, e.g. `1.3.260`. */
  api_version: string | null;
  /** The driver's name and version as the API gives them. */
  driver: string | null;
  /** UUID by which the API knows the device. */
  uuid: string | null;
  /** Extensions or features that matter to mvgal, by the API's own names. */
  capabilities: string[];
  /** Memory that the device itself has, in bytes. */
  memory_total_bytes: number | null;
}

/** A connector of a display controller, from `/sys/class/drm/cardN-*`. */
export interface Connector {
  /** `DP-1`, `HDMI-A-1`. */
  name: string;
  status: "connected" | "disconnected" | "unknown";
}

/** Single-root I/O virtualisation (PCIe base specification, chapter 9). */
export interface Sriov {
  /** A physical function, a virtual function, or neither. */
  role: "pf" | "vf" | "none";
  /** How many virtual functions the device may have at most (`sriov_totalvfs`). */
  total_vfs: number | null;
  /** How many it has now (`sriov_numvfs`). */
  num_vfs: number | null;
  /** For a virtual function: its physical function. */
  physical_function: PciAddress | null;
}

/** One NVLink (or xGMI) link to another device. */
export interface PeerLink {
  /** Number of the link on this GPU. */
  link: number;
  active: boolean;
  /** The device at the other end, where the driver tells: a GPU or a switch. */
  remote: PciAddress | null;
  remote_type: "gpu" | "switch" | "cpu" | "unknown";
  /** Protocol version, e.g. `4`. */
  version: number | null;
}

/** The facts of a GPU that sources can contribute. */
export interface GpuFacts {
  name: string | null;
  vendor_id: string | null;
  device_id: string | null;
  subsystem_vendor_id: string | null;
  subsystem_device_id: string | null;
  revision: string | null;
  /** PCI class code, `0x030000`. */
  class_code: string | null;
  kind: GpuKind;
  /** PCI address; the original's name for it. */
  pci_slot: PciAddress | null;
  uuid: string | null;
  /** Kernel driver that is bound, e.g. `amdgpu`. */
  driver: string | null;
  driver_version: string | null;
  /** `/dev/dri/card0`. */
  drm_node: string | null;
  /** `/dev/dri/renderD128`. */
  render_node: string | null;
  /** Other device nodes, e.g. `/dev/nvidia0`, `/dev/mtgpu.0`. */
  device_nodes: string[];
  connectors: Connector[];
  /** Path of the hwmon directory below the root, `/sys/class/hwmon/hwmon3`. */
  hwmon: string | null;
  numa_node: number | null;
  /** CPUs next to the GPU, in the kernel's list format: `0-15,32-47`. */
  local_cpus: string | null;
  iommu_group: number | null;
  /** Bridges from the root port down to the GPU itself. */
  pcie_path: PciAddress[];
  /** Generation of the link now: 1 is 2.5 GT/s, 2 is 5, 3 is 8, 4 is 16, 5 is 32, 6 is 64. */
  pcie_link_gen: number | null;
  /** Lanes now. */
  pcie_link_width: number | null;
  pcie_link_gen_max: number | null;
  pcie_link_width_max: number | null;
  /** The function at which the link was read: the GPU, or the upstream port of its own switch. */
  pcie_link_at: PciAddress | null;
  memory_kind: "dedicated" | "shared" | null;
  vram_total_bytes: number | null;
  vram_used_bytes: number | null;
  /** Part of the VRAM that the processor can address (resizable BAR makes it all). */
  vram_visible_bytes: number | null;
  temperature_c: number | null;
  utilization_pct: number | null;
  power_state: PowerState | null;
  sriov: Sriov | null;
  /** Multi-instance GPU mode of NVIDIA data-centre GPUs. */
  mig_enabled: boolean | null;
  peer_links: PeerLink[];
}

/** A name of one of the facts. */
export type FactName = keyof GpuFacts;

/** One GPU. */
export interface Gpu extends GpuFacts {
  id: GpuId;
  /** Position in this listing. Not stable: use {@linkcode Gpu.id}. */
  index: number;
  vendor: Vendor;
  /** The names of the discovery sources that saw it. */
  seen_by: string[];
  /** How each API shows it. An API that does not show it has no entry. */
  apis: Partial<Record<ApiName, ApiDevice[]>>;
  /** Whether mvgal may use it. */
  enabled: boolean;
  /** Where each known value came from: `sysfs:mem_info_vram_total`, `nvml`. */
  sources: Partial<Record<FactName, string>>;
  /** Why a value is not known. */
  absent: Partial<Record<FactName, string>>;
}

/** Facts of a GPU of which nothing is known yet. */
export function unknownFacts(): GpuFacts {
  return {
    name: null,
    vendor_id: null,
    device_id: null,
    subsystem_vendor_id: null,
    subsystem_device_id: null,
    revision: null,
    class_code: null,
    kind: "unknown",
    pci_slot: null,
    uuid: null,
    driver: null,
    driver_version: null,
    drm_node: null,
    render_node: null,
    device_nodes: [],
    connectors: [],
    hwmon: null,
    numa_node: null,
    local_cpus: null,
    iommu_group: null,
    pcie_path: [],
    pcie_link_gen: null,
    pcie_link_width: null,
    pcie_link_gen_max: null,
    pcie_link_width_max: null,
    pcie_link_at: null,
    memory_kind: null,
    vram_total_bytes: null,
    vram_used_bytes: null,
    vram_visible_bytes: null,
    temperature_c: null,
    utilization_pct: null,
    power_state: null,
    sriov: null,
    mig_enabled: null,
    peer_links: [],
  };
}
