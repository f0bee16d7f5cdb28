/**
 * NVML, the management library of NVIDIA's driver. Soname `libnvidia-ml.so.1`.
 *
 * The library keeps every version of a function that it ever had, so a newer one is used where it is
 * there and an older one otherwise.
 *
 * @module
 */

import { CallError } from "./call_error.ts";
import { type Library, openLibrary } from "./library.ts";
import {
  CLOCKS,
  type DEVICE_OUT,
  type DEVICE_PAIR,
  type DEVICE_TEXT,
  EVENT_REASONS,
  FIELDS,
  type LINK_OUT,
  LINK_REMOTES,
  NVLINK_VERSIONS,
  NvmlFieldValueLayout,
  type NvmlLinkRemote,
  NvmlMemoryLayout,
  NvmlMemoryV2Layout,
  NvmlPciInfoLayout,
  NvmlTemperatureV1Layout,
  NvmlUtilizationLayout,
  resultName,
  RESULTS,
  structVersion,
  SYMBOLS,
  UNSIGNED_INT,
} from "./nvml_abi.ts";
import { decode, decodeCString, encode } from "./struct.ts";

export { NVLINK_MAX_LINKS, type NvmlLinkRemote } from "./nvml_abi.ts";

type Table = typeof SYMBOLS;
/** The functions of the table that are declared as `D`. */
type Named<D> = { [K in keyof Table]: Table[K] extends D ? K : never }[keyof Table];

/** `nvmlDevice_t`: a GPU or a MIG instance. Valid while the library is open. */
export type NvmlDevice = Deno.PointerObject<"nvmlDevice">;

/** Where a GPU is on the PCI bus, and what it is. */
export interface NvmlPciInfo {
  /** `00000000:06:00.0`: NVML writes the domain in eight digits. */
  busId: string;
  vendorId: number;
  deviceId: number;
  subsystemVendorId: number;
  subsystemDeviceId: number;
}

/** Memory of a GPU, in bytes. */
export interface NvmlMemory {
  total: number;
  free: number;
  used: number;
  /** What the driver and firmware keep for themselves. Null where `used` includes it. */
  reserved: number | null;
}

const FUNCTION_NOT_FOUND = RESULTS.indexOf("NVML_ERROR_FUNCTION_NOT_FOUND");

/** A call of NVML that failed; `result` is the name in `nvmlReturn_t`. */
export class NvmlError extends CallError {}

/** What came of {@linkcode openNvml}. */
export type NvmlOutcome =
  | { state: "ok"; nvml: Nvml }
  | { state: "absent"; reason: string; present: boolean };

/**
 * Loads NVML and initialises it. While it is open no GPU of the driver can go to sleep.
 *
 * @throws {NvmlError} where the library is there and does not start: `NVML_ERROR_DRIVER_NOT_LOADED`.
 */
export function openNvml(
  { sonames = ["libnvidia-ml.so.1"] }: { sonames?: readonly string[] } = {},
): NvmlOutcome {
  const opened = openLibrary(sonames, SYMBOLS);
  if (opened.state === "absent") return opened;
  try {
    return { state: "ok", nvml: new Nvml(opened.library) };
  } catch (error) {
    opened.library[Symbol.dispose]();
    throw error;
  }
}

/**
 * An initialised NVML. Every method throws {@linkcode NvmlError} for what the library refuses, with
 * `NVML_ERROR_FUNCTION_NOT_FOUND` for what an older driver does not have.
 */
export class Nvml implements Disposable {
  readonly #library: Library<Table>;

  /** Takes an open library and initialises it. */
  constructor(library: Library<Table>) {
    this.#library = library;
    this.#check("nvmlInit_v2", library.symbols.nvmlInit_v2());
  }

  /** The name under which the loader found the library, to bind further functions of it. */
  get soname(): string {
    return this.#library.soname;
  }

  [Symbol.dispose](): void {
    this.#library.symbols.nvmlShutdown();
    this.#library[Symbol.dispose]();
  }

