/**
 * A logical Vulkan device with its queues and memory.
 *
 * @module
 */

import { decode, encode } from "../struct.ts";
import { extensionsOf, featureChain } from "./device_features.ts";
import {
  VkBufferUsageFlagBits,
  VkMemoryAllocateFlagBits,
  VkMemoryPropertyFlagBits,
} from "./generated/enums.ts";
import * as vk from "./generated/structs.ts";
import type { Instance } from "./instance.ts";
import {
  apiVersion,
  check,
  type ExtensionFunction,
  extensionFunction,
  type ExtensionFunctionName,
  VulkanError,
  type VulkanSymbols,
} from "./loader.ts";
import type { PhysicalDevice, QueueFamily } from "./physical_device.ts";

/** `VK_TIMEOUT`, of `VkResult`. */
const VK_TIMEOUT = 2;

/** How long a device may take for one submission before it counts as hung, in nanoseconds. */
const WAIT_LIMIT_NS = 30_000_000_000n;

/** A queue did not answer in time. Nothing more can be done with its device. */
export class HungQueueError extends VulkanError {
  /** Takes the command that waited, and for how long it did, in nanoseconds. */
  constructor(command: string, limitNs: bigint) {
    super(`${command}: no answer within ${Number(limitNs) / 1e9} s: a queue hangs`, VK_TIMEOUT);
    this.name = "HungQueueError";
  }

  override get isDeviceLost(): boolean {
    return true;
  }
}

/** Which queues a device is created with. */
export interface DeviceOptions {
  /** One queue alone, of a family and a `VkQueueGlobalPriorityKHR`, which every process's queues share. */
  globalPriority?: { family: number; priority: number };
}

/** One queue of a device. */
export interface Queue {
  handle: bigint;
  family: number;
  /** Position within the family. */
  index: number;
}

/** Where a buffer lies: in the device's own memory, or in host memory that both can reach. */
export type MemoryPlace = "device" | "host";

/** A buffer with memory of its own. */
export interface DeviceBuffer extends Disposable {
  readonly handle: bigint;
  /** In bytes. */
  readonly size: number;
  /** 64-bit device address; null where the device has no such feature. */
  readonly address: bigint | null;
  /** The buffer's bytes, for place `host`; valid until the buffer is disposed. */
  readonly bytes: Uint8Array | null;
}

/** A family's part of a device: up to two queues, or the one that is asked for. */
function queueInfo(
  family: QueueFamily,
  { globalPriority }: DeviceOptions,
): vk.VkDeviceQueueCreateInfo {
  if (globalPriority === undefined) {
    return {
      queueFamilyIndex: family.index,
      pQueuePriorities: new Float32Array(Math.min(2, family.count)).fill(1),
    };
  }
  return {
    pNext: [{
      layout: vk.VkDeviceQueueGlobalPriorityCreateInfoKHR,
      value: { globalPriority: globalPriority.priority },
    }],
    queueFamilyIndex: family.index,
    pQueuePriorities: Float32Array.of(1),
  };
}

/** A logical device. Dispose it (`using`) after everything made from it. */
export class Device implements Disposable {
  readonly physical: PhysicalDevice;
  readonly symbols: VulkanSymbols;
  readonly handle: bigint;
  /** Up to two queues of each family. */
  readonly queues: readonly Queue[];
  readonly #instance: Instance;
  #open = true;
  #hang: HungQueueError | undefined;

  /**
   * Creates a device with up to two queues of every family and the features and extensions that mvgal
   * uses; or with the one queue that `options` ask for.
   *
   * @throws {VulkanError} where the driver refuses.
   */
  constructor(instance: Instance, physical: PhysicalDevice, options: DeviceOptions = {}) {
    this.physical = physical;
    this.symbols = instance.symbols;
    this.#instance = instance;
    const { globalPriority } = options;
    const families = physical.queueFamilies.filter(({ index, count }) =>
      count > 0 && (globalPriority === undefined || index === globalPriority.family)
    );
    const info = encode(vk.VkDeviceCreateInfo, {
      pNext: featureChain(physical),
      pQueueCreateInfos: families.map((family) => queueInfo(family, options)),
      ppEnabledExtensionNames: extensionsOf(physical),
    });
    this.handle = this.created(
      "vkCreateDevice",
      (out) => this.symbols.vkCreateDevice(physical.handle, info.bytes, null, out),
    );
    this.queues = families.flatMap((family) =>
      Array.from({ length: globalPriority ? 1 : Math.min(2, family.count) }, (_, index): Queue => {
        const out = new BigUint64Array(1);
        const bytes = new Uint8Array(out.buffer);
        this.symbols.vkGetDeviceQueue(this.handle, family.index, index, bytes);
        return { handle: out[0] ?? 0n, family: family.index, index };
      })
    );
  }

