/**
 * The clock levels of amdgpu: `pp_dpm_sclk`, `pp_dpm_mclk` and their like.
 *
 * Source: the kernel's `Documentation/gpu/amdgpu/thermal.rst` and the functions that print them
 * (`smu_cmn_print_dpm_clk_levels`, `smu_v13_0_6_print_clks`, `smu10_hwmgr.c` and others).
 *
 * @module
 */

import { isPlausible } from "../hwmon.ts";

/** One line: `1: 600Mhz *`. */
export interface DpmLevel {
  /** The level's number, by which it is chosen; null for the line `S:`, which is no level of its own. */
  index: number | null;
  mhz: number;
  /** Whether it is starred. */
  current: boolean;
}

/**
 * Parses a table of clock levels. Lines of another form, or with a clock that nothing has, are left out; all of
 * them gives an empty list.
 */
export function parseDpmLevels(text: string): DpmLevel[] {
  const levels: DpmLevel[] = [];
  for (const line of text.split("\n")) {
    const match = /^(\d{1,3}|[A-Z]): ?(\d{1,6}) ?mhz ?(\*?)$/i.exec(line.trim());
    const [, index = "", mhz = "", star] = match ?? [];
    if (match === null || !isPlausible("freq", Number(mhz))) continue;
    levels.push({
      index: /^\d/.test(index) ? Number(index) : null,
      mhz: Number(mhz),
      current: star === "*",
    });
  }
  return levels;
}

/** The clock now, where the stars agree; undefined for no star, or for stars on different clocks. */
export function currentMhz(levels: readonly DpmLevel[]): number | undefined {
  const [first, ...others] = levels.filter((level) => level.current);
  return others.every((level) => level.mhz === first?.mhz) ? first?.mhz : undefined;
}

/**
 * The lowest and highest level. Of a table with a range and not levels, the driver prints the two ends
 * with the clock of just now between them, even where that is below the first (deep sleep), or puts it on
 * a line `S:` before: the ends are the first and the last line that are levels. Some processors' tables
 * fall instead of rising.
 */
export function dpmRange(
  levels: readonly DpmLevel[],
): { min_mhz: number; max_mhz: number } | undefined {
  const ends = levels.filter((level) => level.index !== null || !level.current);
  const first = ends[0]?.mhz, last = ends.at(-1)?.mhz;
  if (first === undefined || last === undefined) return undefined;
  return { min_mhz: Math.min(first, last), max_mhz: Math.max(first, last) };
}
