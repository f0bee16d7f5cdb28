/**
 * What Intel's kernel drivers tell of a GPU's regions of memory and engines, by the query calls of their
 * DRM nodes.
 *
 * ABI: `drm/i915_drm.h` (`DRM_IOCTL_I915_QUERY`, `DRM_I915_QUERY_MEMORY_REGIONS`) and `drm/xe_drm.h`
 * (`DRM_IOCTL_XE_DEVICE_QUERY`). Opening a node and asking it may wake a GPU: that is the caller's decision.
 *
 * @module
 */

import { closeSync, constants, openSync } from "node:fs";
import { openLibrary } from "./library.ts";
import { addressOf, decode, decodeArray, encode, structure } from "./struct.ts";

const SYMBOLS = {
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** `_IOWR('d', 0x79, struct drm_i915_query)`. */
const DRM_IOCTL_I915_QUERY = 0xc010_6479n;
const DRM_I915_QUERY_MEMORY_REGIONS = 4n;
/** `_IOWR('d', 0x40, struct drm_xe_device_query)`. */
const DRM_IOCTL_XE_DEVICE_QUERY = 0xc028_6440n;
const DRM_XE_DEVICE_QUERY_ENGINES = 0;
const DRM_XE_DEVICE_QUERY_MEM_REGIONS = 1;

const I915QueryLayout = structure("drm_i915_query", [
  { name: "num_items", type: "u32" },
  { name: "flags", type: "u32" },
  { name: "items_ptr", type: "u64" },
]);

const I915QueryItemLayout = structure("drm_i915_query_item", [
  { name: "query_id", type: "u64" },
  { name: "length", type: "i32" },
  { name: "flags", type: "u32" },
  { name: "data_ptr", type: "u64" },
]);

/** Behind `num_regions` and three reserved words. */
const I915_REGIONS_AT = 16;

const I915RegionLayout = structure("drm_i915_memory_region_info", [
  { name: "memory_class", type: "u16" },
  { name: "memory_instance", type: "u16" },
  { name: "rsvd0", type: "u32" },
  { name: "probed_size", type: "u64" },
  { name: "unallocated_size", type: "u64" },
  { name: "probed_cpu_visible_size", type: "u64" },
  { name: "unallocated_cpu_visible_size", type: "u64" },
  { name: "rsvd1", type: { array: "u64", count: 6 } },
]);

const XeQueryLayout = structure("drm_xe_device_query", [
  { name: "extensions", type: "u64" },
  { name: "query", type: "u32" },
  { name: "size", type: "u32" },
  { name: "data", type: "u64" },
  { name: "reserved", type: { array: "u64", count: 2 } },
]);

/** Behind the number of elements and a word of padding. */
const XE_ELEMENTS_AT = 8;

const XeRegionLayout = structure("drm_xe_mem_region", [
  { name: "mem_class", type: "u16" },
  { name: "instance", type: "u16" },
  { name: "min_page_size", type: "u32" },
  { name: "total_size", type: "u64" },
  { name: "used", type: "u64" },
  { name: "cpu_visible_size", type: "u64" },
  { name: "cpu_visible_used", type: "u64" },
  { name: "reserved", type: { array: "u64", count: 6 } },
]);

const XeEngineLayout = structure("drm_xe_engine", [
  { name: "engine_class", type: "u16" },
  { name: "engine_instance", type: "u16" },
  { name: "gt_id", type: "u16" },
  { name: "pad", type: "u16" },
  { name: "reserved", type: { array: "u64", count: 3 } },
]);

/** No answer is larger; a length beyond is a fault. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** A region of memory, sizes in bytes. What the driver does not track, or not tell, is null. */
export interface MemoryRegion {
  kind: "system" | "device";
  total: number;
  used: number | null;
  /** Of it, what the processor can address. */
  visible_total: number | null;
  visible_used: number | null;
}

/** One engine as xe names it: `DRM_XE_ENGINE_CLASS_*`, its place among those of its class, its GT. */
export interface XeEngine {
  engine_class: number;
  engine_instance: number;
  gt: number;
}

function size(value: bigint): number | null {
  // -1: not tracked.
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : null;
}

function difference(total: bigint, free: bigint): number | null {
  return free <= total ? size(total - free) : null;
}

/** The elements of an answer: as many as it says, or as fit in it. */
function count(bytes: Uint8Array, at: number, each: number): number {
  if (bytes.length < at) return 0;
  const said = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return Math.min(said, Math.floor((bytes.length - at) / each));
}

/**
 * Reads `struct drm_i915_query_memory_regions`. The driver tells how much is free only of the GPU's own
 * memory, and only to those with CAP_PERFMON: others are told that all of it is, and `used` is null.
 */
export function parseI915Regions(bytes: Uint8Array, mayKnowUse: boolean): MemoryRegion[] {
  const found = count(bytes, I915_REGIONS_AT, I915RegionLayout.size);
  return decodeArray(I915RegionLayout, bytes.subarray(I915_REGIONS_AT), found).flatMap((region) => {
    const total = size(region.probed_size);
    if (total === null || region.memory_class > 1) return [];
    const isDevice = region.memory_class === 1;
    const visible = region.probed_cpu_visible_size;
    const isUseKnown = isDevice && mayKnowUse;
    return [{
      kind: isDevice ? "device" as const : "system" as const,
      total,
      used: isUseKnown ? difference(region.probed_size, region.unallocated_size) : null,
      visible_total: isDevice && visible > 0n ? size(visible) : null,
      visible_used: isUseKnown && visible > 0n
        ? difference(visible, region.unallocated_cpu_visible_size)
        : null,
    }];
  });
}

/** Reads `struct drm_xe_query_mem_regions`. Without CAP_PERFMON all `used` are 0, and null here. */
export function parseXeRegions(bytes: Uint8Array, mayKnowUse: boolean): MemoryRegion[] {
  const found = count(bytes, XE_ELEMENTS_AT, XeRegionLayout.size);
  return decodeArray(XeRegionLayout, bytes.subarray(XE_ELEMENTS_AT), found).flatMap((region) => {
    const total = size(region.total_size);
    if (total === null || region.mem_class > 1) return [];
    const isDevice = region.mem_class === 1;
    const visible = isDevice && region.cpu_visible_size > 0n;
    return [{
      kind: isDevice ? "device" as const : "system" as const,
      total,
      used: mayKnowUse ? size(region.used) : null,
      visible_total: visible ? size(region.cpu_visible_size) : null,
      visible_used: visible && mayKnowUse ? size(region.cpu_visible_used) : null,
    }];
  });
}

/** Reads `struct drm_xe_query_engines`. */
export function parseXeEngines(bytes: Uint8Array): XeEngine[] {
  const found = count(bytes, XE_ELEMENTS_AT, XeEngineLayout.size);
  return decodeArray(XeEngineLayout, bytes.subarray(XE_ELEMENTS_AT), found).map((engine) => ({
    engine_class: engine.engine_class,
    engine_instance: engine.engine_instance,
    gt: engine.gt_id,
  }));
}

/** An open DRM node of i915 or xe. Dispose it to close it. */
export interface DrmQueryNode extends Disposable {
  /** What `DRM_I915_QUERY_MEMORY_REGIONS` gives, undecoded; a string says why there is nothing. */
  i915Regions(): Uint8Array | string;
  /** What `DRM_XE_DEVICE_QUERY_MEM_REGIONS` gives. */
  xeRegions(): Uint8Array | string;
  /** What `DRM_XE_DEVICE_QUERY_ENGINES` gives. */
  xeEngines(): Uint8Array | string;
}

/** Opens a node: `/dev/dri/renderD128`. A string says in one line why it cannot be. */
export function openDrmQueryNode(path: string): DrmQueryNode | string {
  const opened = openLibrary(["libc.so.6"], SYMBOLS, { resident: true });
  if (opened.state === "absent") return `the C library: ${opened.reason}`;
  const { ioctl, __errno_location } = opened.library.symbols;
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    const denied = code === "EACCES" || code === "EPERM";
    return `${path} cannot be opened (${code})${denied ? ": needs the group render" : ""}`;
  }
  const call = (request: bigint, argument: Uint8Array<ArrayBuffer>): string | undefined => {
    if (ioctl(fd, request, argument) === 0) return undefined;
    const location = __errno_location();
    const errno = location === null ? 0 : new Deno.UnsafePointerView(location).getInt32();
    return `a query of ${path} failed: errno ${errno}`;
  };
  const buffer = (length: number) =>
    length > 0 && length <= MAX_ANSWER_BYTES
      ? new Uint8Array(length)
      : `a query of ${path} gave a length of ${length}`;

  /** Both drivers first tell the length, then fill as much. */
  const xe = (query: number): Uint8Array | string => {
    const asked = encode(XeQueryLayout, { query });
    const refused = call(DRM_IOCTL_XE_DEVICE_QUERY, asked.bytes);
    if (refused !== undefined) return refused;
    const into = buffer(decode(XeQueryLayout, asked.bytes).size);
    if (typeof into === "string") return into;
    const again = encode(XeQueryLayout, { query, size: into.length, data: addressOf(into) });
    return call(DRM_IOCTL_XE_DEVICE_QUERY, again.bytes) ?? into;
  };
  const i915 = (query: bigint): Uint8Array | string => {
    const ask = (length: number, data: bigint): number | string => {
      const item = encode(I915QueryItemLayout, { query_id: query, length, data_ptr: data });
      const asked = encode(I915QueryLayout, { num_items: 1, items_ptr: addressOf(item.bytes) });
      return call(DRM_IOCTL_I915_QUERY, asked.bytes) ??
        decode(I915QueryItemLayout, item.bytes).length;
    };
    const length = ask(0, 0n);
    if (typeof length === "string") return length;
    const into = buffer(length);
    if (typeof into === "string") return into;
    const filled = ask(into.length, addressOf(into));
    if (typeof filled === "string") return filled;
    return filled > 0 ? into : `a query of ${path} failed: errno ${-filled}`;
  };
  return {
    i915Regions: () => i915(DRM_I915_QUERY_MEMORY_REGIONS),
    xeRegions: () => xe(DRM_XE_DEVICE_QUERY_MEM_REGIONS),
    xeEngines: () => xe(DRM_XE_DEVICE_QUERY_ENGINES),
    [Symbol.dispose]: () => closeSync(fd),
  };
}
