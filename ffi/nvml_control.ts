/**
 * What NVML changes, and what it tells of that, beside what `nvml.ts` and `nvml_telemetry.ts` have.
 *
 * Source: `nvml.h` of the NVML API reference, 12.2 to 13.0.
 *
 * @module
 */

import { type Answer, type Refusals } from "./answer.ts";
import type { Library } from "./library.ts";
import type { Nvml, NvmlDevice } from "./nvml.ts";
import { bindBeside, nvmlRefusals } from "./nvml_telemetry.ts";
import { NVML_RESULT } from "./nvml_telemetry_abi.ts";

/** A function of a device alone. */
const DEVICE = { parameters: ["pointer"], result: "i32", optional: true } as const;
/** A number of a device. */
const DEVICE_OUT = { parameters: ["pointer", "buffer"], result: "i32", optional: true } as const;
/** A function of a device and one number. */
const DEVICE_1 = { parameters: ["pointer", "u32"], result: "i32", optional: true } as const;
/** A function of a device and two numbers. */
const DEVICE_2 = { parameters: ["pointer", "u32", "u32"], result: "i32", optional: true } as const;
/** A number of one part of a device. */
const PART_OUT = {
  parameters: ["pointer", "u32", "buffer"],
  result: "i32",
  optional: true,
} as const;
const PAIR_OUT = {
  parameters: ["pointer", "buffer", "buffer"],
  result: "i32",
  optional: true,
} as const;

const SYMBOLS = {
  nvmlErrorString: { parameters: ["i32"], result: "pointer" },
  nvmlDeviceSetPowerManagementLimit: DEVICE_1,
  nvmlDeviceSetGpuLockedClocks: DEVICE_2,
  nvmlDeviceResetGpuLockedClocks: DEVICE,
  nvmlDeviceSetMemoryLockedClocks: DEVICE_2,
  nvmlDeviceResetMemoryLockedClocks: DEVICE,
  nvmlDeviceSetFanSpeed_v2: DEVICE_2,
  nvmlDeviceSetDefaultFanSpeed_v2: DEVICE_1,
  nvmlDeviceGetFanControlPolicy_v2: PART_OUT,
  nvmlDeviceGetTargetFanSpeed: PART_OUT,
  nvmlDeviceGetPersistenceMode: DEVICE_OUT,
  nvmlDeviceGetMinMaxFanSpeed: PAIR_OUT,
  nvmlDeviceGetSupportedMemoryClocks: PAIR_OUT,
  nvmlDeviceGetSupportedGraphicsClocks: {
    parameters: ["pointer", "u32", "buffer", "buffer"],
    result: "i32",
    optional: true,
  },
} as const;

type Table = typeof SYMBOLS;
type Setters = Extract<keyof Table, `nvmlDeviceSet${string}` | `nvmlDeviceReset${string}`>;

/** More clocks than any GPU has. */
const MOST_CLOCKS = 4096;

/** The functions, over an NVML that is open. Refusals are answers. Dispose it before that NVML. */
export class NvmlControl implements Disposable {
  readonly #library: Library<Table>;
  readonly #refusals: Refusals;

  /** Binds them. */
  constructor(nvml: Nvml) {
    this.#library = bindBeside(nvml, SYMBOLS);
    this.#refusals = nvmlRefusals((code) => this.#library.symbols.nvmlErrorString(code));
  }

  [Symbol.dispose](): void {
    this.#library[Symbol.dispose]();
  }

