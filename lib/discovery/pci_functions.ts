/**
 * Which PCI functions of a host are GPUs.
 *
 * @module
 */

import { basename } from "node:path";
import { parsePciAddress, type PciAddress } from "../gpu/pci_address.ts";
import { DeviceFiles } from "../sysfs/device_files.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import { DRM_CLASS, drmDeviceOf } from "./drm_cards.ts";
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
  /** Whether it is behind a display controller of the same vendor, function 0 of the same device. */
  isBehindDisplay: boolean;
  /** Whether it is a virtual function of another (`physfn`). */
  isVirtualFunction: boolean;
  /** Whether its driver has made a card of it, `/dev/dri/cardN`. */
  hasCard: boolean;
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

/** Drivers of accelerators that are no GPU: NPUs, and processors of tensors. */
const OTHER_ACCELERATOR_DRIVERS = new Set(["intel_vpu", "amdxdna", "habanalabs", "qaic"]);

/** AMD's GPU division (its NPUs are 0x1022), NVIDIA, Moore Threads, Hygon: their accelerators are GPUs. */
const ACCELERATOR_GPU_VENDORS = new Set([0x1002, 0x10de, 0x1ed5, 0x1d94]);

const HYGON = 0x1d94;

/** Base class, and base class with subclass (PCI code and ID assignment specification). */
const DISPLAY = 0x03, ACCELERATOR = 0x12, CO_PROCESSOR = 0x0b40;

/** Whether a class, with its vendor, is one that GPUs have; Hygon's DCUs are co-processors. */
function isGpuClass(code: number, vendor: number | undefined): boolean {
  const base = code >> 16;
  return base === DISPLAY || base === ACCELERATOR ||
    (code >> 8 === CO_PROCESSOR && vendor === HYGON);
}

/**
 * Whether a PCI function is a GPU: `undefined` where its class says that it is none, else yes, or no
 * with the reason.
 *
 * Display controllers (class 0x03) are GPUs. Processing accelerators (class 0x12) are GPUs (AMD Instinct
 * MI300), NPUs (Intel, AMD XDNA) and tensor processors (Habana Gaudi) alike, so there the vendor decides,
 * except where the driver is one of GPUs or of others: the driver of a GPU that is given to virtual
 * machines (vfio-pci, AMD's gim, pci-pf-stub) says nothing. What has a card is a GPU, whatever its class.
 */
export function judgeFunction(
  evidence: FunctionEvidence,
): { gpu: true } | { gpu: false; reason: string } | undefined {
  const { class: code, vendor, driver } = evidence;
  if (code >> 16 === DISPLAY) {
    const secondHead = evidence.isBehindDisplay && driver === undefined &&
      !evidence.isVirtualFunction;
    return secondHead
      ? { gpu: false, reason: "is a second function of a graphics card, without a driver" }
      : { gpu: true };
  }
  if (!isGpuClass(code, vendor) && !evidence.hasCard) return undefined;
  const isOther = driver !== undefined && OTHER_ACCELERATOR_DRIVERS.has(driver);
  const isGpu = evidence.hasCard || (driver !== undefined && ACCELERATOR_GPU_DRIVERS.has(driver)) ||
    (vendor !== undefined && ACCELERATOR_GPU_VENDORS.has(vendor));
  if (isGpu && !isOther) return { gpu: true };
  const reason = driver === undefined
    ? "is a processing accelerator of a vendor whose GPUs are not of that class"
    : `is a processing accelerator, and ${driver} is no GPU driver`;
  return { gpu: false, reason };
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

/** The PCI functions of which a driver has made a card. */
function functionsWithCard(sysroot: Sysroot): ReadonlySet<PciAddress> {
  const addresses = sysroot.list(DRM_CLASS).filter((name) => /^card\d+$/.test(name)).map((name) => {
    return parsePciAddress(basename(drmDeviceOf(sysroot, name) ?? ""));
  });
  return new Set(addresses.filter((address) => address !== undefined));
}

/**
 * Whether a function is behind a display controller of the same vendor. Hypervisors put GPUs that have
 * nothing to do with one another, and other devices, into the functions of one slot.
 */
function isBehindDisplay(
  sysroot: Sysroot,
  address: PciAddress,
  vendor: number | undefined,
): boolean {
  if (address.endsWith(".0")) return false;
  const first = `${PCI_DEVICES}/${address.slice(0, -1)}0`;
  const code = sysroot.integer(`${first}/class`);
  return code !== undefined && code >> 16 === DISPLAY &&
    sysroot.integer(`${first}/vendor`) === vendor;
}

function findGpuFunctions(context: DiscoveryContext): GpuFunctions {
  const { sysroot } = context;
  const withCard = functionsWithCard(sysroot);
  const functions: GpuFunction[] = [];
  const leftOut: { address: PciAddress; reason: string }[] = [];
  for (const name of sysroot.list(PCI_DEVICES)) {
    const address = parsePciAddress(name);
    const directory = address && sysroot.resolve(`${PCI_DEVICES}/${name}`);
    if (address === undefined || directory === undefined) continue;
    const code = sysroot.integer(`${directory}/class`);
    if (code === undefined || code < 0 || code >= 2 ** 24) continue;
    const files = new DeviceFiles(sysroot, directory, context.wake);
    const vendor = readPciId(files, "vendor");
    const hasCard = withCard.has(address);
    if (!hasCard && !isGpuClass(code, vendor)) continue;
    const driver = files.linkName("driver");
    const verdict = judgeFunction({
      class: code,
      vendor,
      driver,
      isBehindDisplay: isBehindDisplay(sysroot, address, vendor),
      isVirtualFunction: files.has("physfn"),
      hasCard,
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
