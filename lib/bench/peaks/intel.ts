/**
 * The make-up of Intel GPUs whose PCI id tells how many Xe cores they have.
 *
 * Sources: Intel's product pages (Xe cores, memory bandwidth); oneAPI GPU Optimization Guide, "Intel Xe GPU
 * Architecture" (operations of one Xe core in one clock).
 *
 * @module
 */

import type { PciAddress } from "../../gpu/pci_address.ts";
import type { Sysroot } from "../../sysfs/sysroot.ts";
import { type DeviceModel, MEMORY_BANDWIDTH } from "./model.ts";

/** Operations of one Xe core in one clock, by key. */
const XE_HPG = {
  fp32: 256,
  fp16: 512,
  "matrix.fp16.fp32": 2048,
  "matrix.bf16.fp32": 2048,
  "matrix.int8.int32": 4096,
};

const XE_HPC = {
  fp32: 256,
  fp64: 256,
  "matrix.fp16.fp32": 4096,
  "matrix.bf16.fp32": 4096,
  "matrix.tf32.fp32": 2048,
  "matrix.int8.int32": 8192,
};

interface Product {
  id: string;
  name: string;
  cores: number;
  operations: Readonly<Record<string, number>>;
  /** Of the memory in GB/s; null where boards of one id differ. */
  bandwidth: number | null;
}

const PRODUCTS: readonly Product[] = [
  { id: "0x56a0", name: "Arc A770", cores: 32, operations: XE_HPG, bandwidth: null },
  { id: "0x56a1", name: "Arc A750", cores: 28, operations: XE_HPG, bandwidth: 512 },
  { id: "0x56a2", name: "Arc A580", cores: 24, operations: XE_HPG, bandwidth: 512 },
  { id: "0x56a5", name: "Arc A380", cores: 8, operations: XE_HPG, bandwidth: 186 },
  { id: "0x56a6", name: "Arc A310", cores: 6, operations: XE_HPG, bandwidth: 124 },
  { id: "0xe20b", name: "Arc B580", cores: 20, operations: XE_HPG, bandwidth: 456 },
  { id: "0xe20c", name: "Arc B570", cores: 18, operations: XE_HPG, bandwidth: 380 },
  {
    id: "0x0bd5",
    name: "Data Center GPU Max 1550",
    cores: 128,
    operations: XE_HPC,
    bandwidth: 3276.8,
  },
  {
    id: "0x0bda",
    name: "Data Center GPU Max 1100",
    cores: 56,
    operations: XE_HPC,
    bandwidth: 1228.8,
  },
];

/** The highest clock in MHz that the hardware allows; null where neither xe nor i915 tells. */
export function readIntelMaxMhz(sysroot: Sysroot, slot: PciAddress | null): number | null {
  if (slot === null) return null;
  const device = `/sys/bus/pci/devices/${slot}`;
  const card = sysroot.list(`${device}/drm`).find((name) => /^card\d+$/.test(name));
  return sysroot.integer(`${device}/tile0/gt0/freq0/rp0_freq`) ??
    sysroot.integer(`${device}/drm/${card}/gt/gt0/rps_RP0_freq_mhz`) ??
    sysroot.integer(`${device}/drm/${card}/gt_RP0_freq_mhz`) ?? null;
}

/** The make-up of an Intel GPU with a PCI device id, `0xe20b`. */
export function intelModel(deviceId: string | null, maxMhz: number | null): DeviceModel {
  const product = PRODUCTS.find(({ id }) => id === deviceId);
  const reason = `no table of Xe cores for PCI device ${deviceId ?? "without an id"}`;
  const source = product === undefined ? "" : `Intel's product page of ${product.name}`;
  return {
    unitName: "Xe cores",
    units: product ? { value: product.cores, source } : { value: null, reason },
    operations: product
      ? { value: product.operations, source: "oneAPI GPU Optimization Guide" }
      : { value: null, reason },
    coreMaxMhz: maxMhz === null
      ? { value: null, reason: "neither xe nor i915 tells the highest clock" }
      : { value: maxMhz, source: "RP0 frequency by the kernel" },
    memory: { value: null, reason: product ? "boards with this PCI id differ in memory" : reason },
    datasheet: product && product.bandwidth !== null
      ? { [MEMORY_BANDWIDTH]: { value: product.bandwidth, source } }
      : {},
    clocksHold: false,
  };
}
