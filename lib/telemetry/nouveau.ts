/**
 * NVIDIA's GPUs with the kernel driver nouveau, from its sensors alone.
 *
 * Its `pwm1` is in percent, against the interface's 0 to 255. It tells no load, no memory and no clocks in
 * files but those of debugfs. On chips whose firmware is signed (from Maxwell 2 on) the fan and the clocks are the
 * firmware's.
 *
 * Source: the kernel's `drivers/gpu/drm/nouveau/nouveau_hwmon.c`.
 *
 * @module
 */

import type { TelemetryDriver } from "./driver.ts";
import { sensorDriver } from "./sensor_reader.ts";

/** The driver. */
export const nouveau: TelemetryDriver = sensorDriver({
  name: "nouveau",
  sensors: [
    ["temperature_c", "temp", "input"],
    // The driver lowers the clocks from `max` on, more from `crit` on, and shuts down at `emergency`.
    ["temperature_slowdown_c", "temp", "max"],
    ["power_w", "power", "input"],
    ["fan_pct", "pwm", "input"],
    ["fan_rpm", "fan", "input"],
    ["voltage_v", "in", "input"],
  ],
});
