/**
 * amdgpu's settings: power cap, clocks, performance level, profile, fan.
 *
 * Source: `Documentation/gpu/amdgpu/thermal.rst` of the kernel, and `amdgpu_pm.c`.
 *
 * @module
 */

import { amdgpuClocks } from "./amdgpu/clocks.ts";
import { amdgpuFan } from "./amdgpu/fan.ts";
import { amdgpuProfile } from "./amdgpu/profile.ts";
import { ControlFiles } from "./files.ts";
import { hwmonPowerCap } from "./hwmon_power.ts";
import { type ControlDriver, joinSurfaces, noSurface } from "./surface.ts";

/** The kernel's `amdgpu`. */
export const amdgpuControl: ControlDriver = {
  name: "amdgpu",
  claims: (gpu) => gpu.driver === "amdgpu",
  open(gpu, context) {
    const files = ControlFiles.of(gpu, context);
    if (files === undefined) {
      return noSurface(["power", "clocks", "fan", "profile"], "the GPU has no directory in sysfs");
    }
    return joinSurfaces([
      hwmonPowerCap(files, { sensor: "power1", limit: "cap", step: 1 }),
      amdgpuClocks(files),
      amdgpuProfile(files),
      amdgpuFan(files),
    ]);
  },
};
