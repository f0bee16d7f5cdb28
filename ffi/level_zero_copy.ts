/**
 * Copies by oneAPI Level Zero, between Intel devices of one driver and between the host and a device.
 *
 * ABI: the Level Zero specification 1.4 and `ze_api.h`. One context holds all devices of a driver, and
 * within it memory of a peer is reachable where `zeDeviceCanAccessPeer` says so: nothing is to be enabled.
 * Times are the host's, from the execution of the command lists to the end of all queues.
 *
 * @module
 */

import {
  type CopyRuntime,
  type CopyRuntimeOutcome,
  type Lane,
  type RunningCopies,
  type RuntimeDevice,
  type RuntimeIdentity,
  type RuntimeMemory,
  viewOf,
} from "./copy_runtime.ts";
import {
  type LevelZero,
  openLevelZero,
  type ZeDevice,
  type ZeDriver,
  ZeError,
} from "./level_zero.ts";
import { type Library, openLibrary } from "./library.ts";
import { decodeArray, encode, encodeArray, structure } from "./struct.ts";

/** `ze_context_desc_t`. */
export const ZeContextDescLayout = structure("ze_context_desc_t", [
  { name: "stype", type: "u32", initial: 0xd },
  { name: "pNext", type: "chain" },
  { name: "flags", type: "u32" },
]);

/** `ze_command_queue_desc_t`. */
export const ZeCommandQueueDescLayout = structure("ze_command_queue_desc_t", [
  { name: "stype", type: "u32", initial: 0xe },
  { name: "pNext", type: "chain" },
  { name: "ordinal", type: "u32" },
  { name: "index", type: "u32" },
  { name: "flags", type: "u32" },
  { name: "mode", type: "u32" },
  { name: "priority", type: "u32" },
]);

/** `ze_command_list_desc_t`. */
export const ZeCommandListDescLayout = structure("ze_command_list_desc_t", [
  { name: "stype", type: "u32", initial: 0xf },
  { name: "pNext", type: "chain" },
  { name: "commandQueueGroupOrdinal", type: "u32" },
  { name: "flags", type: "u32" },
]);

/** `ze_device_mem_alloc_desc_t`. */
export const ZeDeviceMemAllocDescLayout = structure("ze_device_mem_alloc_desc_t", [
  { name: "stype", type: "u32", initial: 0x15 },
  { name: "pNext", type: "chain" },
  { name: "flags", type: "u32" },
  { name: "ordinal", type: "u32" },
]);

/** `ze_external_memory_import_fd_t`. */
export const ZeExternalMemoryImportFdLayout = structure("ze_external_memory_import_fd_t", [
  { name: "stype", type: "u32", initial: 0x19 },
  { name: "pNext", type: "chain" },
  { name: "flags", type: "u32" },
  { name: "fd", type: "i32" },
]);

/** `ze_host_mem_alloc_desc_t`. */
export const ZeHostMemAllocDescLayout = structure("ze_host_mem_alloc_desc_t", [
  { name: "stype", type: "u32", initial: 0x16 },
  { name: "pNext", type: "chain" },
  { name: "flags", type: "u32" },
]);

/** `ze_command_queue_group_properties_t`. */
export const ZeQueueGroupLayout = structure("ze_command_queue_group_properties_t", [
  { name: "stype", type: "u32", initial: 0x6 },
  { name: "pNext", type: "chain" },
  { name: "flags", type: "u32" },
  { name: "maxMemoryFillPatternSize", type: "usize" },
  { name: "numQueues", type: "u32" },
]);

