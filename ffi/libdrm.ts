/**
 * libdrm: which kernel driver is behind a DRM node, and on which bus.
 *
 * ABI: `xf86drm.h` of libdrm 2.4.75 and later, soname `libdrm.so.2`.
 *
 * The functions take open file descriptors (`openSync` of `node:fs` gives them). Opening a node may
 * wake a sleeping GPU, so that is the caller's decision.
 *
 * @module
 */

import { openLibrary, type Symbols } from "./library.ts";
import { decode, decodeCString, structure } from "./struct.ts";

/** `drmVersion`. */
export const DrmVersionLayout = structure("drmVersion", [
  { name: "version_major", type: "i32" },
  { name: "version_minor", type: "i32" },
  { name: "version_patchlevel", type: "i32" },
  { name: "name_len", type: "i32" },
  { name: "name", type: "pointer" },
  { name: "date_len", type: "i32" },
  { name: "date", type: "pointer" },
  { name: "desc_len", type: "i32" },
  { name: "desc", type: "pointer" },
]);

/** `drmDevice`; the two unions hold pointers, which `bustype` tells apart. */
export const DrmDeviceLayout = structure("drmDevice", [
  { name: "nodes", type: "pointer" },
  { name: "available_nodes", type: "i32" },
  { name: "bustype", type: "i32" },
  { name: "businfo", type: "pointer" },
  { name: "deviceinfo", type: "pointer" },
]);

/** `drmPciBusInfo`. */
export const DrmPciBusInfoLayout = structure("drmPciBusInfo", [
  { name: "domain", type: "u16" },
  { name: "bus", type: "u8" },
  { name: "dev", type: "u8" },
  { name: "func", type: "u8" },
]);

/** `drmPciDeviceInfo`. */
export const DrmPciDeviceInfoLayout = structure("drmPciDeviceInfo", [
  { name: "vendor_id", type: "u16" },
  { name: "device_id", type: "u16" },
  { name: "subvendor_id", type: "u16" },
  { name: "subdevice_id", type: "u16" },
  { name: "revision_id", type: "u8" },
]);

const SYMBOLS = {
  drmGetVersion: { parameters: ["i32"], result: "pointer" },
  drmFreeVersion: { parameters: ["pointer"], result: "void" },
  drmGetNodeTypeFromFd: { parameters: ["i32"], result: "i32" },
  drmGetDevice2: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  drmFreeDevice: { parameters: ["buffer"], result: "void" },
} as const;

/** The kernel driver behind a node. */
export interface DrmVersion {
  /** Name of the driver's DRM interface: `amdgpu`, `i915`, `nvidia-drm`. */
  name: string;
  /** Version of the interface, not of the driver: `3.57.0`. */
  version: string;
  /** The driver's own description. */
  description: string;
}

/** What kind of node a file is: `DRM_NODE_*`. */
export type DrmNodeType = "primary" | "control" | "render";

/** The PCI function behind a node. */
export interface DrmPciDevice {
  domain: number;
  bus: number;
  device: number;
  function: number;
  vendorId: number;
  deviceId: number;
  subsystemVendorId: number;
  subsystemDeviceId: number;
}

const NODE_TYPES: readonly DrmNodeType[] = ["primary", "control", "render"];
const DRM_BUS_PCI = 0;

/** What came of {@linkcode openDrm}. */
export type DrmOutcome = { state: "ok"; drm: Drm } | { state: "absent"; reason: string };

/** Opens libdrm. */
export function openDrm(
  { sonames = ["libdrm.so.2"] }: { sonames?: readonly string[] } = {},
): DrmOutcome {
  const opened = openLibrary(sonames, SYMBOLS);
  if (opened.state === "absent") return { state: "absent", reason: opened.reason };
  return { state: "ok", drm: new Drm(opened.library) };
}

/** An open libdrm. Every question about a descriptor that is no DRM node is answered by null. */
export class Drm implements Disposable {
  readonly #library: { readonly symbols: Symbols<typeof SYMBOLS> } & Disposable;

  /** Takes the library that {@linkcode openDrm} opened. */
  constructor(library: { readonly symbols: Symbols<typeof SYMBOLS> } & Disposable) {
    this.#library = library;
  }

  /** The driver behind an open DRM node; null where the descriptor is no DRM node. */
  version(fd: number): DrmVersion | null {
    const { symbols } = this.#library;
    const pointer = symbols.drmGetVersion(fd);
    if (pointer === null) return null;
    try {
      const raw = decode(DrmVersionLayout, bytesAt(pointer, DrmVersionLayout.size));
      return {
        name: textAt(raw.name, raw.name_len),
        version: [raw.version_major, raw.version_minor, raw.version_patchlevel].join("."),
        description: textAt(raw.desc, raw.desc_len),
      };
    } finally {
      symbols.drmFreeVersion(pointer);
    }
  }

  /** What kind of node the descriptor is; null where it is no DRM node. */
  nodeType(fd: number): DrmNodeType | null {
    return NODE_TYPES[this.#library.symbols.drmGetNodeTypeFromFd(fd)] ?? null;
  }

  /** The PCI function behind a node; null where it is on another bus, or the descriptor no DRM node. */
  pciDevice(fd: number): DrmPciDevice | null {
    const { symbols } = this.#library;
    const out = new BigUint64Array(1);
    // Without DRM_DEVICE_GET_PCI_REVISION: reading the revision from configuration space wakes the GPU.
    if (symbols.drmGetDevice2(fd, 0, out) !== 0) return null;
    const pointer = Deno.UnsafePointer.create(out[0] ?? 0n);
    if (pointer === null) return null;
    try {
      const device = decode(DrmDeviceLayout, bytesAt(pointer, DrmDeviceLayout.size));
      const busAt = Deno.UnsafePointer.create(device.businfo);
      const infoAt = Deno.UnsafePointer.create(device.deviceinfo);
      if (device.bustype !== DRM_BUS_PCI || busAt === null || infoAt === null) return null;
      const bus = decode(DrmPciBusInfoLayout, bytesAt(busAt, DrmPciBusInfoLayout.size));
      const info = decode(DrmPciDeviceInfoLayout, bytesAt(infoAt, DrmPciDeviceInfoLayout.size));
      return {
        domain: bus.domain,
        bus: bus.bus,
        device: bus.dev,
        function: bus.func,
        vendorId: info.vendor_id,
        deviceId: info.device_id,
        subsystemVendorId: info.subvendor_id,
        subsystemDeviceId: info.subdevice_id,
      };
    } finally {
      symbols.drmFreeDevice(out);
    }
  }

  [Symbol.dispose](): void {
    this.#library[Symbol.dispose]();
  }
}

/** A copy, so that nothing points into memory that libdrm frees. */
function bytesAt(pointer: Deno.PointerObject, size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, size).slice(0));
}

function textAt(address: bigint, length: number): string {
  const pointer = Deno.UnsafePointer.create(address);
  return pointer === null || length <= 0 ? "" : decodeCString(bytesAt(pointer, length));
}
