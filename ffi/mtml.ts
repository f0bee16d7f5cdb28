/**
 * MTML, the management library of Moore Threads' driver. Soname `libmtml.so.2`.
 *
 * @module
 */

import { type Answer, noValue, Refusals } from "./answer.ts";
import { CallError } from "./call_error.ts";
import { type Library, openLibrary } from "./library.ts";
import {
  ECC_ERROR,
  ENGINES,
  LOCATION_DRAM,
  MTLINK_DOWN,
  MtmlCodecUtilLayout,
  MtmlMtLinkSpecLayout,
  MtmlPageRetirementCountLayout,
  MtmlPciInfoLayout,
  type NTH_OUT,
  type OUT,
  RESULTS,
  SYMBOLS,
  THRESHOLD_SLOWDOWN,
  VOLATILE_ECC,
} from "./mtml_abi.ts";
import { decode } from "./struct.ts";

type Table = typeof SYMBOLS;
/** The functions of the table that are declared as `D`. */
type Named<D> = { [K in keyof Table]: Table[K] extends D ? K : never }[keyof Table];

/** A call of MTML that failed; `result` is the name in `MtmlReturn`. */
export class MtmlError extends CallError {}

/** What came of {@linkcode openMtml}. */
export type MtmlOutcome =
  | { state: "ok"; mtml: Mtml }
  | { state: "absent"; reason: string; present: boolean };

/** The names of the library, best first. */
export const MTML_SONAMES: readonly string[] = ["libmtml.so.2", "libmtml.so.1", "libmtml.so"];

/**
 * Loads MTML and initialises it.
 *
 * @throws {MtmlError} where the library is there and does not start: `MTML_ERROR_DRIVER_NOT_LOADED`.
 */
export function openMtml(
  { sonames = MTML_SONAMES }: { sonames?: readonly string[] } = {},
): MtmlOutcome {
  const opened = openLibrary(sonames, SYMBOLS);
  if (opened.state === "absent") return opened;
  try {
    return { state: "ok", mtml: new Mtml(opened.library) };
  } catch (error) {
    opened.library[Symbol.dispose]();
    throw error;
  }
}

function nameOf(code: number): string {
  return code === 999 ? "MTML_ERROR_UNKNOWN" : RESULTS[code] ?? String(code);
}

/** An initialised MTML. Dispose it (`using`) after the devices made from it. */
export class Mtml implements Disposable {
  readonly #library: Library<Table>;
  readonly #refusals: Refusals;
  readonly #handle: Deno.PointerValue;

  /** Takes an open library and initialises it. */
  constructor(library: Library<Table>) {
    this.#library = library;
    this.#refusals = new Refusals((code) => {
      const text = library.symbols.mtmlErrorString?.(code) ?? null;
      const words = text === null ? "" : Deno.UnsafePointerView.getCString(text);
      return words === "" ? nameOf(code) : `${nameOf(code)} (${words})`;
    });
    const out = new BigUint64Array(1);
    const code = library.symbols.mtmlLibraryInit(out);
    if (code !== 0) throw new MtmlError("mtmlLibraryInit", code, nameOf(code));
    this.#handle = Deno.UnsafePointer.create(out[0] ?? 0n);
  }

  [Symbol.dispose](): void {
    this.#library.symbols.mtmlLibraryShutDown(this.#handle);
    this.#library[Symbol.dispose]();
  }

  /**
   * The device at a PCI address. A library that cannot be asked by address is asked for each device it has.
   *
   * @param address `0000:3a:00.0`
   */
  deviceAt(address: string): Answer<MtmlDevice> {
    const call = "mtmlLibraryInitDeviceByPciSbdf";
    const found = this.#library.symbols[call];
    if (found === null) return this.#search(address);
    const out = new BigUint64Array(1);
    // MTML writes the domain in eight digits.
    const text = new TextEncoder().encode(`${address.padStart(16, "0")}\0`);
    const code = found(this.#handle, text, out);
    return code === 0
      ? { ok: true, value: this.#device(out), call }
      : this.#refusals.of(call, code);
  }

  #device(out: BigUint64Array<ArrayBuffer>): MtmlDevice {
    return new MtmlDevice(
      this.#library,
      this.#refusals,
      Deno.UnsafePointer.create(out[0] ?? 0n),
    );
  }

  #search(address: string): Answer<MtmlDevice> {
    const count = new Uint32Array(1), out = new BigUint64Array(1);
    const counted = this.#library.symbols.mtmlLibraryCountDevice(this.#handle, count);
    if (counted !== 0) return this.#refusals.of("mtmlLibraryCountDevice", counted);
    const call = "mtmlLibraryInitDeviceByIndex";
    for (let index = 0; index < (count[0] ?? 0); index++) {
      if (this.#library.symbols[call](this.#handle, index, out) !== 0) continue;
      const device = this.#device(out);
      const pci = device.pci();
      if (
        pci.ok && pci.value.address.toLowerCase().padStart(16, "0") === address.padStart(16, "0")
      ) {
        return { ok: true, value: device, call };
      }
      device[Symbol.dispose]();
    }
    return noValue(call, `shows no device at ${address}`);
  }
}

