/**
 * Settings that a person has typed, before they are asked for. Pure.
 *
 * @module
 */

import {
  checkValue,
  ControlError,
  parseSettingValue,
  type SettingState,
} from "../../../control/setting.ts";

/** What was typed for a setting; null for the driver's default. */
export type Typed = Record<string, string | null>;

/** The values to ask for, and by setting what is wrong with the others. */
export interface Checked {
  values: Record<string, string | number | null>;
  problems: Record<string, string>;
}

/** Checks what was typed by the rules of the service, so that a slip is told at its field. */
export function checkTyped(settings: readonly SettingState[], typed: Typed): Checked {
  const values: Checked["values"] = {};
  const problems: Checked["problems"] = {};
  for (const setting of settings) {
    const text = typed[setting.id];
    if (text === undefined) continue;
    if (text === null) {
      values[setting.id] = null;
      continue;
    }
    if (text.trim() === "" || text === String(setting.value ?? "")) continue;
    try {
      values[setting.id] = checkValue(setting, parseSettingValue(setting.id, text));
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      problems[setting.id] = error.message;
    }
  }
  return { values, problems };
}
