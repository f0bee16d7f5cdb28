/**
 * oneAPI Level Zero through its loader, as far as listing devices goes.
 *
 * ABI: the Level Zero specification 1.4 to 1.21 and `ze_api.h`; soname `libze_loader.so.1`. Structures
 * are told apart by `stype`, and extended through `pNext`.
 *
 * @module
 */

import { CallError } from "./call_error.ts";
import { type Library, openLibrary } from "./library.ts";
import { decode, decodeArray, encode, encodeArray, structure } from "./struct.ts";

/** `ze_driver_properties_t`. */
export const ZeDriverPropertiesLayout = structure("ze_driver_properties_t", [
  { name: "stype", type: "u32", initial: 0x1 },
  { name: "pNext", type: "chain" },
  { name: "uuid", type: { array: "u8", count: 16 } },
  { name: "driverVersion", type: "u32" },
]);

/** `ze_device_properties_t`. */
export const ZeDevicePropertiesLayout = structure("ze_device_properties_t", [
  { name: "stype", type: "u32", initial: 0x3 },
  { name: "pNext", type: "chain" },
  { name: "type", type: "u32" },
  { name: "vendorId", type: "u32" },
  { name: "deviceId", type: "u32" },
  { name: "flags", type: "u32" },
  { name: "subdeviceId", type: "u32" },
  { name: "coreClockRate", type: "u32" },
  { name: "maxMemAllocSize", type: "u64" },
  { name: "maxHardwareContexts", type: "u32" },
  { name: "maxCommandQueuePriority", type: "u32" },
  { name: "numThreadsPerEU", type: "u32" },
  { name: "physicalEUSimdWidth", type: "u32" },
  { name: "numEUsPerSubslice", type: "u32" },
  { name: "numSubslicesPerSlice", type: "u32" },
  { name: "numSlices", type: "u32" },
  { name: "timerResolution", type: "u64" },
  { name: "timestampValidBits", type: "u32" },
  { name: "kernelTimestampValidBits", type: "u32" },
  { name: "uuid", type: { array: "u8", count: 16 } },
  { name: "name", type: { chars: 256 } },
]);

/** `ze_device_memory_properties_t`; sizes in bytes. */
export const ZeDeviceMemoryPropertiesLayout = structure("ze_device_memory_properties_t", [
  { name: "stype", type: "u32", initial: 0x7 },
  { name: "pNext", type: "chain" },
  { name: "flags", type: "u32" },
  { name: "maxClockRate", type: "u32" },
  { name: "maxBusWidth", type: "u32" },
  { name: "totalSize", type: "u64" },
  { name: "name", type: { chars: 256 } },
]);

/** `ze_pci_address_ext_t`. */
export const ZePciAddressLayout = structure("ze_pci_address_ext_t", [
  { name: "domain", type: "u32" },
  { name: "bus", type: "u32" },
  { name: "device", type: "u32" },
  { name: "function", type: "u32" },
]);

/** `ze_pci_speed_ext_t`; -1 for what is not known. */
export const ZePciSpeedLayout = structure("ze_pci_speed_ext_t", [
  { name: "genVersion", type: "i32" },
  { name: "width", type: "i32" },
  { name: "maxBandwidth", type: "i64" },
]);

/** `ze_pci_ext_properties_t` of `ZE_extension_pci_properties`. */
export const ZePciPropertiesLayout = structure("ze_pci_ext_properties_t", [
  { name: "stype", type: "u32", initial: 0x10008 },
  { name: "pNext", type: "chain" },
  { name: "address", type: { struct: () => ZePciAddressLayout } },
  { name: "maxSpeed", type: { struct: () => ZePciSpeedLayout } },
]);

/** `ze_init_driver_type_desc_t` (1.10). */
export const ZeInitDriverTypeDescLayout = structure("ze_init_driver_type_desc_t", [
  { name: "stype", type: "u32", initial: 0x20021 },
  { name: "pNext", type: "chain" },
  { name: "flags", type: "u32" },
]);

const HANDLE_OUT = { parameters: ["pointer", "buffer"], result: "u32" } as const;
const SYMBOLS = {
  zeInitDrivers: { parameters: ["buffer", "buffer", "buffer"], result: "u32", optional: true },
  zeInit: { parameters: ["u32"], result: "u32", optional: true },
  zeDriverGet: { parameters: ["buffer", "buffer"], result: "u32", optional: true },
  zeDriverGetApiVersion: HANDLE_OUT,
  zeDriverGetProperties: HANDLE_OUT,
  zeDeviceGet: { parameters: ["pointer", "buffer", "buffer"], result: "u32" },
  zeDeviceGetProperties: HANDLE_OUT,
  zeDeviceGetMemoryProperties: { parameters: ["pointer", "buffer", "buffer"], result: "u32" },
  zeDevicePciGetPropertiesExt: { ...HANDLE_OUT, optional: true },
} as const;

