/**
 * What Vulkan says of a physical device.
 *
 * @module
 */

import { type Chained, decode, decodeArray, type Decoded, encode, type Layout } from "../struct.ts";
import { VkPhysicalDeviceType } from "./generated/enums.ts";
import * as vk from "./generated/structs.ts";
import { apiVersion, check, formatApiVersion, type VulkanSymbols } from "./loader.ts";

/** A memory heap. */
export interface MemoryHeap {
  size: number;
  deviceLocal: boolean;
  /** Bytes that this process may expect to have in all, and has, where VK_EXT_memory_budget says. */
  budget: number | null;
  usage: number | null;
}

/** A queue family. */
export interface QueueFamily {
  index: number;
  count: number;
  /** `VkQueueFlagBits`. */
  flags: number;
  /** How many bits of a timestamp count; 0 where there are none. */
  timestampValidBits: number;
}

/** Identity, limits and features of a physical device. Sizes are in bytes. */
export interface PhysicalDevice {
  handle: bigint;
  /** Position in `vkEnumeratePhysicalDevices`. */
  index: number;
  name: string;
  vendorId: number;
  deviceId: number;
  type: "discrete" | "integrated" | "virtual" | "cpu" | "other";
  /** Packed version that the device supports; compare with {@linkcode apiVersion}. */
  apiVersionNumber: number;
  /** The same for people, `1.3.260`. */
  apiVersion: string;
  /** Driver name and version text, e.g. `radv` and `Mesa 23.1`; null below Vulkan 1.2. */
  driverName: string | null;
  driverInfo: string | null;
  /** `deviceUUID` and `driverUUID` in hexadecimal with hyphens; null below Vulkan 1.1. */
  uuid: string | null;
  driverUuid: string | null;
  pci: { domain: number; bus: number; device: number; function: number } | null;
  drmPrimaryMinor: number | null;
  drmRenderMinor: number | null;
  extensions: ReadonlySet<string>;
  /** Names of the supported features, as the specification spells them (`shaderFloat64`). */
  features: ReadonlySet<string>;
  limits: Decoded<vk.VkPhysicalDeviceLimits>;
  subgroupSize: number;
  /** Largest single allocation; the specification's minimum of 1 GiB where the device does not say. */
  maxAllocationSize: number;
  /** Alignment of imported host memory; null without VK_EXT_external_memory_host. */
  hostPointerAlignment: number | null;
  /** Streaming multiprocessors (NVIDIA) or compute units (AMD); null where no extension tells. */
  shaderCores: number | null;
  heaps: MemoryHeap[];
  /** Per memory type: its heap and `VkMemoryPropertyFlagBits`. */
  memoryTypes: { heap: number; flags: number }[];
  queueFamilies: QueueFamily[];
}

const DEVICE_TYPES: Record<number, PhysicalDevice["type"]> = {
  [VkPhysicalDeviceType.VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU]: "discrete",
  [VkPhysicalDeviceType.VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU]: "integrated",
  [VkPhysicalDeviceType.VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU]: "virtual",
  [VkPhysicalDeviceType.VK_PHYSICAL_DEVICE_TYPE_CPU]: "cpu",
};

const V1_1 = apiVersion(1, 1), V1_2 = apiVersion(1, 2), V1_3 = apiVersion(1, 3);

/** A structure to chain, and from which version or with which extension a device knows it. */
interface Optional {
  layout: Layout;
  since?: number;
  extension?: string;
}

