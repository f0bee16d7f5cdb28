/**
 * What the power manager does, in words. Pure.
 *
 * @module
 */

import type { GpuSample } from "../../../telemetry/metrics.ts";
import type { ConfigView, PowerView } from "../../service_api.ts";
import { formatDuration, formatNumber } from "./format.ts";

/** The power budget as it is kept. */
export type Budget = NonNullable<PowerView["budget"]>;

/** A GPU as the power manager sees it. */
export type PowerGpu = PowerView["gpus"][number];

/** Whole watts: `700 W`. */
export function formatWatts(watts: number): string {
  return `${formatNumber(watts, 0)} W`;
}

/** What GPUs draw together in W, as far as it is known: of how many, and of how many there are. */
export function drawOf(
  samples: readonly Pick<GpuSample, "power_w">[],
): { watts: number; known: number; of: number } {
  const draws = samples.flatMap(({ power_w }) => typeof power_w === "number" ? [power_w] : []);
  return {
    watts: draws.reduce((sum, watts) => sum + watts, 0),
    known: draws.length,
    of: samples.length,
  };
}

/** The cap of a GPU, and the one that it has without the manager where that is another. */
export function capText({ cap_w, own_cap_w }: PowerGpu): string {
  if (cap_w === null) return "Its power cap is not known.";
  const own = own_cap_w === null || own_cap_w === cap_w
    ? ""
    : `, ${formatWatts(own_cap_w)} without the manager`;
  return `Power cap ${formatWatts(cap_w)}${own}.`;
}

/** Where the limit of a budget is from. */
export const BUDGET_SOURCES: Record<Budget["source"], string> = {
  power_limit_watts: "the limit for all GPUs (power_limit_watts)",
  psu_capacity_watts: "the power supply less its margin (psu_capacity_watts)",
};

type Values = Readonly<Record<string, string | number | boolean | null>>;

/**
 * The policy as facts, from `[power]` of the configuration. A key that is not there is left out: another
 * version of the service may have other ones.
 */
export function policyFacts(config: ConfigView | null): [string, string][] {
  const values: Values = config?.values["power"] ?? {};
  const told = (
    key: string,
    label: string,
    text: (value: number) => string,
  ): [string, string][] => {
    const value = values[key];
    return typeof value === "number" ? [[label, text(value)]] : [];
  };
  const choice = (key: string, label: string): [string, string][] => {
    const value = values[key];
    return typeof value === "boolean" ? [[label, value ? "yes" : "no"]] : [];
  };
  const limit = (value: number) => value === 0 ? "none" : formatWatts(value);
  const celsius = (value: number) => `${formatNumber(value)} °C`;
  const percent = (value: number) => `${formatNumber(value)} %`;
  return [
    ...choice("enable_parking", "Idle GPUs may sleep"),
    ...told("park_timeout_ms", "Parked when idle for", formatDuration),
    ...told("idle_timeout_ms", "Idle after", formatDuration),
    ...told("idle_below_percent", "Idle below", percent),
    ...choice("enable_thermal", "Hot GPUs are held back"),
    ...told("thermal_threshold", "Hot from", celsius),
    ...told("critical_threshold", "Critical from", celsius),
    ...told("power_limit_watts", "Limit for all GPUs", limit),
    ...told("psu_capacity_watts", "Power supply", limit),
    ...told("psu_safety_margin_percent", "Its margin", percent),
  ];
}
