/**
 * What kind of device a GPU is, from its ids and its driver.
 *
 * @module
 */

import type { GpuKind } from "./gpu.ts";

/** What {@linkcode gpuKind} judges by. */
export interface KindEvidence {
  vendor?: number | undefined;
  device?: number | undefined;
  driver?: string | undefined;
  /** Name by `pci.ids`, where it has one. */
  listedName?: string | undefined;
}

/** Drivers of GPUs that a hypervisor presents: they take commands that the host's GPU carries out. */
const VIRTUAL_DRIVERS = new Set([
  "virtio-pci",
  "virtio_gpu",
  "vmwgfx",
  "xen-vbd",
  "vdrm",
]);

/** Red Hat, VMware, Microsoft, Google. */
const VIRTUAL_VENDORS = new Set([0x1af4, 0x1b36, 0x15ad, 0x1414, 0x1ae0]);

/**
 * Drivers of controllers that show a framebuffer and render nothing: those of servers' management chips,
 * of USB adapters, of what firmware set up, and of what hypervisors show of a console. None of them has
 * a render node.
 */
const DISPLAY_DRIVERS = new Set([
  "ast",
  "mgag200",
  "hibmc-drm",
  "simpledrm",
  "simple-framebuffer",
  "ofdrm",
  "efidrm",
  "vesadrm",
  "efi-framebuffer",
  "vesa-framebuffer",
  "udl",
  "gud",
  "evdi",
  "gm12u320",
  "bochs",
  "bochs-drm",
  "qxl",
  "cirrus",
  "cirrus-qemu",
  "vboxvideo",
  "hyperv_drm",
  "hyperv_fb",
]);

/** ASPEED, Matrox, Huawei's iBMC, Silicon Motion, Cirrus (as QEMU emulates it), QEMU, VirtualBox. */
const DISPLAY_VENDORS = new Set([0x1a03, 0x102b, 0x19e5, 0x126f, 0x1013, 0x1234, 0x80ee]);

/** Bare display controllers of vendors that have GPUs as well, by vendor and device. */
const DISPLAY_DEVICES: ReadonlyMap<number, ReadonlySet<number>> = new Map([
  [0x1002, new Set([0x515e, 0x5969])], // ES1000 in servers: `ASIC_IS_RN50` (`radeon.h`), without 3D
  [0x1414, new Set([0x5353])], // Hyper-V's VGA
  [0x1b36, new Set([0x0100])], // QXL
  [0x1d0f, new Set([0x1111])], // the console of Amazon's virtual machines
]);

/** DRM drivers with no hardware behind them. */
const SOFTWARE_DRIVERS = new Set(["vgem", "vkms"]);

/**
 * AMD's GPUs inside processors by their device ids: those that the amdgpu and radeon drivers flag
 * `AMD_IS_APU` or `RADEON_IS_IGP` (`amdgpu_drv.c`, `include/drm/drm_pciids.h`), and the ranges that
 * AMD has used for them since.
 */
function isAmdIntegrated(device: number): boolean {
  return (device >= 0x1300 && device <= 0x1fff) || // Kaveri, Raven … Granite Ridge
    (device >= 0x1100 && device <= 0x11ff) || // Krackan
    (device >= 0x9610 && device <= 0x99ff) || // RS780 … Trinity, Kabini, Carrizo, Stoney
    device === 0x74a0; // MI300A
}

/**
 * Intel's graphics cards: DG1, DG2 (Arc A, Flex), Ponte Vecchio, Battlemage, Crescent Island
 * (`include/drm/intel/pciids.h`), and the i740.
 */
function isIntelDiscrete(device: number): boolean {
  return (device >= 0x4905 && device <= 0x4909) ||
    (device >= 0x4f80 && device <= 0x4f88) ||
    (device >= 0x5690 && device <= 0x56c2) ||
    (device >= 0x0bd0 && device <= 0x0be5) || device === 0x0b69 || device === 0x0b6e ||
    (device >= 0xe202 && device <= 0xe2ff) || device === 0x674c || device === 0x7800;
}

/** NVIDIA's GPUs inside chipsets and processors have their chip's name: nForce (MCP, C51 …), GB10. */
const NVIDIA_INTEGRATED_NAME = /^(MCP|C\d\d\b|GB10\b|GB20B\b|nForce)/;

/** The kind of a device. `"unknown"` where the evidence does not decide. */
export function gpuKind(evidence: KindEvidence): GpuKind {
  const { vendor, device, driver } = evidence;
  if (driver !== undefined) {
    if (SOFTWARE_DRIVERS.has(driver)) return "software";
    if (VIRTUAL_DRIVERS.has(driver)) return "virtual";
    if (DISPLAY_DRIVERS.has(driver)) return "display";
  }
  if (vendor === undefined) return "unknown";
  if (DISPLAY_VENDORS.has(vendor)) return "display";
  if (device !== undefined && DISPLAY_DEVICES.get(vendor)?.has(device)) return "display";
  if (VIRTUAL_VENDORS.has(vendor)) return "virtual";
  if (device === undefined) return "unknown";
  switch (vendor) {
    case 0x1002:
      return isAmdIntegrated(device) ? "integrated" : "discrete";
    case 0x10de:
      return NVIDIA_INTEGRATED_NAME.test(evidence.listedName ?? "") ? "integrated" : "discrete";
    case 0x8086:
      // The place does not tell: a virtual machine may have integrated graphics behind a bridge, and a
      // card at 00:02.0.
      return isIntelDiscrete(device) ? "discrete" : "integrated";
    case 0x1ed5:
    case 0x1d94: // Hygon's DCUs
      return "discrete";
    default:
      return "unknown";
  }
}

/**
 * Whether a graphics card of this model has a PCIe switch of its own between the slot and the GPU: the
 * GPU's own link files then show the link inside the card. AMD from Vega 10 on, and Intel's Arc.
 */
export function hasOwnSwitch(vendor: number, device: number): boolean {
  if (vendor === 0x8086) {
    return (device >= 0x4f80 && device <= 0x4f88) || (device >= 0x5690 && device <= 0x56c2) ||
      (device >= 0xe202 && device <= 0xe2ff);
  }
  if (vendor !== 0x1002 || isAmdIntegrated(device)) return false;
  return (device >= 0x6860 && device <= 0x687f) || // Vega 10
    (device >= 0x69a0 && device <= 0x69af) || // Vega 12
    (device >= 0x66a0 && device <= 0x66af) || // Vega 20
    (device >= 0x7310 && device <= 0x7fff); // Navi, Arcturus, Aldebaran and later
}
