/**
 * Copies by HIP, between AMD devices and between the host and a device.
 *
 * ABI: `hip_runtime_api.h` of ROCm 5.2 to 7. HIP selects a device by a thread's state, as CUDA's runtime
 * does.
 *
 * @module
 */

import {
  type CopyRuntime,
  type Lane,
  type RuntimeDevice,
  type RuntimeIdentity,
  type RuntimeMemory,
  StreamTimer,
  viewOf,
} from "./copy_runtime.ts";
import type { CopyRuntimeOutcome } from "./cuda_copy.ts";
import { HipError } from "./hip.ts";
import { type Library, openLibrary } from "./library.ts";
import { decodeCString } from "./struct.ts";

const COPY = { parameters: ["u64", "u64", "usize", "u64"], result: "i32" } as const;

const SYMBOLS = {
  hipInit: { parameters: ["u32"], result: "i32" },
  hipGetErrorName: { parameters: ["i32"], result: "pointer" },
  hipGetDeviceCount: { parameters: ["buffer"], result: "i32" },
  hipDeviceGetPCIBusId: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  hipDeviceGetUuid: { parameters: ["buffer", "i32"], result: "i32", optional: true },
  hipSetDevice: { parameters: ["i32"], result: "i32" },
  hipDeviceCanAccessPeer: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  hipDeviceEnablePeerAccess: { parameters: ["i32", "u32"], result: "i32" },
  hipMalloc: { parameters: ["buffer", "usize"], result: "i32" },
  hipFree: { parameters: ["u64"], result: "i32" },
  hipHostMalloc: { parameters: ["buffer", "usize", "u32"], result: "i32" },
  hipHostFree: { parameters: ["u64"], result: "i32" },
  hipMemcpyHtoDAsync: COPY,
  hipMemcpyDtoHAsync: COPY,
  hipMemcpyDtoDAsync: COPY,
  hipMemcpyPeerAsync: {
    parameters: ["u64", "i32", "u64", "i32", "usize", "u64"],
    result: "i32",
  },
  hipStreamCreateWithFlags: { parameters: ["buffer", "u32"], result: "i32" },
  hipStreamDestroy: { parameters: ["u64"], result: "i32" },
  hipStreamWaitEvent: { parameters: ["u64", "u64", "u32"], result: "i32" },
  hipEventCreateWithFlags: { parameters: ["buffer", "u32"], result: "i32" },
  hipEventDestroy: { parameters: ["u64"], result: "i32" },
  hipEventRecord: { parameters: ["u64", "u64"], result: "i32" },
  hipEventSynchronize: { parameters: ["u64"], result: "i32" },
  hipEventElapsedTime: { parameters: ["buffer", "u64", "u64"], result: "i32" },
} as const;

type Table = typeof SYMBOLS;

/** `hipHostMallocPortable`. */
const PORTABLE = 1;
/** `hipStreamNonBlocking`. */
const NON_BLOCKING = 1;
/** `hipErrorPeerAccessAlreadyEnabled`. */
const ALREADY_ENABLED = 704;

/**
 * Loads HIP for copying, and initialises it.
 *
 * @throws {HipError} where the library is there and does not start: `hipErrorNoDevice`.
 */
export function openHipCopies(
  { sonames = ["libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5", "libamdhip64.so"] }: {
    sonames?: readonly string[];
  } = {},
): CopyRuntimeOutcome {
  const opened = openLibrary(sonames, SYMBOLS, { resident: true });
  if (opened.state === "absent") return opened;
  return { state: "ok", runtime: new HipCopies(opened.library) };
}

/** HIP as a {@linkcode CopyRuntime}. */
export class HipCopies implements CopyRuntime {
  readonly name = "HIP";
  readonly clock = "device";
  readonly #library: Library<Table>;
  readonly #peers = new Set<string>();
  readonly #timer: StreamTimer;

