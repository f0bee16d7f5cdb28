/**
 * Copies by an interface of CUDA's form: streams, events, and memory that is told by its address. HIP is one
 * by design; the two differ in names, in how a device is selected, and in how a peer is named.
 *
 * @module
 */

import {
  type CopyRuntime,
  type Lane,
  type RunningCopies,
  type RuntimeDevice,
  type RuntimeIdentity,
  type RuntimeMemory,
  type StreamPrimitives,
  StreamTimer,
  viewOf,
} from "./copy_runtime.ts";
import { externalMemoryBuffer, externalMemoryHandle } from "./external_memory_abi.ts";
import { libc } from "./libc.ts";
import type { Symbols } from "./library.ts";
import { StreamStarts } from "./stream_starts.ts";
import { decodeCString } from "./struct.ts";

const HANDLE = { parameters: ["u64"], result: "i32" } as const;
const CREATE = { parameters: ["buffer", "u32"], result: "i32" } as const;
const OF_DEVICE = { parameters: ["buffer", "i32", "i32"], result: "i32" } as const;
const COPY = { parameters: ["u64", "u64", "usize", "u64"], result: "i32" } as const;

/** The functions that both have, by what they do; all answer 0 where they have done it. */
const FUNCTIONS = {
  init: { parameters: ["u32"], result: "i32" },
  countDevices: { parameters: ["buffer"], result: "i32" },
  pciBusId: OF_DEVICE,
  canAccessPeer: OF_DEVICE,
  allocate: { parameters: ["buffer", "usize"], result: "i32" },
  free: HANDLE,
  allocateHost: { parameters: ["buffer", "usize", "u32"], result: "i32" },
  freeHost: HANDLE,
  copyToDevice: COPY,
  copyToHost: COPY,
  copyWithin: COPY,
  createStream: CREATE,
  destroyStream: HANDLE,
  waitEvent: { parameters: ["u64", "u64", "u32"], result: "i32" },
  createEvent: CREATE,
  destroyEvent: HANDLE,
  record: { parameters: ["u64", "u64"], result: "i32" },
  synchronize: HANDLE,
  query: HANDLE,
  elapsed: { parameters: ["buffer", "u64", "u64"], result: "i32" },
  importMemory: { parameters: ["buffer", "buffer"], result: "i32" },
  mapImported: { parameters: ["buffer", "u64", "buffer"], result: "i32" },
  destroyImported: HANDLE,
} as const;

type Table = typeof FUNCTIONS;
/** What one of the functions does. */
type Role = keyof Table;

/** The library's names of the functions: `cuMemAlloc_v2` for `allocate`. */
export type StreamNames = Readonly<Record<Role, string>>;

/** The functions under a library's names, in the form that `openLibrary` takes. */
export type StreamTable = { [R in Role]: Table[R] & { name: string } };

/** Declares the functions under a library's names. */
export function streamTable(names: StreamNames): StreamTable {
  const entries = Object.entries(FUNCTIONS)
    .map(([role, declared]) => [role, { ...declared, name: names[role as Role] }]);
  return Object.fromEntries(entries) as StreamTable;
}

/** What the libraries do each in their own way. */
export interface StreamDialect extends Disposable {
  /** `CUDA`, `HIP`. */
  readonly name: string;
  readonly names: StreamNames;
  readonly symbols: Symbols<StreamTable>;
  /** Throws the library's own error for an answer that is not 0. */
  check(call: string, code: number): void;
  /** The device at a place in the library's list. */
  deviceAt(ordinal: number): RuntimeDevice;
  /** 16 bytes; null where the library does not say. */
  uuidOf(device: RuntimeDevice): Uint8Array<ArrayBuffer> | null;
  /** Makes a device the one that the calling thread's next calls mean. */
  select(device: RuntimeDevice): void;
  /** Lets the selected device reach the memory of `peer`; that it does so already is no error. */
  reachPeer(peer: RuntimeDevice): void;
  /** Queues a copy from one device's memory to another's. */
  copyPeer(lane: Lane, from: RuntimeDevice, to: RuntimeDevice, stream: bigint): void;
  /** Why devices that do not reach each other do not, as far as it can be told. */
  readonly unreachable: string;
}

/** `CU_MEMHOSTALLOC_PORTABLE`, `hipHostMallocPortable`. */
const PORTABLE = 1;
/** `CU_STREAM_NON_BLOCKING`, `hipStreamNonBlocking`. */
const NON_BLOCKING = 1;

/** `CUDA_ERROR_NOT_READY`, `hipErrorNotReady`. */
const NOT_READY = 600;

/** `cuMemAlloc` for `cuMemAlloc_v2`: the name in the documentation. */
function documented(symbol: string): string {
  return symbol.replace(/_v\d+$/, "");
}

/** A library of CUDA's form as a {@linkcode CopyRuntime}. */
export class StreamCopies implements CopyRuntime {
  readonly name: string;
  readonly clock = "device";
  readonly #dialect: StreamDialect;
  readonly #timer: StreamTimer;
  readonly #starts: StreamStarts;
  /** Pairs that reach each other, `device:peer`. */
  readonly #reaching = new Set<string>();

