/**
 * GPU vendors by PCI vendor id.
 *
 * @module
 */

/** A vendor that mvgal knows by name; `"other"` for any other. */
export type Vendor =
  | "amd"
  | "nvidia"
  | "intel"
  | "mthreads"
  | "apple"
  | "arm"
  | "qualcomm"
  | "imagination"
  | "broadcom"
  | "aspeed"
  | "matrox"
  | "hygon"
  | "qemu"
  | "redhat"
  | "vmware"
  | "mesa"
  | "google"
  | "pocl"
  | "other";

interface VendorRow {
  vendor: Vendor;
  /** The name that people read. */
  title: string;
  /** PCI vendor ids, or the ids that Khronos gives out (Vulkan `VkVendorId`, from 0x10000). */
  ids: readonly number[];
}

/**
 * Source: the PCI ID repository (pci.ids) and the Vulkan registry (`VkVendorId`). Vulkan drivers of
 * SoC GPUs report their maker's PCI id too.
 */
const VENDORS: readonly VendorRow[] = [
  { vendor: "amd", title: "AMD", ids: [0x1002, 0x1022] },
  { vendor: "nvidia", title: "NVIDIA", ids: [0x10de] },
  { vendor: "intel", title: "Intel", ids: [0x8086] },
  { vendor: "mthreads", title: "Moore Threads", ids: [0x1ed5] },
  { vendor: "apple", title: "Apple", ids: [0x106b] },
  { vendor: "arm", title: "Arm", ids: [0x13b5] },
  { vendor: "qualcomm", title: "Qualcomm", ids: [0x5143, 0x17cb] },
  { vendor: "imagination", title: "Imagination", ids: [0x1010] },
  { vendor: "broadcom", title: "Broadcom", ids: [0x14e4] },
  { vendor: "aspeed", title: "ASPEED", ids: [0x1a03] },
  { vendor: "matrox", title: "Matrox", ids: [0x102b] },
  { vendor: "hygon", title: "Hygon", ids: [0x1d94] },
  { vendor: "qemu", title: "QEMU", ids: [0x1234] },
  { vendor: "redhat", title: "Red Hat", ids: [0x1af4, 0x1b36] },
  { vendor: "vmware", title: "VMware", ids: [0x15ad] },
  { vendor: "mesa", title: "Mesa", ids: [0x10005] },
  { vendor: "google", title: "Google", ids: [0x1ae0] },
  { vendor: "pocl", title: "PoCL", ids: [0x10006] },
];

/** The vendor with this PCI or Khronos vendor id. */
export function vendorFromId(id: number): Vendor {
  return VENDORS.find((row) => row.ids.includes(id))?.vendor ?? "other";
}

/** The vendor's name for people: `"AMD"`, `"Moore Threads"`; `"unknown vendor"` for `"other"`. */
export function vendorTitle(vendor: Vendor): string {
  return VENDORS.find((row) => row.vendor === vendor)?.title ?? "unknown vendor";
}

/** All vendor names that a GPU selector accepts. */
export function vendorNames(): Vendor[] {
  return VENDORS.map((row) => row.vendor);
}
