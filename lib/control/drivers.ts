/**
 * The table of control drivers, and the settings of a GPU by them.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import { amdgpuControl } from "./amdgpu.ts";
import { i915Control } from "./i915.ts";
import { nouveauControl } from "./nouveau.ts";
import { nvidiaControl } from "./nvidia.ts";
import { parkSurface } from "./park.ts";
import { radeonControl } from "./radeon.ts";
import {
  type ControlContext,
  type ControlDriver,
  type ControlSurface,
  joinSurfaces,
  noSurface,
} from "./surface.ts";
import { xeControl } from "./xe.ts";

/** All drivers. Moore Threads' library has no functions that set anything, and so is none of them. */
export const CONTROL_DRIVERS: readonly ControlDriver[] = [
  amdgpuControl,
  radeonControl,
  i915Control,
  xeControl,
  nvidiaControl,
  nouveauControl,
];

function whyNoDriver(gpu: Gpu): string {
  if (gpu.vendor === "mthreads") {
    return "Moore Threads' driver has no functions that set anything";
  }
  return gpu.driver === null
    ? "no kernel driver is bound to it"
    : `mvgal knows no settings of the driver ${gpu.driver}`;
}

/** The settings of one GPU: its driver's, and the kernel's runtime power management. */
export function openControl(gpu: Gpu, context: ControlContext): ControlSurface {
  const driver = CONTROL_DRIVERS.find((each) => each.claims(gpu));
  const own = driver?.open(gpu, context) ??
    noSurface(["power", "clocks", "fan", "profile"], whyNoDriver(gpu));
  return joinSurfaces([own, parkSurface(gpu, context)]);
}