  /** Takes an open library and initialises it. */
  constructor(library: Library<Table>) {
    this.#library = library;
    this.#check("hipInit", library.symbols.hipInit(0));
    const { symbols: hip } = library;
    this.#timer = new StreamTimer({
      select: (device) => this.#select(device),
      createStream: () =>
        this.#made(
          "hipStreamCreateWithFlags",
          (out) => hip.hipStreamCreateWithFlags(out, NON_BLOCKING),
        ),
      destroyStream: (stream) => void hip.hipStreamDestroy(stream),
      createEvent: () =>
        this.#made("hipEventCreateWithFlags", (out) => hip.hipEventCreateWithFlags(out, 0)),
      destroyEvent: (event) => void hip.hipEventDestroy(event),
      record: (event, stream) => this.#check("hipEventRecord", hip.hipEventRecord(event, stream)),
      wait: (stream, event) =>
        this.#check("hipStreamWaitEvent", hip.hipStreamWaitEvent(stream, event, 0)),
      synchronize: (event) => this.#check("hipEventSynchronize", hip.hipEventSynchronize(event)),
      elapsed: (start, end) => {
        const out = new Float32Array(1);
        this.#check("hipEventElapsedTime", hip.hipEventElapsedTime(out, start, end));
        return out[0] ?? NaN;
      },
      copy: (lane, stream) => this.#copy(lane, stream),
    });
  }

  #check(call: string, code: number): void {
    if (code === 0) return;
    const name = this.#library.symbols.hipGetErrorName(code);
    const text = name === null ? String(code) : Deno.UnsafePointerView.getCString(name);
    throw new HipError(call, code, text);
  }

  #made(call: string, make: (out: BigUint64Array<ArrayBuffer>) => number): bigint {
    const out = new BigUint64Array(1);
    this.#check(call, make(out));
    return out[0] ?? 0n;
  }

  #select(device: RuntimeDevice): void {
    this.#check("hipSetDevice", this.#library.symbols.hipSetDevice(device));
  }

  #copy({ from, to, size }: Lane, stream: bigint): void {
    const hip = this.#library.symbols;
    const bytes = BigInt(size);
    if (from.device === null) {
      const code = hip.hipMemcpyHtoDAsync(to.address, from.address, bytes, stream);
      this.#check("hipMemcpyHtoDAsync", code);
    } else if (to.device === null) {
      const code = hip.hipMemcpyDtoHAsync(to.address, from.address, bytes, stream);
      this.#check("hipMemcpyDtoHAsync", code);
    } else if (from.device === to.device) {
      const code = hip.hipMemcpyDtoDAsync(to.address, from.address, bytes, stream);
      this.#check("hipMemcpyDtoDAsync", code);
    } else {
      this.#check(
        "hipMemcpyPeerAsync",
        hip.hipMemcpyPeerAsync(to.address, to.device, from.address, from.device, bytes, stream),
      );
    }
  }

  identities(): RuntimeIdentity[] {
    const hip = this.#library.symbols;
    const out = new Int32Array(1);
    this.#check("hipGetDeviceCount", hip.hipGetDeviceCount(out));
    return Array.from({ length: out[0] ?? 0 }, (_, device) => {
      const text = new Uint8Array(64), uuid = new Uint8Array(16);
      const pci = hip.hipDeviceGetPCIBusId(text, text.length, device);
      return {
        device,
        pci: pci === 0 ? decodeCString(text).toLowerCase() : null,
        uuid: hip.hipDeviceGetUuid?.(uuid, device) === 0 ? uuid : null,
      };
    });
  }

  peerObstacle(device: RuntimeDevice, peer: RuntimeDevice): string | undefined {
    const out = new Int32Array(1);
    const code = this.#library.symbols.hipDeviceCanAccessPeer(out, device, peer);
    this.#check("hipDeviceCanAccessPeer", code);
    return out[0] === 0
      ? "hipDeviceCanAccessPeer says no: there is no xGMI link, and PCIe peer access needs large " +
        "BARs, a kernel with CONFIG_HSA_AMD_P2P and an IOMMU that lets it through"
      : undefined;
  }

  enablePeer(device: RuntimeDevice, peer: RuntimeDevice): void {
    if (this.#peers.has(`${device}:${peer}`)) return;
    this.#select(device);
    const code = this.#library.symbols.hipDeviceEnablePeerAccess(peer, 0);
    if (code !== ALREADY_ENABLED) this.#check("hipDeviceEnablePeerAccess", code);
    this.#peers.add(`${device}:${peer}`);
  }

  hostMemory(device: RuntimeDevice, size: number): RuntimeMemory {
    const hip = this.#library.symbols;
    this.#select(device);
    const address = this.#made(
      "hipHostMalloc",
      (out) => hip.hipHostMalloc(out, BigInt(size), PORTABLE),
    );
    return this.#memory(address, size, null, () => hip.hipHostFree(address));
  }

  deviceMemory(device: RuntimeDevice, size: number): RuntimeMemory {
    const hip = this.#library.symbols;
    this.#select(device);
    const address = this.#made("hipMalloc", (out) => hip.hipMalloc(out, BigInt(size)));
    return this.#memory(address, size, device, () => hip.hipFree(address));
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
    this.#library[Symbol.dispose]();
  }
}
