/**
 * Copies by the CUDA driver API, between devices and between the host and a device.
 *
 * ABI: `cuda.h` of the CUDA driver API reference, 11.4 to 13.0. Contexts are the primary ones, which the
 * rest of the process (Vulkan's driver, a CUDA runtime) shares.
 *
 * @module
 */

import { CudaError } from "./cuda.ts";
import {
  type CopyRuntime,
  type Lane,
  type RuntimeDevice,
  type RuntimeIdentity,
  type RuntimeMemory,
  StreamTimer,
  viewOf,
} from "./copy_runtime.ts";
import { type Library, openLibrary } from "./library.ts";
import { decodeCString } from "./struct.ts";

const SYMBOLS = {
  cuInit: { parameters: ["u32"], result: "i32" },
  cuGetErrorName: { parameters: ["i32", "buffer"], result: "i32" },
  cuGetErrorString: { parameters: ["i32", "buffer"], result: "i32" },
  cuDeviceGetCount: { parameters: ["buffer"], result: "i32" },
  cuDeviceGet: { parameters: ["buffer", "i32"], result: "i32" },
  cuDeviceGetUuid_v2: { parameters: ["buffer", "i32"], result: "i32", optional: true },
  cuDeviceGetUuid: { parameters: ["buffer", "i32"], result: "i32", optional: true },
  cuDeviceGetPCIBusId: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  cuDeviceCanAccessPeer: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  cuDevicePrimaryCtxRetain: { parameters: ["buffer", "i32"], result: "i32" },
  cuDevicePrimaryCtxRelease_v2: { parameters: ["i32"], result: "i32" },
  cuCtxSetCurrent: { parameters: ["u64"], result: "i32" },
  cuCtxEnablePeerAccess: { parameters: ["u64", "u32"], result: "i32" },
  cuMemAlloc_v2: { parameters: ["buffer", "usize"], result: "i32" },
  cuMemFree_v2: { parameters: ["u64"], result: "i32" },
  cuMemHostAlloc: { parameters: ["buffer", "usize", "u32"], result: "i32" },
  cuMemFreeHost: { parameters: ["u64"], result: "i32" },
  cuMemcpyHtoDAsync_v2: { parameters: ["u64", "u64", "usize", "u64"], result: "i32" },
  cuMemcpyDtoHAsync_v2: { parameters: ["u64", "u64", "usize", "u64"], result: "i32" },
  cuMemcpyDtoDAsync_v2: { parameters: ["u64", "u64", "usize", "u64"], result: "i32" },
  cuMemcpyPeerAsync: {
    parameters: ["u64", "u64", "u64", "u64", "usize", "u64"],
    result: "i32",
  },
  cuStreamCreate: { parameters: ["buffer", "u32"], result: "i32" },
  cuStreamDestroy_v2: { parameters: ["u64"], result: "i32" },
  cuStreamWaitEvent: { parameters: ["u64", "u64", "u32"], result: "i32" },
  cuEventCreate: { parameters: ["buffer", "u32"], result: "i32" },
  cuEventDestroy_v2: { parameters: ["u64"], result: "i32" },
  cuEventRecord: { parameters: ["u64", "u64"], result: "i32" },
  cuEventSynchronize: { parameters: ["u64"], result: "i32" },
  cuEventElapsedTime: { parameters: ["buffer", "u64", "u64"], result: "i32" },
} as const;

type Table = typeof SYMBOLS;

/** `CU_MEMHOSTALLOC_PORTABLE`. */
const PORTABLE = 1;
/** `CU_STREAM_NON_BLOCKING`. */
const NON_BLOCKING = 1;
/** `CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED`. */
const ALREADY_ENABLED = 704;

/** What came of {@linkcode openCudaCopies}. */
export type CopyRuntimeOutcome =
  | { state: "ok"; runtime: CopyRuntime }
  | { state: "absent"; reason: string };

/**
 * Loads CUDA for copying, and initialises it.
 *
 * @throws {CudaError} where the library is there and does not start: `CUDA_ERROR_NO_DEVICE`.
 */
