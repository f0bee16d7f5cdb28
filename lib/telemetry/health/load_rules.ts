/**
 * Rules of what shows under load: memory, clocks held down, power, the link.
 *
 * @module
 */

import type { GpuSample } from "../metrics.ts";
import { GOOD, type HealthRule, HOLD, levelOf, missing, short, type Verdict } from "./rule.ts";
import { throttledBy, type ThrottleKind } from "./throttle_reasons.ts";

const GIBIBYTE = 2 ** 30;

/**
 * Memory that runs out. Not for memory that is a part of the host's: firmware sets aside little of it,
 * drivers fill it first, and go on with the rest of the host's.
 */
const VRAM_HIGH: HealthRule = {
  id: "vram_high",
  metric: "vram_used_bytes",
  describe: "the GPU's own memory is nearly used up",
  raises: "raise_samples",
  asleep: "good",
  judge(sample, { thresholds, held, sharedMemory }) {
    const { vram_used_bytes: used, vram_total_bytes: total } = sample;
    if (used === null || total === null || total <= 0) {
      return missing(sample, "vram_used_bytes", "vram_total_bytes");
    }
    if (sharedMemory) return GOOD;
    const percent = (100 * used) / total;
    const limits = {
      warning: thresholds.vram_warning_pct,
      critical: thresholds.vram_critical_pct,
    };
    const severity = levelOf(percent, limits, thresholds.vram_margin_pct, held);
    if (severity === null) return GOOD;
    const share = limits[severity] / 100;
    return {
      state: "bad",
      severity,
      value: used,
      limit: Math.round(total * share),
      text: `memory ${short(percent)} % used (${short(used / GIBIBYTE)} of ` +
        `${short(total / GIBIBYTE)} GiB), ${severity} from ${short(limits[severity])} %`,
    };
  },
};

function judgeThrottling(sample: GpuSample, kind: ThrottleKind, why: string): Verdict {
  if (sample.throttle_reasons === null) return missing(sample, "throttle_reasons");
  const found = throttledBy(sample.throttle_reasons, kind);
  if (found === undefined) return GOOD;
  const value = found.reasons.join(" ");
  return {
    state: "bad",
    severity: found.severity,
    value,
    limit: null,
    text: `clocks held down ${why}: ${value}`,
  };
}

const THROTTLED_BY_HEAT: HealthRule = {
  id: "throttled_by_heat",
  metric: "throttle_reasons",
  describe: "the driver or the board holds the clocks down because of heat",
  raises: "raise_samples",
  asleep: "good",
  judge: (sample) => judgeThrottling(sample, "thermal", "by heat"),
};

/** Not the power cap: a GPU under full load is at its cap. */
const THROTTLED_BY_POWER_BRAKE: HealthRule = {
  id: "throttled_by_power_brake",
  metric: "throttle_reasons",
  describe: "the power supply or the board holds the clocks down",
  raises: "raise_samples",
  asleep: "good",
  judge: (sample) =>
    judgeThrottling(sample, "power_brake", "by the board (power supply, cables, or heat)"),
};

const POWER_ABOVE_CAP: HealthRule = {
  id: "power_above_cap",
  metric: "power_w",
  describe: "the GPU draws more than its power cap allows",
  raises: "slow_raise_samples",
  asleep: "good",
  judge(sample, { thresholds, held }) {
    const { power_w: watts, power_cap_w: cap } = sample;
    // A cap of 0 says that there is none.
    if (watts === null || cap === null || cap <= 0) {
      return missing(sample, "power_w", "power_cap_w");
    }
    const limit = cap * (1 + thresholds.power_over_cap_pct / 100);
    if (watts <= limit) return held !== null && watts > cap ? HOLD : GOOD;
    return {
      state: "bad",
      severity: "warning",
      value: watts,
      limit: cap,
      text: `draws ${short(watts)} W, its cap is ${short(cap)} W`,
    };
  },
};

/** Only under load: idle links go to a lower speed, and some to fewer lanes, to save power. */
const LINK_BELOW_MAXIMUM: HealthRule = {
  id: "link_below_maximum",
  metric: "pcie_link_width",
  describe: "the PCIe link is slower or narrower under load than both ends can do",
  raises: "slow_raise_samples",
  asleep: "hold",
  judge(sample, { thresholds }) {
    const {
      pcie_link_gen: gen,
      pcie_link_gen_max: genMax,
      pcie_link_width: width,
      pcie_link_width_max: widthMax,
      utilization_pct: busy,
    } = sample;
    const genBelow = gen !== null && genMax !== null && gen < genMax;
    const widthBelow = width !== null && widthMax !== null && width < widthMax;
    const widthKnown = width !== null && widthMax !== null;
    const genKnown = gen !== null && genMax !== null;
    if (!genKnown && !widthKnown) {
      return missing(
        sample,
        "pcie_link_gen",
        "pcie_link_width",
        "pcie_link_gen_max",
        "pcie_link_width_max",
      );
    }
    // At its best, whatever the load.
    if (!genBelow && !widthBelow && genKnown && widthKnown) return GOOD;
    if (busy === null) return missing(sample, "utilization_pct");
    if (busy < thresholds.link_load_pct) return HOLD;
    if (!genBelow && !widthBelow) return GOOD;
    return {
      state: "bad",
      severity: "warning",
      value: widthBelow ? width : gen,
      limit: widthBelow ? widthMax : genMax,
      text: `link ${linkText(gen, width)} at ${short(busy)} % load, both ends can do ` +
        linkText(genMax, widthMax),
    };
  },
};

function linkText(gen: number | null, width: number | null): string {
  return `Gen${gen ?? "?"} x${width ?? "?"}`;
}

/** Rules of what shows under load. */
export const LOAD_RULES: readonly HealthRule[] = [
  VRAM_HIGH,
  THROTTLED_BY_HEAT,
  THROTTLED_BY_POWER_BRAKE,
  POWER_ABOVE_CAP,
  LINK_BELOW_MAXIMUM,
];