const SYMBOLS = {
  zeContextCreate: { parameters: ["pointer", "buffer", "buffer"], result: "u32" },
  zeContextDestroy: { parameters: ["u64"], result: "u32" },
  zeDeviceCanAccessPeer: { parameters: ["pointer", "pointer", "buffer"], result: "u32" },
  zeDeviceGetCommandQueueGroupProperties: {
    parameters: ["pointer", "buffer", "buffer"],
    result: "u32",
  },
  zeMemAllocDevice: {
    parameters: ["u64", "buffer", "usize", "usize", "pointer", "buffer"],
    result: "u32",
  },
  zeMemAllocHost: { parameters: ["u64", "buffer", "usize", "usize", "buffer"], result: "u32" },
  zeMemFree: { parameters: ["u64", "u64"], result: "u32" },
  zeCommandQueueCreate: { parameters: ["u64", "pointer", "buffer", "buffer"], result: "u32" },
  zeCommandQueueDestroy: { parameters: ["u64"], result: "u32" },
  zeCommandQueueExecuteCommandLists: {
    parameters: ["u64", "u32", "buffer", "u64"],
    result: "u32",
  },
  zeCommandQueueSynchronize: { parameters: ["u64", "u64"], result: "u32" },
  zeCommandListCreate: { parameters: ["u64", "pointer", "buffer", "buffer"], result: "u32" },
  zeCommandListDestroy: { parameters: ["u64"], result: "u32" },
  zeCommandListAppendMemoryCopy: {
    parameters: ["u64", "u64", "u64", "usize", "u64", "u32", "buffer"],
    result: "u32",
  },
  zeCommandListAppendBarrier: { parameters: ["u64", "u64", "u32", "buffer"], result: "u32" },
  zeCommandListClose: { parameters: ["u64"], result: "u32" },
} as const;

/** `ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COMPUTE` and `…_COPY`. */
const COMPUTE = 1, COPY = 2;
/** `ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS`. */
const ASYNCHRONOUS = 2;
/** How long the devices may take for one timing, in nanoseconds. */
const WAIT_LIMIT_NS = 30_000_000_000n;
const ALIGNMENT = 4096n;
/** `ZE_EXTERNAL_MEMORY_TYPE_FLAG_OPAQUE_FD`. */
const OPAQUE_FD = 1;
/** `ZE_RESULT_NOT_READY`. */
const NOT_READY = 1;

/**
 * Loads Level Zero for copying, and initialises its GPU drivers.
 *
 * @throws {ZeError} where the loader is there and has nothing to load.
 */
export function openLevelZeroCopies(
  { sonames = ["libze_loader.so.1"] }: { sonames?: readonly string[] } = {},
): CopyRuntimeOutcome {
  const listing = openLevelZero({ sonames });
  if (listing.state === "absent") return listing;
  const opened = openLibrary(sonames, SYMBOLS, { resident: true });
  if (opened.state === "absent") return opened;
  return { state: "ok", runtime: new LevelZeroCopies(listing.ze, opened.library) };
}

/** A device with its driver's context. */
interface Member {
  handle: ZeDevice;
  driver: ZeDriver;
}

/** A queue of a device, and the group that its command lists must be made for. */
interface LaneQueue {
  handle: bigint;
  ordinal: number;
}

function check(call: string, code: number): void {
  if (code !== 0) throw new ZeError(call, code, `0x${code.toString(16)}`);
}

function made(call: string, make: (out: BigUint64Array<ArrayBuffer>) => number): bigint {
  const out = new BigUint64Array(1);
  check(call, make(out));
  return out[0] ?? 0n;
}

/** Level Zero as a {@linkcode CopyRuntime}. */
export class LevelZeroCopies implements CopyRuntime {
  readonly name = "Level Zero";
  readonly clock = "host";
  readonly #ze: LevelZero;
  readonly #library: Library<typeof SYMBOLS>;
  readonly #members: Member[];
  readonly #contexts = new Map<ZeDriver, bigint>();
  readonly #queues = new Map<string, LaneQueue>();

