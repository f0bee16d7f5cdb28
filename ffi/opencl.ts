/**
 * OpenCL through the ICD loader, as far as listing devices goes.
 *
 * ABI: the OpenCL 3.0 specification and `CL/cl.h`, `CL/cl_ext.h` of Khronos; soname `libOpenCL.so.1`.
 * Everything bound here is in OpenCL 1.0.
 *
 * @module
 */

import { CallError } from "./call_error.ts";
import { type Library, openLibrary } from "./library.ts";
import { decode, decodeCString, structure } from "./struct.ts";

/** `cl_device_pci_bus_info_khr` of `cl_khr_pci_bus_info`. */
export const ClPciBusInfoLayout = structure("cl_device_pci_bus_info_khr", [
  { name: "pci_domain", type: "u32" },
  { name: "pci_bus", type: "u32" },
  { name: "pci_device", type: "u32" },
  { name: "pci_function", type: "u32" },
]);

/** The member `pcie` of `cl_device_topology_amd`, for the type `CL_DEVICE_TOPOLOGY_TYPE_PCIE_AMD`. */
export const ClTopologyAmdLayout = structure("cl_device_topology_pcie_amd", [
  { name: "type", type: "u32" },
  { name: "unused", type: { array: "u8", count: 17 } },
  { name: "bus", type: "u8" },
  { name: "device", type: "u8" },
  { name: "function", type: "u8" },
]);

const SYMBOLS = {
  clGetPlatformIDs: { parameters: ["u32", "buffer", "buffer"], result: "i32" },
  clGetPlatformInfo: {
    parameters: ["pointer", "u32", "usize", "buffer", "buffer"],
    result: "i32",
  },
  clGetDeviceIDs: { parameters: ["pointer", "u64", "u32", "buffer", "buffer"], result: "i32" },
  clGetDeviceInfo: { parameters: ["pointer", "u32", "usize", "buffer", "buffer"], result: "i32" },
} as const;

type Table = typeof SYMBOLS;

/** `cl_platform_info`, those that mvgal asks for. */
export const ClPlatformInfo = {
  VERSION: 0x0901,
  NAME: 0x0902,
  VENDOR: 0x0903,
  EXTENSIONS: 0x0904,
} as const;

/** `cl_device_info`, those that mvgal asks for, by what they hold. */
export const ClDeviceInfo = {
  text: {
    NAME: 0x102b,
    VENDOR: 0x102c,
    DRIVER_VERSION: 0x102d,
    VERSION: 0x102f,
    EXTENSIONS: 0x1030,
    /** `cl_amd_device_attribute_query`: the card's name, where `NAME` is the chip's. */
    BOARD_NAME_AMD: 0x4038,
  },
  u32: {
    VENDOR_ID: 0x1001,
    MAX_COMPUTE_UNITS: 0x1002,
    HOST_UNIFIED_MEMORY: 0x1035,
    /**
     * `cl_nv_device_attribute_query`. The slot is the device number alone: 6 for 0000:00:06.0 (seen
     * with driver 580), although clinfo takes it for device and function in one.
     */
    PCI_BUS_ID_NV: 0x4008,
    PCI_SLOT_ID_NV: 0x4009,
    PCI_DOMAIN_ID_NV: 0x400a,
  },
  u64: { TYPE: 0x1000, GLOBAL_MEM_SIZE: 0x101f },
  bytes: {
    /** `cl_khr_device_uuid`: 16 bytes. */
    UUID_KHR: 0x106a,
    /** `cl_khr_pci_bus_info`: {@linkcode ClPciBusInfoLayout}. */
    PCI_BUS_INFO_KHR: 0x410f,
    /** `cl_amd_device_attribute_query`: {@linkcode ClTopologyAmdLayout}. */
    TOPOLOGY_AMD: 0x4037,
  },
} as const;

