/**
 * The sensors that amdgpu shows by hwmon.
 *
 * Source: the kernel's `Documentation/gpu/amdgpu/thermal.rst` and `drivers/gpu/drm/amd/pm/amdgpu_pm.c`.
 *
 * @module
 */

import type { ReadingBuilder } from "../driver.ts";
import type { Hwmon, Sensor, SensorValue } from "../hwmon.ts";
import type { MetricName, NumberMetric } from "../metrics.ts";

function put(
  into: ReadingBuilder,
  name: NumberMetric,
  found: SensorValue | undefined,
  whyNot: string | (() => string),
): void {
  into.put(name, found?.value, found?.source ?? "", whyNot);
}

/** Why a sensor gave no value. */
const whyNot = (sensor: Sensor | undefined, missing: string, attribute?: string) => () =>
  sensor === undefined ? `no sensor ${missing}` : sensor.whyNot(attribute);

/** The one sensor of temperature of an old kernel, which gives it no label. */
function unlabelled({ sensors }: Hwmon): Sensor | undefined {
  const temperatures = sensors.filter(({ kind }) => kind === "temp");
  return temperatures.every(({ label }) => label === undefined) ? temperatures[0] : undefined;
}

function putTemperatures(into: ReadingBuilder, hwmon: Hwmon): void {
  const edge = hwmon.sensor("temp", "edge");
  const junction = hwmon.sensor("temp", "junction");
  const memory = hwmon.sensor("temp", "mem");
  // MI300 has no sensor at the edge: the junction stands for the GPU.
  const main = edge ?? junction ?? unlabelled(hwmon);
  put(into, "temperature_c", main?.read(), whyNot(main, "edge"));
  put(into, "temperature_hotspot_c", junction?.read(), whyNot(junction, "junction"));
  put(into, "temperature_memory_c", memory?.read(), whyNot(memory, "mem"));
  put(into, "temperature_slowdown_c", main?.read("crit"), whyNot(main, "edge", "crit"));
}

/** A cap of 0 W is none: what some processors' GPUs show. */
const CAPS = [
  ["power_cap_w", "cap", 0],
  ["power_cap_max_w", "cap_max", 0],
  ["power_cap_default_w", "cap_default", 0],
  ["power_cap_min_w", "cap_min", -1],
] as const;

/**
 * Whether a GPU that says 0 W measures no power: the second die of an MI250, whose cap is 0 as well
 * (`aldebaran_ppt.c`: "Valid power data is available only from primary die"). A card with a cap rounds to
 * whole watts, so that its 0 may be one; a processor's figure has the processor itself in it, and is never 0.
 */
function measuresNone(power: Sensor | undefined, now: SensorValue | undefined): boolean {
  return now?.value === 0 && (power?.read("cap")?.value ?? 0) <= 0;
}

function putPowerNow(into: ReadingBuilder, power: Sensor | undefined): void {
  const now = power?.readFirst("average", "input");
  const none = measuresNone(power, now);
  const attribute = power?.has("average") ? "average" : "input";
  put(
    into,
    "power_w",
    none ? undefined : now,
    () =>
      none
        ? `${power?.name} says 0 W, and there is no cap: this die measures no power`
        : whyNot(power, "power1", attribute)(),
  );
}

function putPower(into: ReadingBuilder, hwmon: Hwmon): void {
  // power1 is the whole package (PPT); power2, where there is one, is the same over a shorter time.
  const power = hwmon.sensor("power");
  putPowerNow(into, power);
  for (const [name, attribute, above] of CAPS) {
    const cap = power?.read(attribute);
    const none = cap !== undefined && cap.value <= above;
    put(
      into,
      name,
      none ? undefined : cap,
      () =>
        none
          ? `${power?.file(attribute)} says 0 W, which is no cap`
          : power?.whyNot(attribute) ?? "no sensor power1",
    );
  }
}

function putFan(into: ReadingBuilder, hwmon: Hwmon): void {
  const fan = hwmon.sensor("fan"), pwm = hwmon.sensor("pwm");
  put(into, "fan_rpm", fan?.read(), whyNot(fan, "fan1: the driver controls no fan"));
  put(into, "fan_pct", pwm?.read(), whyNot(pwm, "pwm1: the driver controls no fan"));
}

/** Notes everything that the sensors say. A clock of 0 MHz is one that is gated. */
export function putSensors(into: ReadingBuilder, hwmon: Hwmon | undefined): void {
  if (hwmon === undefined) return;
  putTemperatures(into, hwmon);
  putPower(into, hwmon);
  putFan(into, hwmon);
  const core = hwmon.sensor("freq", "sclk"), memory = hwmon.sensor("freq", "mclk");
  put(into, "core_clock_mhz", core?.read(), whyNot(core, "sclk"));
  put(into, "memory_clock_mhz", memory?.read(), whyNot(memory, "mclk"));
  const voltage = hwmon.sensor("in", "vddgfx"), volts = voltage?.read();
  // A GPU that runs has a voltage: 0 is how drivers without the sensor answer.
  const none = volts !== undefined && volts.value <= 0;
  put(
    into,
    "voltage_v",
    none ? undefined : volts,
    () =>
      none ? `${voltage?.file()} says 0 V, which no GPU runs with` : whyNot(voltage, "vddgfx")(),
  );
}

/** The metrics that sensors may give, for where there are none. */
export const SENSOR_METRICS = [
  "temperature_c",
  "temperature_hotspot_c",
  "temperature_memory_c",
  "temperature_slowdown_c",
  "power_w",
  "power_cap_w",
  "power_cap_min_w",
  "power_cap_max_w",
  "power_cap_default_w",
  "core_clock_mhz",
  "memory_clock_mhz",
  "fan_pct",
  "fan_rpm",
  "voltage_v",
] as const satisfies readonly MetricName[];
