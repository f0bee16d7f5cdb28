/**
 * amdgpu's clocks: by the tables of overdrive where they hold ranges, and by masks of levels elsewhere.
 *
 * @module
 */

import { parseInteger } from "../../sysfs/sysroot.ts";
import type { ControlFiles } from "../files.ts";
import { type ControlSurface, joinSurfaces, noSurface } from "../surface.ts";
import { dpmMask } from "./dpm_mask.ts";
import {
  hasStates,
  hasVoltage,
  OVERDRIVE_FILE,
  overdriveOn,
  overdriveOption,
  parseOverdrive,
} from "./overdrive.ts";
import { overdriveClocks } from "./overdrive_clocks.ts";

/** What the files say of overdrive. */
export interface Overdrive {
  /** Why what it needs cannot be set, though its files are there: the bit is known to be off. */
  readonly refused: string | undefined;
  /** Why its files are not there, and how to get them. */
  readonly missing: string;
}

/**
 * Reads whether overdrive is on. Where its mask cannot be read, files of it that are there are taken at their
 * word: the driver makes them for GPUs that have it on.
 */
export function readOverdrive(files: ControlFiles): Overdrive {
  const text = files.context.sysroot.text("/sys/module/amdgpu/parameters/ppfeaturemask");
  const mask = text === undefined ? undefined : parseInteger(text);
  const on = overdriveOn(mask);
  const off = `overdrive is off (bit 0x4000 of amdgpu.ppfeaturemask): boot with ${
    overdriveOption(mask)
  }`;
  return {
    refused: on === false ? off : undefined,
    missing: on === false
      ? off
      : on
      ? "overdrive is on, and the driver has none for this chip"
      : `whether overdrive is on is not known; ${overdriveOption(mask)} turns it on`,
  };
}

/**
 * The clocks of a GPU.
 *
 * Clocks of up to two rows are ranges (`0: 500Mhz`, `1: 2735Mhz`), those with more are the states of older
 * chips, whose voltages belong to their clocks: there levels are chosen, and no clock is changed.
 */
export function amdgpuClocks(files: ControlFiles): ControlSurface {
  const text = files.paddedText(OVERDRIVE_FILE);
  const { tables } = parseOverdrive(text ?? "");
  if (text !== undefined && tables.size > 0 && !hasStates({ tables })) {
    // APUs have their tables whatever the mask says.
    const refused = hasVoltage({ tables }) ? readOverdrive(files).refused : undefined;
    return overdriveClocks(files, text, refused);
  }
  const masks = joinSurfaces([
    dpmMask(files, "pp_dpm_sclk", "core_clock_max_mhz"),
    dpmMask(files, "pp_dpm_mclk", "memory_clock_max_mhz"),
  ]);
  if (masks.settings.length > 0) return masks;
  const why = files.has(OVERDRIVE_FILE)
    ? files.whyNot(OVERDRIVE_FILE, "table")
    : `no file ${OVERDRIVE_FILE}: ${readOverdrive(files).missing}`;
  return noSurface(["clocks"], why);
}