/** `cl_device_type`. */
export const ClDeviceType = {
  CPU: 1n << 1n,
  GPU: 1n << 2n,
  ACCELERATOR: 1n << 3n,
  CUSTOM: 1n << 4n,
  ALL: 0xffff_ffffn,
} as const;

/** `cl_platform_id`. */
export type ClPlatform = Deno.PointerObject<"clPlatform">;
/** `cl_device_id`. */
export type ClDevice = Deno.PointerObject<"clDevice">;

/** The results that the functions bound here can have. */
const RESULTS: Readonly<Record<number, string>> = {
  [-1]: "CL_DEVICE_NOT_FOUND",
  [-2]: "CL_DEVICE_NOT_AVAILABLE",
  [-5]: "CL_OUT_OF_RESOURCES",
  [-6]: "CL_OUT_OF_HOST_MEMORY",
  [-30]: "CL_INVALID_VALUE",
  [-31]: "CL_INVALID_DEVICE_TYPE",
  [-32]: "CL_INVALID_PLATFORM",
  [-33]: "CL_INVALID_DEVICE",
  [-1001]: "CL_PLATFORM_NOT_FOUND_KHR",
};
const DEVICE_NOT_FOUND = -1;
const PLATFORM_NOT_FOUND = -1001;

/** More than this no property holds; a driver that says otherwise is not believed. */
const MAX_INFO_BYTES = 1 << 20;

/** A call of OpenCL that failed; `result` is the name in `cl.h`. */
export class ClError extends CallError {}

/** What came of {@linkcode openOpenCl}. */
export type OpenClOutcome =
  | { state: "ok"; cl: OpenCl }
  | { state: "absent"; reason: string; present: boolean };

/** Loads the ICD loader. The drivers are loaded when {@linkcode OpenCl.platforms} is first called. */
export function openOpenCl(
  { sonames = ["libOpenCL.so.1"] }: { sonames?: readonly string[] } = {},
): OpenClOutcome {
  const opened = openLibrary(sonames, SYMBOLS, { resident: true });
  if (opened.state === "absent") return opened;
  return { state: "ok", cl: new OpenCl(opened.library) };
}

/** An open ICD loader. Every method throws {@linkcode ClError} for what a driver refuses. */
export class OpenCl implements Disposable {
  readonly #library: Library<Table>;

  /** Takes an open library. */
  constructor(library: Library<Table>) {
    this.#library = library;
  }

  [Symbol.dispose](): void {
    this.#library[Symbol.dispose]();
  }

  /** The platforms: one or more a driver. Empty where no driver is installed. */
  platforms(): ClPlatform[] {
    const { clGetPlatformIDs } = this.#library.symbols;
    return list<"clPlatform">(
      "clGetPlatformIDs",
      PLATFORM_NOT_FOUND,
      (room, out, count) => clGetPlatformIDs(room, out, count),
    );
  }

  /** The devices of a platform, of every type. */
  devices(platform: ClPlatform): ClDevice[] {
    const { clGetDeviceIDs } = this.#library.symbols;
    return list<"clDevice">(
      "clGetDeviceIDs",
      DEVICE_NOT_FOUND,
      (room, out, count) => clGetDeviceIDs(platform, ClDeviceType.ALL, room, out, count),
    );
  }

  /** A text property of a platform. */
  platformText(platform: ClPlatform, name: keyof typeof ClPlatformInfo): string {
    const { clGetPlatformInfo } = this.#library.symbols;
    return text(info(
      `clGetPlatformInfo(${name})`,
      (size, out, used) => clGetPlatformInfo(platform, ClPlatformInfo[name], size, out, used),
    ));
  }