  /** Calls a `vkCreate…` function and gives the handle that it writes. */
  readonly created = (
    command: string,
    call: (out: Uint8Array<ArrayBuffer>) => number,
  ): bigint => {
    const out = new BigUint64Array(1);
    check(command, call(new Uint8Array(out.buffer)));
    return out[0] ?? 0n;
  };

  /** Whether buffers have device addresses. */
  get hasBufferAddresses(): boolean {
    return this.physical.features.has("bufferDeviceAddress") &&
      this.physical.apiVersionNumber >= apiVersion(1, 2) &&
      this.symbols.vkGetBufferDeviceAddress !== null;
  }

  /**
   * The memory type that suits a place best.
   *
   * @param bits the types that may be taken, as `VkMemoryRequirements` has them.
   * @throws {VulkanError} where none of them suits.
   */
  memoryType(bits: number, place: MemoryPlace): number {
    const {
      VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT: LOCAL,
      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT: VISIBLE,
      VK_MEMORY_PROPERTY_HOST_COHERENT_BIT: COHERENT,
      VK_MEMORY_PROPERTY_HOST_CACHED_BIT: CACHED,
    } = VkMemoryPropertyFlagBits;
    const preferences = place === "device"
      ? [{ all: LOCAL, none: VISIBLE }, { all: LOCAL, none: 0 }, { all: 0, none: 0 }]
      : [
        { all: VISIBLE | COHERENT | CACHED, none: LOCAL },
        { all: VISIBLE | COHERENT | CACHED, none: 0 },
        { all: VISIBLE | COHERENT, none: 0 },
      ];
    for (const { all, none } of preferences) {
      const found = this.physical.memoryTypes.findIndex(({ flags }, i) =>
        (bits & (1 << i)) !== 0 && (flags & all) === all && (flags & none) === 0
      );
      if (found >= 0) return found;
    }
    throw new VulkanError(`${place} memory`, -2);
  }

  /**
   * A storage and transfer buffer of `size` bytes with memory of its own, bound and, for `host`, mapped.
   *
   * @throws {VulkanError} for want of memory, among others; nothing is left behind.
   */
  createBuffer(size: number, place: MemoryPlace): DeviceBuffer {
    const usage = VkBufferUsageFlagBits.VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
      VkBufferUsageFlagBits.VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
      VkBufferUsageFlagBits.VK_BUFFER_USAGE_TRANSFER_DST_BIT |
      (this.hasBufferAddresses
        ? VkBufferUsageFlagBits.VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT
        : 0);
    using undo = new DisposableStack();
    const { symbols, handle: device } = this;
    const info = encode(vk.VkBufferCreateInfo, { size: BigInt(size), usage });
    const buffer = this.created(
      "vkCreateBuffer",
      (out) => symbols.vkCreateBuffer(device, info.bytes, null, out),
    );
    undo.defer(() => this.release(() => symbols.vkDestroyBuffer(device, buffer, null)));
    const memory = this.#allocateFor(buffer, place);
    undo.defer(() => this.release(() => symbols.vkFreeMemory(device, memory, null)));
    check("vkBindBufferMemory", symbols.vkBindBufferMemory(device, buffer, memory, 0n));
    const bytes = place === "host" ? this.#map(memory, size) : null;
    const address = this.#addressOf(buffer);
    const owned = undo.move();
    return { handle: buffer, size, address, bytes, [Symbol.dispose]: () => owned.dispose() };
  }

