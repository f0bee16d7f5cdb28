/**
 * Which kernel modules drive a GPU, and what brings NVIDIA's.
 *
 * Sources: the tables of device ids of the kernel's drivers (`include/drm/intel/pciids.h`,
 * `include/drm/drm_pciids.h`), and what NVIDIA's open kernel modules support: they need a GPU System
 * Processor, which came with Turing.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import type { Vendor } from "../gpu/vendor.ts";
import type { PackageKey } from "./distribution.ts";

/** What is needed of a GPU to know its modules. */
export type GpuIds = Pick<Gpu, "vendor" | "device_id">;

/** Kernel modules that drive a vendor's GPUs, the best first. */
const MODULES: Partial<Record<Vendor, readonly string[]>> = {
  amd: ["amdgpu", "radeon"],
  nvidia: ["nvidia", "nouveau"],
  intel: ["i915", "xe"],
  mthreads: ["mtgpu"],
  redhat: ["virtio_gpu"],
  vmware: ["vmwgfx"],
};

/** First and last device id. */
type Range = readonly [first: number, last: number];

/** Intel's GPUs that i915 knows nothing of. */
const XE_ALONE: readonly Range[] = [
  [0x6420, 0x6420], // Lunar Lake
  [0x64a0, 0x64b0],
  [0x674c, 0x674c], // Crescent Island
  [0xb080, 0xb0b0], // Panther Lake
  [0xe202, 0xe2ff], // Battlemage
  [0xfd80, 0xfd81], // Wildcat Lake
];

/** AMD's GPUs from before Graphics Core Next, R100 to Northern Islands. */
const RADEON_ALONE: readonly Range[] = [
  [0x3150, 0x5fff], // R100 to R400
  [0x6700, 0x677f], // Cayman, Barts, Turks, Caicos
  [0x6840, 0x6849], // Turks in notebooks
  [0x6850, 0x6859],
  [0x6880, 0x68ff], // Evergreen
  [0x7100, 0x72ff], // R500
  [0x7834, 0x796f],
  [0x9400, 0x980a], // R600 and R700, and processors' GPUs up to Wrestler
  [0x9900, 0x99ff], // Trinity, Richland
];

/** NVIDIA's ids of Maxwell begin here, and those of Turing. Ids rise with the generations. */
const MAXWELL = 0x1340, TURING = 0x1e00;

const isIn = (ranges: readonly Range[], id: number) =>
  ranges.some(([first, last]) => first <= id && id <= last);

const idOf = ({ device_id: id }: GpuIds) => id === null ? undefined : Number.parseInt(id, 16);

/** Kernel modules that drive a GPU, the best first; none where none is known for its vendor. */
export function modulesOf(gpu: GpuIds): readonly string[] {
  const id = idOf(gpu);
  if (id !== undefined) {
    if (gpu.vendor === "intel" && isIn(XE_ALONE, id)) return ["xe"];
    if (gpu.vendor === "amd" && isIn(RADEON_ALONE, id)) return ["radeon"];
    if (gpu.vendor === "nvidia" && id < MAXWELL) return ["nouveau", "nvidia"];
  }
  return MODULES[gpu.vendor] ?? [];
}

/**
 * What brings NVIDIA's driver for a GPU: the open modules from Turing on, the last closed ones from
 * Maxwell on; null for older GPUs, which no driver that NVIDIA still maintains supports.
 */
export function nvidiaPackage(gpu: GpuIds): PackageKey | null {
  const id = idOf(gpu) ?? TURING;
  if (id >= TURING) return "nvidia_driver";
  return id >= MAXWELL ? "nvidia_driver_580" : null;
}