export function openCudaCopies(
  { sonames = ["libcuda.so.1"] }: { sonames?: readonly string[] } = {},
): CopyRuntimeOutcome {
  const opened = openLibrary(sonames, SYMBOLS, { resident: true });
  if (opened.state === "absent") return opened;
  return { state: "ok", runtime: new CudaCopies(opened.library) };
}

/** CUDA as a {@linkcode CopyRuntime}. Disposing it releases the primary contexts that it has retained. */
export class CudaCopies implements CopyRuntime {
  readonly name = "CUDA";
  readonly clock = "device";
  readonly #library: Library<Table>;
  readonly #contexts = new Map<RuntimeDevice, bigint>();
  readonly #peers = new Set<string>();
  readonly #timer: StreamTimer;

  /** Takes an open library and initialises it. */
  constructor(library: Library<Table>) {
    this.#library = library;
    this.#check("cuInit", library.symbols.cuInit(0));
    const { symbols: cu } = library;
    this.#timer = new StreamTimer({
      select: (device) => this.#select(device),
      createStream: () =>
        this.#made("cuStreamCreate", (out) => cu.cuStreamCreate(out, NON_BLOCKING)),
      destroyStream: (stream) => void cu.cuStreamDestroy_v2(stream),
      createEvent: () => this.#made("cuEventCreate", (out) => cu.cuEventCreate(out, 0)),
      destroyEvent: (event) => void cu.cuEventDestroy_v2(event),
      record: (event, stream) => this.#check("cuEventRecord", cu.cuEventRecord(event, stream)),
      wait: (stream, event) =>
        this.#check("cuStreamWaitEvent", cu.cuStreamWaitEvent(stream, event, 0)),
      synchronize: (event) => this.#check("cuEventSynchronize", cu.cuEventSynchronize(event)),
      elapsed: (start, end) => {
        const out = new Float32Array(1);
        this.#check("cuEventElapsedTime", cu.cuEventElapsedTime(out, start, end));
        return out[0] ?? NaN;
      },
      copy: (lane, stream) => this.#copy(lane, stream),
    });
  }

  #check(call: string, code: number): void {
    if (code === 0) return;
    const { cuGetErrorName, cuGetErrorString } = this.#library.symbols;
    const text = (ask: (code: number, out: BigUint64Array<ArrayBuffer>) => number) => {
      const out = new BigUint64Array(1);
      if (ask(code, out) !== 0) return undefined;
      const at = Deno.UnsafePointer.create(out[0] ?? 0n);
      return at === null ? undefined : Deno.UnsafePointerView.getCString(at);
    };
    throw new CudaError(call, code, text(cuGetErrorName) ?? String(code), text(cuGetErrorString));
  }

  #made(call: string, make: (out: BigUint64Array<ArrayBuffer>) => number): bigint {
    const out = new BigUint64Array(1);
    this.#check(call, make(out));
    return out[0] ?? 0n;
  }

  /** The device's primary context, retained once. */
  #context(device: RuntimeDevice): bigint {
    let context = this.#contexts.get(device);
    if (context === undefined) {
      const { cuDevicePrimaryCtxRetain } = this.#library.symbols;
      context = this.#made(
        "cuDevicePrimaryCtxRetain",
        (out) => cuDevicePrimaryCtxRetain(out, device),
      );
      this.#contexts.set(device, context);
    }
    return context;
  }

  #select(device: RuntimeDevice): void {
    const { cuCtxSetCurrent } = this.#library.symbols;
    this.#check("cuCtxSetCurrent", cuCtxSetCurrent(this.#context(device)));
  }

  #copy({ from, to, size }: Lane, stream: bigint): void {
    const cu = this.#library.symbols;
    const bytes = BigInt(size);
    if (from.device === null) {
      const code = cu.cuMemcpyHtoDAsync_v2(to.address, from.address, bytes, stream);
      this.#check("cuMemcpyHtoDAsync", code);
    } else if (to.device === null) {
      const code = cu.cuMemcpyDtoHAsync_v2(to.address, from.address, bytes, stream);
      this.#check("cuMemcpyDtoHAsync", code);
    } else if (from.device === to.device) {
      const code = cu.cuMemcpyDtoDAsync_v2(to.address, from.address, bytes, stream);
      this.#check("cuMemcpyDtoDAsync", code);
    } else {
      const [source, destination] = [this.#context(from.device), this.#context(to.device)];
      this.#check(
        "cuMemcpyPeerAsync",
        cu.cuMemcpyPeerAsync(to.address, destination, from.address, source, bytes, stream),
      );
    }
  }

  identities(): RuntimeIdentity[] {
    const cu = this.#library.symbols;
    const out = new Int32Array(1);
    this.#check("cuDeviceGetCount", cu.cuDeviceGetCount(out));
    return Array.from({ length: out[0] ?? 0 }, (_, ordinal) => {
      this.#check("cuDeviceGet", cu.cuDeviceGet(out, ordinal));
      const device = out[0] ?? 0;
      const text = new Uint8Array(32), uuid = new Uint8Array(16);
      const pci = cu.cuDeviceGetPCIBusId(text, text.length, device);
      const ask = cu.cuDeviceGetUuid_v2 ?? cu.cuDeviceGetUuid;
      return {
        device,
        pci: pci === 0 ? decodeCString(text).toLowerCase() : null,
        uuid: ask?.(uuid, device) === 0 ? uuid : null,
      };
    });
  }

  peerObstacle(device: RuntimeDevice, peer: RuntimeDevice): string | undefined {
    const out = new Int32Array(1);
    const code = this.#library.symbols.cuDeviceCanAccessPeer(out, device, peer);
    this.#check("cuDeviceCanAccessPeer", code);
    return out[0] === 0
      ? "cuDeviceCanAccessPeer says no: there is no NVLink, and the platform or the driver " +
        "does not allow PCIe peer access"
      : undefined;
  }

  enablePeer(device: RuntimeDevice, peer: RuntimeDevice): void {
    if (this.#peers.has(`${device}:${peer}`)) return;
    const context = this.#context(peer);
    this.#select(device);
    const code = this.#library.symbols.cuCtxEnablePeerAccess(context, 0);
    if (code !== ALREADY_ENABLED) this.#check("cuCtxEnablePeerAccess", code);
    this.#peers.add(`${device}:${peer}`);
  }

  hostMemory(device: RuntimeDevice, size: number): RuntimeMemory {
    const cu = this.#library.symbols;
    this.#select(device);
    const address = this.#made(
      "cuMemHostAlloc",
      (out) => cu.cuMemHostAlloc(out, BigInt(size), PORTABLE),
    );
    return this.#memory(address, size, null, () => {
      this.#select(device);
      cu.cuMemFreeHost(address);
    });
  }

  deviceMemory(device: RuntimeDevice, size: number): RuntimeMemory {
    const cu = this.#library.symbols;
    this.#select(device);
    const address = this.#made("cuMemAlloc", (out) => cu.cuMemAlloc_v2(out, BigInt(size)));
    return this.#memory(address, size, device, () => {
      this.#select(device);
      cu.cuMemFree_v2(address);
    });
  }

  #memory(
    address: bigint,
    size: number,
    device: RuntimeDevice | null,
    free: () => void,
  ): RuntimeMemory {
    const owned = new DisposableStack();
    owned.defer(free);
    const bytes = device === null ? viewOf(address, size) : null;
    return { address, size, device, bytes, [Symbol.dispose]: () => owned.dispose() };
  }

  time(lanes: readonly Lane[], times: number): number {
    return this.#timer.time(lanes, times);
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    const { cuDevicePrimaryCtxRelease_v2: release } = this.#library.symbols;
    for (const device of this.#contexts.keys()) release(device);
    this.#contexts.clear();
    this.#library[Symbol.dispose]();
  }
}