  #missing(call: string): Answer<never> {
    return this.#refusals.of(call, NVML_RESULT.functionNotFound);
  }

  /**
   * Calls a function that changes a setting: a limit in mW, a least and a most clock in MHz, a fan and its
   * speed in per cent, a fan.
   *
   * @param args what stands behind the device; a missing one is 0.
   */
  set(call: Setters, device: NvmlDevice, args: readonly number[]): Answer<null> {
    const [first = 0, second = 0] = args;
    const found = this.#library.symbols[call] as
      | ((device: NvmlDevice, first: number, second: number) => number)
      | null;
    if (found === null) return this.#missing(call);
    const code = SYMBOLS[call].parameters.length === 1
      ? (found as unknown as (device: NvmlDevice) => number)(device)
      : SYMBOLS[call].parameters.length === 2
      ? (found as unknown as (device: NvmlDevice, first: number) => number)(device, first)
      : found(device, first, second);
    return code === 0 ? { ok: true, value: null, call } : this.#refusals.of(call, code);
  }

  #part(
    call: "nvmlDeviceGetFanControlPolicy_v2" | "nvmlDeviceGetTargetFanSpeed",
    device: NvmlDevice,
    index: number,
  ): Answer<number> {
    const found = this.#library.symbols[call];
    if (found === null) return this.#missing(call);
    const out = new Uint32Array(1);
    const code = found(device, index, out);
    return code === 0 ? { ok: true, value: out[0] ?? 0, call } : this.#refusals.of(call, code);
  }

  /** Who drives a fan: 0 the temperature, 1 what was set. From driver 520 on. */
  fanPolicy(device: NvmlDevice, fan: number): Answer<number> {
    return this.#part("nvmlDeviceGetFanControlPolicy_v2", device, fan);
  }

  /** The speed in per cent that a fan is to have. */
  targetFanSpeed(device: NvmlDevice, fan: number): Answer<number> {
    return this.#part("nvmlDeviceGetTargetFanSpeed", device, fan);
  }

  /** Whether the driver keeps the GPU initialised while nobody uses it. */
  persistenceMode(device: NvmlDevice): Answer<boolean> {
    const call = "nvmlDeviceGetPersistenceMode";
    const found = this.#library.symbols[call];
    if (found === null) return this.#missing(call);
    const out = new Uint32Array(1);
    const code = found(device, out);
    return code === 0 ? { ok: true, value: out[0] === 1, call } : this.#refusals.of(call, code);
  }

  /** The lowest and highest speed in per cent that can be set. */
  minMaxFanSpeed(device: NvmlDevice): Answer<{ min: number; max: number }> {
    const call = "nvmlDeviceGetMinMaxFanSpeed";
    const found = this.#library.symbols[call];
    if (found === null) return this.#missing(call);
    const min = new Uint32Array(1), max = new Uint32Array(1);
    const code = found(device, min, max);
    return code === 0
      ? { ok: true, value: { min: min[0] ?? 0, max: max[0] ?? 0 }, call }
      : this.#refusals.of(call, code);
  }

  /** The memory's clocks in MHz. */
  supportedMemoryClocks(device: NvmlDevice): Answer<number[]> {
    const call = "nvmlDeviceGetSupportedMemoryClocks";
    const found = this.#library.symbols[call];
    if (found === null) return this.#missing(call);
    return this.#list(call, (count, clocks) => found(device, count, clocks));
  }

  /** The clocks in MHz of the graphics engine at one of the memory. */
  supportedGraphicsClocks(device: NvmlDevice, memoryMhz: number): Answer<number[]> {
    const call = "nvmlDeviceGetSupportedGraphicsClocks";
    const found = this.#library.symbols[call];
    if (found === null) return this.#missing(call);
    return this.#list(call, (count, clocks) => found(device, memoryMhz, count, clocks));
  }

  #list(
    call: string,
    ask: (count: Uint32Array<ArrayBuffer>, clocks: Uint32Array<ArrayBuffer>) => number,
  ): Answer<number[]> {
    const count = new Uint32Array([MOST_CLOCKS]), clocks = new Uint32Array(MOST_CLOCKS);
    const code = ask(count, clocks);
    if (code !== 0) return this.#refusals.of(call, code);
    const value = [...clocks.subarray(0, Math.min(MOST_CLOCKS, count[0] ?? 0))];
    // An empty list has neither a least nor a most clock.
    return value.length === 0
      ? this.#refusals.of(call, NVML_RESULT.notSupported)
      : { ok: true, value, call };
  }
}