type Table = typeof SYMBOLS;

/** `ze_driver_handle_t`. */
export type ZeDriver = Deno.PointerObject<"zeDriver">;
/** `ze_device_handle_t`. */
export type ZeDevice = Deno.PointerObject<"zeDevice">;

/** What a device is: `ze_device_type_t`. */
export type ZeDeviceType = "gpu" | "cpu" | "fpga" | "mca" | "vpu" | "unknown";

/** Properties of a device. */
export interface ZeDeviceProperties {
  type: ZeDeviceType;
  name: string;
  vendorId: number;
  deviceId: number;
  /** Whether the GPU is part of the processor. */
  integrated: boolean;
  /** 16 bytes. */
  uuid: Uint8Array<ArrayBuffer>;
}

const DEVICE_TYPES: Readonly<Record<number, ZeDeviceType>> = {
  1: "gpu",
  2: "cpu",
  3: "fpga",
  4: "mca",
  5: "vpu",
};
const FLAG_INTEGRATED = 1;
/** `ZE_INIT_FLAG_GPU_ONLY` and `ZE_INIT_DRIVER_TYPE_FLAG_GPU`. */
const GPU_ONLY = 1;

/** `ze_result_t`, those that the functions bound here can have. */
const RESULTS: Readonly<Record<number, string>> = {
  0x1: "ZE_RESULT_NOT_READY",
  0x70000001: "ZE_RESULT_ERROR_DEVICE_LOST",
  0x70000002: "ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY",
  0x70000003: "ZE_RESULT_ERROR_OUT_OF_DEVICE_MEMORY",
  0x70000006: "ZE_RESULT_ERROR_DEVICE_REQUIRES_RESET",
  0x70000007: "ZE_RESULT_ERROR_DEVICE_IN_LOW_POWER_STATE",
  0x70010000: "ZE_RESULT_ERROR_INSUFFICIENT_PERMISSIONS",
  0x70010001: "ZE_RESULT_ERROR_NOT_AVAILABLE",
  0x70020000: "ZE_RESULT_ERROR_DEPENDENCY_UNAVAILABLE",
  0x78000001: "ZE_RESULT_ERROR_UNINITIALIZED",
  0x78000002: "ZE_RESULT_ERROR_UNSUPPORTED_VERSION",
  0x78000003: "ZE_RESULT_ERROR_UNSUPPORTED_FEATURE",
  0x78000004: "ZE_RESULT_ERROR_INVALID_ARGUMENT",
  0x78000005: "ZE_RESULT_ERROR_INVALID_NULL_HANDLE",
  0x78000007: "ZE_RESULT_ERROR_INVALID_NULL_POINTER",
  0x7800000c: "ZE_RESULT_ERROR_INVALID_ENUMERATION",
  0x7ffffffe: "ZE_RESULT_ERROR_UNKNOWN",
};

/** A call of Level Zero that failed; `result` is the name in `ze_result_t`. */
export class ZeError extends CallError {}

/** What came of {@linkcode openLevelZero}. */
export type LevelZeroOutcome =
  | { state: "ok"; ze: LevelZero }
  | { state: "absent"; reason: string; present: boolean };

/**
 * Loads the loader and initialises the GPU drivers that it finds.
 *
 * @throws {ZeError} where the loader is there and has nothing to load: `ZE_RESULT_ERROR_UNINITIALIZED`.
 */
export function openLevelZero(
  { sonames = ["libze_loader.so.1"] }: { sonames?: readonly string[] } = {},
): LevelZeroOutcome {
  const opened = openLibrary(sonames, SYMBOLS, { resident: true });
  if (opened.state === "absent") return opened;
  return { state: "ok", ze: new LevelZero(opened.library) };
}

/** Initialised Level Zero drivers. Every method throws {@linkcode ZeError} for what a driver refuses. */
export class LevelZero implements Disposable {
  readonly #library: Library<Table>;
  /** The drivers of GPUs. */
  readonly drivers: readonly ZeDriver[];