/** A PCIe link as a device tells of it. */
export interface MtmlPci {
  /** `00000000:3a:00.0`. */
  address: string;
  generation: number;
  width: number;
  /** The best that the device itself can do, wherever it is plugged in. */
  maxGeneration: number;
  maxWidth: number;
}

/**
 * A device and its parts: GPU, memory, video unit. Refusals are answers. Dispose it (`using`) to give the
 * parts back.
 *
 * Changing the multi-primary-core mode of a device invalidates it, without a sign that could be seen here.
 */
export class MtmlDevice implements Disposable {
  readonly #library: Library<Table>;
  readonly #refusals: Refusals;
  readonly #device: Deno.PointerValue;
  #gpu: Answer<Deno.PointerValue>;
  #memory: Answer<Deno.PointerValue>;
  #vpu: Answer<Deno.PointerValue>;
  /** Room for eight bytes, whatever width a function writes. */
  readonly #out = new ArrayBuffer(8);
  readonly #word = new Uint32Array(this.#out);
  readonly #signed = new Int32Array(this.#out);
  readonly #long = new BigUint64Array(this.#out);

  /** Takes an initialised device of an open library. */
  constructor(library: Library<Table>, refusals: Refusals, device: Deno.PointerValue) {
    this.#library = library;
    this.#refusals = refusals;
    this.#device = device;
    this.#gpu = this.#part("mtmlDeviceInitGpu");
    this.#memory = this.#part("mtmlDeviceInitMemory");
    this.#vpu = this.#part("mtmlDeviceInitVpu");
  }

