/**
 * `[power]`: the power manager.
 *
 * @module
 */

import { bool, curve, integer, number } from "../key.ts";
import { section } from "../section.ts";

const TIME = { least: 0, most: 86_400_000, unit: "ms" };
const CELSIUS = { least: 30, most: 150, unit: "°C" };

/** `[power]`. */
export const power = section({
  describe: "The power manager. It changes settings of GPUs, and is off unless it is enabled.",
  keys: {
    enabled: bool(false, { describe: "Whether the service changes settings of GPUs by itself." }),
    enable_parking: bool(true, {
      describe: "Whether GPUs that have nothing to do are let sleep.",
    }),
    enable_thermal: bool(true, {
      describe: "Whether the power cap of a hot GPU is lowered.",
    }),
    idle_timeout_ms: integer(5000, {
      ...TIME,
      describe: "For how long a GPU has to have nothing to do to count as idle.",
    }),
    sustained_timeout_ms: integer(10_000, {
      ...TIME,
      describe: "For how long it has to be idle to count as idle for good.",
    }),
    park_timeout_ms: integer(30_000, {
      ...TIME,
      describe: "For how long it has to be idle to be let sleep.",
    }),
    thermal_threshold: number(85, {
      ...CELSIUS,
      describe: "The temperature from which on the power cap is lowered.",
    }),
    critical_threshold: number(95, {
      ...CELSIUS,
      describe: "The temperature from which on the power cap is the lowest that the driver takes.",
    }),
    power_curve: curve({
      at: { least: 0, most: 150, unit: "°C" },
      value: { least: 0, most: 100, unit: "%" },
      describe:
        "The power cap by temperature, in percent of the default cap. Empty: in even steps between the two thresholds.",
    }),
    power_limit_watts: number(0, {
      least: 0,
      most: 1_000_000,
      unit: "W",
      describe: "What all GPUs may draw together; 0 for no limit.",
    }),
    psu_capacity_watts: number(0, {
      least: 0,
      most: 1_000_000,
      unit: "W",
      describe: "What the power supply gives to the GPUs; 0 where it is no limit.",
    }),
    psu_safety_margin_percent: number(20, {
      least: 0,
      most: 90,
      unit: "%",
      describe: "How much of psu_capacity_watts is left alone.",
    }),
  },
});