  #allocateFor(buffer: bigint, place: MemoryPlace): bigint {
    const requirements = encode(vk.VkMemoryRequirements);
    this.symbols.vkGetBufferMemoryRequirements(this.handle, buffer, requirements.bytes);
    const { size, memoryTypeBits } = decode(vk.VkMemoryRequirements, requirements.bytes);
    const flags = VkMemoryAllocateFlagBits.VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT;
    const info = encode(vk.VkMemoryAllocateInfo, {
      pNext: this.hasBufferAddresses
        ? [{ layout: vk.VkMemoryAllocateFlagsInfo, value: { flags } }]
        : [],
      allocationSize: size,
      memoryTypeIndex: this.memoryType(memoryTypeBits, place),
    });
    return this.created(
      "vkAllocateMemory",
      (out) => this.symbols.vkAllocateMemory(this.handle, info.bytes, null, out),
    );
  }

  #map(memory: bigint, size: number): Uint8Array {
    const at = this.created(
      "vkMapMemory",
      (out) => this.symbols.vkMapMemory(this.handle, memory, 0n, BigInt(size), 0, out),
    );
    const pointer = Deno.UnsafePointer.create(at);
    if (pointer === null) throw new VulkanError("vkMapMemory", -5);
    return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, size));
  }

  #addressOf(buffer: bigint): bigint | null {
    const ask = this.symbols.vkGetBufferDeviceAddress;
    if (!this.hasBufferAddresses || ask === null) return null;
    return ask(this.handle, encode(vk.VkBufferDeviceAddressInfo, { buffer }).bytes);
  }

  /** An extension function of this device; undefined where it has not. */
  extension<N extends ExtensionFunctionName>(name: N): ExtensionFunction<N> | undefined {
    return extensionFunction(name, (text) => this.symbols.vkGetDeviceProcAddr(this.handle, text));
  }

  /** An extension function of this device's instance; undefined where it has not. */
  instanceExtension<N extends ExtensionFunctionName>(name: N): ExtensionFunction<N> | undefined {
    return this.#instance.extension(name);
  }

  /** Opens the same physical device once more, with queues of its own. */
  sibling(options: DeviceOptions = {}): Device {
    return new Device(this.#instance, this.physical, options);
  }

  /** Whether a queue did not answer in time: what it uses must stay as it is. */
  get isHung(): boolean {
    return this.#hang !== undefined;
  }

  /** Takes note that a queue hangs, and gives the error to throw. */
  hung(command: string, limitNs: bigint): HungQueueError {
    // Its instance must outlive it.
    this.#instance.keepOpen();
    return this.#hang ??= new HungQueueError(command, limitNs);
  }

  /** Destroys an object by `destroy`; leaves it where a queue hangs, which may use it still. */
  release(destroy: () => void): void {
    if (this.#hang === undefined) destroy();
  }

  /** Creates a fence, unsignalled. */
  createFence(): bigint {
    const info = encode(vk.VkFenceCreateInfo);
    return this.created(
      "vkCreateFence",
      (out) => this.symbols.vkCreateFence(this.handle, info.bytes, null, out),
    );
  }

  /** Destroys a fence. */
  destroyFence(fence: bigint): void {
    this.release(() => this.symbols.vkDestroyFence(this.handle, fence, null));
  }

  /**
   * Waits for a fence, and resets it.
   *
   * @param limitNs for how long, in nanoseconds.
   * @throws {VulkanError} for a lost device.
   * @throws {HungQueueError} for one that does not answer within the limit.
   */
  waitFence(fence: bigint, limitNs: bigint = WAIT_LIMIT_NS): void {
    if (this.#hang !== undefined) throw this.#hang;
    const fences = new Uint8Array(new BigUint64Array([fence]).buffer);
    const result = this.symbols.vkWaitForFences(this.handle, 1, fences, 1, limitNs);
    check("vkWaitForFences", result);
    if (result === VK_TIMEOUT) throw this.hung("vkWaitForFences", limitNs);
    check("vkResetFences", this.symbols.vkResetFences(this.handle, 1, fences));
  }

  /**
   * Submits command buffers; `fence` (0 for none) is signalled when they are done.
   *
   * @throws {HungQueueError} at once where a queue did not answer before.
   */
  submit(queue: Queue, commandBuffers: readonly bigint[], fence: bigint): void {
    if (this.#hang !== undefined) throw this.#hang;
    const info = encode(vk.VkSubmitInfo, {
      pCommandBuffers: BigUint64Array.from(commandBuffers),
    });
    check("vkQueueSubmit", this.symbols.vkQueueSubmit(queue.handle, 1, info.bytes, fence));
  }

  /** Waits until all queues are idle; not where one hangs. */
  waitIdle(): void {
    if (this.isHung) return;
    check("vkDeviceWaitIdle", this.symbols.vkDeviceWaitIdle(this.handle));
  }

  /** Destroys the device, once it is idle; one with a queue that hangs stays until the process ends. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.isHung) return;
    this.symbols.vkDeviceWaitIdle(this.handle);
    this.symbols.vkDestroyDevice(this.handle, null);
  }
}