  #info(device: ClDevice, name: string, number: number): Uint8Array<ArrayBuffer> {
    const { clGetDeviceInfo } = this.#library.symbols;
    return info(
      `clGetDeviceInfo(${name})`,
      (size, out, used) => clGetDeviceInfo(device, number, size, out, used),
    );
  }

  /** A text property, without the white space around it that some drivers pad with. */
  text(device: ClDevice, name: keyof typeof ClDeviceInfo.text): string {
    return text(this.#info(device, name, ClDeviceInfo.text[name]));
  }

  /** A property of 32 bits. */
  u32(device: ClDevice, name: keyof typeof ClDeviceInfo.u32): number {
    const bytes = this.#info(device, name, ClDeviceInfo.u32[name]);
    return new Uint32Array(exactly(bytes, 4, name).buffer)[0] ?? 0;
  }

  /** A property of 64 bits. */
  u64(device: ClDevice, name: keyof typeof ClDeviceInfo.u64): bigint {
    const bytes = this.#info(device, name, ClDeviceInfo.u64[name]);
    return new BigUint64Array(exactly(bytes, 8, name).buffer)[0] ?? 0n;
  }

  /** UUID of the device by `cl_khr_device_uuid`: 16 bytes. */
  uuid(device: ClDevice): Uint8Array<ArrayBuffer> {
    return exactly(this.#info(device, "UUID_KHR", ClDeviceInfo.bytes.UUID_KHR), 16, "UUID_KHR");
  }

  /** PCI address by `cl_khr_pci_bus_info`. */
  pciBusInfo(
    device: ClDevice,
  ): { domain: number; bus: number; device: number; function: number } {
    const name = "PCI_BUS_INFO_KHR";
    const bytes = this.#info(device, name, ClDeviceInfo.bytes[name]);
    const at = decode(ClPciBusInfoLayout, exactly(bytes, ClPciBusInfoLayout.size, name));
    return {
      domain: at.pci_domain,
      bus: at.pci_bus,
      device: at.pci_device,
      function: at.pci_function,
    };
  }

  /** PCI address by `cl_amd_device_attribute_query`, which knows no domain; null for another bus. */
  topologyAmd(device: ClDevice): { bus: number; device: number; function: number } | null {
    const name = "TOPOLOGY_AMD";
    const bytes = this.#info(device, name, ClDeviceInfo.bytes[name]);
    const at = decode(ClTopologyAmdLayout, exactly(bytes, ClTopologyAmdLayout.size, name));
    return at.type === 1 ? { bus: at.bus, device: at.device, function: at.function } : null;
  }
}

type Listing = (room: number, out: BigUint64Array | null, count: Uint32Array | null) => number;

function list<T>(call: string, none: number, ask: Listing): Deno.PointerObject<T>[] {
  const count = new Uint32Array(1);
  const code = ask(0, null, count);
  if (code === none) return [];
  check(call, code);
  const handles = new BigUint64Array(count[0] ?? 0);
  if (handles.length === 0) return [];
  check(call, ask(handles.length, handles, null));
  return Array.from(handles, (value) => Deno.UnsafePointer.create<T>(value))
    .filter((pointer) => pointer !== null);
}

type Asking = (
  size: bigint,
  out: Uint8Array<ArrayBuffer> | null,
  used: BigUint64Array<ArrayBuffer> | null,
) => number;

function info(call: string, ask: Asking): Uint8Array<ArrayBuffer> {
  const used = new BigUint64Array(1);
  check(call, ask(0n, null, used));
  const size = Number(used[0] ?? 0n);
  if (size > MAX_INFO_BYTES) throw new ClError(call, 0, `an absurd size of ${size} bytes`);
  const bytes = new Uint8Array(size);
  if (size > 0) check(call, ask(BigInt(size), bytes, null));
  return bytes;
}

function text(bytes: Uint8Array): string {
  return decodeCString(bytes).trim();
}

function exactly(
  bytes: Uint8Array<ArrayBuffer>,
  size: number,
  name: string,
): Uint8Array<ArrayBuffer> {
  if (bytes.length === size) return bytes;
  throw new ClError(`clGetDeviceInfo(${name})`, 0, `${bytes.length} bytes in place of ${size}`);
}

function check(call: string, code: number): void {
  if (code !== 0) throw new ClError(call, code, RESULTS[code] ?? String(code));
}
