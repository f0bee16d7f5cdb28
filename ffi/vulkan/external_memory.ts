/**
 * Buffers for copies over memory of every kind: a device's own, mapped, the caller's host memory, memory
 * that is shared with another device by a file descriptor.
 *
 * The buffers are shared by all queue families, so that any queue may copy without handing them over.
 *
 * @module
 */

import { libc } from "../libc.ts";
import { type Chained, decode, encode } from "../struct.ts";
import type { Device, DeviceBuffer } from "./device.ts";
import {
  VkBufferUsageFlagBits,
  VkExternalMemoryFeatureFlagBits as Feature,
  VkExternalMemoryHandleTypeFlagBits as HandleType,
  VkMemoryPropertyFlagBits,
  VkSharingMode,
} from "./generated/enums.ts";
import * as vk from "./generated/structs.ts";
import {
  check,
  type ExtensionFunction,
  extensionFunction,
  type ExtensionFunctionName,
  VulkanError,
} from "./loader.ts";

/** Ways in which devices share memory by a file descriptor. */
export type SharedHandle = "opaque_fd" | "dma_buf";

const HANDLE_TYPES: Readonly<Record<SharedHandle | "host_pointer", number>> = {
  opaque_fd: HandleType.VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT,
  dma_buf: HandleType.VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
  host_pointer: HandleType.VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
};

/** Extensions that a device needs for each way. */
export const SHARED_HANDLE_EXTENSIONS: Readonly<Record<SharedHandle, readonly string[]>> = {
  opaque_fd: ["VK_KHR_external_memory_fd"],
  dma_buf: ["VK_KHR_external_memory_fd", "VK_EXT_external_memory_dma_buf"],
};

/** Where the memory of a buffer comes from. */
export type MemoryOrigin =
  /** The device's own. */
  | { kind: "device" }
  /** The driver's host memory, mapped. */
  | { kind: "host" }
  /** The device's own, mapped: the processor writes and reads it over the bus. */
  | { kind: "mapped_device" }
  /** The caller's, page-locked by the driver while the buffer lives. See {@linkcode hostPointerAlignment}. */
  | { kind: "host_pointer"; bytes: Uint8Array<ArrayBuffer> }
  /** The device's own, to be exported with {@linkcode CopyBuffer.exportMemory}. */
  | { kind: "exported"; handle: SharedHandle }
  /** Another device's. The descriptor is closed, or becomes the driver's. */
  | { kind: "imported"; memory: SharedMemory };

/** Memory on its way from one device to another. */
export interface SharedMemory {
  handle: SharedHandle;
  /** File descriptor of this process. Owned by whoever holds this object. */
  fd: number;
  /** Size of the allocation in bytes, and the memory type of the exporter. */
  allocationSize: bigint;
  memoryType: number;
}

/** A buffer that copies can read and write. It has no device address. */
export interface CopyBuffer extends DeviceBuffer {
  /**
   * A new file descriptor of memory of origin `exported`.
   *
   * @throws {VulkanError} where the driver refuses, or the memory is of another origin.
   */
  exportMemory(): SharedMemory;
}

/** What a device lets one do with buffers over memory of a handle type. */
export interface SharingFeatures {
  exportable: boolean;
  importable: boolean;
  /** Only memory that was allocated for the buffer alone. */
  dedicatedOnly: boolean;
}

const USAGE = VkBufferUsageFlagBits.VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
  VkBufferUsageFlagBits.VK_BUFFER_USAGE_TRANSFER_DST_BIT;

const STORAGE_USAGE = VkBufferUsageFlagBits.VK_BUFFER_USAGE_STORAGE_BUFFER_BIT;

const {
  VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT: LOCAL,
  VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT: VISIBLE,
  VK_MEMORY_PROPERTY_HOST_COHERENT_BIT: COHERENT,
  VK_MEMORY_PROPERTY_HOST_CACHED_BIT: CACHED,
} = VkMemoryPropertyFlagBits;

/** Flags that memory shall have and not have, the best choice first. */
type Preferences = readonly (readonly [all: number, none: number])[];

const PREFERENCES: Readonly<Record<MemoryOrigin["kind"], Preferences>> = {
  device: [[LOCAL, VISIBLE], [LOCAL, 0], [0, 0]],
  exported: [[LOCAL, VISIBLE], [LOCAL, 0], [0, 0]],
  imported: [[LOCAL, VISIBLE], [LOCAL, 0], [0, 0]],
  host: [
    [VISIBLE | COHERENT | CACHED, LOCAL],
    [VISIBLE | COHERENT | CACHED, 0],
    [VISIBLE | COHERENT, 0],
  ],
  mapped_device: [[LOCAL | VISIBLE | COHERENT, 0]],
  host_pointer: [[VISIBLE | COHERENT | CACHED, 0], [VISIBLE | COHERENT, 0], [VISIBLE, 0]],
};

const WHAT: Readonly<Record<MemoryOrigin["kind"], string>> = {
  device: "device memory for a buffer",
  exported: "exportable memory for a buffer",
  imported: "a memory type for imported memory",
  host: "host memory for a buffer",
  mapped_device: "memory that is both the device's own and mapped",
  host_pointer: "a memory type for the caller's host memory",
};

