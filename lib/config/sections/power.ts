/**
 * `[power]`: the power manager.
 *
 * @module
 */

import { bool, curve, integer, number } from "../key.ts";
import { section } from "../section.ts";

const TIME = { least: 0, most: 86_400_000, unit: "ms" };
const PERCENT = { least: 0, most: 100, unit: "%" };

/** The curve that the original's files have. */
const CURVE = [[0, 30], [25, 50], [50, 70], [75, 85], [100, 100]] as const;

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
      describe: "For how long it has to be idle to give up its share of the power.",
    }),
    park_timeout_ms: integer(30_000, {
      ...TIME,
      least: 1000,
      describe: "For how long it has to be idle to be let sleep.",
    }),
    idle_below_percent: number(5, {
      least: 0,
      most: 50,
      unit: "%",
      describe: "The utilisation below which a GPU may be idle; at twice as much it works.",
    }),
    thermal_threshold: number(85, {
      least: 40,
      most: 120,
      unit: "°C",
      describe: "The temperature from which on the power cap is lowered, step by step.",
    }),
    critical_threshold: number(95, {
      least: 40,
      most: 130,
      unit: "°C",
      describe: "The temperature from which on the power cap is the lowest at once.",
    }),
    thermal_margin: number(5, {
      least: 1,
      most: 30,
      unit: "°C",
      describe:
        "How far below a limit a GPU has to cool, and how far below its own slowdown it is held.",
    }),
    power_curve: curve(CURVE.map(([at, value]) => ({ at, value })), {
      at: PERCENT,
      value: { ...PERCENT, least: 1 },
      describe:
        "Steps of the power cap, load:power in percent. A hot GPU goes down the powers, and never below the lowest.",
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
