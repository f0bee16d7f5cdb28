/**
 * AMD GPUs before GCN 1.2 with the kernel driver radeon, from its files alone.
 *
 * The driver shows a temperature, the fan, in newer kernels the clock, and which of its two ways of
 * managing power it uses. It tells no load and no memory in files.
 *
 * Source: the kernel's `drivers/gpu/drm/radeon/radeon_pm.c`.
 *
 * @module
 */

import type { TelemetryDriver } from "./driver.ts";
import { sensorDriver } from "./sensor_reader.ts";

/** The driver. */
export const radeon: TelemetryDriver = sensorDriver({
  name: "radeon",
  sensors: [
    ["temperature_c", "temp", "input"],
    ["temperature_slowdown_c", "temp", "crit"],
    ["fan_pct", "pwm", "input"],
    ["fan_rpm", "fan", "input"],
    ["core_clock_mhz", "freq", "input"],
    ["voltage_v", "in", "input"],
  ],
  /** `dpm` is managed by levels, the older `profile` by the name of a profile. */
  putFiles(into, device, files) {
    const file = files.text("power_method") === "profile"
      ? "power_profile"
      : "power_dpm_force_performance_level";
    const text = device.has(file) ? files.text(file) ?? "" : "";
    into.put(
      "performance_state",
      /^[a-z]+$/.test(text) ? text : undefined,
      `sysfs:${file}`,
      () => device.whyNot(file, "performance level"),
    );
  },
});