/** What a device lets one do with copy buffers over memory of a handle type. */
export function sharingFeatures(device: Device, handle: SharedHandle): SharingFeatures {
  const info = encode(vk.VkPhysicalDeviceExternalBufferInfo, {
    usage: USAGE,
    handleType: HANDLE_TYPES[handle],
  });
  const answer = encode(vk.VkExternalBufferProperties);
  device.symbols.vkGetPhysicalDeviceExternalBufferProperties(
    device.physical.handle,
    info.bytes,
    answer.bytes,
  );
  const { externalMemoryFeatures: flags } =
    decode(vk.VkExternalBufferProperties, answer.bytes).externalMemoryProperties;
  return {
    exportable: (flags & Feature.VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT) !== 0,
    importable: (flags & Feature.VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT) !== 0,
    dedicatedOnly: (flags & Feature.VK_EXTERNAL_MEMORY_FEATURE_DEDICATED_ONLY_BIT) !== 0,
  };
}

/** Whether the device has memory of its own that the processor can map. */
export function hasMappedDeviceMemory(device: Device): boolean {
  return chooseType(device, ~0, "mapped_device") !== undefined;
}

function chooseType(
  device: Device,
  bits: number,
  kind: MemoryOrigin["kind"],
): number | undefined {
  for (const [all, none] of PREFERENCES[kind]) {
    const found = device.physical.memoryTypes.findIndex(({ flags }, i) =>
      (bits & (1 << i)) !== 0 && (flags & all) === all && (flags & none) === 0
    );
    if (found >= 0) return found;
  }
  return undefined;
}

/** An extension function of a device. */
function extension<N extends ExtensionFunctionName>(device: Device, name: N): ExtensionFunction<N> {
  const found = extensionFunction(
    name,
    (text) => device.symbols.vkGetDeviceProcAddr(device.handle, text),
  );
  if (found === undefined) throw new VulkanError(name, -7);
  return found;
}

/** Memory types that can hold what comes from outside; all of them where the origin is the driver itself. */
function allowedTypes(device: Device, origin: MemoryOrigin): number {
  if (origin.kind === "host_pointer") {
    const answer = encode(vk.VkMemoryHostPointerPropertiesEXT);
    const ask = extension(device, "vkGetMemoryHostPointerPropertiesEXT");
    const type = HANDLE_TYPES.host_pointer;
    const result = ask(device.handle, type, origin.bytes, answer.bytes);
    check("vkGetMemoryHostPointerPropertiesEXT", result);
    return decode(vk.VkMemoryHostPointerPropertiesEXT, answer.bytes).memoryTypeBits;
  }
  if (origin.kind !== "imported") return ~0;
  const { handle, fd, memoryType } = origin.memory;
  // An opaque descriptor is to be imported as the very type that it was exported from.
  if (handle === "opaque_fd") return 1 << memoryType;
  const answer = encode(vk.VkMemoryFdPropertiesKHR);
  const ask = extension(device, "vkGetMemoryFdPropertiesKHR");
  const result = ask(device.handle, HANDLE_TYPES[handle], fd, answer.bytes);
  check("vkGetMemoryFdPropertiesKHR", result);
  return decode(vk.VkMemoryFdPropertiesKHR, answer.bytes).memoryTypeBits;
}

/** The handle type with which the buffer must be created, or 0. */
function handleTypeOf(origin: MemoryOrigin): number {
  switch (origin.kind) {
    case "host_pointer":
      return HANDLE_TYPES.host_pointer;
    case "exported":
      return HANDLE_TYPES[origin.handle];
    case "imported":
      return HANDLE_TYPES[origin.memory.handle];
    default:
      return 0;
  }
}

/** The chain of the allocation. */
function allocationChain(device: Device, origin: MemoryOrigin, buffer: bigint): Chained[] {
  const handleType = handleTypeOf(origin);
  const dedicated = (handle: SharedHandle): Chained[] =>
    sharingFeatures(device, handle).dedicatedOnly
      ? [{ layout: vk.VkMemoryDedicatedAllocateInfo, value: { buffer } }]
      : [];
  switch (origin.kind) {
    case "host_pointer": {
      const pHostPointer = Deno.UnsafePointer.value(Deno.UnsafePointer.of(origin.bytes));
      return [{ layout: vk.VkImportMemoryHostPointerInfoEXT, value: { handleType, pHostPointer } }];
    }
    case "exported":
      return [
        { layout: vk.VkExportMemoryAllocateInfo, value: { handleTypes: handleType } },
        ...dedicated(origin.handle),
      ];
    case "imported":
      return [
        {
          layout: vk.VkImportMemoryFdInfoKHR,
          value: { handleType, fd: origin.memory.fd },
        },
        ...dedicated(origin.memory.handle),
      ];
    default:
      return [];
  }
}