  /** Takes an open library, which it initialises and, when it is disposed, disposes. */
  constructor(dialect: StreamDialect) {
    this.name = dialect.name;
    this.#dialect = dialect;
    this.#call("init", (init) => init(0));
    const { symbols } = dialect;
    const primitives: StreamPrimitives = {
      select: (device) => dialect.select(device),
      createStream: () => this.#made("createStream", (create, out) => create(out, NON_BLOCKING)),
      destroyStream: (stream) => void symbols.destroyStream(stream),
      createEvent: () => this.#made("createEvent", (create, out) => create(out, 0)),
      destroyEvent: (event) => void symbols.destroyEvent(event),
      record: (event, stream) => this.#call("record", (record) => record(event, stream)),
      wait: (stream, event) => this.#call("waitEvent", (wait) => wait(stream, event, 0)),
      synchronize: (event) => this.#call("synchronize", (synchronize) => synchronize(event)),
      elapsed: (start, end) => {
        const out = new Float32Array(1);
        this.#call("elapsed", (elapsed) => elapsed(out, start, end));
        return out[0] ?? NaN;
      },
      query: (event) => {
        const code = symbols.query(event);
        if (code === NOT_READY) return false;
        dialect.check(dialect.names.query, code);
        return true;
      },
      copy: (lane, stream) => this.#copy(lane, stream),
    };
    this.#timer = new StreamTimer(primitives);
    this.#starts = new StreamStarts(primitives);
  }

  /** Calls a function, and throws for what it refuses. */
  #call<R extends Role>(role: R, call: (of: Symbols<StreamTable>[R]) => number): void {
    const { symbols, names } = this.#dialect;
    this.#dialect.check(documented(names[role]), call(symbols[role]));
  }

  /** The handle or address that a function makes. */
  #made<R extends Role>(
    role: R,
    make: (of: Symbols<StreamTable>[R], out: BigUint64Array<ArrayBuffer>) => number,
  ): bigint {
    const out = new BigUint64Array(1);
    this.#call(role, (of) => make(of, out));
    return out[0] ?? 0n;
  }

  #copy(lane: Lane, stream: bigint): void {
    const { from, to, size } = lane;
    if (from.device !== null && to.device !== null && from.device !== to.device) {
      return this.#dialect.copyPeer(lane, from.device, to.device, stream);
    }
    const role = from.device === null
      ? "copyToDevice"
      : to.device === null
      ? "copyToHost"
      : "copyWithin";
    this.#call(role, (copy) => copy(to.address, from.address, BigInt(size), stream));
  }

  identities(): RuntimeIdentity[] {
    const count = new Int32Array(1);
    this.#call("countDevices", (ask) => ask(count));
    return Array.from({ length: count[0] ?? 0 }, (_, ordinal) => {
      const device = this.#dialect.deviceAt(ordinal);
      const text = new Uint8Array(64);
      const code = this.#dialect.symbols.pciBusId(text, text.length, device);
      return {
        device,
        pci: code === 0 ? decodeCString(text).toLowerCase() : null,
        uuid: this.#dialect.uuidOf(device),
      };
    });
  }

  peerObstacle(device: RuntimeDevice, peer: RuntimeDevice): string | undefined {
    const { names, unreachable } = this.#dialect;
    const out = new Int32Array(1);
    this.#call("canAccessPeer", (ask) => ask(out, device, peer));
    return out[0] === 0 ? `${names.canAccessPeer} says no: ${unreachable}` : undefined;
  }

  enablePeer(device: RuntimeDevice, peer: RuntimeDevice): void {
    if (this.#reaching.has(`${device}:${peer}`)) return;
    this.#dialect.select(device);
    this.#dialect.reachPeer(peer);
    this.#reaching.add(`${device}:${peer}`);
  }

  hostMemory(device: RuntimeDevice, size: number): RuntimeMemory {
    this.#dialect.select(device);
    const address = this.#made("allocateHost", (make, out) => make(out, BigInt(size), PORTABLE));
    const { freeHost } = this.#dialect.symbols;
    const bytes = viewOf(address, size);
    return { address, size, device: null, bytes, ...this.#freedBy(device, freeHost, address) };
  }

  deviceMemory(device: RuntimeDevice, size: number): RuntimeMemory {
    this.#dialect.select(device);
    const address = this.#made("allocate", (make, out) => make(out, BigInt(size)));
    const { free } = this.#dialect.symbols;
    return { address, size, device, bytes: null, ...this.#freedBy(device, free, address) };
  }

  importMemory(device: RuntimeDevice, fd: number, size: number): RuntimeMemory {
    const { free, destroyImported } = this.#dialect.symbols;
    this.#dialect.select(device);
    // The runtime keeps the descriptor that it has imported.
    const { dup, close } = libc();
    const own = dup(fd);
    const handle = externalMemoryHandle(own, size), buffer = externalMemoryBuffer(size);
    let imported: bigint;
    try {
      imported = this.#made("importMemory", (make, out) => make(out, handle));
    } catch (error) {
      if (own >= 0) close(own);
      throw error;
    }
    using undo = new DisposableStack();
    undo.defer(() => {
      this.#dialect.select(device);
      destroyImported(imported);
    });
    const address = this.#made("mapImported", (make, out) => make(out, imported, buffer));
    undo.defer(() => {
      this.#dialect.select(device);
      free(address);
    });
    const owned = undo.move();
    return { address, size, device, bytes: null, [Symbol.dispose]: () => owned.dispose() };
  }

  start(lanes: readonly Lane[]): RunningCopies {
    return this.#starts.start(lanes);
  }

  /** Frees memory once, however often it is disposed. */
  #freedBy(device: RuntimeDevice, free: (address: bigint) => number, address: bigint): Disposable {
    const owned = new DisposableStack();
    owned.defer(() => {
      this.#dialect.select(device);
      free(address);
    });
    return { [Symbol.dispose]: () => owned.dispose() };
  }

  time(lanes: readonly Lane[], times: number): number {
    return this.#timer.time(lanes, times);
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#starts[Symbol.dispose]();
    this.#dialect[Symbol.dispose]();
  }
}