  /** Asks again for the parts that were refused: a driver that was busy then may give them now. */
  retryParts(): void {
    if (!this.#gpu.ok) this.#gpu = this.#part("mtmlDeviceInitGpu");
    if (!this.#memory.ok) this.#memory = this.#part("mtmlDeviceInitMemory");
    if (!this.#vpu.ok) this.#vpu = this.#part("mtmlDeviceInitVpu");
  }

  [Symbol.dispose](): void {
    const { mtmlDeviceFreeVpu, mtmlDeviceFreeMemory, mtmlDeviceFreeGpu, mtmlLibraryFreeDevice } =
      this.#library.symbols;
    if (this.#vpu.ok) mtmlDeviceFreeVpu?.(this.#vpu.value);
    if (this.#memory.ok) mtmlDeviceFreeMemory?.(this.#memory.value);
    if (this.#gpu.ok) mtmlDeviceFreeGpu?.(this.#gpu.value);
    mtmlLibraryFreeDevice?.(this.#device);
  }

  #part(
    call: "mtmlDeviceInitGpu" | "mtmlDeviceInitMemory" | "mtmlDeviceInitVpu",
  ): Answer<Deno.PointerValue> {
    const code = this.#library.symbols[call](this.#device, this.#long);
    return code === 0
      ? { ok: true, value: Deno.UnsafePointer.create(this.#long[0] ?? 0n), call }
      : this.#refusals.of(call, code);
  }

  /** Calls a function that writes one value or structure of a part, and reads that. */
  #read<T>(
    call: Named<typeof OUT>,
    part: Answer<Deno.PointerValue>,
    read: () => T,
    out: Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> = this.#word,
  ): Answer<T> {
    if (!part.ok) return part;
    const found = this.#library.symbols[call];
    if (found === null) return noValue(call, "is not in this library");
    this.#long[0] = 0n;
    const code = found(part.value, out);
    return code === 0 ? { ok: true, value: read(), call } : this.#refusals.of(call, code);
  }

  #nth(
    call: Named<typeof NTH_OUT>,
    part: Answer<Deno.PointerValue>,
    index: number,
  ): Answer<number> {
    if (!part.ok) return part;
    const found = this.#library.symbols[call];
    if (found === null) return noValue(call, "is not in this library");
    this.#long[0] = 0n;
    const code = found(part.value, index, this.#word);
    return code === 0
      ? { ok: true, value: this.#signed[0] ?? 0, call }
      : this.#refusals.of(call, code);
  }

  get #itself(): Answer<Deno.PointerValue> {
    return { ok: true, value: this.#device, call: "" };
  }

  readonly #unsigned = (): number => this.#word[0] ?? 0;
  readonly #integer = (): number => this.#signed[0] ?? 0;
  readonly #bytes = (): number => Number(this.#long[0] ?? 0n);

  /** Where the device is, and its link. */
  pci(): Answer<MtmlPci> {
    const bytes = new Uint8Array(MtmlPciInfoLayout.size);
    return this.#read("mtmlDeviceGetPciInfo", this.#itself, () => {
      const info = decode(MtmlPciInfoLayout, bytes);
      return {
        address: info.sbdf,
        generation: info.pciCurGen,
        width: info.pciCurWidth,
        maxGeneration: info.pciMaxGen,
        maxWidth: info.pciMaxWidth,
      };
    }, bytes);
  }

  /** Power in mW, of the board. */
  powerUsage(): Answer<number> {
    return this.#read("mtmlDeviceGetPowerUsage", this.#itself, this.#unsigned);
  }

  /** How many fans can be controlled. */
  fanCount(): Answer<number> {
    return this.#read("mtmlDeviceCountFan", this.#itself, this.#unsigned);
  }

  /** Speed in per cent that a fan is told to have. May pass 100. */
  fanPercent(fan: number): Answer<number> {
    return this.#nth("mtmlDeviceGetFanSpeed", this.#itself, fan);
  }

  /** Revolutions per minute of a fan. */
  fanRpm(fan: number): Answer<number> {
    return this.#nth("mtmlDeviceGetFanRpm", this.#itself, fan);
  }

  /** How many MtLinks are up. */
  activeLinks(): Answer<number> {
    const bytes = new Uint8Array(MtmlMtLinkSpecLayout.size);
    const spec = this.#read(
      "mtmlDeviceGetMtLinkSpec",
      this.#itself,
      () => decode(MtmlMtLinkSpecLayout, bytes).linkNum,
      bytes,
    );
    if (!spec.ok) return spec;
    let value = 0;
    for (let link = 0; link < Math.min(spec.value, 64); link++) {
      const state = this.#nth("mtmlDeviceGetMtLinkState", this.#itself, link);
      if (!state.ok) return state;
      if (state.value !== MTLINK_DOWN) value++;
    }
    return { ok: true, value, call: "mtmlDeviceGetMtLinkState" };
  }

  /** Number of the performance state. Not in the published header. */
  performanceState(): Answer<number> {
    return this.#read("mtmlDeviceGetPerformanceState", this.#itself, this.#integer);
  }

  /** Per cent of time in which the graphics core was busy. */
  utilization(): Answer<number> {
    return this.#read("mtmlGpuGetUtilization", this.#gpu, this.#unsigned);
  }

  /** The same, of one of its engines. */
  engineUtilization(engine: keyof typeof ENGINES): Answer<number> {
    return this.#nth("mtmlGpuGetEngineUtilization", this.#gpu, ENGINES[engine]);
  }

  /** °C of the graphics core. */
  temperature(): Answer<number> {
    return this.#read("mtmlGpuGetTemperature", this.#gpu, this.#integer);
  }

  /** From how many °C on the driver slows the GPU down. Not in the published header. */
  slowdownTemperature(): Answer<number> {
    return this.#nth("mtmlGpuGetTemperatureThreshold", this.#gpu, THRESHOLD_SLOWDOWN);
  }

  /** Clock of the graphics core in MHz, now or at most. */
  clock(when: "now" | "max"): Answer<number> {
    const call = when === "now" ? "mtmlGpuGetClock" : "mtmlGpuGetMaxClock";
    return this.#read(call, this.#gpu, this.#unsigned);
  }

  /** mV of the graphics core. Not in the published header. */
  voltage(): Answer<number> {
    return this.#read("mtmlGpuGetVoltage", this.#gpu, this.#integer);
  }

  /** mW at which the device is held. Not in the published header. */
  powerLimit(): Answer<number> {
    return this.#read("mtmlGpuGetEnforcedPowerLimit", this.#gpu, this.#integer);
  }

  /** mW at which it comes. Not in the published header. */
  defaultPowerLimit(): Answer<number> {
    return this.#read("mtmlGpuGetPowerManagementDefaultLimit", this.#gpu, this.#integer);
  }

  /** Bytes of memory: all, those in use, and those of the host's in use. */
  memory(which: "Total" | "Used" | "UsedSystem"): Answer<number> {
    return this.#read(`mtmlMemoryGet${which}`, this.#memory, this.#bytes);
  }

  /** Per cent; the header does not say of what. */
  memoryUtilization(): Answer<number> {
    return this.#read("mtmlMemoryGetUtilization", this.#memory, this.#unsigned);
  }

  /** Clock of the memory in MHz, now or at most. */
  memoryClock(when: "now" | "max"): Answer<number> {
    const call = when === "now" ? "mtmlMemoryGetClock" : "mtmlMemoryGetMaxClock";
    return this.#read(call, this.#memory, this.#unsigned);
  }

  /** °C of the memory. Not in the published header. */
  memoryTemperature(): Answer<number> {
    return this.#read("mtmlMemoryGetTemperature", this.#memory, this.#integer);
  }

  /** Errors of the memory since the driver was loaded. */
  eccErrors(which: keyof typeof ECC_ERROR): Answer<number> {
    const call = "mtmlMemoryGetEccErrorCounter";
    if (!this.#memory.ok) return this.#memory;
    const found = this.#library.symbols[call];
    if (found === null) return noValue(call, "is not in this library");
    this.#long[0] = 0n;
    const code = found(
      this.#memory.value,
      ECC_ERROR[which],
      VOLATILE_ECC,
      LOCATION_DRAM,
      this.#long,
    );
    return code === 0 ? { ok: true, value: this.#bytes(), call } : this.#refusals.of(call, code);
  }

  /** Pages of memory that were taken out of use, for either kind of error. */
  retiredPages(): Answer<number> {
    const bytes = new Uint8Array(MtmlPageRetirementCountLayout.size);
    return this.#read("mtmlMemoryGetRetiredPagesCount", this.#memory, () => {
      const { sbeCount, dbeCount } = decode(MtmlPageRetirementCountLayout, bytes);
      return sbeCount + dbeCount;
    }, bytes);
  }

  /** Per cent of the video unit's sampling period, of encoding and of decoding. */
  codecUtilization(): Answer<{ encode: number; decode: number }> {
    const bytes = new Uint8Array(MtmlCodecUtilLayout.size);
    return this.#read("mtmlVpuGetUtilization", this.#vpu, () => {
      const { encUtil, decUtil } = decode(MtmlCodecUtilLayout, bytes);
      return { encode: encUtil, decode: decUtil };
    }, bytes);
  }

  /** Clock of the video unit in MHz. */
  videoClock(): Answer<number> {
    return this.#read("mtmlVpuGetClock", this.#vpu, this.#unsigned);
  }
}
