/**
 * Clocks by the ranges and offsets in amdgpu's overdrive tables.
 *
 * An edit takes effect with the commit behind it, `c`; `r` brings the defaults, and some chips want a commit
 * behind that too.
 *
 * @module
 */

import type { ControlFiles } from "../files.ts";
import { present } from "../files.ts";
import { type SettingId, type SettingState } from "../setting.ts";
import { type Step, step } from "../step.ts";
import { type ControlSurface, type Limits, noSurface, numberOf, planLimits } from "../surface.ts";
import { levelStep } from "./level.ts";
import {
  hasVoltage,
  OVERDRIVE_FILE,
  type OverdriveTables,
  parseOverdrive,
  restoringEdits,
} from "./overdrive.ts";

/** Where a setting lies in the tables, and which letter begins its edit. */
interface Place {
  readonly id: SettingId;
  readonly table: string;
  readonly row: number;
  readonly range: string;
  readonly letter: "s" | "m";
}

const PLACES: readonly Place[] = [
  { id: "core_clock_min_mhz", table: "OD_SCLK", row: 0, range: "SCLK", letter: "s" },
  { id: "core_clock_max_mhz", table: "OD_SCLK", row: 1, range: "SCLK", letter: "s" },
  {
    id: "core_clock_offset_mhz",
    table: "OD_SCLK_OFFSET",
    row: 0,
    range: "SCLK_OFFSET",
    letter: "s",
  },
  { id: "memory_clock_min_mhz", table: "OD_MCLK", row: 0, range: "MCLK", letter: "m" },
  { id: "memory_clock_max_mhz", table: "OD_MCLK", row: 1, range: "MCLK", letter: "m" },
];

const PAIRS = [
  { min: "core_clock_min_mhz", max: "core_clock_max_mhz" },
  { min: "memory_clock_min_mhz", max: "memory_clock_max_mhz" },
] as const;

function valueOf({ tables }: OverdriveTables, { table, row }: Place): number | undefined {
  return tables.get(table)?.find(({ index }) => index === row)?.value;
}

function placeState(
  files: ControlFiles,
  tables: OverdriveTables,
  place: Place,
  refused: string | undefined,
): SettingState | undefined {
  const value = valueOf(tables, place);
  if (value === undefined) return undefined;
  const range = tables.ranges.get(place.range);
  return files.state(
    place.id,
    [OVERDRIVE_FILE],
    {
      value,
      range: range === undefined ? null : { ...range, step: 1 },
      // The driver tells no defaults; an offset's is none by its nature.
      default: place.table === "OD_SCLK_OFFSET" ? 0 : null,
      source: `sysfs:${OVERDRIVE_FILE} ${place.table}`,
    },
    refused ??
      (range === undefined ? `the driver gives no range ${place.range} in OD_RANGE` : undefined),
  );
}

/** What brings a row back. One that was outside of its range cannot be written: it is a default. */
function backTo(tables: OverdriveTables, place: Place, edit: string): string[] {
  const range = tables.ranges.get(place.range), now = valueOf(tables, place);
  const outside = range !== undefined && now !== undefined &&
    (now < range.min || now > range.max);
  return outside ? ["r", ...restoringEdits(tables)] : [edit, "c"];
}

/** One edit, which another write commits. */
function editStep(
  path: string,
  place: Place,
  tables: OverdriveTables,
  now: number,
  value: number,
): Step {
  const edit = (mhz: number) =>
    place.table === "OD_SCLK_OFFSET" ? `s ${mhz}` : `${place.letter} ${place.row} ${mhz}`;
  return step({
    action: { kind: "write", path, text: edit(value) },
    query: { kind: "file", path, pick: { table: place.table, row: place.row } },
    previous: String(now),
    expected: String(value),
    undo: backTo(tables, place, edit(now)).map((text) => ({ kind: "write", path, text })),
  });
}

/** The clocks of tables with ranges. `refused` says why overdrive is off. */
export function overdriveClocks(
  files: ControlFiles,
  text: string,
  refused: string | undefined,
): ControlSurface {
  const tables = parseOverdrive(text);
  const settings = present(PLACES.map((place) => placeState(files, tables, place, refused)));
  if (settings.length === 0) return noSurface(["clocks"], `${OVERDRIVE_FILE} has no clocks`);
  const path = files.path(OVERDRIVE_FILE);
  const commit = step({ action: { kind: "write", path, text: "c" } });
  // APUs and accelerators, whose tables have no voltages, take edits at this level alone.
  const prepare = () => hasVoltage(tables) ? [] : present([levelStep(files, "manual")]);
  return {
    settings,
    absent: {},
    plan(changes) {
      if ([...changes.values()].every(({ kind }) => kind === "reset")) {
        const undo = restoringEdits(tables)
          .map((edit) => ({ kind: "write" as const, path, text: edit }));
        const note = "brings back all defaults of the table, voltages included";
        const reset = step({ action: { kind: "write", path, text: "r" }, undo, note });
        return [...prepare(), reset, commit];
      }
      const wanted = new Map<SettingId, number>();
      const order: SettingId[] = [];
      for (const ids of PAIRS) {
        if (!changes.has(ids.min) && !changes.has(ids.max)) continue;
        const now: Limits = {
          min: stateValue(settings, ids.min, -Infinity),
          max: stateValue(settings, ids.max, Infinity),
        };
        const planned = planLimits(changes, ids, now, now);
        for (const which of planned.order) {
          wanted.set(ids[which], planned.limits[which]);
          order.push(ids[which]);
        }
      }
      const offset = numberOf(changes, "core_clock_offset_mhz");
      if (offset !== undefined) {
        wanted.set("core_clock_offset_mhz", offset);
        order.push("core_clock_offset_mhz");
      }
      const edits = order.flatMap((id) => {
        const place = PLACES.find((each) => each.id === id);
        const now = place && valueOf(tables, place);
        const value = wanted.get(id);
        return place === undefined || now === undefined || value === undefined || now === value
          ? []
          : [editStep(path, place, tables, now, value)];
      });
      return edits.length === 0 ? [] : [...prepare(), ...edits, commit];
    },
  };
}

function stateValue(settings: readonly SettingState[], id: SettingId, otherwise: number): number {
  const value = settings.find((setting) => setting.id === id)?.value;
  return typeof value === "number" ? value : otherwise;
}