  /** Takes an initialised Level Zero and the functions that copy. */
  constructor(ze: LevelZero, library: Library<typeof SYMBOLS>) {
    this.#ze = ze;
    this.#library = library;
    this.#members = ze.drivers.flatMap((driver) =>
      ze.devices(driver).map((handle) => ({ handle, driver }))
    );
  }

  identities(): RuntimeIdentity[] {
    return this.#members.map(({ handle }, device) => {
      let pci: string | null = null;
      try {
        const at = this.#ze.pciAddress(handle);
        const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
        pci = `${hex(at.domain, 4)}:${hex(at.bus, 2)}:${hex(at.device, 2)}.${at.function}`;
      } catch (error) {
        if (!(error instanceof ZeError)) throw error;
      }
      return { device, pci, uuid: this.#ze.properties(handle).uuid };
    });
  }

  #member(device: RuntimeDevice): Member {
    const member = this.#members[device];
    if (member === undefined) throw new RangeError(`Level Zero has no device ${device}`);
    return member;
  }

  #context(driver: ZeDriver): bigint {
    let context = this.#contexts.get(driver);
    if (context === undefined) {
      const { bytes } = encode(ZeContextDescLayout);
      const { zeContextCreate } = this.#library.symbols;
      context = made("zeContextCreate", (out) => zeContextCreate(driver, bytes, out));
      this.#contexts.set(driver, context);
    }
    return context;
  }

  peerObstacle(device: RuntimeDevice, peer: RuntimeDevice): string | undefined {
    const [a, b] = [this.#member(device), this.#member(peer)];
    if (a.driver !== b.driver) return "the devices have different Level Zero drivers";
    const out = new Uint8Array(1);
    const { zeDeviceCanAccessPeer } = this.#library.symbols;
    check("zeDeviceCanAccessPeer", zeDeviceCanAccessPeer(a.handle, b.handle, out));
    return out[0] === 0
      ? "zeDeviceCanAccessPeer says no: there is no Xe Link, and the kernel or the platform does " +
        "not allow PCIe peer access"
      : undefined;
  }

  enablePeer(): void {
    // Within a context, peers' memory needs no enabling.
  }

  hostMemory(device: RuntimeDevice, size: number): RuntimeMemory {
    const { zeMemAllocHost, zeMemFree } = this.#library.symbols;
    const context = this.#context(this.#member(device).driver);
    const { bytes } = encode(ZeHostMemAllocDescLayout);
    const address = made(
      "zeMemAllocHost",
      (out) => zeMemAllocHost(context, bytes, BigInt(size), ALIGNMENT, out),
    );
    return memory(address, size, null, () => zeMemFree(context, address));
  }

  deviceMemory(device: RuntimeDevice, size: number): RuntimeMemory {
    return this.#allocate(device, size, encode(ZeDeviceMemAllocDescLayout).bytes);
  }

  importMemory(device: RuntimeDevice, fd: number, size: number): RuntimeMemory {
    const imported = {
      layout: ZeExternalMemoryImportFdLayout,
      value: { flags: OPAQUE_FD, fd },
    };
    return this.#allocate(
      device,
      size,
      encode(ZeDeviceMemAllocDescLayout, { pNext: [imported] }).bytes,
    );
  }

  #allocate(device: RuntimeDevice, size: number, bytes: Uint8Array<ArrayBuffer>): RuntimeMemory {
    const { zeMemAllocDevice, zeMemFree } = this.#library.symbols;
    const { handle, driver } = this.#member(device);
    const context = this.#context(driver);
    const address = made(
      "zeMemAllocDevice",
      (out) => zeMemAllocDevice(context, bytes, BigInt(size), ALIGNMENT, handle, out),
    );
    return memory(address, size, device, () => zeMemFree(context, address));
  }

  /** Positions of a device's queue groups that copy, those that do nothing else first, with their sizes. */
  #copyGroups(device: RuntimeDevice): { ordinal: number; queues: number }[] {
    const { zeDeviceGetCommandQueueGroupProperties: ask } = this.#library.symbols;
    const call = "zeDeviceGetCommandQueueGroupProperties";
    const { handle } = this.#member(device);
    const count = new Uint32Array(1);
    check(call, ask(handle, count, null));
    const { bytes } = encodeArray(
      ZeQueueGroupLayout,
      Array.from({ length: count[0] ?? 0 }, () => ({})),
    );
    check(call, ask(handle, count, bytes));
    return decodeArray(ZeQueueGroupLayout, bytes, count[0] ?? 0)
      .map(({ flags, numQueues }, ordinal) => ({ flags, ordinal, queues: numQueues }))
      .filter(({ flags, queues }) => (flags & (COPY | COMPUTE)) !== 0 && queues > 0)
      .sort((a, b) => (a.flags & COMPUTE) - (b.flags & COMPUTE));
  }

  /** The queue of a lane: lanes of one device are spread over its copy queues. */
  #queue(device: RuntimeDevice, lane: number): LaneQueue {
    const key = `${device}:${lane}`;
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      const places = this.#copyGroups(device).flatMap(({ ordinal, queues }) =>
        Array.from({ length: queues }, (_, index) => ({ ordinal, index }))
      );
      const { ordinal, index } = places[lane % Math.max(1, places.length)] ??
        { ordinal: 0, index: 0 };
      const { handle, driver } = this.#member(device);
      const context = this.#context(driver);
      const { bytes } = encode(ZeCommandQueueDescLayout, { ordinal, index, mode: ASYNCHRONOUS });
      const { zeCommandQueueCreate } = this.#library.symbols;
      const created = made(
        "zeCommandQueueCreate",
        (out) => zeCommandQueueCreate(context, handle, bytes, out),
      );
      queue = { handle: created, ordinal };
      this.#queues.set(key, queue);
    }
    return queue;
  }

  /** A closed command list with a lane's copies. */
  #list({ device, from, to, size }: Lane, ordinal: number, times: number): bigint {
    const ze = this.#library.symbols;
    const { handle, driver } = this.#member(device);
    const context = this.#context(driver);
    const { bytes } = encode(ZeCommandListDescLayout, { commandQueueGroupOrdinal: ordinal });
    const list = made(
      "zeCommandListCreate",
      (out) => ze.zeCommandListCreate(context, handle, bytes, out),
    );
    for (let i = 0; i < times; i++) {
      if (i > 0) {
        check("zeCommandListAppendBarrier", ze.zeCommandListAppendBarrier(list, 0n, 0, null));
      }
      const copied = ze.zeCommandListAppendMemoryCopy(
        list,
        to.address,
        from.address,
        BigInt(size),
        0n,
        0,
        null,
      );
      check("zeCommandListAppendMemoryCopy", copied);
    }
    check("zeCommandListClose", ze.zeCommandListClose(list));
    return list;
  }

  time(lanes: readonly Lane[], times: number): number {
    const ze = this.#library.symbols;
    using lists = new DisposableStack();
    const running = lanes.map((lane, i) => {
      const queue = this.#queue(lane.device, i);
      const list = this.#list(lane, queue.ordinal, times);
      lists.defer(() => ze.zeCommandListDestroy(list));
      return { queue: queue.handle, lists: BigUint64Array.of(list) };
    });
    const before = performance.now();
    for (const { queue, lists } of running) {
      check(
        "zeCommandQueueExecuteCommandLists",
        ze.zeCommandQueueExecuteCommandLists(queue, 1, lists, 0n),
      );
    }
    for (const { queue } of running) {
      check("zeCommandQueueSynchronize", ze.zeCommandQueueSynchronize(queue, WAIT_LIMIT_NS));
    }
    return (performance.now() - before) * 1e6;
  }

  start(lanes: readonly Lane[]): RunningCopies {
    const ze = this.#library.symbols;
    using undo = new DisposableStack();
    const running = lanes.map((lane, i) => {
      const queue = this.#queue(lane.device, i);
      const list = this.#list(lane, queue.ordinal, 1);
      undo.defer(() => ze.zeCommandListDestroy(list));
      const code = ze.zeCommandQueueExecuteCommandLists(
        queue.handle,
        1,
        BigUint64Array.of(list),
        0n,
      );
      check("zeCommandQueueExecuteCommandLists", code);
      return queue.handle;
    });
    const owned = undo.move();
    return {
      isDone: () =>
        running.every((queue) => {
          const code = ze.zeCommandQueueSynchronize(queue, 0n);
          if (code !== NOT_READY) check("zeCommandQueueSynchronize", code);
          return code === 0;
        }),
      [Symbol.dispose]: () => owned.dispose(),
    };
  }

  [Symbol.dispose](): void {
    const ze = this.#library.symbols;
    for (const { handle } of this.#queues.values()) ze.zeCommandQueueDestroy(handle);
    for (const context of this.#contexts.values()) ze.zeContextDestroy(context);
    this.#queues.clear();
    this.#contexts.clear();
    this.#ze[Symbol.dispose]();
    this.#library[Symbol.dispose]();
  }
}

function memory(
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
