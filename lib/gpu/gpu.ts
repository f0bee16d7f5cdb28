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
 * A stable name: `pci:0000:06:00.0`; without a PCI address `platform:…` for a place in the device tree,
 * then `uuid:…`, then `drm:card1`; `vulkan:…`, `opencl:…` for a program or a device that one API alone
 * knows.
 */
export type GpuId = string;

/**
 * What kind of device: a card of its own, part of the processor, a virtual one, a display controller
 * that draws nothing itself (a server's management chip, a hypervisor's bare framebuffer), or a program.
 */
export type GpuKind = "discrete" | "integrated" | "virtual" | "display" | "software" | "unknown";

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
  /** Whether a display is plugged in, as far as the driver has looked. */
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
  /** Whether the link is up. */
  active: boolean;
  /** The device at the other end, where the driver tells: a GPU or a switch. */
  remote: PciAddress | null;
  /** What is at the other end. */
  remote_type: "gpu" | "switch" | "cpu" | "unknown";
  /** Protocol version, e.g. `4`. */
  version: number | null;
}

/** The facts of a GPU that sources can contribute. */
export interface GpuFacts {
  /** The model: `NVIDIA GeForce RTX 4080`. */
  name: string | null;
  /** The board by its maker, where a list of names has its subsystem ids: `PULSE RX 6600`. */
  board_name: string | null;
  /** PCI vendor id, `0x10de`. */
  vendor_id: string | null;
  /** PCI device id, `0x2704`. */
  device_id: string | null;
  /** PCI vendor id of the board's maker. */
  subsystem_vendor_id: string | null;
  /** The board by its maker's numbering. */
  subsystem_device_id: string | null;
  /** PCI revision id, `0xa1`. */
  revision: string | null;
  /** PCI class code, `0x030000`. */
  class_code: string | null;
  /** What kind of device it is. */
  kind: GpuKind;
  /** PCI address; the original's name for it. */
  pci_slot: PciAddress | null;
  /** UUID by the vendor's own driver, in its form: NVIDIA's has the prefix `GPU-`. */
  uuid: string | null;
  /** Kernel driver that is bound, e.g. `amdgpu`. */
  driver: string | null;
  /** The driver's own version; drivers that are part of the kernel have none. */
  driver_version: string | null;
  /** `/dev/dri/card0`. */
  drm_node: string | null;
  /** `/dev/dri/renderD128`. */
  render_node: string | null;
  /** Other device nodes, e.g. `/dev/nvidia0`, `/dev/mtgpu.0`. */
  device_nodes: string[];
  /** Where displays can be plugged in. */
  connectors: Connector[];
  /** Path of the hwmon directory below the root, `/sys/class/hwmon/hwmon3`. */
  hwmon: string | null;
  /** The NUMA node next to the GPU. */
  numa_node: number | null;
  /** CPUs next to the GPU, in the kernel's list format: `0-15,32-47`. */
  local_cpus: string | null;
  /** Number of the IOMMU group: what is in one group can be given to a virtual machine only together. */
  iommu_group: number | null;
  /** Bridges from the root port down to the GPU itself; empty where some of them are not known. */
  pcie_path: PciAddress[];
  /** Generation of the link now: 1 is 2.5 GT/s, 2 is 5, 3 is 8, 4 is 16, 5 is 32, 6 is 64. */
  pcie_link_gen: number | null;
  /** Lanes now. */
  pcie_link_width: number | null;
  /** The best generation that both ends of the link can do, as far as files show both. */
  pcie_link_gen_max: number | null;
  /** The most lanes that both ends of the link have, as far as files show both. */
  pcie_link_width_max: number | null;
  /** The function at which the link was read: the GPU, or the upstream port of its own switch. */
  pcie_link_at: PciAddress | null;
  /** Whether the GPU has memory of its own, or uses the host's. */
  memory_kind: "dedicated" | "shared" | null;
  /** Size of the GPU's own memory, or of the part of the host's that firmware set aside for it. */
  vram_total_bytes: number | null;
  /** How much of it is in use, by all programs. */
  vram_used_bytes: number | null;
  /** Part of the VRAM that the processor can address (resizable BAR makes it all). */
  vram_visible_bytes: number | null;
  /** Temperature of the chip in °C when the listing was made. */
  temperature_c: number | null;
  /** How busy the GPU was, of 100, when the listing was made. */
  utilization_pct: number | null;
  /** Runtime power management state when the listing was made. */
  power_state: PowerState | null;
  /** Its part in single-root I/O virtualisation. */
  sriov: Sriov | null;
  /** Multi-instance GPU mode of NVIDIA data-centre GPUs. */
  mig_enabled: boolean | null;
  /** Direct links to other GPUs, and to switches between them. */
  peer_links: PeerLink[];
}

/** A name of one of the facts. */
export type FactName = keyof GpuFacts;

/** One GPU. */
export interface Gpu extends GpuFacts {
  /** The stable name. */
  id: GpuId;
  /** Position in this listing. Not stable: use {@linkcode Gpu.id}. */
  index: number;
  /** The maker of the GPU. */
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
    board_name: null,
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
