/**
 * Sensors of Intel's drivers, as metrics.
 *
 * @module
 */

import type { ReadingBuilder } from "../driver.ts";
import type { Hwmon, Sensor } from "../hwmon.ts";
import type { NumberMetric } from "../metrics.ts";

/** Notes what a sensor says. */
export function putSensor(
  into: ReadingBuilder,
  name: NumberMetric,
  sensor: Sensor | undefined,
  attribute: string,
  missing: string,
): void {
  const found = sensor?.read(attribute);
  into.put(name, found?.value, found?.source ?? "", () => sensor?.whyNot(attribute) ?? missing);
}

/**
 * Notes the fan that turns fastest: a card has several, of which some stand still, and sockets without one.
 * How fast they are told to turn no driver says.
 */
export function putFans(into: ReadingBuilder, hwmon: Hwmon | undefined): void {
  const fans = hwmon?.sensors.filter(({ kind }) => kind === "fan") ?? [];
  const speeds = fans.flatMap((fan) => fan.read() ?? []);
  const fastest = speeds.toSorted((a, b) => b.value - a.value)[0];
  const whyNot = () => fans[0]?.whyNot() ?? "the driver shows no fan";
  into.put("fan_rpm", fastest?.value, fastest?.source ?? "", whyNot);
  into.lack(["fan_pct"], "the driver tells how fast fans turn, and not how fast they should");
}

/**
 * Notes the limit of power, by the first file that sets one. 0 W, and what is below, is no limit: how the
 * driver shows one that is off.
 *
 * @param files a sensor and its attribute, the best first.
 */
export function putPowerCap(
  into: ReadingBuilder,
  files: readonly (readonly [sensor: Sensor | undefined, attribute: string])[],
): void {
  let whyNot = "the driver shows no limit of power";
  for (const [sensor, attribute] of files) {
    if (sensor === undefined || !sensor.has(attribute)) continue;
    const cap = sensor.read(attribute);
    if (cap === undefined || cap.value <= 0) {
      whyNot = cap === undefined
        ? sensor.whyNot(attribute)
        : `${sensor.file(attribute)} says 0 W, which is no limit`;
      continue;
    }
    into.put("power_cap_w", cap.value, cap.source, "");
    const rated = sensor.read("rated_max");
    const limit = rated !== undefined && rated.value > 0 ? rated : undefined;
    const none = `no file ${sensor.file("rated_max")} that sets one`;
    into.put("power_cap_max_w", limit?.value, limit?.source ?? "", none);
    into.put("power_cap_default_w", limit?.value, limit?.source ?? "", none);
    break;
  }
  into.lack(["power_cap_w", "power_cap_max_w", "power_cap_default_w"], whyNot);
  into.lack(["power_cap_min_w"], "the driver tells no least limit");
}
