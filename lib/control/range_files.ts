/**
 * A least and a most clock in two files, as Intel's drivers have them.
 *
 * @module
 */

import type { ControlFiles } from "./files.ts";
import { present } from "./files.ts";
import type { SettingState } from "./setting.ts";
import { type Step, writeStep } from "./step.ts";
import { type Limits, planLimits } from "./surface.ts";
import type { Changes } from "./setting.ts";

/** The files of one range, by their names below the device. */
export interface RangeFiles {
  readonly min: string;
  readonly max: string;
  /** The lowest and highest clock of the hardware: RPn and RP0. */
  readonly lowest: string;
  readonly highest: string;
}

const IDS = { min: "core_clock_min_mhz", max: "core_clock_max_mhz" } as const;

function read(files: ControlFiles, of: RangeFiles) {
  const at = (file: string) => files.integer(file);
  return { min: at(of.min), max: at(of.max), lowest: at(of.lowest), highest: at(of.highest) };
}

/** The two settings of one or several ranges that are set alike: what is shown is the first's. */
export function rangeStates(
  files: ControlFiles,
  all: readonly RangeFiles[],
  note: string | null,
): SettingState[] {
  const [first] = all;
  if (first === undefined) return [];
  const now = read(files, first);
  // What every one of them can do.
  const known = all.map((of) => read(files, of));
  const lowest = Math.max(...known.map((each) => each.lowest ?? NaN));
  const highest = Math.min(...known.map((each) => each.highest ?? NaN));
  const range = lowest <= highest ? { min: lowest, max: highest, step: 1 } : null;
  return (["min", "max"] as const).map((which) =>
    files.state(
      IDS[which],
      all.map((of) => of[which]),
      {
        value: now[which] ?? null,
        value_absent: now[which] === undefined ? files.whyNot(first[which], "clock") : null,
        default: (which === "min" ? now.lowest : now.highest) ?? null,
        range,
        source: `sysfs:${first[which]}`,
        note,
      },
      range === null ? `the driver gives no range (${first.lowest}, ${first.highest})` : undefined,
    )
  );
}

/** The writes to one range. */
export function rangeSteps(files: ControlFiles, of: RangeFiles, changes: Changes): Step[] {
  const { min, max, lowest, highest } = read(files, of);
  if (min === undefined || max === undefined) return [];
  const now: Limits = { min, max };
  const standard: Limits = { min: lowest ?? min, max: highest ?? max };
  const { limits, order } = planLimits(changes, IDS, now, standard);
  return present(order.map((which) =>
    writeStep({
      path: files.path(of[which]),
      now: String(now[which]),
      text: String(limits[which]),
    })
  ));
}
