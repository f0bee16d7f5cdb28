/**
 * Which PCI functions of a host are GPUs.
 *
 * @module
 */

import { parsePciAddress, type PciAddress } from "../gpu/pci_address.ts";
import { DeviceFiles } from "../sysfs/device_files.ts";
import type { DiscoveryContext } from "./source.ts";

/** Where the kernel lists PCI functions. */
export const PCI_DEVICES = "/sys/bus/pci/devices";

/** A PCI function that is a GPU. */
export interface GpuFunction {
  readonly address: PciAddress;
  readonly files: DeviceFiles;
  /** The 24-bit class code. */
  readonly class: number;
  readonly vendor: number | undefined;
  readonly device: number | undefined;
  /** The kernel driver that is bound. */
  readonly driver: string | undefined;
}

/** The GPUs among the PCI functions, and those that look like one and are not. */
export interface GpuFunctions {
  readonly functions: readonly GpuFunction[];
  /** Functions of a GPU's class that are none, and why. */
  readonly leftOut: readonly { address: PciAddress; reason: string }[];
}

/** What {@linkcode judgeFunction} judges by. */
export interface FunctionEvidence {
  class: number;
  vendor: number | undefined;
  driver: string | undefined;
  /** Function number, `1` of `0000:00:02.1`. */
  fn: number;
  /** Whether it is a virtual function of another (`physfn`). */
  isVirtualFunction: boolean;
}

/** Drivers of GPUs that call themselves processing accelerators. */
const ACCELERATOR_GPU_DRIVERS = new Set([
  "amdgpu",
  "nvidia",
  "nouveau",
  "nova_core",
  "i915",
  "xe",
  "mtgpu",
  "hydcu",
  "hycu",
]);

/** AMD's GPU division (its NPUs are 0x1022), NVIDIA, Moore Threads: their accelerators are GPUs. */
const ACCELERATOR_GPU_VENDORS = new Set([0x1002, 0x10de, 0x1ed5]);

/** Drivers that hold a device for a virtual machine, or for nobody, and say nothing of what it is. */
const PLACEHOLDER_DRIVERS = new Set(["vfio-pci", "pci-stub", "xen-pciback", "uio_pci_generic"]);

/**
 * Whether a PCI function is a GPU: `undefined` where its class says that it is none, else yes, or no
 * with the reason.
 *
 * Display controllers (class 0x03) are GPUs. Processing accelerators (class 0x12) are GPUs (AMD Instinct
 * MI300), NPUs (Intel, AMD XDNA) and tensor processors (Habana Gaudi) alike, so there the driver
 * decides, and without one the vendor.
 */
export function judgeFunction(
  evidence: FunctionEvidence,
): { gpu: true } | { gpu: false; reason: string } | undefined {
  const base = evidence.class >> 16;
  if (base === 0x03) {
    const secondHead = evidence.fn !== 0 && evidence.driver === undefined &&
      !evidence.isVirtualFunction;
    return secondHead
      ? { gpu: false, reason: "is a second function of a graphics card, without a driver" }
      : { gpu: true };
  }
  if (base !== 0x12) return undefined;
  const driver = evidence.driver;
  if (driver !== undefined && !PLACEHOLDER_DRIVERS.has(driver)) {
    return ACCELERATOR_GPU_DRIVERS.has(driver)
      ? { gpu: true }
      : { gpu: false, reason: `is a processing accelerator, and ${driver} is no GPU driver` };
  }
  return evidence.vendor !== undefined && ACCELERATOR_GPU_VENDORS.has(evidence.vendor)
    ? { gpu: true }
    : {
      gpu: false,
      reason: "is a processing accelerator of a vendor whose GPUs are not of that class",
    };
}

/** A PCI id or class: a whole number of at most `bits` bits, from an attribute or `uevent`. */
function idOf(files: DeviceFiles, attribute: string, bits: number): number | undefined {
  const value = files.integer(attribute);
  return value !== undefined && value >= 0 && value < 2 ** bits ? value : undefined;
}

/** The PCI ids of a function. */
export function readPciId(
  files: DeviceFiles,
  attribute: "vendor" | "device" | "subsystem_vendor" | "subsystem_device",
): number | undefined {
  return idOf(files, attribute, 16);
}

const found = new WeakMap<DiscoveryContext, GpuFunctions>();

/** The GPUs among a host's PCI functions in PCI order. Looked for once a context. */
export function gpuFunctions(context: DiscoveryContext): GpuFunctions {
  let result = found.get(context);
  if (result === undefined) found.set(context, result = findGpuFunctions(context));
  return result;
}

function findGpuFunctions(context: DiscoveryContext): GpuFunctions {
  const { sysroot } = context;
  const functions: GpuFunction[] = [];
  const leftOut: { address: PciAddress; reason: string }[] = [];
  for (const name of sysroot.list(PCI_DEVICES)) {
    const address = parsePciAddress(name);
    const directory = address && sysroot.resolve(`${PCI_DEVICES}/${name}`);
    if (address === undefined || directory === undefined) continue;
    const code = sysroot.integer(`${directory}/class`);
    if (code === undefined || code < 0 || code >= 2 ** 24) continue;
    const base = code >> 16;
    if (base !== 0x03 && base !== 0x12) continue;
    const files = new DeviceFiles(sysroot, directory, context.wake);
    const vendor = readPciId(files, "vendor");
    const driver = files.linkName("driver");
    const verdict = judgeFunction({
      class: code,
      vendor,
      driver,
      fn: Number(address.at(-1)),
      isVirtualFunction: files.has("physfn"),
    });
    if (verdict?.gpu) {
      functions.push({
        address,
        files,
        class: code,
        vendor,
        device: readPciId(files, "device"),
        driver,
      });
    } else if (verdict) {
      leftOut.push({ address, reason: verdict.reason });
    }
  }
  return { functions, leftOut };
}
