/**
 * PCI addresses, "BDF": domain, bus, device, function.
 *
 * @module
 */

/** A PCI address in canonical form, `"0000:06:00.0"`: what sysfs uses. */
export type PciAddress = string;

const BDF = /^(?:([0-9a-f]{1,8}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])$/i;

/**
 * Parses a PCI address as tools print it: `06:00.0`, `0000:06:00.0`, NVML's `00000000:06:00.0`.
 *
 * @returns the canonical form, or undefined where the text is no PCI address.
 * @example
 * ```ts
 * import { parsePciAddress } from "./pci_address.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(parsePciAddress("00000000:06:00.0"), "0000:06:00.0");
 * assert.equal(parsePciAddress("card0"), undefined);
 * ```
 */
export function parsePciAddress(text: string): PciAddress | undefined {
  const match = BDF.exec(text.trim());
  if (match === null) return undefined;
  const [, domain = "0", bus = "", device = "", fn = ""] = match;
  const slot = parseInt(device, 16);
  if (slot > 0x1f) return undefined;
  return formatPciAddress(parseInt(domain, 16), parseInt(bus, 16), slot, parseInt(fn, 16));
}

/** The canonical form of an address given in numbers, e.g. from `VkPhysicalDevicePCIBusInfoPropertiesEXT`. */
export function formatPciAddress(
  domain: number,
  bus: number,
  device: number,
  fn: number,
): PciAddress {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
  return `${hex(domain, 4)}:${hex(bus, 2)}:${hex(device, 2)}.${fn}`;
}

/** Orders canonical addresses by domain, bus, device and function. A domain may be of five digits. */
export function comparePciAddresses(a: PciAddress, b: PciAddress): number {
  const length = "00000000:00:00.0".length;
  const [first, second] = [a.padStart(length, "0"), b.padStart(length, "0")];
  return first < second ? -1 : first > second ? 1 : 0;
}
