/**
 * nouveau's settings: the fan, which on many chips its firmware keeps for itself.
 *
 * Source: the kernel's `nouveau_hwmon.c`.
 *
 * @module
 */

import { ControlFiles } from "./files.ts";
import { hwmonFan } from "./hwmon_fan.ts";
import { type ControlDriver, joinSurfaces, noSurface } from "./surface.ts";

/** The kernel's `nouveau`. */
export const nouveauControl: ControlDriver = {
  name: "nouveau",
  claims: (gpu) => gpu.driver === "nouveau",
  open(gpu, context) {
    const files = ControlFiles.of(gpu, context);
    const fan = files?.hwmon !== undefined && files.has(`${files.hwmon}/pwm1_enable`)
      ? hwmonFan(files, "nouveau")
      : noSurface(["fan"], "no file pwm1_enable in hwmon");
    return joinSurfaces([
      fan,
      noSurface(
        ["power", "clocks", "profile"],
        "nouveau has no stable interface for it: NVIDIA's own driver sets it",
      ),
    ]);
  },
};
