/**
 * What CUDA, HIP and Level Zero have in common where data are moved: memory of devices and of the host,
 * and copies between them that run at the same time and are timed together.
 *
 * @module
 */

/** Position of a device in its runtime's list. */
export type RuntimeDevice = number;

/** By what a runtime's device is recognised. */
export interface RuntimeIdentity {
  device: RuntimeDevice;
  /** `0000:06:00.0` in lower case; null where the runtime does not say. */
  pci: string | null;
  /** 16 bytes; null where the runtime does not say. */
  uuid: Uint8Array<ArrayBuffer> | null;
}

/** Memory that a runtime's copies can read and write. Dispose it to free it. */
export interface RuntimeMemory extends Disposable {
  readonly address: bigint;
  /** In bytes. */
  readonly size: number;
  /** Whose it is; null for the host's, which is page-locked. */
  readonly device: RuntimeDevice | null;
  /** The memory itself, for the host's; not to be touched once it is disposed. */
  readonly bytes: Uint8Array<ArrayBuffer> | null;
}

/** A copy that is repeated. Copies of different lanes run at the same time. */
export interface Lane {
  /** The device that copies. */
  device: RuntimeDevice;
  from: RuntimeMemory;
  to: RuntimeMemory;
  /** In bytes, from the start of each. */
  size: number;
}

/** Copies that were started. */
export interface RunningCopies extends Disposable {
  /** Whether they have ended. Does not wait. Throws the runtime's own error where one has failed. */
  isDone(): boolean;
}

/** A runtime that copies. Every method throws the runtime's own error for what it refuses. */
export interface CopyRuntime extends Disposable {
  /** `CUDA`, `HIP`, `Level Zero`. */
  readonly name: string;
  /** By which clock {@linkcode time} measures. */
  readonly clock: "device" | "host";
  /** The devices. */
  identities(): RuntimeIdentity[];
  /** Why `device` cannot reach the memory of `peer` directly; undefined where it can. */
  peerObstacle(device: RuntimeDevice, peer: RuntimeDevice): string | undefined;
  /** Lets `device` reach the memory of `peer`, from now on. */
  enablePeer(device: RuntimeDevice, peer: RuntimeDevice): void;
  /** Page-locked host memory that a device, and those beside it in its driver, can reach. */
  hostMemory(device: RuntimeDevice, size: number): RuntimeMemory;
  /** Memory of a device. */
  deviceMemory(device: RuntimeDevice, size: number): RuntimeMemory;
  /**
   * Memory of a device that another interface of it (Vulkan) has exported as an opaque file descriptor.
   *
   * @param fd stays the caller's, who may close it afterwards.
   * @param size of the allocation, in bytes.
   */
  importMemory(device: RuntimeDevice, fd: number, size: number): RuntimeMemory;
  /**
   * Starts each lane's copy, all at the same time, and does not wait. What the lanes name must stay until they
   * are done.
   */
  start(lanes: readonly Lane[]): RunningCopies;
  /**
   * Runs each lane's copy `times` times, one after the other, all lanes at the same time.
   *
   * @returns nanoseconds from the start of the first to the end of the last.
   */
  time(lanes: readonly Lane[], times: number): number;
}

/** What came of opening a runtime. */
export type CopyRuntimeOutcome =
  | { state: "ok"; runtime: CopyRuntime }
  | { state: "absent"; reason: string };

/** A handle that a runtime gives: a context, a stream, an event. */
type Handle = bigint;

/** The functions of CUDA and HIP, which are alike but for their names. */
export interface StreamPrimitives {
  /** Makes a device the one that the next calls mean. */
  select(device: RuntimeDevice): void;
  createStream(): Handle;
  destroyStream(stream: Handle): void;
  createEvent(): Handle;
  destroyEvent(event: Handle): void;
  record(event: Handle, stream: Handle): void;
  wait(stream: Handle, event: Handle): void;
  /** Blocks until the event has come. */
  synchronize(event: Handle): void;
  /** Whether an event has come. */
  query(event: Handle): boolean;
  /** Milliseconds between two events of the selected device. */
  elapsed(start: Handle, end: Handle): number;
  copy(lane: Lane, stream: Handle): void;
}

/** A stream of a device, with two events. */
interface TimedStream {
  device: RuntimeDevice;
  stream: Handle;
  start: Handle;
  end: Handle;
}

/** Times lanes by events. Keeps a stream for each lane and device until it is disposed. */
export class StreamTimer implements Disposable {
  readonly #primitives: StreamPrimitives;
  readonly #streams = new Map<string, TimedStream>();

  /** Takes the runtime's functions. */
  constructor(primitives: StreamPrimitives) {
    this.#primitives = primitives;
  }

  #stream(device: RuntimeDevice, index: number): TimedStream {
    const key = `${device}:${index}`;
    let found = this.#streams.get(key);
    if (found === undefined) {
      const p = this.#primitives;
      p.select(device);
      found = {
        device,
        stream: p.createStream(),
        start: p.createEvent(),
        end: p.createEvent(),
      };
      this.#streams.set(key, found);
    }
    return found;
  }

  /** See {@linkcode CopyRuntime.time}. */
  time(lanes: readonly Lane[], times: number): number {
    const p = this.#primitives;
    const running = lanes.map((lane, i) => ({ lane, on: this.#stream(lane.device, i) }));
    const [first, ...others] = running;
    if (first === undefined) return 0;
    p.select(first.on.device);
    p.record(first.on.start, first.on.stream);
    for (const { on } of others) {
      p.select(on.device);
      p.wait(on.stream, first.on.start);
    }
    for (let i = 0; i < times; i++) {
      for (const { lane, on } of running) {
        p.select(on.device);
        p.copy(lane, on.stream);
      }
    }
    // The first stream ends with the last of all.
    for (const { on } of others) {
      p.select(on.device);
      p.record(on.end, on.stream);
      p.select(first.on.device);
      p.wait(first.on.stream, on.end);
    }
    p.select(first.on.device);
    p.record(first.on.end, first.on.stream);
    p.synchronize(first.on.end);
    return p.elapsed(first.on.start, first.on.end) * 1e6;
  }

  [Symbol.dispose](): void {
    const p = this.#primitives;
    for (const { device, stream, start, end } of this.#streams.values()) {
      p.select(device);
      p.destroyEvent(start);
      p.destroyEvent(end);
      p.destroyStream(stream);
    }
    this.#streams.clear();
  }
}

/** A view of host memory at an address. */
export function viewOf(address: bigint, size: number): Uint8Array<ArrayBuffer> | null {
  const pointer = Deno.UnsafePointer.create(address);
  return pointer === null
    ? null
    : new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, size));
}
