/**
 * HIP, the runtime of AMD's ROCm, as far as listing devices goes.
 *
 * ABI: `hip_runtime_api.h` of ROCm 5.2 to 7; sonames `libamdhip64.so.5` to `.so.7`. Everything is asked
 * by single functions, since `hipDeviceProp_t` has another layout in every major version. The numbers of
 * attributes are those since ROCm 4.3, which put CUDA's first and AMD's own from 10000 on.
 *
 * @module
 */

import { CallError } from "./call_error.ts";
import { type Library, openLibrary } from "./library.ts";
import { decodeCString } from "./struct.ts";

const SYMBOLS = {
  hipInit: { parameters: ["u32"], result: "i32" },
  hipGetErrorName: { parameters: ["i32"], result: "pointer" },
  hipDriverGetVersion: { parameters: ["buffer"], result: "i32" },
  hipGetDeviceCount: { parameters: ["buffer"], result: "i32" },
  hipDeviceGetName: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  hipDeviceGetUuid: { parameters: ["buffer", "i32"], result: "i32", optional: true },
  hipDeviceGetPCIBusId: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  hipDeviceTotalMem: { parameters: ["buffer", "i32"], result: "i32" },
  hipDeviceGetAttribute: { parameters: ["buffer", "i32", "i32"], result: "i32" },
} as const;

type Table = typeof SYMBOLS;

/** `hipDeviceAttribute_t`, those that mvgal asks for. */
export const HipAttribute = {
  CooperativeLaunch: 10,
  Integrated: 16,
  ComputeCapabilityMajor: 23,
  ManagedMemory: 24,
  ComputeCapabilityMinor: 61,
  MultiprocessorCount: 63,
  WarpSize: 87,
  MemoryPoolsSupported: 88,
} as const;

/** A device: its ordinal among those that `HIP_VISIBLE_DEVICES` leaves. */
export type HipDevice = number;

/** A call of HIP that failed; `result` is the name in `hipError_t`. */
export class HipError extends CallError {}

/** What came of {@linkcode openHip}. */
export type HipOutcome =
  | { state: "ok"; hip: Hip }
  | { state: "absent"; reason: string; present: boolean };

/**
 * Loads HIP, a library of some 100 MB with its dependencies, and initialises it.
 *
 * @throws {HipError} where the library is there and does not start: `hipErrorNoDevice`.
 */
export function openHip(
  { sonames = ["libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5", "libamdhip64.so"] }: {
    sonames?: readonly string[];
  } = {},
): HipOutcome {
  const opened = openLibrary(sonames, SYMBOLS, { resident: true });
  if (opened.state === "absent") return opened;
  return { state: "ok", hip: new Hip(opened.library) };
}

/** An initialised HIP. Every method throws {@linkcode HipError} for what the library refuses. */
export class Hip implements Disposable {
  readonly #library: Library<Table>;

  /** Takes an open library and initialises it. */
  constructor(library: Library<Table>) {
    this.#library = library;
    this.#check("hipInit", library.symbols.hipInit(0));
  }

  [Symbol.dispose](): void {
    this.#library[Symbol.dispose]();
  }

  #check(call: string, code: number): void {
    if (code === 0) return;
    const name = this.#library.symbols.hipGetErrorName(code);
    throw new HipError(
      call,
      code,
      name === null ? String(code) : Deno.UnsafePointerView.getCString(name),
    );
  }

  /** The version as HIP writes it: `major * 10000000 + minor * 100000 + patch`. */
  driverVersion(): number {
    const out = new Int32Array(1);
    this.#check("hipDriverGetVersion", this.#library.symbols.hipDriverGetVersion(out));
    return out[0] ?? 0;
  }

  /** The devices. */
  devices(): HipDevice[] {
    const out = new Int32Array(1);
    this.#check("hipGetDeviceCount", this.#library.symbols.hipGetDeviceCount(out));
    return Array.from({ length: out[0] ?? 0 }, (_, ordinal) => ordinal);
  }

  /** `AMD Radeon RX 7900 XTX`. */
  name(device: HipDevice): string {
    const text = new Uint8Array(256);
    this.#check(
      "hipDeviceGetName",
      this.#library.symbols.hipDeviceGetName(text, text.length, device),
    );
    return decodeCString(text);
  }

  /** 16 bytes: in ROCm the text of the chip's unique id, all zero where it has none. */
  uuid(device: HipDevice): Uint8Array<ArrayBuffer> {
    const { hipDeviceGetUuid } = this.#library.symbols;
    const bytes = new Uint8Array(16);
    if (hipDeviceGetUuid === null) throw new HipError("hipDeviceGetUuid", 500, "hipErrorNotFound");
    this.#check("hipDeviceGetUuid", hipDeviceGetUuid(bytes, device));
    return bytes;
  }

  /** `0000:06:00.0`. */
  pciBusId(device: HipDevice): string {
    const text = new Uint8Array(64);
    this.#check(
      "hipDeviceGetPCIBusId",
      this.#library.symbols.hipDeviceGetPCIBusId(text, text.length, device),
    );
    return decodeCString(text);
  }

  /** Memory of the device in bytes. */
  totalMemory(device: HipDevice): number {
    const out = new BigUint64Array(1);
    this.#check("hipDeviceTotalMem", this.#library.symbols.hipDeviceTotalMem(out, device));
    return Number(out[0] ?? 0n);
  }

  /** An attribute of {@linkcode HipAttribute}. */
  attribute(device: HipDevice, attribute: keyof typeof HipAttribute): number {
    const out = new Int32Array(1);
    this.#check(
      `hipDeviceGetAttribute(${attribute})`,
      this.#library.symbols.hipDeviceGetAttribute(out, HipAttribute[attribute], device),
    );
    return out[0] ?? 0;
  }
}
