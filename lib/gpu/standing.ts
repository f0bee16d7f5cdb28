/**
 * Which devices count as GPUs.
 *
 * @module
 */

import type { Gpu } from "./gpu.ts";

/**
 * What a device is in a listing: a GPU of its own, a virtual function of one that is listed already, a
 * display controller that draws nothing, or a program.
 */
export type Standing = "gpu" | "virtual_function" | "display" | "software";

/** All standings, in the order of a listing. */
export const STANDINGS: readonly Standing[] = ["gpu", "virtual_function", "display", "software"];

/**
 * The standing of a device. Only devices with the standing `"gpu"` are counted and pooled: the memory of
 * a virtual function is its physical function's, and the others have no GPU.
 */
export function standing(gpu: Pick<Gpu, "kind" | "sriov">): Standing {
  if (gpu.kind === "software") return "software";
  if (gpu.kind === "display") return "display";
  return gpu.sriov?.role === "vf" ? "virtual_function" : "gpu";
}