  /** Takes an open library and initialises the drivers. */
  constructor(library: Library<Table>) {
    this.#library = library;
    const { zeInitDrivers, zeInit, zeDriverGet } = library.symbols;
    if (zeInitDrivers !== null) {
      const { bytes } = encode(ZeInitDriverTypeDescLayout, { flags: GPU_ONLY });
      this.drivers = list<"zeDriver">(
        "zeInitDrivers",
        (count, out) => zeInitDrivers(count, out, bytes),
      );
    } else if (zeInit !== null && zeDriverGet !== null) {
      // Loaders before 1.17.
      check("zeInit", zeInit(GPU_ONLY));
      this.drivers = list<"zeDriver">("zeDriverGet", (count, out) => zeDriverGet(count, out));
    } else {
      throw new ZeError("zeInit", 0, "the loader has neither zeInitDrivers nor zeInit");
    }
  }

  [Symbol.dispose](): void {
    this.#library[Symbol.dispose]();
  }

  /** The version of Level Zero that a driver implements: `1.6`. */
  apiVersion(driver: ZeDriver): string {
    const out = new Uint32Array(1);
    check("zeDriverGetApiVersion", this.#library.symbols.zeDriverGetApiVersion(driver, out));
    const version = out[0] ?? 0;
    return `${version >>> 16}.${version & 0xffff}`;
  }

  /** A driver's version: a number that grows, without a published form. */
  driverVersion(driver: ZeDriver): number {
    const { bytes } = encode(ZeDriverPropertiesLayout);
    check("zeDriverGetProperties", this.#library.symbols.zeDriverGetProperties(driver, bytes));
    return decode(ZeDriverPropertiesLayout, bytes).driverVersion;
  }

  /** The devices of a driver; the tiles of a GPU one by one where it is set up so. */
  devices(driver: ZeDriver): ZeDevice[] {
    const { zeDeviceGet } = this.#library.symbols;
    return list<"zeDevice">("zeDeviceGet", (count, out) => zeDeviceGet(driver, count, out));
  }

  /** Name, ids and UUID. */
  properties(device: ZeDevice): ZeDeviceProperties {
    const { bytes } = encode(ZeDevicePropertiesLayout);
    check("zeDeviceGetProperties", this.#library.symbols.zeDeviceGetProperties(device, bytes));
    const read = decode(ZeDevicePropertiesLayout, bytes);
    return {
      type: DEVICE_TYPES[read.type] ?? "unknown",
      name: read.name,
      vendorId: read.vendorId,
      deviceId: read.deviceId,
      integrated: (read.flags & FLAG_INTEGRATED) !== 0,
      uuid: Uint8Array.from(read.uuid),
    };
  }

  /** Sizes of the device's memories in bytes. Empty for a GPU that has none of its own. */
  memorySizes(device: ZeDevice): bigint[] {
    const { zeDeviceGetMemoryProperties: get } = this.#library.symbols;
    const call = "zeDeviceGetMemoryProperties";
    const count = new Uint32Array(1);
    check(call, get(device, count, null));
    if (count[0] === 0) return [];
    const { bytes } = encodeArray(
      ZeDeviceMemoryPropertiesLayout,
      Array.from({ length: count[0] ?? 0 }, () => ({})),
    );
    check(call, get(device, count, bytes));
    return decodeArray(ZeDeviceMemoryPropertiesLayout, bytes, count[0] ?? 0)
      .map(({ totalSize }) => totalSize);
  }

  /** PCI address. Refused by drivers without `ZE_extension_pci_properties`. */
  pciAddress(
    device: ZeDevice,
  ): { domain: number; bus: number; device: number; function: number } {
    const call = "zeDevicePciGetPropertiesExt";
    const get = this.#library.symbols[call];
    if (get === null) {
      throw new ZeError(call, 0x78000003, "ZE_RESULT_ERROR_UNSUPPORTED_FEATURE", "old loader");
    }
    const { bytes } = encode(ZePciPropertiesLayout);
    check(call, get(device, bytes));
    return decode(ZePciPropertiesLayout, bytes).address as ReturnType<LevelZero["pciAddress"]>;
  }
}

type Listing = (count: Uint32Array<ArrayBuffer>, out: BigUint64Array<ArrayBuffer> | null) => number;

function list<T>(call: string, ask: Listing): Deno.PointerObject<T>[] {
  const count = new Uint32Array(1);
  check(call, ask(count, null));
  const handles = new BigUint64Array(count[0] ?? 0);
  if (handles.length === 0) return [];
  check(call, ask(count, handles));
  return Array.from(handles, (value) => Deno.UnsafePointer.create<T>(value))
    .filter((pointer) => pointer !== null);
}

function check(call: string, code: number): void {
  if (code === 0) return;
  throw new ZeError(call, code, RESULTS[code] ?? `0x${code.toString(16)}`);
}
