/**
 * amdgpu's masks of clock levels: `pp_dpm_sclk` and `pp_dpm_mclk` take the levels that may be used.
 *
 * @module
 */

import { parseDpmLevels } from "../../telemetry/amdgpu/dpm.ts";
import type { ControlFiles } from "../files.ts";
import { present } from "../files.ts";
import { ControlError, type SettingId } from "../setting.ts";
import { step } from "../step.ts";
import { type ControlSurface, noSurface, numberOf } from "../surface.ts";
import { LEVEL_FILE, levelStep, whyNoManual } from "./level.ts";

/**
 * Fewer levels than this in `pp_dpm_sclk` are no levels: chips that set clocks finely show the least, the one
 * now and the most.
 */
const LEAST_CORE_LEVELS = 4;

/** The highest clock of one table, by a mask of the levels up to it. */
export function dpmMask(
  files: ControlFiles,
  file: "pp_dpm_sclk" | "pp_dpm_mclk",
  id: SettingId,
): ControlSurface {
  const levels = parseDpmLevels(files.text(file) ?? "")
    .flatMap(({ index, mhz }) => index === null ? [] : [{ index, mhz }]);
  const clocks = [...new Set(levels.map(({ mhz }) => mhz))];
  if (clocks.length < (file === "pp_dpm_sclk" ? LEAST_CORE_LEVELS : 2)) {
    return noSurface(["clocks"], files.has(file) ? `${file} has no levels to choose from` : "");
  }
  const most = Math.max(...clocks);
  const manual = files.text(LEVEL_FILE) === "manual";
  const refused = whyNoManual(files);
  const state = files.state(
    id,
    [file, LEVEL_FILE],
    {
      // The driver shows no mask: below manual there is none.
      value: manual || refused !== undefined ? null : most,
      value_absent: manual ? "the driver does not show which levels are allowed" : refused ?? null,
      default: most,
      choices: clocks.sort((a, b) => a - b),
      source: `sysfs:${file}`,
      note: "takes effect at performance level manual, which is set with it",
    },
    refused,
  );
  const mask = (upTo: number) =>
    levels.filter(({ mhz }) => mhz <= upTo).map(({ index }) => index).join(" ");
  return {
    settings: [state],
    absent: {},
    plan(changes) {
      const value = numberOf(changes, id) ?? most;
      const toManual = levelStep(files, "manual");
      if (changes.get(id)?.kind === "reset" && toManual !== undefined) return [];
      if (mask(value) === "") throw new ControlError(`${file} has no level up to ${value} MHz`);
      const path = files.path(file);
      return present([
        toManual,
        step({
          action: { kind: "write", path, text: mask(value) },
          // Leaving manual gives up the mask; where it was manual before, nobody can tell the mask.
          undo: toManual === undefined ? [{ kind: "write", path, text: mask(most) }] : [],
          note: toManual === undefined
            ? "the driver does not show masks: going back means all levels"
            : "the driver does not show masks, so this is not read back",
        }),
      ]);
    },
  };
}
