/**
 * The minors of the Direct Rendering Manager by the device that they belong to.
 *
 * @module
 */

import { basename, dirname } from "node:path";
import type { Connector } from "../gpu/gpu.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";

/** Where the kernel lists cards, render nodes and connectors. */
export const DRM_CLASS = "/sys/class/drm";

/** Major number of DRM device nodes (the kernel's `Documentation/admin-guide/devices.txt`). */
const DRM_MAJOR = 226;

/** The minors of one device. */
export interface DrmCard {
  /** Directory of the device to which they belong, links resolved. */
  device: string;
  cards: string[];
  renders: string[];
  minors: number[];
  connectors: Connector[];
}

/** The directory of the device to which a card or render node belongs. */
export function drmDeviceOf(sysroot: Sysroot, name: string): string | undefined {
  const own = sysroot.resolve(`${DRM_CLASS}/${name}`);
  if (own === undefined) return undefined;
  const linked = sysroot.resolve(`${own}/device`);
  if (linked !== undefined && linked !== `${own}/device`) return linked;
  // Without the link: DEVICE/drm/card0.
  const above = dirname(own);
  return basename(above) === "drm" ? dirname(above) : undefined;
}

/** The minor number in `dev`, `226:128`. */
function minorOf(sysroot: Sysroot, name: string): number | undefined {
  const match = /^(\d{1,3}):(\d{1,7})$/.exec(sysroot.text(`${DRM_CLASS}/${name}/dev`) ?? "");
  return Number(match?.[1]) === DRM_MAJOR ? Number(match?.[2]) : undefined;
}

function connectorStatus(text: string | undefined): Connector["status"] {
  return text === "connected" || text === "disconnected" ? text : "unknown";
}

/** All cards and render nodes by the device to which they belong. */
export function readDrmCards(sysroot: Sysroot): DrmCard[] {
  const names = sysroot.list(DRM_CLASS);
  const cards = new Map<string, DrmCard>();
  for (const name of names) {
    const kind = /^(card|renderD)\d+$/.exec(name)?.[1];
    const device = kind && drmDeviceOf(sysroot, name);
    if (!device) continue;
    const card = cards.get(device) ??
      { device, cards: [], renders: [], minors: [], connectors: [] };
    cards.set(device, card);
    (kind === "card" ? card.cards : card.renders).push(name);
    const minor = minorOf(sysroot, name);
    if (minor !== undefined) card.minors.push(minor);
    if (kind !== "card") continue;
    for (const connector of names.filter((other) => other.startsWith(`${name}-`))) {
      card.connectors.push({
        name: connector.slice(name.length + 1),
        status: connectorStatus(sysroot.text(`${DRM_CLASS}/${connector}/status`)),
      });
    }
  }
  return [...cards.values()];
}
