/**
 * radeon's settings, of AMD's GPUs before amdgpu: performance level, power state, fan.
 *
 * Source: the kernel's `drivers/gpu/drm/radeon/radeon_pm.c`.
 *
 * @module
 */

import { ControlFiles } from "./files.ts";
import { hwmonFan } from "./hwmon_fan.ts";
import { wordFile } from "./word_file.ts";
import { type ControlDriver, joinSurfaces, noSurface } from "./surface.ts";

/** The kernel's `radeon`. */
export const radeonControl: ControlDriver = {
  name: "radeon",
  claims: (gpu) => gpu.driver === "radeon",
  open(gpu, context) {
    const files = ControlFiles.of(gpu, context);
    if (files === undefined) return noSurface(["fan", "profile"], "no directory in sysfs");
    const fan = files.hwmon !== undefined && files.has(`${files.hwmon}/pwm1_enable`)
      ? hwmonFan(files, "radeon")
      : noSurface(["fan"], "no file pwm1_enable in hwmon");
    return joinSurfaces([
      wordFile(files, {
        id: "performance_level",
        file: "power_dpm_force_performance_level",
        choices: ["auto", "low", "high"],
        standard: "auto",
      }),
      wordFile(files, {
        id: "profile",
        file: "power_dpm_state",
        choices: ["battery", "balanced", "performance"],
        standard: "balanced",
      }),
      fan,
      noSurface(["power"], "radeon sets no power cap"),
      noSurface(["clocks"], "radeon sets no clocks: choose a performance level"),
    ]);
  },
};
