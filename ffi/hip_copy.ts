/**
 * Copies by HIP, between AMD devices and between the host and a device.
 *
 * ABI: `hip_runtime_api.h` of ROCm 5.2 to 7. HIP selects a device by a thread's state, as CUDA's runtime
 * does.
 *
 * @module
 */

import type { CopyRuntimeOutcome, Lane, RuntimeDevice } from "./copy_runtime.ts";
import { HipError } from "./hip.ts";
import { type Library, openLibrary } from "./library.ts";
import {
  StreamCopies,
  type StreamDialect,
  type StreamNames,
  streamTable,
} from "./stream_copies.ts";

const NAMES: StreamNames = {
  init: "hipInit",
  countDevices: "hipGetDeviceCount",
  pciBusId: "hipDeviceGetPCIBusId",
  canAccessPeer: "hipDeviceCanAccessPeer",
  allocate: "hipMalloc",
  free: "hipFree",
  allocateHost: "hipHostMalloc",
  freeHost: "hipHostFree",
  copyToDevice: "hipMemcpyHtoDAsync",
  copyToHost: "hipMemcpyDtoHAsync",
  copyWithin: "hipMemcpyDtoDAsync",
  createStream: "hipStreamCreateWithFlags",
  destroyStream: "hipStreamDestroy",
  waitEvent: "hipStreamWaitEvent",
  createEvent: "hipEventCreateWithFlags",
  destroyEvent: "hipEventDestroy",
  record: "hipEventRecord",
  synchronize: "hipEventSynchronize",
  query: "hipEventQuery",
  elapsed: "hipEventElapsedTime",
  importMemory: "hipImportExternalMemory",
  mapImported: "hipExternalMemoryGetMappedBuffer",
  destroyImported: "hipDestroyExternalMemory",
};

/** What HIP has in its own way. */
const OWN = {
  hipGetErrorName: { parameters: ["i32"], result: "pointer" },
  hipDeviceGetUuid: { parameters: ["buffer", "i32"], result: "i32", optional: true },
  hipSetDevice: { parameters: ["i32"], result: "i32" },
  hipDeviceEnablePeerAccess: { parameters: ["i32", "u32"], result: "i32" },
  hipMemcpyPeerAsync: {
    parameters: ["u64", "i32", "u64", "i32", "usize", "u64"],
    result: "i32",
  },
} as const;

const TABLE = { ...streamTable(NAMES), ...OWN };

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
  const opened = openLibrary(sonames, TABLE, { resident: true });
  if (opened.state === "absent") return opened;
  return { state: "ok", runtime: new StreamCopies(new HipDialect(opened.library)) };
}

/** HIP names devices by their ordinals. */
class HipDialect implements StreamDialect {
  readonly name = "HIP";
  readonly names = NAMES;
  readonly unreachable = "there is no xGMI link, and PCIe peer access needs large BARs, a kernel " +
    "with CONFIG_HSA_AMD_P2P and an IOMMU that lets it through";
  readonly #library: Library<typeof TABLE>;

  constructor(library: Library<typeof TABLE>) {
    this.#library = library;
  }

  get symbols() {
    return this.#library.symbols;
  }

  check(call: string, code: number): void {
    if (code === 0) return;
    const name = this.symbols.hipGetErrorName(code);
    const text = name === null ? String(code) : Deno.UnsafePointerView.getCString(name);
    throw new HipError(call, code, text);
  }

  deviceAt(ordinal: number): RuntimeDevice {
    return ordinal;
  }

  uuidOf(device: RuntimeDevice): Uint8Array<ArrayBuffer> | null {
    const uuid = new Uint8Array(16);
    return this.symbols.hipDeviceGetUuid?.(uuid, device) === 0 ? uuid : null;
  }

  select(device: RuntimeDevice): void {
    this.check("hipSetDevice", this.symbols.hipSetDevice(device));
  }

  reachPeer(peer: RuntimeDevice): void {
    const code = this.symbols.hipDeviceEnablePeerAccess(peer, 0);
    if (code !== ALREADY_ENABLED) this.check("hipDeviceEnablePeerAccess", code);
  }

  copyPeer({ from, to, size }: Lane, source: number, destination: number, stream: bigint): void {
    const bytes = BigInt(size);
    const code = this.symbols.hipMemcpyPeerAsync(
      to.address,
      destination,
      from.address,
      source,
      bytes,
      stream,
    );
    this.check("hipMemcpyPeerAsync", code);
  }

  [Symbol.dispose](): void {
    this.#library[Symbol.dispose]();
  }
}
