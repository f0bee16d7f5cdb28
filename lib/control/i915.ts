/**
 * i915's settings: the range of the render clock, the power limit.
 *
 * Source: the kernel's `Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon` and `i915_sysfs.c`.
 *
 * @module
 */

import { ControlFiles, present } from "./files.ts";
import { hwmonPowerCap } from "./hwmon_power.ts";
import { rangeStates, rangeSteps } from "./range_files.ts";
import { type Step, writeStep } from "./step.ts";
import { type ControlDriver, type ControlSurface, joinSurfaces, noSurface } from "./surface.ts";

/** Clocks in MHz, in the card's directory of the DRM class. */
function i915Clocks(files: ControlFiles, card: string | undefined): ControlSurface {
  const directory = card === undefined ? undefined : `drm/${card}`;
  if (directory === undefined || !files.has(`${directory}/gt_max_freq_mhz`)) {
    return noSurface(["clocks"], "no file gt_max_freq_mhz of its card");
  }
  const of = {
    min: `${directory}/gt_min_freq_mhz`,
    max: `${directory}/gt_max_freq_mhz`,
    lowest: `${directory}/gt_RPn_freq_mhz`,
    highest: `${directory}/gt_RP0_freq_mhz`,
  };
  const boostFile = `${directory}/gt_boost_freq_mhz`;
  return {
    settings: rangeStates(files, [of], null),
    absent: {},
    plan(changes) {
      const steps = rangeSteps(files, of, changes);
      const boost = files.integer(boostFile);
      const change = changes.get("core_clock_max_mhz");
      if (boost === undefined || change === undefined) return steps;
      // The driver boosts waiting programs beyond the most clock, up to this one.
      const most = change.kind === "set" ? Number(change.value) : files.integer(of.highest);
      const wanted = change.kind === "reset" ? most : Math.min(boost, most ?? boost);
      return [...steps, ...boostStep(files, boostFile, boost, wanted ?? boost)];
    },
  };
}

function boostStep(files: ControlFiles, file: string, now: number, wanted: number): Step[] {
  return present([
    writeStep({ path: files.path(file), now: String(now), text: String(wanted) }),
  ]);
}

/** The kernel's `i915`. */
export const i915Control: ControlDriver = {
  name: "i915",
  claims: (gpu) => gpu.driver === "i915",
  open(gpu, context) {
    const files = ControlFiles.of(gpu, context);
    if (files === undefined) return noSurface(["power", "clocks"], "no directory in sysfs");
    const card = gpu.drm_node?.slice(gpu.drm_node.lastIndexOf("/") + 1);
    const rated = files.integer(`${files.hwmon}/power1_rated_max`);
    return joinSurfaces([
      hwmonPowerCap(files, {
        sensor: "power1",
        limit: "max",
        step: 1,
        ...(rated !== undefined && rated > 0 && {
          ceiling: { watts: rated / 1e6, source: "power1_rated_max" },
          default: rated / 1e6,
        }),
      }),
      i915Clocks(files, card),
      noSurface(["fan"], "i915 sets no fan: the card's firmware drives it"),
      noSurface(["profile"], "i915 has no profiles"),
    ]);
  },
};
