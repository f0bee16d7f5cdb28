/**
 * Copies by the CUDA driver API, between devices and between the host and a device.
 *
 * ABI: `cuda.h` of the CUDA driver API reference, 11.4 to 13.0. Contexts are the primary ones, which the
 * rest of the process (Vulkan's driver, a CUDA runtime) shares.
 *
 * @module
 */

import type { CopyRuntimeOutcome, Lane, RuntimeDevice } from "./copy_runtime.ts";
import { CudaError } from "./cuda.ts";
import { type Library, openLibrary } from "./library.ts";
import {
  StreamCopies,
  type StreamDialect,
  type StreamNames,
  streamTable,
} from "./stream_copies.ts";

const NAMES: StreamNames = {
  init: "cuInit",
  countDevices: "cuDeviceGetCount",
  pciBusId: "cuDeviceGetPCIBusId",
  canAccessPeer: "cuDeviceCanAccessPeer",
  allocate: "cuMemAlloc_v2",
  free: "cuMemFree_v2",
  allocateHost: "cuMemHostAlloc",
  freeHost: "cuMemFreeHost",
  copyToDevice: "cuMemcpyHtoDAsync_v2",
  copyToHost: "cuMemcpyDtoHAsync_v2",
  copyWithin: "cuMemcpyDtoDAsync_v2",
  createStream: "cuStreamCreate",
  destroyStream: "cuStreamDestroy_v2",
  waitEvent: "cuStreamWaitEvent",
  createEvent: "cuEventCreate",
  destroyEvent: "cuEventDestroy_v2",
  record: "cuEventRecord",
  synchronize: "cuEventSynchronize",
  query: "cuEventQuery",
  elapsed: "cuEventElapsedTime",
  importMemory: "cuImportExternalMemory",
  mapImported: "cuExternalMemoryGetMappedBuffer",
  destroyImported: "cuDestroyExternalMemory",
};

/** What CUDA has in its own way. */
const OWN = {
  cuGetErrorName: { parameters: ["i32", "buffer"], result: "i32" },
  cuGetErrorString: { parameters: ["i32", "buffer"], result: "i32" },
  cuDeviceGet: { parameters: ["buffer", "i32"], result: "i32" },
  cuDeviceGetUuid_v2: { parameters: ["buffer", "i32"], result: "i32", optional: true },
  cuDeviceGetUuid: { parameters: ["buffer", "i32"], result: "i32", optional: true },
  cuDevicePrimaryCtxRetain: { parameters: ["buffer", "i32"], result: "i32" },
  cuDevicePrimaryCtxRelease_v2: { parameters: ["i32"], result: "i32" },
  cuCtxSetCurrent: { parameters: ["u64"], result: "i32" },
  cuCtxEnablePeerAccess: { parameters: ["u64", "u32"], result: "i32" },
  cuMemcpyPeerAsync: {
    parameters: ["u64", "u64", "u64", "u64", "usize", "u64"],
    result: "i32",
  },
} as const;

const TABLE = { ...streamTable(NAMES), ...OWN };

/** `CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED`. */
const ALREADY_ENABLED = 704;

/**
 * Loads CUDA for copying, and initialises it.
 *
 * @throws {CudaError} where the library is there and does not start: `CUDA_ERROR_NO_DEVICE`.
 */
export function openCudaCopies(
  { sonames = ["libcuda.so.1"] }: { sonames?: readonly string[] } = {},
): CopyRuntimeOutcome {
  const opened = openLibrary(sonames, TABLE, { resident: true });
  if (opened.state === "absent") return opened;
  return { state: "ok", runtime: new StreamCopies(new CudaDialect(opened.library)) };
}

/** CUDA names devices by contexts. Disposing it releases those that it has retained. */
class CudaDialect implements StreamDialect {
  readonly name = "CUDA";
  readonly names = NAMES;
  readonly unreachable = "there is no NVLink, and the platform or the driver does not allow PCIe " +
    "peer access";
  readonly #library: Library<typeof TABLE>;
  readonly #contexts = new Map<RuntimeDevice, bigint>();

  constructor(library: Library<typeof TABLE>) {
    this.#library = library;
  }

  get symbols() {
    return this.#library.symbols;
  }

  check(call: string, code: number): void {
    if (code === 0) return;
    const { cuGetErrorName, cuGetErrorString } = this.symbols;
    const text = (ask: (code: number, out: BigUint64Array<ArrayBuffer>) => number) => {
      const out = new BigUint64Array(1);
      if (ask(code, out) !== 0) return undefined;
      const at = Deno.UnsafePointer.create(out[0] ?? 0n);
      return at === null ? undefined : Deno.UnsafePointerView.getCString(at);
    };
    throw new CudaError(call, code, text(cuGetErrorName) ?? String(code), text(cuGetErrorString));
  }

  deviceAt(ordinal: number): RuntimeDevice {
    const out = new Int32Array(1);
    this.check("cuDeviceGet", this.symbols.cuDeviceGet(out, ordinal));
    return out[0] ?? 0;
  }

  uuidOf(device: RuntimeDevice): Uint8Array<ArrayBuffer> | null {
    const uuid = new Uint8Array(16);
    const ask = this.symbols.cuDeviceGetUuid_v2 ?? this.symbols.cuDeviceGetUuid;
    return ask?.(uuid, device) === 0 ? uuid : null;
  }

  /** The device's primary context, retained once. */
  #context(device: RuntimeDevice): bigint {
    const known = this.#contexts.get(device);
    if (known !== undefined) return known;
    const out = new BigUint64Array(1);
    const code = this.symbols.cuDevicePrimaryCtxRetain(out, device);
    this.check("cuDevicePrimaryCtxRetain", code);
    const context = out[0] ?? 0n;
    this.#contexts.set(device, context);
    return context;
  }

  select(device: RuntimeDevice): void {
    this.check("cuCtxSetCurrent", this.symbols.cuCtxSetCurrent(this.#context(device)));
  }

  reachPeer(peer: RuntimeDevice): void {
    const code = this.symbols.cuCtxEnablePeerAccess(this.#context(peer), 0);
    if (code !== ALREADY_ENABLED) this.check("cuCtxEnablePeerAccess", code);
  }

  copyPeer({ from, to, size }: Lane, source: number, destination: number, stream: bigint): void {
    const code = this.symbols.cuMemcpyPeerAsync(
      to.address,
      this.#context(destination),
      from.address,
      this.#context(source),
      BigInt(size),
      stream,
    );
    this.check("cuMemcpyPeerAsync", code);
  }

  [Symbol.dispose](): void {
    const { cuDevicePrimaryCtxRelease_v2: release } = this.symbols;
    for (const device of this.#contexts.keys()) release(device);
    this.#contexts.clear();
    this.#library[Symbol.dispose]();
  }
}