const PROPERTY_STRUCTS: readonly Optional[] = [
  { layout: vk.VkPhysicalDeviceIDProperties, since: V1_1 },
  { layout: vk.VkPhysicalDeviceSubgroupProperties, since: V1_1 },
  { layout: vk.VkPhysicalDeviceMaintenance3Properties, since: V1_1 },
  {
    layout: vk.VkPhysicalDeviceDriverProperties,
    since: V1_2,
    extension: "VK_KHR_driver_properties",
  },
  {
    layout: vk.VkPhysicalDevicePCIBusInfoPropertiesEXT,
    extension: "VK_EXT_pci_bus_info",
  },
  {
    layout: vk.VkPhysicalDeviceDrmPropertiesEXT,
    extension: "VK_EXT_physical_device_drm",
  },
  {
    layout: vk.VkPhysicalDeviceExternalMemoryHostPropertiesEXT,
    extension: "VK_EXT_external_memory_host",
  },
  {
    layout: vk.VkPhysicalDeviceShaderSMBuiltinsPropertiesNV,
    extension: "VK_NV_shader_sm_builtins",
  },
  {
    layout: vk.VkPhysicalDeviceShaderCorePropertiesAMD,
    extension: "VK_AMD_shader_core_properties",
  },
  {
    layout: vk.VkPhysicalDeviceShaderCoreProperties2AMD,
    extension: "VK_AMD_shader_core_properties2",
  },
];

/** Never both a `VulkanNN` structure and one that it absorbed: the specification forbids it. */
const FEATURE_STRUCTS: readonly Optional[] = [
  { layout: vk.VkPhysicalDeviceVulkan11Features, since: V1_2 },
  { layout: vk.VkPhysicalDeviceVulkan12Features, since: V1_2 },
  { layout: vk.VkPhysicalDeviceVulkan13Features, since: V1_3 },
  {
    layout: vk.VkPhysicalDeviceCooperativeMatrixFeaturesKHR,
    extension: "VK_KHR_cooperative_matrix",
  },
  {
    layout: vk.VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR,
    extension: "VK_KHR_pipeline_executable_properties",
  },
  {
    layout: vk.VkPhysicalDeviceCooperativeMatrix2FeaturesNV,
    extension: "VK_NV_cooperative_matrix2",
  },
  {
    layout: vk.VkPhysicalDeviceShaderBfloat16FeaturesKHR,
    extension: "VK_KHR_shader_bfloat16",
  },
  {
    layout: vk.VkPhysicalDeviceShaderFloat8FeaturesEXT,
    extension: "VK_EXT_shader_float8",
  },
];

function chainFor(
  structs: readonly Optional[],
  version: number,
  extensions: ReadonlySet<string>,
): Chained[] {
  return structs.filter(({ since, extension }) =>
    (since !== undefined && version >= since) ||
    (extension !== undefined && extensions.has(extension))
  ).map(({ layout }) => ({ layout, value: {} }));
}

/** Fills a structure with its chain by `call`, and reads all of it back by layout. */
function query<T>(
  layout: Layout<T>,
  chain: Chained[],
  call: (bytes: Uint8Array<ArrayBuffer>) => void,
): { value: Decoded<T>; chained: <C>(layout: Layout<C>) => Decoded<C> | undefined } {
  const encoded = encode<{ pNext?: readonly Chained[] }>(layout as Layout, { pNext: chain });
  call(encoded.bytes);
  return {
    value: decode(layout, encoded.bytes),
    chained: (wanted) => {
      const at = chain.findIndex((link) => link.layout === wanted);
      const offset = encoded.chainOffsets[at];
      return offset === undefined ? undefined : decode(wanted, encoded.bytes, offset);
    },
  };
}

