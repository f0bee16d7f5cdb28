/**
 * What a command that changes settings was asked to do.
 *
 * @module
 */

import { parseDuration } from "../control/duration.ts";
import {
  type Change,
  ControlError,
  parseSettingValue,
  type SettingId,
  SETTINGS,
  type SettingState,
} from "../control/setting.ts";
import { type CommandInput, UsageError, value } from "./command.ts";
import type { ControlRow } from "./control_table.ts";

/** Commander's name of an option: `--memory-min <MHz>` is `memoryMin`. */
function optionName(flags: string): string {
  const long = /--([a-z-]+)/.exec(flags)?.[1] ?? "";
  return long.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The values that were given, by setting. */
function givenValues(row: ControlRow, input: CommandInput): Map<SettingId, string> {
  const given = new Map<SettingId, string>();
  const positional = input.args[1];
  if (positional !== undefined) {
    if (row.value === undefined) {
      throw new UsageError(`'${positional}': mvgal ${row.group} takes options alone`);
    }
    given.set(row.value.id, positional);
  }
  for (const { id, spec } of row.options) {
    const text = value(input, optionName(spec.flags));
    if (text !== undefined) given.set(id, text);
  }
  return given;
}

/**
 * The changes that `set` makes.
 *
 * @throws {UsageError} where nothing is to be set, or a value is none.
 */
export function changesToSet(row: ControlRow, input: CommandInput): Map<SettingId, Change> {
  const given = givenValues(row, input);
  if (row.otherwise !== undefined && !given.has(row.otherwise.id)) {
    given.set(row.otherwise.id, row.otherwise.value);
  }
  if (given.size === 0) {
    const options = row.options.map(({ spec }) => spec.flags.split(" ")[0]);
    const ways = [...(row.value === undefined ? [] : [`<${row.value.name}>`]), ...options];
    throw new UsageError(`nothing to set: give ${ways.join(", ")}`);
  }
  try {
    return new Map(
      Array.from(given, ([id, text]) => [id, { kind: "set", value: parseSettingValue(id, text) }]),
    );
  } catch (error) {
    if (error instanceof ControlError) throw new UsageError(error.message);
    throw error;
  }
}

/**
 * The changes that `reset` makes on one GPU: all settings of the group that it has.
 *
 * @throws {UsageError} where values were given.
 */
export function changesToReset(
  row: ControlRow,
  input: CommandInput,
  surface: { settings: readonly SettingState[] },
): Map<SettingId, Change> {
  if (givenValues(row, input).size > 0) {
    throw new UsageError("reset takes no values: it brings back the driver's defaults of all");
  }
  const own = surface.settings.filter(({ id }) => SETTINGS[id].group === row.group)
    .map(({ id }) => id);
  const settable = surface.settings.filter(({ refused_by }) => refused_by !== "driver")
    .map(({ id }) => id);
  const named = row.resets ?? (own.filter((id) => settable.includes(id)));
  // Where none can be set, the plan says why.
  const ids = named.length > 0 ? named : own.length > 0 ? own : firstOf(row);
  return new Map(ids.map((id) => [id, { kind: "reset" }]));
}

function firstOf(row: ControlRow): SettingId[] {
  const [id] = (Object.keys(SETTINGS) as SettingId[])
    .filter((each) => SETTINGS[each].group === row.group);
  return id === undefined ? [] : [id];
}

/**
 * Refuses what `show` would pass over.
 *
 * @throws {UsageError} where something was to be set.
 */
export function checkShowsAlone(row: ControlRow, input: CommandInput): void {
  if (givenValues(row, input).size > 0 || value(input, "for") !== undefined) {
    throw new UsageError("show takes no values: write set in its place, or leave them out");
  }
}

/**
 * Seconds of `--for`; undefined where it was not given.
 *
 * @throws {UsageError} where it is no length of time.
 */
export function secondsOf(input: CommandInput): number | undefined {
  const text = value(input, "for");
  if (text === undefined) return undefined;
  const seconds = parseDuration(text);
  if (seconds !== undefined) return seconds;
  throw new UsageError(`--for '${text}' is no time up to a week: write it like 30s, 10m or 1h30m`);
}
