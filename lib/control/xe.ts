/**
 * xe's settings: the range of each GT's clock, the profile of its frequency governor, the power limit.
 *
 * Source: the kernel's `Documentation/ABI/testing/sysfs-driver-intel-xe-hwmon` and `xe_gt_freq.c`.
 *
 * @module
 */

import { ControlFiles, present } from "./files.ts";
import { hwmonPowerCap, type PowerLimitFile } from "./hwmon_power.ts";
import { type RangeFiles, rangeStates, rangeSteps } from "./range_files.ts";
import { writeStep } from "./step.ts";
import { type ControlDriver, type ControlSurface, joinSurfaces, noSurface } from "./surface.ts";

/** `tile0/gt0/freq0` of each GT. */
function frequencyDirectories(files: ControlFiles): string[] {
  return files.list("").filter((name) => /^tile\d+$/.test(name)).flatMap((tile) =>
    files.list(tile).filter((name) => /^gt\d+$/.test(name)).map((gt) => `${tile}/${gt}/freq0`)
  ).filter((directory) => files.has(`${directory}/max_freq`));
}

/**
 * GTs whose range is the main one's: all are set alike. Others (the media GT) have a range of their own, and
 * keep their clocks.
 */
function xeClocks(files: ControlFiles): ControlSurface {
  const ranges = frequencyDirectories(files).map((directory): RangeFiles => ({
    min: `${directory}/min_freq`,
    max: `${directory}/max_freq`,
    lowest: `${directory}/rpn_freq`,
    highest: `${directory}/rp0_freq`,
  }));
  const [first] = ranges;
  if (first === undefined) return noSurface(["clocks"], "no file tile0/gt0/freq0/max_freq");
  const top = (of: RangeFiles) => [files.integer(of.lowest), files.integer(of.highest)].join();
  const alike = ranges.filter((of) => top(of) === top(first));
  const others = ranges.length - alike.length;
  const note = others === 0
    ? null
    : `${others} more GT${others === 1 ? "" : "s"} with a range of another kind ` +
      `${others === 1 ? "keeps its" : "keep their"} clocks`;
  return {
    settings: rangeStates(files, alike, note),
    absent: {},
    plan: (changes) => alike.flatMap((of) => rangeSteps(files, of, changes)),
  };
}

function xeProfile(files: ControlFiles): ControlSurface {
  const all = frequencyDirectories(files).map((directory) => `${directory}/power_profile`)
    .filter((file) => files.has(file));
  const [first] = all;
  if (first === undefined) {
    return noSurface(["profile"], "no file freq0/power_profile (Linux 6.18)");
  }
  const text = files.text(first) ?? "";
  const value = /\[(\w+)\]/.exec(text)?.[1];
  return {
    settings: [files.state("profile", all, {
      value: value ?? null,
      value_absent: value === undefined ? files.whyNot(first, "list with one in brackets") : null,
      default: "base",
      choices: text.split(/\s+/).map((word) => word.replace(/^\[(.*)\]$/, "$1"))
        .filter((word) => word !== ""),
      source: `sysfs:${first}`,
    })],
    absent: {},
    plan(changes) {
      const change = changes.get("profile");
      const wanted = change?.kind === "set" ? String(change.value) : "base";
      return present(all.map((file) =>
        writeStep({
          path: files.path(file),
          now: files.text(file) ?? "",
          text: wanted,
          pick: "bracketed",
        })
      ));
    },
  };
}

/**
 * The limit that stands for the card, of those that are on: hwmon's sensors have labels, and the whole card
 * comes before its chip.
 */
function xePower(files: ControlFiles): ControlSurface {
  const { hwmon } = files;
  if (hwmon === undefined) return noSurface(["power"], "the driver shows no hwmon sensors");
  const sensors = ["power1", "power2"].flatMap((sensor) =>
    ["max", "cap"].filter((limit) => files.has(`${hwmon}/${sensor}_${limit}`)).map((limit) => ({
      sensor,
      limit,
      label: files.text(`${hwmon}/${sensor}_label`),
    }))
  );
  // 0 says that a limit is off: the one that holds stands for the card, as in what telemetry shows.
  const on = sensors.filter(({ sensor, limit }) => files.integer(`${hwmon}/${sensor}_${limit}`));
  const among = on.length > 0 ? on : sensors;
  const chosen = among.find(({ label }) => label === "card") ?? among[0];
  if (chosen === undefined) {
    return noSurface(["power"], "no file power1_max or power1_cap in hwmon");
  }
  const rated = files.integer(`${hwmon}/${chosen.sensor}_rated_max`);
  const of: PowerLimitFile = {
    sensor: chosen.sensor,
    limit: chosen.limit,
    step: 1,
    ...(rated !== undefined && rated > 0 && {
      ceiling: { watts: rated / 1e6, source: `${chosen.sensor}_rated_max` },
      default: rated / 1e6,
    }),
    ...(chosen.label !== undefined && { note: `of the ${chosen.label}` }),
  };
  return hwmonPowerCap(files, of);
}

/** The kernel's `xe`. */
export const xeControl: ControlDriver = {
  name: "xe",
  claims: (gpu) => gpu.driver === "xe",
  open(gpu, context) {
    const files = ControlFiles.of(gpu, context);
    if (files === undefined) return noSurface(["power", "clocks"], "no directory in sysfs");
    return joinSurfaces([
      xePower(files),
      xeClocks(files),
      xeProfile(files),
      noSurface(["fan"], "xe sets no fan: the card's firmware drives it"),
    ]);
  },
};
