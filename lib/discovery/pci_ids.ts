/**
 * Names of PCI devices, from the PCI ID repository (https://pci-ids.ucw.cz/).
 *
 * The host's own file is preferred, as it may be newer; mvgal carries a subset for hosts without one.
 *
 * @module
 */

import type { Sysroot } from "../sysfs/sysroot.ts";
import { PCI_IDS } from "./pci_ids.generated.ts";

/** Where distributions keep the list: Debian, then Fedora and Arch. */
export const PCI_IDS_PATHS: readonly string[] = [
  "/usr/share/misc/pci.ids",
  "/usr/share/hwdata/pci.ids",
];

/** The list is 1.5 MB and grows by 50 KB a year. */
const MAX_BYTES = 8 * 1024 * 1024;

/** What the list says of a device. */
export interface PciNames {
  vendor: string | null;
  /** `Navi 23 [Radeon RX 6600/6600 XT/6600M]`. */
  device: string | null;
  /** The board, where the list has the subsystem: `PULSE RX 6600`. */
  subsystem: string | null;
  /** The maker of the board. */
  subsystem_vendor: string | null;
}

/** Numeric ids of a PCI function. */
export interface PciIds {
  vendor: number;
  device: number;
  subsystem_vendor?: number;
  subsystem_device?: number;
}

const hex4 = (id: number) => id.toString(16).padStart(4, "0");

/**
 * Looks a device up in text of the format of `pci.ids`. The text is searched rather than parsed: one
 * GPU's few lines of 40,000 are wanted.
 */
export function lookUpPciNames(text: string, ids: PciIds): PciNames {
  const names: PciNames = {
    vendor: null,
    device: null,
    subsystem: null,
    subsystem_vendor: null,
  };
  const restOfLine = (from: number) => text.slice(from, endOfLine(text, from)).trim();
  const vendorAt = (vendor: number) => {
    const key = `${hex4(vendor)}  `;
    if (text.startsWith(key)) return 0;
    const at = text.indexOf(`\n${key}`);
    return at < 0 ? -1 : at + 1;
  };
  if (ids.subsystem_vendor !== undefined) {
    const at = vendorAt(ids.subsystem_vendor);
    if (at >= 0) names.subsystem_vendor = restOfLine(at + 6);
  }
  const vendor = vendorAt(ids.vendor);
  if (vendor < 0) return names;
  names.vendor = restOfLine(vendor + 6);
  const device = findBelow(text, vendor, `\t${hex4(ids.device)}  `, "\t");
  if (device < 0) return names;
  names.device = restOfLine(device + 7);
  if (ids.subsystem_vendor === undefined || ids.subsystem_device === undefined) return names;
  const key = `\t\t${hex4(ids.subsystem_vendor)} ${hex4(ids.subsystem_device)}  `;
  const subsystem = findBelow(text, device, key, "\t\t");
  if (subsystem >= 0) names.subsystem = restOfLine(subsystem + key.length);
  return names;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

/** Position of the line that starts with `key` among the lines below `from` that start with `indent`. */
function findBelow(text: string, from: number, key: string, indent: string): number {
  for (let at = endOfLine(text, from) + 1; at < text.length; at = endOfLine(text, at) + 1) {
    if (text.startsWith(key, at)) return at;
    if (!text.startsWith(indent, at) && !text.startsWith("#", at)) return -1;
  }
  return -1;
}

/** The lines of the list that tell of these devices, in the same format. */
export function excerptPciIds(text: string, all: readonly PciIds[]): string {
  const vendors = new Map<number, Map<number, Set<string>>>();
  const titles = new Map<number, string>();
  const title = (vendor: number, name: string | null) => {
    if (name !== null) titles.set(vendor, `${hex4(vendor)}  ${name}`);
  };
  for (const ids of all) {
    const names = lookUpPciNames(text, ids);
    title(ids.vendor, names.vendor);
    if (ids.subsystem_vendor !== undefined) title(ids.subsystem_vendor, names.subsystem_vendor);
    if (names.device === null) continue;
    const devices = vendors.get(ids.vendor) ?? new Map<number, Set<string>>();
    vendors.set(ids.vendor, devices);
    const lines = devices.get(ids.device) ?? new Set([`\t${hex4(ids.device)}  ${names.device}`]);
    devices.set(ids.device, lines);
    if (names.subsystem !== null) {
      const key = `${hex4(ids.subsystem_vendor ?? 0)} ${hex4(ids.subsystem_device ?? 0)}`;
      lines.add(`\t\t${key}  ${names.subsystem}`);
    }
  }
  return [...titles].sort(([a], [b]) => a - b).flatMap(([vendor, line]) => [
    line,
    ...[...vendors.get(vendor)?.values() ?? []].flatMap((lines) => [...lines]),
  ]).map((line) => `${line}\n`).join("");
}

/** The host's list, or the subset that mvgal carries, each read when first needed. */
export class PciIdList {
  #host: string | null | undefined;
  readonly #sysroot: Sysroot;

  /** A dump's own list, where it has one, is its host's. */
  constructor(sysroot: Sysroot) {
    this.#sysroot = sysroot;
  }

  /** The names of a device: for each, the host's list where it has one, else mvgal's own. */
  lookUp(ids: PciIds): PciNames {
    const own = lookUpPciNames(PCI_IDS, ids);
    const host = this.#hostList();
    if (host === null) return own;
    const listed = lookUpPciNames(host, ids);
    return {
      vendor: listed.vendor ?? own.vendor,
      device: listed.device ?? own.device,
      subsystem: listed.subsystem,
      subsystem_vendor: listed.subsystem_vendor ?? own.subsystem_vendor,
    };
  }

  #hostList(): string | null {
    if (this.#host === undefined) {
      this.#host = null;
      for (const path of PCI_IDS_PATHS) {
        const bytes = this.#sysroot.bytes(path, MAX_BYTES);
        if (bytes === undefined || bytes.length === MAX_BYTES) continue;
        this.#host = new TextDecoder().decode(bytes);
        break;
      }
    }
    return this.#host;
  }
}
