/**
 * Finding one value in the text of a setting's file.
 *
 * @module
 */

import { activeProfile } from "./amdgpu/profile_mode.ts";
import { parseFanCurve, parseFanValue } from "./amdgpu/fan_ctrl.ts";
import { parseOverdrive } from "./amdgpu/overdrive.ts";

/**
 * Which value: `text` is all of it; `profile` the number of the active one of amdgpu's profiles; `bracketed`
 * the word in brackets of a list; `fan value` that of a file of `gpu_od/fan_ctrl`; else a point of the fan
 * curve there, or a row of `pp_od_clk_voltage`, e.g. `OD_SCLK` and 1.
 */
export type Pick =
  | "text"
  | "profile"
  | "bracketed"
  | "fan value"
  | { readonly curvePoint: number }
  | { readonly table: string; readonly row: number };

/** The value in a canonical form; undefined where the text does not have it. */
export function pickValue(text: string, pick: Pick): string | undefined {
  if (pick === "text") return text.trim();
  if (pick === "profile") return activeProfile(text)?.index.toString();
  if (pick === "bracketed") return /\[([^\]\s]+)\]/.exec(text)?.[1];
  if (pick === "fan value") return parseFanValue(text)?.value.toString();
  if ("curvePoint" in pick) {
    const point = parseFanCurve(text)?.points[pick.curvePoint];
    return point && `${point.temperature_c} ${point.fan_pct}`;
  }
  const rows = parseOverdrive(text).tables.get(pick.table);
  return rows?.find(({ index }) => index === pick.row)?.value.toString();
}
