/**
 * Rules of temperatures and fans.
 *
 * @module
 */

import { type GpuSample, type MetricName, slowdownLimit } from "../metrics.ts";
import {
  GOOD,
  type HealthRule,
  HOLD,
  levelOf,
  missing,
  type RuleContext,
  short,
  type Verdict,
} from "./rule.ts";

/** What {@linkcode judgeHeat} compares. */
interface Heat {
  readonly metric: MetricName;
  readonly what: string;
  readonly warning: number;
  readonly critical: number;
}

function judgeHeat(sample: GpuSample, context: RuleContext, heat: Heat): Verdict {
  const value = sample[heat.metric];
  if (typeof value !== "number") return missing(sample, heat.metric);
  const { thresholds: { temperature_margin_c: margin }, held } = context;
  const severity = levelOf(value, heat, margin, held);
  if (severity === null) return GOOD;
  const limit = heat[severity];
  const text = `${heat.what} ${short(value)} °C, ${severity} from ${short(limit)} °C`;
  return { state: "bad", severity, value, limit, text };
}

/** The temperature of the chip, by fixed limits and by the one at which the driver slows it down. */
const TEMPERATURE_HIGH: HealthRule = {
  id: "temperature_high",
  metric: "temperature_c",
  describe: "the chip is hot, or close to where its driver slows it down",
  raises: "raise_samples",
  asleep: "good",
  judge(sample, context) {
    const { thresholds } = context;
    const slowdown = slowdownLimit(sample.temperature_slowdown_c);
    return judgeHeat(sample, context, {
      metric: "temperature_c",
      what: "temperature",
      warning: Math.min(
        thresholds.temperature_warning_c,
        slowdown - thresholds.slowdown_margin_c,
      ),
      critical: Math.min(thresholds.temperature_critical_c, slowdown),
    });
  },
};

const HOTSPOT_HIGH: HealthRule = {
  id: "hotspot_high",
  metric: "temperature_hotspot_c",
  describe: "the hottest place of the chip is too hot",
  raises: "raise_samples",
  asleep: "good",
  judge: (sample, context) =>
    judgeHeat(sample, context, {
      metric: "temperature_hotspot_c",
      what: "hottest place",
      warning: context.thresholds.hotspot_warning_c,
      critical: context.thresholds.hotspot_critical_c,
    }),
};

const MEMORY_TEMPERATURE_HIGH: HealthRule = {
  id: "memory_temperature_high",
  metric: "temperature_memory_c",
  describe: "the memory is too hot",
  raises: "raise_samples",
  asleep: "good",
  judge: (sample, context) =>
    judgeHeat(sample, context, {
      metric: "temperature_memory_c",
      what: "memory",
      warning: context.thresholds.memory_temperature_warning_c,
      critical: context.thresholds.memory_temperature_critical_c,
    }),
};

/**
 * Whether the fan stands still; undefined where nothing tells. The speed comes first: what the fan is
 * told may read 0 while the firmware turns it at 1395 RPM.
 */
function standsStill(sample: GpuSample, slowest: number): boolean | undefined {
  if (sample.fan_rpm !== null) return sample.fan_rpm < slowest;
  return sample.fan_pct === null ? undefined : sample.fan_pct <= 0;
}

/** A fan that stands still on a hot chip. Below that, many cards stop it on purpose. */
const FAN_STOPPED: HealthRule = {
  id: "fan_stopped",
  metric: "fan_rpm",
  describe: "the fan stands still while the chip is hot",
  raises: "slow_raise_samples",
  asleep: "good",
  judge(sample, { thresholds, held }) {
    const still = standsStill(sample, thresholds.fan_stopped_below_rpm);
    if (still === undefined) return missing(sample, "fan_rpm", "fan_pct");
    if (!still) return GOOD;
    const celsius = sample.temperature_c ?? sample.temperature_hotspot_c;
    if (celsius === null) return missing(sample, "temperature_c");
    const limit = thresholds.fan_stopped_above_c;
    if (celsius < limit) {
      return held !== null && celsius >= limit - thresholds.temperature_margin_c ? HOLD : GOOD;
    }
    const shown = sample.fan_rpm !== null
      ? `at ${short(sample.fan_rpm)} RPM`
      : "told to turn at 0 %";
    return {
      state: "bad",
      severity: "critical",
      value: sample.fan_rpm ?? sample.fan_pct,
      limit: sample.fan_rpm !== null ? thresholds.fan_stopped_below_rpm : 0,
      text: `fan ${shown} with the chip at ${short(celsius)} °C: it should turn from ` +
        `${short(limit)} °C on`,
    };
  },
};

/** Rules of temperatures and fans. */
export const HEAT_RULES: readonly HealthRule[] = [
  TEMPERATURE_HIGH,
  HOTSPOT_HIGH,
  MEMORY_TEMPERATURE_HIGH,
  FAN_STOPPED,
];
