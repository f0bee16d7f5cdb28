/**
 * What drivers' reasons for low clocks mean.
 *
 * @module
 */

import type { Severity } from "./report.ts";

/** Why clocks are held down by something that is wrong. */
export type ThrottleKind = "thermal" | "power_brake";

/** What a reason means for health; null for what is no fault: power and current limits, idling, settings. */
export interface ThrottleMeaning {
  readonly kind: ThrottleKind;
  readonly severity: Severity;
}

const HOT: ThrottleMeaning = { kind: "thermal", severity: "warning" };
const TOO_HOT: ThrottleMeaning = { kind: "thermal", severity: "critical" };
const BRAKE: ThrottleMeaning = { kind: "power_brake", severity: "critical" };
const SLOWED: ThrottleMeaning = { kind: "power_brake", severity: "warning" };

/** A row: names of one driver, and their meaning. The first that fits counts. */
type Row = readonly [RegExp, ThrottleMeaning | null];

/**
 * Sources: NVML's `nvmlClocksEventReason*`; `SMU_THROTTLER_*` and the `*_residency_acc` counters of amdgpu
 * (`amdgpu_smu.h`, `kgd_pp_interface.h`); i915's `throttle_reason_*` (`intel_gt_sysfs_pm.c`) and xe's
 * `reason_*` (`xe_gt_throttle.c`), in which `ratl` is the running average of the temperature.
 */
const ROWS: readonly Row[] = [
  // NVML. hw_slowdown alone does not say whether it is heat or the power supply.
  [/^hw_thermal_slowdown$/, TOO_HOT],
  [/^sw_thermal_slowdown$/, HOT],
  [/^hw_power_brake_slowdown$/, BRAKE],
  [/^hw_slowdown$/, SLOWED],
  // Processor or board ask everything to slow down: heat of voltage regulators, or of the host.
  [/prochot/i, TOO_HOT],
  [/^vrhot|^vr_therm(alert|al)$|^vr_thm/i, TOO_HOT],
  // Heat that the chip's own regulation answers.
  [/^temp_|(^|_)thm(_|$)|(^|_)therm(al)?(_|$)|^ratl$/i, HOT],
];

/** What a reason means; null for one that is no fault, or that is not known. */
export function throttleMeaning(reason: string): ThrottleMeaning | null {
  return ROWS.find(([names]) => names.test(reason))?.[1] ?? null;
}

/** What the reasons of one kind mean together: the worst of them, and which they are. */
export function throttledBy(
  reasons: readonly string[],
  kind: ThrottleKind,
): { severity: Severity; reasons: string[] } | undefined {
  const found = reasons.flatMap((reason) => {
    const meaning = throttleMeaning(reason);
    return meaning?.kind === kind ? [{ reason, severity: meaning.severity }] : [];
  });
  if (found.length === 0) return undefined;
  const critical = found.some(({ severity }) => severity === "critical");
  return {
    severity: critical ? "critical" : "warning",
    reasons: found.map(({ reason }) => reason),
  };
}
