/**
 * The CUDA driver API, as far as listing devices goes.
 *
 * ABI: `cuda.h` of the CUDA driver API reference, 11.4 to 13.0; soname `libcuda.so.1`. Names with `_v2`
 * are what the header's macros call. The numbers of attributes never change.
 *
 * @module
 */

import { CallError } from "./call_error.ts";
import { type Library, openLibrary } from "./library.ts";
import { decodeCString } from "./struct.ts";

const SYMBOLS = {
  cuInit: { parameters: ["u32"], result: "i32" },
  cuGetErrorName: { parameters: ["i32", "buffer"], result: "i32" },
  cuGetErrorString: { parameters: ["i32", "buffer"], result: "i32" },
  cuDriverGetVersion: { parameters: ["buffer"], result: "i32" },
  cuDeviceGetCount: { parameters: ["buffer"], result: "i32" },
  cuDeviceGet: { parameters: ["buffer", "i32"], result: "i32" },
  cuDeviceGetName: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  cuDeviceGetUuid_v2: { parameters: ["buffer", "i32"], result: "i32", optional: true },
  cuDeviceGetUuid: { parameters: ["buffer", "i32"], result: "i32", optional: true },
  cuDeviceGetPCIBusId: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  cuDeviceTotalMem_v2: { parameters: ["buffer", "i32"], result: "i32" },
  cuDeviceGetAttribute: { parameters: ["buffer", "i32", "i32"], result: "i32" },
} as const;

type Table = typeof SYMBOLS;

/** `CUdevice_attribute`, those that mvgal asks for. */
export const CudaAttribute = {
  MULTIPROCESSOR_COUNT: 16,
  INTEGRATED: 18,
  UNIFIED_ADDRESSING: 41,
  COMPUTE_CAPABILITY_MAJOR: 75,
  COMPUTE_CAPABILITY_MINOR: 76,
  MANAGED_MEMORY: 83,
  CONCURRENT_MANAGED_ACCESS: 89,
  COOPERATIVE_LAUNCH: 95,
  VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED: 102,
  HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED: 103,
  MEMORY_POOLS_SUPPORTED: 115,
} as const;

/** A device: `CUdevice`, an index into those that `CUDA_VISIBLE_DEVICES` leaves. */
export type CudaDevice = number;

/** A call of CUDA that failed; `result` is the name in `CUresult`. */
export class CudaError extends CallError {}

/** What came of {@linkcode openCuda}. */
export type CudaOutcome =
  | { state: "ok"; cuda: Cuda }
  | { state: "absent"; reason: string; present: boolean };

/**
 * Loads CUDA and initialises it: every GPU is opened, which takes its time on a host with many.
 *
 * @throws {CudaError} where the library is there and does not start: `CUDA_ERROR_NO_DEVICE`.
 */
export function openCuda(
  { sonames = ["libcuda.so.1"] }: { sonames?: readonly string[] } = {},
): CudaOutcome {
  const opened = openLibrary(sonames, SYMBOLS, { resident: true });
  if (opened.state === "absent") return opened;
  return { state: "ok", cuda: new Cuda(opened.library) };
}

/** An initialised CUDA. Every method throws {@linkcode CudaError} for what the library refuses. */
export class Cuda implements Disposable {
  readonly #library: Library<Table>;

  /** Takes an open library and initialises it. */
  constructor(library: Library<Table>) {
    this.#library = library;
    this.#check("cuInit", library.symbols.cuInit(0));
  }

  [Symbol.dispose](): void {
    this.#library[Symbol.dispose]();
  }

  #check(call: string, code: number): void {
    if (code === 0) return;
    const name = this.#describe("cuGetErrorName", code) ?? String(code);
    throw new CudaError(call, code, name, this.#describe("cuGetErrorString", code));
  }

  #describe(call: "cuGetErrorName" | "cuGetErrorString", code: number): string | undefined {
    const out = new BigUint64Array(1);
    if (this.#library.symbols[call](code, out) !== 0) return undefined;
    const text = Deno.UnsafePointer.create(out[0] ?? 0n);
    return text === null ? undefined : Deno.UnsafePointerView.getCString(text);
  }

  /** The newest CUDA that the driver supports: `13.0`. */
  driverVersion(): string {
    const out = new Int32Array(1);
    this.#check("cuDriverGetVersion", this.#library.symbols.cuDriverGetVersion(out));
    const version = out[0] ?? 0;
    return `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
  }

  /** The devices, MIG instances in place of GPUs that are divided so. */
  devices(): CudaDevice[] {
    const { symbols } = this.#library;
    const out = new Int32Array(1);
    this.#check("cuDeviceGetCount", symbols.cuDeviceGetCount(out));
    return Array.from({ length: out[0] ?? 0 }, (_, ordinal) => {
      this.#check("cuDeviceGet", symbols.cuDeviceGet(out, ordinal));
      return out[0] ?? 0;
    });
  }

  /** `NVIDIA H200`. */
  name(device: CudaDevice): string {
    const text = new Uint8Array(256);
    this.#check(
      "cuDeviceGetName",
      this.#library.symbols.cuDeviceGetName(text, text.length, device),
    );
    return decodeCString(text);
  }

  /** 16 bytes; of the MIG instance where the driver is of CUDA 11.4 or later. */
  uuid(device: CudaDevice): Uint8Array<ArrayBuffer> {
    const { cuDeviceGetUuid_v2, cuDeviceGetUuid } = this.#library.symbols;
    const bytes = new Uint8Array(16);
    const code = (cuDeviceGetUuid_v2 ?? cuDeviceGetUuid)?.(bytes, device);
    if (code === undefined) throw new CudaError("cuDeviceGetUuid", 500, "CUDA_ERROR_NOT_FOUND");
    this.#check("cuDeviceGetUuid", code);
    return bytes;
  }

  /** `0000:06:00.0`. */
  pciBusId(device: CudaDevice): string {
    const text = new Uint8Array(32);
    this.#check(
      "cuDeviceGetPCIBusId",
      this.#library.symbols.cuDeviceGetPCIBusId(text, text.length, device),
    );
    return decodeCString(text);
  }

  /** Memory that programs can have, in bytes. */
  totalMemory(device: CudaDevice): number {
    const out = new BigUint64Array(1);
    this.#check("cuDeviceTotalMem", this.#library.symbols.cuDeviceTotalMem_v2(out, device));
    return Number(out[0] ?? 0n);
  }

  /** An attribute of {@linkcode CudaAttribute}. Drivers refuse those that they do not know yet. */
  attribute(device: CudaDevice, attribute: keyof typeof CudaAttribute): number {
    const out = new Int32Array(1);
    const number = CudaAttribute[attribute];
    this.#check(
      `cuDeviceGetAttribute(${attribute})`,
      this.#library.symbols.cuDeviceGetAttribute(out, number, device),
    );
    return out[0] ?? 0;
  }
}
