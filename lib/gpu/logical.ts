/**
 * Several GPUs seen as one logical device: what they have together and in common. No I/O.
 *
 * @module
 */

import type { Gpu, GpuId } from "./gpu.ts";
import { standing } from "./standing.ts";
import type { Vendor } from "./vendor.ts";

/**
 * How closely GPUs can work together. Each tier includes those before it.
 *
 * | Tier | Means |
 * |-|-|
 * | `none` | There is no GPU. |
 * | `single` | There is one: nothing to pool. |
 * | `separate` | No API is known to reach all: a program runs on one GPU or another. |
 * | `common_api` | One API reaches all: the same kernels run on each, data go through the host. |
 * | `common_driver` | One vendor's driver runs all: peer access and shared memory are possible. |
 * | `linked` | Direct links (NVLink, xGMI) connect every pair. |
 */
export type LogicalTier =
  | "none"
  | "single"
  | "separate"
  | "common_api"
  | "common_driver"
  | "linked";

/** Several devices as one: what they have together and in common. */
export interface CombinedDevice {
  /** How many there are. */
  gpu_count: number;
  /** Their ids, in the order of the listing. */
  gpus: GpuId[];
  /** Their makers, each once. */
  vendors: Vendor[];
  /** Sum of the VRAM of the GPUs whose size is known, in bytes; null where none is. */
  vram_total_bytes: number | null;
  /** The GPUs that the sum leaves out, since the size of their memory is not known. */
  vram_unknown: GpuId[];
  /** What at least one GPU has: APIs by name, and their features as `vulkan:shaderFloat64`. */
  capabilities_any: string[];
  /** What all GPUs have. */
  capabilities_all: string[];
  /** How closely they can work together. */
  tier: LogicalTier;
  /** Why it is this tier and no other. */
  tier_reason: string;
}

/** The capabilities of a GPU: the APIs that reach it, and what they can do there. */
export function capabilitiesOf(gpu: Pick<Gpu, "apis">): Set<string> {
  const all = new Set<string>();
  for (const [name, devices] of Object.entries(gpu.apis)) {
    if (devices.length > 0) all.add(name);
    for (const device of devices) {
      for (const capability of device.capabilities) all.add(`${name}:${capability}`);
    }
  }
  return all;
}

/** How many active direct links a GPU has to another; through switches, as many as both have. */
export function directLinks(a: Gpu, b: Gpu): number {
  const active = (gpu: Gpu) => gpu.peer_links.filter((link) => link.active);
  const direct = active(a).filter((link) => link.remote !== null && link.remote === b.pci_slot);
  if (direct.length > 0) return direct.length;
  const switched = (gpu: Gpu) => active(gpu).filter((link) => link.remote_type === "switch").length;
  return Math.min(switched(a), switched(b));
}

function everyPair(gpus: readonly Gpu[], holds: (a: Gpu, b: Gpu) => boolean): boolean {
  return gpus.every((a, i) => gpus.slice(i + 1).every((b) => holds(a, b)));
}

function tierOf(gpus: readonly Gpu[], common: readonly string[]): [LogicalTier, string] {
  const [first] = gpus;
  if (first === undefined) return ["none", "there is no GPU"];
  if (gpus.length === 1) return ["single", "there is one GPU"];
  if (everyPair(gpus, (a, b) => directLinks(a, b) > 0)) {
    return ["linked", "direct links connect every pair of GPUs"];
  }
  const sameDriver = first.driver !== null &&
    gpus.every((gpu) => gpu.driver === first.driver && gpu.vendor === first.vendor);
  if (sameDriver) return ["common_driver", `the driver ${first.driver} runs all GPUs`];
  const apis = common.filter((name) => !name.includes(":"));
  if (apis.length > 0) {
    return ["common_api", `${apis.join(", ")} reach${apis.length === 1 ? "es" : ""} all GPUs`];
  }
  return gpus.some((gpu) => Object.keys(gpu.apis).length > 0)
    ? ["separate", "no API reaches all GPUs"]
    : ["separate", "no API is known to reach any GPU"];
}

/** The logical device that the GPUs among `devices` make: neither programs, nor virtual functions. */
export function logicalDevice(devices: readonly Gpu[]): CombinedDevice {
  return combine(devices.filter((gpu) => standing(gpu) === "gpu"));
}

/** What devices are together, whatever they are. */
export function combine(gpus: readonly Gpu[]): CombinedDevice {
  const sets = gpus.map(capabilitiesOf);
  const any = [...new Set(sets.flatMap((set) => [...set]))].sort();
  const all = any.filter((name) => sets.every((set) => set.has(name)));
  const known = gpus.map((gpu) => gpu.vram_total_bytes).filter((bytes) => bytes !== null);
  const [tier, reason] = tierOf(gpus, all);
  return {
    gpu_count: gpus.length,
    gpus: gpus.map((gpu) => gpu.id),
    vendors: [...new Set(gpus.map((gpu) => gpu.vendor))],
    vram_total_bytes: known.length === 0 ? null : known.reduce((sum, bytes) => sum + bytes, 0),
    vram_unknown: gpus.filter((gpu) => gpu.vram_total_bytes === null).map((gpu) => gpu.id),
    capabilities_any: any,
    capabilities_all: all,
    tier,
    tier_reason: reason,
  };
}