function createBuffer(
  device: Device,
  size: number,
  handleType: number,
  storage: boolean,
): bigint {
  const families = [...new Set(device.queues.map((queue) => queue.family))];
  const info = encode(vk.VkBufferCreateInfo, {
    pNext: handleType === 0
      ? []
      : [{ layout: vk.VkExternalMemoryBufferCreateInfo, value: { handleTypes: handleType } }],
    size: BigInt(size),
    usage: storage ? USAGE | STORAGE_USAGE : USAGE,
    ...(families.length < 2 ? {} : {
      sharingMode: VkSharingMode.VK_SHARING_MODE_CONCURRENT,
      pQueueFamilyIndices: Uint32Array.from(families),
    }),
  });
  return device.created(
    "vkCreateBuffer",
    (out) => device.symbols.vkCreateBuffer(device.handle, info.bytes, null, out),
  );
}

/** Allocates, or imports, the memory of a buffer. */
function allocate(
  device: Device,
  buffer: bigint,
  origin: MemoryOrigin,
): { memory: bigint; size: bigint; type: number } {
  const requirements = encode(vk.VkMemoryRequirements);
  device.symbols.vkGetBufferMemoryRequirements(device.handle, buffer, requirements.bytes);
  const needed = decode(vk.VkMemoryRequirements, requirements.bytes);
  const type = chooseType(
    device,
    needed.memoryTypeBits & allowedTypes(device, origin),
    origin.kind,
  );
  if (type === undefined) throw new VulkanError(WHAT[origin.kind], -8);
  let size = needed.size;
  if (origin.kind === "imported") size = origin.memory.allocationSize;
  if (origin.kind === "host_pointer") size = BigInt(origin.bytes.byteLength);
  if (size < needed.size) throw new VulkanError(`${WHAT[origin.kind]}: ${size} bytes`, -2);
  const info = encode(vk.VkMemoryAllocateInfo, {
    pNext: allocationChain(device, origin, buffer),
    allocationSize: size,
    memoryTypeIndex: type,
  });
  const memory = device.created(
    "vkAllocateMemory",
    (out) => device.symbols.vkAllocateMemory(device.handle, info.bytes, null, out),
  );
  // From here on the descriptor is the driver's.
  if (origin.kind === "imported") origin.memory.fd = -1;
  return { memory, size, type };
}

function map(device: Device, memory: bigint, size: number): Uint8Array<ArrayBuffer> {
  const at = device.created(
    "vkMapMemory",
    (out) => device.symbols.vkMapMemory(device.handle, memory, 0n, BigInt(size), 0, out),
  );
  const pointer = Deno.UnsafePointer.create(at);
  if (pointer === null) throw new VulkanError("vkMapMemory", -5);
  return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, size));
}

/**
 * A buffer for copies over memory of a given origin. Of origin `host_pointer`, its size and address must be
 * multiples of the device's `hostPointerAlignment`, and the memory must outlive it.
 *
 * @param size in bytes.
 * @param options `storage`: whether kernels use it too, as a storage buffer.
 * @throws {VulkanError} for want of memory, a memory type or an extension; nothing is left behind.
 */
export function createCopyBuffer(
  device: Device,
  size: number,
  origin: MemoryOrigin,
  { storage = false }: { storage?: boolean } = {},
): CopyBuffer {
  try {
    using undo = new DisposableStack();
    const { symbols, handle } = device;
    const buffer = createBuffer(device, size, handleTypeOf(origin), storage);
    undo.defer(() => device.release(() => symbols.vkDestroyBuffer(handle, buffer, null)));
    const { memory, size: allocationSize, type } = allocate(device, buffer, origin);
    undo.defer(() => device.release(() => symbols.vkFreeMemory(handle, memory, null)));
    check("vkBindBufferMemory", symbols.vkBindBufferMemory(handle, buffer, memory, 0n));
    let bytes: Uint8Array<ArrayBuffer> | null = null;
    if (origin.kind === "host_pointer") bytes = origin.bytes;
    if (origin.kind === "host" || origin.kind === "mapped_device") {
      bytes = map(device, memory, size);
    }
    const owned = undo.move();
    return {
      handle: buffer,
      size,
      address: null,
      bytes,
      exportMemory: () => {
        if (origin.kind !== "exported") throw new VulkanError("vkGetMemoryFdKHR", -3);
        const fd = exportFd(device, memory, origin.handle);
        return { handle: origin.handle, fd, allocationSize, memoryType: type };
      },
      [Symbol.dispose]: () => owned.dispose(),
    };
  } finally {
    if (origin.kind === "imported") closeShared(origin.memory);
  }
}

function exportFd(device: Device, memory: bigint, handle: SharedHandle): number {
  const out = new Int32Array(1);
  const info = encode(vk.VkMemoryGetFdInfoKHR, { memory, handleType: HANDLE_TYPES[handle] });
  const get = extension(device, "vkGetMemoryFdKHR");
  check("vkGetMemoryFdKHR", get(device.handle, info.bytes, new Uint8Array(out.buffer)));
  return out[0] ?? -1;
}

/** Closes the descriptor of memory that nobody has taken. */
export function closeShared(memory: SharedMemory): void {
  if (memory.fd >= 0) libc().close(memory.fd);
  memory.fd = -1;
}