function formatUuid(bytes: readonly number[]): string {
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Two-call enumeration: asks for the count, then for the elements; again while `VK_INCOMPLETE`. */
export function enumerate<T>(
  command: string,
  layout: Layout<T>,
  call: (count: Uint8Array<ArrayBuffer>, elements: Uint8Array<ArrayBuffer> | null) => number,
): Decoded<T>[] {
  for (;;) {
    const count = new Uint32Array(1);
    const countBytes = new Uint8Array(count.buffer);
    check(command, call(countBytes, null));
    const total = count[0] ?? 0;
    if (total === 0) return [];
    const elements = encodeEmpty(layout, total);
    const result = check(command, call(countBytes, elements));
    if (result === 0) return decodeArray(layout, elements, count[0] ?? 0);
  }
}

/** Room for `count` structures with their `sType` set. */
function encodeEmpty(layout: Layout, count: number): Uint8Array<ArrayBuffer> {
  const elements = new Uint8Array(new ArrayBuffer(layout.size * count));
  const one = encode(layout).bytes;
  for (let i = 0; i < count; i++) elements.set(one.subarray(0, layout.size), i * layout.size);
  return elements;
}

function deviceExtensions(symbols: VulkanSymbols, handle: bigint): ReadonlySet<string> {
  const found = enumerate(
    "vkEnumerateDeviceExtensionProperties",
    vk.VkExtensionProperties,
    (count, elements) =>
      symbols.vkEnumerateDeviceExtensionProperties(handle, null, count, elements),
  );
  return new Set(found.map((extension) => extension.extensionName));
}

function readFeatures(
  symbols: VulkanSymbols,
  handle: bigint,
  version: number,
  extensions: ReadonlySet<string>,
): ReadonlySet<string> {
  const chain = chainFor(FEATURE_STRUCTS, version, extensions);
  const { value, chained } = query(
    vk.VkPhysicalDeviceFeatures2,
    chain,
    (bytes) => symbols.vkGetPhysicalDeviceFeatures2(handle, bytes),
  );
  const names = new Set<string>();
  const collect = (flags: object) => {
    for (const [name, flag] of Object.entries(flags)) {
      if (flag === 1 && name !== "sType") names.add(name);
    }
  };
  collect(value.features);
  for (const { layout } of chain) collect(chained(layout) as object);
  return names;
}

function readMemory(symbols: VulkanSymbols, handle: bigint, extensions: ReadonlySet<string>) {
  const hasBudget = extensions.has("VK_EXT_memory_budget");
  const chain = hasBudget
    ? [{ layout: vk.VkPhysicalDeviceMemoryBudgetPropertiesEXT, value: {} }]
    : [];
  const { value, chained } = query(
    vk.VkPhysicalDeviceMemoryProperties2,
    chain,
    (bytes) => symbols.vkGetPhysicalDeviceMemoryProperties2(handle, bytes),
  );
  const budget = hasBudget ? chained(vk.VkPhysicalDeviceMemoryBudgetPropertiesEXT) : undefined;
  const { memoryHeaps, memoryHeapCount, memoryTypes, memoryTypeCount } = value.memoryProperties;
  return {
    heaps: memoryHeaps.slice(0, memoryHeapCount).map((heap, i): MemoryHeap => ({
      size: Number(heap.size),
      deviceLocal: (heap.flags & 1) !== 0,
      budget: budget === undefined ? null : Number(budget.heapBudget[i] ?? 0n),
      usage: budget === undefined ? null : Number(budget.heapUsage[i] ?? 0n),
    })),
    memoryTypes: memoryTypes.slice(0, memoryTypeCount).map((type) => ({
      heap: type.heapIndex,
      flags: type.propertyFlags,
    })),
  };
}

/** Asks anew for a device's heaps: what is left of them changes. */
export function readHeaps(
  symbols: VulkanSymbols,
  { handle, extensions }: Pick<PhysicalDevice, "handle" | "extensions">,
): MemoryHeap[] {
  return readMemory(symbols, handle, extensions).heaps;
}

function readQueueFamilies(symbols: VulkanSymbols, handle: bigint): QueueFamily[] {
  return enumerate(
    "vkGetPhysicalDeviceQueueFamilyProperties",
    vk.VkQueueFamilyProperties,
    (count, elements) => {
      symbols.vkGetPhysicalDeviceQueueFamilyProperties(handle, count, elements);
      return 0;
    },
  ).map((family, index) => ({
    index,
    count: family.queueCount,
    flags: family.queueFlags,
    timestampValidBits: family.timestampValidBits,
  }));
}

/** Compute units of an AMD GPU: those that are active, else as many as its engines have places for. */
function computeUnits(
  core: Decoded<vk.VkPhysicalDeviceShaderCorePropertiesAMD> | undefined,
  active: Decoded<vk.VkPhysicalDeviceShaderCoreProperties2AMD> | undefined,
): number | null {
  if (active !== undefined && active.activeComputeUnitCount > 0) {
    return active.activeComputeUnitCount;
  }
  if (core === undefined) return null;
  const { shaderEngineCount, shaderArraysPerEngineCount, computeUnitsPerShaderArray } = core;
  return shaderEngineCount * shaderArraysPerEngineCount * computeUnitsPerShaderArray || null;
}

/** Asks everything that mvgal wants to know of a physical device. Creates no logical device. */
export function readPhysicalDevice(
  symbols: VulkanSymbols,
  handle: bigint,
  index: number,
): PhysicalDevice {
  const plain = encode(vk.VkPhysicalDeviceProperties);
  symbols.vkGetPhysicalDeviceProperties(handle, plain.bytes);
  const version = decode(vk.VkPhysicalDeviceProperties, plain.bytes).apiVersion;
  const extensions = deviceExtensions(symbols, handle);
  const { value, chained } = query(
    vk.VkPhysicalDeviceProperties2,
    chainFor(PROPERTY_STRUCTS, version, extensions),
    (bytes) => symbols.vkGetPhysicalDeviceProperties2(handle, bytes),
  );
  const { properties } = value;
  const ids = chained(vk.VkPhysicalDeviceIDProperties);
  const driver = chained(vk.VkPhysicalDeviceDriverProperties);
  const pci = chained(vk.VkPhysicalDevicePCIBusInfoPropertiesEXT);
  const drm = chained(vk.VkPhysicalDeviceDrmPropertiesEXT);
  const allocation = chained(vk.VkPhysicalDeviceMaintenance3Properties)?.maxMemoryAllocationSize;
  const hostMemory = chained(vk.VkPhysicalDeviceExternalMemoryHostPropertiesEXT);
  return {
    handle,
    index,
    name: properties.deviceName,
    vendorId: properties.vendorID,
    deviceId: properties.deviceID,
    type: DEVICE_TYPES[properties.deviceType] ?? "other",
    apiVersionNumber: version,
    apiVersion: formatApiVersion(version),
    driverName: driver?.driverName || null,
    driverInfo: driver?.driverInfo || null,
    uuid: ids === undefined ? null : formatUuid(ids.deviceUUID),
    driverUuid: ids === undefined ? null : formatUuid(ids.driverUUID),
    pci: pci === undefined ? null : {
      domain: pci.pciDomain,
      bus: pci.pciBus,
      device: pci.pciDevice,
      function: pci.pciFunction,
    },
    drmPrimaryMinor: drm?.hasPrimary ? Number(drm.primaryMinor) : null,
    drmRenderMinor: drm?.hasRender ? Number(drm.renderMinor) : null,
    extensions,
    features: readFeatures(symbols, handle, version, extensions),
    limits: properties.limits,
    subgroupSize: chained(vk.VkPhysicalDeviceSubgroupProperties)?.subgroupSize ?? 1,
    maxAllocationSize: Number(allocation ?? 1n << 30n),
    hostPointerAlignment: hostMemory === undefined
      ? null
      : Number(hostMemory.minImportedHostPointerAlignment),
    shaderCores: chained(vk.VkPhysicalDeviceShaderSMBuiltinsPropertiesNV)?.shaderSMCount ??
      computeUnits(
        chained(vk.VkPhysicalDeviceShaderCorePropertiesAMD),
        chained(vk.VkPhysicalDeviceShaderCoreProperties2AMD),
      ),
    ...readMemory(symbols, handle, extensions),
    queueFamilies: readQueueFamilies(symbols, handle),
  };
}