  #check(call: string, code: number): void {
    if (code === 0) return;
    const text = this.#library.symbols.nvmlErrorString(code);
    const description = text === null ? undefined : Deno.UnsafePointerView.getCString(text);
    throw new NvmlError(call, code, resultName(code), description);
  }

  /** A function that the driver may not have. */
  #find<K extends keyof Table>(name: K): NonNullable<Library<Table>["symbols"][K]> {
    const found = this.#library.symbols[name];
    if (found === null) {
      throw new NvmlError(
        name,
        FUNCTION_NOT_FOUND,
        RESULTS[FUNCTION_NOT_FOUND] ?? "",
        "old driver",
      );
    }
    return found as NonNullable<Library<Table>["symbols"][K]>;
  }

  #text(name: Named<typeof DEVICE_TEXT>, device: NvmlDevice): string {
    const text = new Uint8Array(128);
    this.#check(name, this.#find(name)(device, text, text.length));
    return decodeCString(text);
  }

  #number(name: Named<typeof DEVICE_OUT>, device: NvmlDevice): number {
    const out = new Uint32Array(1);
    this.#check(name, this.#find(name)(device, out));
    return out[0] ?? 0;
  }

  #indexed(name: Named<typeof LINK_OUT>, device: NvmlDevice, index: number): number {
    const out = new Uint32Array(1);
    this.#check(name, this.#find(name)(device, index, out));
    return out[0] ?? 0;
  }

  #pair(name: Named<typeof DEVICE_PAIR>, device: NvmlDevice): [number, number] {
    const first = new Uint32Array(1), second = new Uint32Array(1);
    this.#check(name, this.#find(name)(device, first, second));
    return [first[0] ?? 0, second[0] ?? 0];
  }

  /** Version of the kernel driver: `580.95.05`. */
  driverVersion(): string {
    const text = new Uint8Array(128);
    const name = "nvmlSystemGetDriverVersion";
    this.#check(name, this.#find(name)(text, text.length));
    return decodeCString(text);
  }

  /** The newest CUDA that the driver can run: `13.0`. */
  cudaVersion(): string {
    const name = this.#library.symbols.nvmlSystemGetCudaDriverVersion_v2 === null
      ? "nvmlSystemGetCudaDriverVersion"
      : "nvmlSystemGetCudaDriverVersion_v2";
    const out = new Int32Array(1);
    this.#check(name, this.#find(name)(out));
    const version = out[0] ?? 0;
    return `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
  }

  /** How many GPUs this user may see, lost ones included. */
  deviceCount(): number {
    const out = new Uint32Array(1);
    this.#check("nvmlDeviceGetCount_v2", this.#library.symbols.nvmlDeviceGetCount_v2(out));
    return out[0] ?? 0;
  }

  /** The GPU with this index. Initialises the GPU if nothing else has it open. */
  device(index: number): NvmlDevice {
    const out = new BigUint64Array(1);
    const name = "nvmlDeviceGetHandleByIndex_v2";
    this.#check(name, this.#library.symbols[name](index, out));
    return handle(out, name);
  }

  /** `NVIDIA H200`. */
  name(device: NvmlDevice): string {
    return this.#text("nvmlDeviceGetName", device);
  }

  /** `GPU-` or, for an instance, `MIG-` and a UUID. */
  uuid(device: NvmlDevice): string {
    return this.#text("nvmlDeviceGetUUID", device);
  }

  /** N of `/dev/nvidiaN`. */
  minorNumber(device: NvmlDevice): number {
    return this.#number("nvmlDeviceGetMinorNumber", device);
  }

  /** Where the GPU is. */
  pciInfo(device: NvmlDevice): NvmlPciInfo {
    const name = this.#library.symbols.nvmlDeviceGetPciInfo_v3 === null
      ? "nvmlDeviceGetPciInfo_v2"
      : "nvmlDeviceGetPciInfo_v3";
    const bytes = new Uint8Array(NvmlPciInfoLayout.size);
    this.#check(name, this.#find(name)(device, bytes));
    const info = decode(NvmlPciInfoLayout, bytes);
    return {
      busId: name === "nvmlDeviceGetPciInfo_v3" ? info.busId : info.busIdLegacy,
      vendorId: info.pciDeviceId & 0xffff,
      deviceId: info.pciDeviceId >>> 16,
      subsystemVendorId: info.pciSubSystemId & 0xffff,
      subsystemDeviceId: info.pciSubSystemId >>> 16,
    };
  }

  /** Memory of a GPU or instance. GPUs that share the host's memory refuse, or have a total of 0. */
  memory(device: NvmlDevice): NvmlMemory {
    const v2 = this.#library.symbols.nvmlDeviceGetMemoryInfo_v2;
    if (v2 !== null) {
      const version = structVersion(NvmlMemoryV2Layout.size, 2);
      const { bytes } = encode(NvmlMemoryV2Layout, { version });
      const code = v2(device, bytes);
      // A driver that knows another version of the structure alone refuses this one.
      if (RESULTS[code] !== "NVML_ERROR_ARGUMENT_VERSION_MISMATCH" && code !== FUNCTION_NOT_FOUND) {
        this.#check("nvmlDeviceGetMemoryInfo_v2", code);
        const { total, free, used, reserved } = decode(NvmlMemoryV2Layout, bytes);
        return {
          total: Number(total),
          free: Number(free),
          used: Number(used),
          reserved: Number(reserved),
        };
      }
    }
    const bytes = new Uint8Array(NvmlMemoryLayout.size);
    const name = "nvmlDeviceGetMemoryInfo";
    this.#check(name, this.#find(name)(device, bytes));
    const { total, free, used } = decode(NvmlMemoryLayout, bytes);
    return { total: Number(total), free: Number(free), used: Number(used), reserved: null };
  }

  /** Temperature of the chip in °C. */
  temperature(device: NvmlDevice): number {
    // Deprecated since 13.0, but what every driver up to now has.
    const { nvmlDeviceGetTemperature: v1, nvmlDeviceGetTemperatureV: v2 } = this.#library.symbols;
    if (v1 !== null || v2 === null) {
      return this.#indexed("nvmlDeviceGetTemperature", device, 0) | 0;
    }
    const version = structVersion(NvmlTemperatureV1Layout.size, 1);
    const { bytes } = encode(NvmlTemperatureV1Layout, { version });
    this.#check("nvmlDeviceGetTemperatureV", v2(device, bytes));
    return decode(NvmlTemperatureV1Layout, bytes).temperature;
  }

  /** Per cent of the last sample period (1/6 s to 1 s) in which a kernel ran, and memory was in use. */
  utilization(device: NvmlDevice): { gpu: number; memory: number } {
    const bytes = new Uint8Array(NvmlUtilizationLayout.size);
    const name = "nvmlDeviceGetUtilizationRates";
    this.#check(name, this.#find(name)(device, bytes));
    return decode(NvmlUtilizationLayout, bytes);
  }

  /** Power of the board in mW. */
  powerUsage(device: NvmlDevice): number {
    return this.#number("nvmlDeviceGetPowerUsage", device);
  }

  /** Power in mW at which the board is held: by the user, by the driver, or by other limits of it. */
  powerLimit(device: NvmlDevice): number {
    return this.#number("nvmlDeviceGetEnforcedPowerLimit", device);
  }

  /** Power limit in mW with which the board comes. */
  defaultPowerLimit(device: NvmlDevice): number {
    return this.#number("nvmlDeviceGetPowerManagementDefaultLimit", device);
  }

  /**
   * Clock in MHz of the streaming multiprocessors or the memory, now or at most. The memory's is half the
   * data rate of one pin, whatever the kind of memory.
   */
  clock(device: NvmlDevice, of: keyof typeof CLOCKS, when: "now" | "max"): number {
    const name = when === "now" ? "nvmlDeviceGetClockInfo" : "nvmlDeviceGetMaxClockInfo";
    return this.#indexed(name, device, CLOCKS[of]);
  }

  /** Why clocks are not at their highest: `sw_power_cap`; `bit 12` for one newer than this table. */
  clockEventReasons(device: NvmlDevice): string[] {
    // Renamed in 12.2; drivers keep the old name.
    const name = this.#library.symbols.nvmlDeviceGetCurrentClocksEventReasons === null
      ? "nvmlDeviceGetCurrentClocksThrottleReasons"
      : "nvmlDeviceGetCurrentClocksEventReasons";
    const out = new BigUint64Array(1);
    this.#check(name, this.#find(name)(device, out));
    const mask = out[0] ?? 0n;
    return Array.from({ length: 64 }, (_, bit) => bit)
      .filter((bit) => (mask >> BigInt(bit)) & 1n)
      .map((bit) => EVENT_REASONS[bit] ?? `bit ${bit}`);
  }

  /** CUDA cores of the whole GPU: fp32 lanes. */
  cores(device: NvmlDevice): number {
    return this.#number("nvmlDeviceGetNumGpuCores", device);
  }

  /** Width of the memory bus in bits. */
  memoryBusWidth(device: NvmlDevice): number {
    return this.#number("nvmlDeviceGetMemoryBusWidth", device);
  }

  /** The CUDA compute capability: 9 and 0 for Hopper. */
  computeCapability(device: NvmlDevice): { major: number; minor: number } {
    const [major, minor] = this.#pair("nvmlDeviceGetCudaComputeCapability", device);
    return { major, minor };
  }

  /** Whether the memory's error correction is on, and will be after the next reset. */
  eccMode(device: NvmlDevice): { current: boolean; pending: boolean } {
    const [current, pending] = this.#pair("nvmlDeviceGetEccMode", device);
    return { current: current === 1, pending: pending === 1 };
  }

  /** The PCIe link: generation and lanes, now, or at most with this GPU in this slot. */
  pcieLink(device: NvmlDevice, when: "now" | "max"): { generation: number; width: number } {
    const which = when === "now" ? "Curr" : "Max";
    return {
      generation: this.#number(`nvmlDeviceGet${which}PcieLinkGeneration`, device),
      width: this.#number(`nvmlDeviceGet${which}PcieLinkWidth`, device),
    };
  }

  /** Whether NVLink number `link` is up. Refused for a link that the GPU does not have. */
  nvlinkActive(device: NvmlDevice, link: number): boolean {
    return this.#indexed("nvmlDeviceGetNvLinkState", device, link) === 1;
  }

  /** Version of the NVLink protocol: `4`; null for one that is newer than this table. */
  nvlinkVersion(device: NvmlDevice, link: number): number | null {
    return NVLINK_VERSIONS[this.#indexed("nvmlDeviceGetNvLinkVersion", device, link)] ?? null;
  }

  /**
   * MB/s (10^6) that an NVLink has on the wire in one direction, with what coding takes of it: 26562 for
   * version 4. Drivers before 525 do not tell it of single links.
   */
  nvlinkSpeed(device: NvmlDevice, link: number): number {
    const name = "nvmlDeviceGetFieldValues";
    const { bytes } = encode(NvmlFieldValueLayout, { fieldId: FIELDS.nvlinkSpeed, scopeId: link });
    this.#check(name, this.#find(name)(device, 1, bytes));
    const { nvmlReturn, valueType, value } = decode(NvmlFieldValueLayout, bytes);
    this.#check(name, nvmlReturn);
    if (valueType !== UNSIGNED_INT) {
      throw new NvmlError(name, 0, `a value of type ${valueType} for the speed of a link`);
    }
    return Number(BigInt(value) & 0xffffffffn);
  }

  /** What the link leads to. */
  nvlinkRemoteType(device: NvmlDevice, link: number): NvmlLinkRemote {
    return LINK_REMOTES[this.#indexed("nvmlDeviceGetNvLinkRemoteDeviceType", device, link)] ??
      "unknown";
  }

  /** PCI address of what the link leads to, in NVML's form. */
  nvlinkRemoteBusId(device: NvmlDevice, link: number): string {
    const bytes = new Uint8Array(NvmlPciInfoLayout.size);
    const name = "nvmlDeviceGetNvLinkRemotePciInfo_v2";
    this.#check(name, this.#find(name)(device, link, bytes));
    return decode(NvmlPciInfoLayout, bytes).busId;
  }

  /** Whether the GPU is in multi-instance mode now, and will be after its next reset. */
  migMode(device: NvmlDevice): { current: boolean; pending: boolean } {
    const [current, pending] = this.#pair("nvmlDeviceGetMigMode", device);
    return { current: current === 1, pending: pending === 1 };
  }

  /** The MIG instances of a GPU, in order. */
  migDevices(device: NvmlDevice): NvmlDevice[] {
    const name = "nvmlDeviceGetMigDeviceHandleByIndex";
    const most = this.#number("nvmlDeviceGetMaxMigDeviceCount", device);
    const found: NvmlDevice[] = [];
    for (let index = 0; index < most; index++) {
      const out = new BigUint64Array(1);
      const code = this.#find(name)(device, index, out);
      // Indices may have gaps: an instance that was destroyed leaves one.
      if (RESULTS[code] === "NVML_ERROR_NOT_FOUND") continue;
      this.#check(name, code);
      found.push(handle(out, name));
    }
    return found;
  }

  /** Number of the GPU instance, and of the compute instance in it, that a MIG device stands for. */
  migInstance(device: NvmlDevice): { gpuInstance: number; computeInstance: number } {
    return {
      gpuInstance: this.#number("nvmlDeviceGetGpuInstanceId", device),
      computeInstance: this.#number("nvmlDeviceGetComputeInstanceId", device),
    };
  }
}

function handle(out: BigUint64Array, call: string): NvmlDevice {
  const pointer = Deno.UnsafePointer.create<"nvmlDevice">(out[0] ?? 0n);
  if (pointer === null) throw new NvmlError(call, 0, "a null handle");
  return pointer as NvmlDevice;
}
