/**
 * The power limit of a GPU by hwmon.
 *
 * Source: the kernel's `Documentation/hwmon/sysfs-interface.rst` (µW).
 *
 * @module
 */

import type { ControlFiles } from "./files.ts";
import { present } from "./files.ts";
import { type ControlSurface, noSurface, numberOf } from "./surface.ts";
import { ControlError, type SettingRange } from "./setting.ts";
import { writeStep } from "./step.ts";

const MICROWATTS = 1e6;

/** Which of a driver's limits it is. */
export interface PowerLimitFile {
  /** `power1`. */
  sensor: string;
  /** The file behind it: `cap`, `max`. */
  limit: string;
  /** To how many W the driver rounds. */
  step: number;
  /** The highest value in W where the driver has no file for it. */
  ceiling?: { watts: number; source: string };
  /** The default in W where the driver has no file for it. */
  default?: number;
  /** What to say of it. */
  note?: string;
}

/** The file with the highest value: Intel's drivers call it `power1_rated_max`. */
function ceilingFile(name: string): string {
  return name.endsWith("_cap") ? `${name}_max` : name.replace(/_max$/, "_rated_max");
}

function whyNot(
  files: ControlFiles,
  raw: number | undefined,
  range: SettingRange | null,
  name: string,
): string | undefined {
  if (raw === undefined) return `${name} cannot be read, so it could not be put back`;
  if (range !== null) return undefined;
  const ceiling = ceilingFile(name);
  return files.has(`${files.hwmon}/${ceiling}`)
    ? `the driver gives no range (${ceiling} says none)`
    : `the driver gives no range (no file ${ceiling})`;
}

/** The power cap of one file. */
export function hwmonPowerCap(files: ControlFiles, of: PowerLimitFile): ControlSurface {
  const { hwmon } = files;
  if (hwmon === undefined) {
    return noSurface(["power"], "the driver shows no hwmon sensors of this GPU");
  }
  const name = `${of.sensor}_${of.limit}`;
  const attribute = `${hwmon}/${name}`;
  if (!files.has(attribute)) {
    return noSurface(["power"], `no file ${name} in hwmon: the driver sets no power cap here`);
  }
  const watts = (file: string) => {
    const raw = files.integer(`${hwmon}/${file}`);
    return raw === undefined ? undefined : raw / MICROWATTS;
  };
  // 0 W is no limit: one that is off (i915, xe), or a die that has none (the second of an MI250).
  const limit = (file: string) => {
    const found = watts(file);
    return found !== undefined && found > 0 ? found : undefined;
  };
  const raw = files.integer(attribute);
  const now = limit(name);
  const least = watts(`${name}_min`) ?? (of.ceiling === undefined ? undefined : of.step);
  const most = limit(`${name}_max`) ?? of.ceiling?.watts;
  const standard = limit(`${name}_default`) ?? of.default;
  // A least value of 0 is none: amdgpu takes 0 for "the default", i915 for "no limit".
  const range: SettingRange | null = least !== undefined && most !== undefined
    ? { min: Math.max(least, of.step), max: most, step: of.step }
    : null;
  const state = files.state("power_cap_w", [attribute], {
    value: now ?? null,
    value_absent: now !== undefined
      ? null
      : raw === undefined
      ? files.whyNot(attribute, "power")
      : `${name} says ${raw / MICROWATTS} W, which is no limit`,
    default: standard ?? null,
    range,
    source: `hwmon:${name}`,
    note: of.note ?? null,
  }, whyNot(files, raw, range, name));
  return {
    settings: [state],
    absent: {},
    plan(changes) {
      const value = numberOf(changes, "power_cap_w") ?? standard;
      if (value === undefined) {
        throw new ControlError(
          `power cap: the driver does not tell its default (no file ${name}_default): set a value`,
        );
      }
      return present([writeStep({
        path: files.path(attribute),
        now: files.text(attribute) ?? "",
        text: String(Math.round(value * MICROWATTS)),
        tolerance: of.step * MICROWATTS / 2,
      })]);
    },
  };
}
