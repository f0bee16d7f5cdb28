/**
 * amdgpu's fan: `gpu_od/fan_ctrl` from RDNA3 on, hwmon's `pwm1` before.
 *
 * @module
 */

import type { ControlFiles } from "../files.ts";
import { hwmonFan } from "../hwmon_fan.ts";
import type { ControlSurface } from "../surface.ts";
import { noSurface } from "../surface.ts";
import { readOverdrive } from "./clocks.ts";
import { FAN_DIRECTORY, overdriveFan } from "./overdrive_fan.ts";

/** The fan of a GPU. */
export function amdgpuFan(files: ControlFiles): ControlSurface {
  if (files.has(`${FAN_DIRECTORY}/fan_curve`)) {
    return overdriveFan(files, readOverdrive(files).refused);
  }
  const { hwmon } = files;
  if (hwmon === undefined || !files.has(`${hwmon}/pwm1`)) {
    return noSurface(["fan"], "the driver drives no fan of this GPU");
  }
  if (files.has(`${hwmon}/pwm1_enable`)) return hwmonFan(files, "amdgpu");
  return noSurface(
    ["fan"],
    `no directory ${FAN_DIRECTORY}, by which this chip's fan is set: ${
      readOverdrive(files).missing
    }`,
  );
}
