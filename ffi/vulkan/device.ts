/**
 * A logical Vulkan device with its queues and memory.
 *
 * @module
 */

import { type Chained, decode, encode, type Layout } from "../struct.ts";
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
import type { PhysicalDevice } from "./physical_device.ts";

/** Features that are switched on wherever the device has them. */
const WANTED_FEATURES: readonly string[] = [
  "shaderFloat64",
  "shaderInt64",
  "shaderInt16",
];

const WANTED_FEATURES_11: readonly string[] = ["storageBuffer16BitAccess"];

const WANTED_FEATURES_12: readonly string[] = [
  "shaderFloat16",
  "shaderInt8",
  "storageBuffer8BitAccess",
  "bufferDeviceAddress",
  "timelineSemaphore",
  "vulkanMemoryModel",
  "vulkanMemoryModelDeviceScope",
];

const WANTED_FEATURES_13: readonly string[] = ["shaderIntegerDotProduct"];

/** Extensions that are switched on wherever the device has them, with their features. */
const WANTED_EXTENSIONS: readonly {
  name: string;
  layout?: Layout;
  features?: readonly string[];
}[] = [
  { name: "VK_EXT_external_memory_host" },
  { name: "VK_KHR_external_memory_fd" },
  { name: "VK_EXT_external_memory_dma_buf" },
  {
    name: "VK_KHR_pipeline_executable_properties",
    layout: vk.VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR,
    features: ["pipelineExecutableInfo"],
  },
  {
    name: "VK_KHR_cooperative_matrix",
    layout: vk.VkPhysicalDeviceCooperativeMatrixFeaturesKHR,
    features: ["cooperativeMatrix"],
  },
  {
    name: "VK_NV_cooperative_matrix2",
    layout: vk.VkPhysicalDeviceCooperativeMatrix2FeaturesNV,
    features: [
      "cooperativeMatrixWorkgroupScope",
      "cooperativeMatrixFlexibleDimensions",
      "cooperativeMatrixTensorAddressing",
    ],
  },
  {
    name: "VK_KHR_shader_bfloat16",
    layout: vk.VkPhysicalDeviceShaderBfloat16FeaturesKHR,
    features: ["shaderBFloat16Type", "shaderBFloat16DotProduct", "shaderBFloat16CooperativeMatrix"],
  },
];

/** How long a device may take for one submission before it counts as hung, in nanoseconds. */
const WAIT_LIMIT_NS = 30_000_000_000n;

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

function wanted(names: readonly string[], features: ReadonlySet<string>): Record<string, number> {
  return Object.fromEntries(names.filter((name) => features.has(name)).map((name) => [name, 1]));
}

function featureChain(device: PhysicalDevice): Chained[] {
  const chain: Chained[] = [{
    layout: vk.VkPhysicalDeviceFeatures2,
    value: { features: wanted(WANTED_FEATURES, device.features) },
  }];
  if (device.apiVersionNumber >= apiVersion(1, 2)) {
    chain.push(
      {
        layout: vk.VkPhysicalDeviceVulkan11Features,
        value: wanted(WANTED_FEATURES_11, device.features),
      },
      {
        layout: vk.VkPhysicalDeviceVulkan12Features,
        value: wanted(WANTED_FEATURES_12, device.features),
      },
    );
  }
  if (device.apiVersionNumber >= apiVersion(1, 3)) {
    const value = wanted(WANTED_FEATURES_13, device.features);
    chain.push({ layout: vk.VkPhysicalDeviceVulkan13Features, value });
  }
  for (const { name, layout, features = [] } of WANTED_EXTENSIONS) {
    if (layout === undefined || !device.extensions.has(name)) continue;
    chain.push({ layout, value: wanted(features, device.features) });
  }
  return chain;
}

/** A logical device. Dispose it (`using`) after everything made from it. */
export class Device implements Disposable {
  readonly physical: PhysicalDevice;
  readonly symbols: VulkanSymbols;
  readonly handle: bigint;
  /** Up to two queues of each family. */
  readonly queues: readonly Queue[];
  #open = true;

  /**
   * Creates a device with up to two queues of every family and the features and extensions that mvgal
   * uses.
   *
   * @throws {VulkanError} where the driver refuses.
   */
  constructor(instance: Instance, physical: PhysicalDevice) {
    this.physical = physical;
    this.symbols = instance.symbols;
    const families = physical.queueFamilies.filter((family) => family.count > 0);
    const info = encode(vk.VkDeviceCreateInfo, {
      pNext: featureChain(physical),
      pQueueCreateInfos: families.map((family) => ({
        queueFamilyIndex: family.index,
        pQueuePriorities: new Float32Array(Math.min(2, family.count)).fill(1),
      })),
      ppEnabledExtensionNames: WANTED_EXTENSIONS.map((each) => each.name)
        .filter((name) => physical.extensions.has(name)),
    });
    this.handle = this.created(
      "vkCreateDevice",
      (out) => this.symbols.vkCreateDevice(physical.handle, info.bytes, null, out),
    );
    this.queues = families.flatMap((family) =>
      Array.from({ length: Math.min(2, family.count) }, (_, index): Queue => {
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

  #memoryType(bits: number, place: MemoryPlace): number {
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
    throw new VulkanError(`memory for a ${place} buffer`, -2);
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
    undo.defer(() => symbols.vkDestroyBuffer(device, buffer, null));
    const memory = this.#allocateFor(buffer, place);
    undo.defer(() => symbols.vkFreeMemory(device, memory, null));
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
      memoryTypeIndex: this.#memoryType(memoryTypeBits, place),
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
    this.symbols.vkDestroyFence(this.handle, fence, null);
  }

  /**
   * Waits for a fence, and resets it.
   *
   * @throws {VulkanError} for a lost device, or one that does not answer within 30 s.
   */
  waitFence(fence: bigint): void {
    const fences = new Uint8Array(new BigUint64Array([fence]).buffer);
    const result = this.symbols.vkWaitForFences(this.handle, 1, fences, 1, WAIT_LIMIT_NS);
    check("vkWaitForFences", result);
    if (result === 2) throw new VulkanError("vkWaitForFences (30 s)", result);
    check("vkResetFences", this.symbols.vkResetFences(this.handle, 1, fences));
  }

  /** Submits command buffers; `fence` (0 for none) is signalled when they are done. */
  submit(queue: Queue, commandBuffers: readonly bigint[], fence: bigint): void {
    const info = encode(vk.VkSubmitInfo, {
      pCommandBuffers: BigUint64Array.from(commandBuffers),
    });
    check("vkQueueSubmit", this.symbols.vkQueueSubmit(queue.handle, 1, info.bytes, fence));
  }

  /** Waits until all queues are idle. */
  waitIdle(): void {
    check("vkDeviceWaitIdle", this.symbols.vkDeviceWaitIdle(this.handle));
  }

  /** Destroys the device, once it is idle. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.symbols.vkDeviceWaitIdle(this.handle);
    this.symbols.vkDestroyDevice(this.handle, null);
  }
}
