/**
 * What bears on a figure, beside the device itself: links, limits, drivers, the host.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";

/** What bears on the figures of a GPU. Null is unknown, with its reason in `absent`. */
export interface DeviceEnvironment {
  /** Version of the vendor's kernel driver; drivers that are part of the kernel have none. */
  driver_version: string | null;
  /** UUID of the Vulkan driver's build. */
  driver_uuid: string | null;
  memory_total_bytes: number | null;
  /** The PCIe link when the run began. Idle GPUs may have slowed it down. */
  pcie_link_gen: number | null;
  pcie_link_width: number | null;
  pcie_link_gen_max: number | null;
  pcie_link_width_max: number | null;
  numa_node: number | null;
  local_cpus: string | null;
  iommu_group: number | null;
  ecc_enabled: boolean | null;
  mig_enabled: boolean | null;
  power_limit_w: number | null;
  power_limit_default_w: number | null;
  /** Fact -> why it is null. */
  absent: Record<string, string>;
}

/** What only a vendor's library, or Vulkan, tells. */
export type VendorEnvironment = Partial<
  Pick<DeviceEnvironment, "driver_uuid" | "ecc_enabled" | "power_limit_w" | "power_limit_default_w">
>;

/** Facts of discovery that are part of the environment, by their own names. */
const GPU_FACTS = [
  "driver_version",
  "pcie_link_gen",
  "pcie_link_width",
  "pcie_link_gen_max",
  "pcie_link_width_max",
  "numa_node",
  "local_cpus",
  "iommu_group",
  "mig_enabled",
] as const;

/** The environment of a GPU. */
export function deviceEnvironment(gpu: Gpu, vendor: VendorEnvironment): DeviceEnvironment {
  const absent: Record<string, string> = {};
  for (const name of GPU_FACTS) {
    if (gpu[name] === null) absent[name] = gpu.absent[name] ?? "no source tells";
  }
  if (gpu.vram_total_bytes === null) {
    absent["memory_total_bytes"] = gpu.absent.vram_total_bytes ?? "no source tells";
  }
  const told = (name: keyof VendorEnvironment, who: string) => {
    if ((vendor[name] ?? null) === null) absent[name] = `${who} does not tell`;
  };
  told("driver_uuid", "Vulkan");
  for (const name of ["ecc_enabled", "power_limit_w", "power_limit_default_w"] as const) {
    told(name, "the driver");
  }
  return {
    driver_version: gpu.driver_version,
    driver_uuid: vendor.driver_uuid ?? null,
    memory_total_bytes: gpu.vram_total_bytes,
    pcie_link_gen: gpu.pcie_link_gen,
    pcie_link_width: gpu.pcie_link_width,
    pcie_link_gen_max: gpu.pcie_link_gen_max,
    pcie_link_width_max: gpu.pcie_link_width_max,
    numa_node: gpu.numa_node,
    local_cpus: gpu.local_cpus,
    iommu_group: gpu.iommu_group,
    ecc_enabled: vendor.ecc_enabled ?? null,
    mig_enabled: gpu.mig_enabled,
    power_limit_w: vendor.power_limit_w ?? null,
    power_limit_default_w: vendor.power_limit_default_w ?? null,
    absent,
  };
}

/** What bears on the figures of all devices of a host. */
export interface HostEnvironment {
  /** Version of the Vulkan API that the loader offers: its own version in practice. */
  vulkan_loader: string | null;
  /** Layers that the loader could load. */
  vulkan_layers: string[] | null;
  /** Variables that change what Vulkan loads, as they are set. */
  vulkan_variables: Record<string, string>;
  /** Manifests of Vulkan drivers that the loader finds. */
  vulkan_drivers: string[];
  /** What shows that this is a virtual machine; null where nothing does. */
  virtual_machine: string | null;
  /** Names of the IOMMUs that the kernel uses: `dmar0`; empty where it uses none. */
  iommus: string[];
  /** Options of the kernel that bear on direct memory access: `iommu=pt`. */
  kernel_options: string[];
}

/** What the loader told, where it was opened. */
export interface LoaderFacts {
  version: string;
  layers: string[];
}

const VULKAN_VARIABLES = [
  "VK_DRIVER_FILES",
  "VK_ADD_DRIVER_FILES",
  "VK_ICD_FILENAMES",
  "VK_INSTANCE_LAYERS",
  "VK_LAYER_PATH",
  "VK_LOADER_DRIVERS_SELECT",
  "VK_LOADER_DRIVERS_DISABLE",
  "VK_LOADER_LAYERS_ENABLE",
  "VK_LOADER_LAYERS_DISABLE",
  "MESA_VK_DEVICE_SELECT",
  "AMD_VULKAN_ICD",
  "DRI_PRIME",
  "RADV_PERFTEST",
  "RADV_DEBUG",
  "ANV_DEBUG",
  "__GL_SHADER_DISK_CACHE",
];

/**
 * Where the loader looks for drivers' manifests on Linux, but for the user's own directories.
 *
 * Source: Vulkan-Loader, `docs/LoaderDriverInterface.md`, "Driver Discovery on Linux".
 */
const MANIFEST_DIRECTORIES = [
  "/usr/local/etc/vulkan/icd.d",
  "/etc/vulkan/icd.d",
  "/usr/local/share/vulkan/icd.d",
  "/usr/share/vulkan/icd.d",
];

function manifests(sysroot: Sysroot, env: (name: string) => string | undefined): string[] {
  const named = env("VK_DRIVER_FILES") ?? env("VK_ICD_FILENAMES");
  if (named !== undefined) return named.split(":").filter((path) => path !== "");
  return MANIFEST_DIRECTORIES.flatMap((directory) =>
    sysroot.list(directory).filter((name) => name.endsWith(".json"))
      .map((name) => `${directory}/${name}`)
  );
}

/** Why this is a virtual machine: by the hypervisor's files, or by the processors' flag. */
export function virtualMachine(sysroot: Sysroot): string | null {
  const type = sysroot.text("/sys/hypervisor/type");
  const flagged = /^flags\s*:.* hypervisor( |$)/m
    .test(sysroot.text("/proc/cpuinfo", 1 << 24) ?? "");
  if (type === undefined && !flagged) return null;
  const vendor = sysroot.text("/sys/class/dmi/id/sys_vendor");
  const product = sysroot.text("/sys/class/dmi/id/product_name");
  return [type, vendor, product].filter((text) => text !== undefined).join(" ") ||
    "the processors have the flag hypervisor";
}

/**
 * The environment of a host.
 *
 * @param loader null where Vulkan was not opened.
 */
export function hostEnvironment(
  sysroot: Sysroot,
  env: (name: string) => string | undefined,
  loader: LoaderFacts | null,
): HostEnvironment {
  const options = (sysroot.text("/proc/cmdline") ?? "").split(/\s+/);
  return {
    vulkan_loader: loader?.version ?? null,
    vulkan_layers: loader?.layers ?? null,
    vulkan_variables: Object.fromEntries(
      VULKAN_VARIABLES.flatMap((name) => {
        const value = env(name);
        return value === undefined ? [] : [[name, value]];
      }),
    ),
    vulkan_drivers: manifests(sysroot, env),
    virtual_machine: virtualMachine(sysroot),
    iommus: sysroot.list("/sys/class/iommu"),
    kernel_options: options.filter((option) =>
      /^(intel_iommu|amd_iommu|iommu|pcie_acs_override|pci|pcie_aspm|mitigations)(=|\.|$)/
        .test(option)
    ),
  };
}
