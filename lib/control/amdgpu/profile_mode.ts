/**
 * amdgpu's `pp_power_profile_mode`: which profile of the power management's heuristics is active.
 *
 * Source: the functions of the kernel that print it, in `drivers/gpu/drm/amd/pm`:
 *
 * - `vega10_hwmgr.c`, `smu7_hwmgr.c`: a row a profile, `  1 3D_FULL_SCREEN *:  70  60 …`;
 * - `navi10_ppt.c`, `sienna_cichlid_ppt.c`, `smu_v13_0_0_ppt.c`, `smu_v14_0_2_ppt.c`, `arcturus_ppt.c`: such a
 *   row without numbers, and below it one a clock, `  0(  GFXCLK)  0  5 …`;
 * - `renoir_ppt.c`, `vangogh_ppt.c`: rows of number and name alone, ` 1 3D_FULL_SCREEN*`;
 * - `smu_v13_0_7_ppt.c`: a column a profile, with all names in the first line.
 *
 * @module
 */

/** One profile. */
export interface ProfileMode {
  /** The number by which it is chosen. */
  index: number;
  /** The kernel's name: `COMPUTE`. */
  name: string;
  active: boolean;
}

/** The profile that is chosen with numbers of one's own: not by its number alone. */
export const CUSTOM_PROFILE = "CUSTOM";

/** A number and a name that has a letter: not the `0(` of a clock's row, nor two numbers of a table. */
const PROFILE = /(?<=^|\s)(\d{1,2}) +((?=\w*[A-Za-z])[A-Za-z0-9_]+) *(\*?)/g;

/** A row of one profile, alone on its line but for numbers behind a colon. */
const ROW = /^\s*(\d{1,2})\s+((?=\w*[A-Za-z])[A-Za-z0-9_]+)\s*(\*?)\s*(?::.*)?$/;

/** Parses the file. Lines of another form are left out; a profile's number is taken once. */
export function parseProfileModes(text: string): ProfileMode[] {
  const found = new Map<number, ProfileMode>();
  const add = (match: RegExpMatchArray) => {
    const [, number = "", name = "", star] = match;
    const index = Number(number);
    if (!found.has(index)) found.set(index, { index, name, active: star === "*" });
  };
  const [first = "", ...others] = text.split("\n");
  const columns = [...first.matchAll(PROFILE)];
  if (columns.length > 1) columns.forEach(add);
  else {
    for (const line of [first, ...others]) {
      const match = ROW.exec(line);
      if (match !== null) add(match);
    }
  }
  return [...found.values()];
}

/** The profile with the star; undefined where none or several have one. */
export function activeProfile(text: string): ProfileMode | undefined {
  const [active, ...more] = parseProfileModes(text).filter((mode) => mode.active);
  return more.length === 0 ? active : undefined;
}
