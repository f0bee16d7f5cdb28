/**
 * amdgpu's `power_dpm_force_performance_level`, on which its other settings hang.
 *
 * @module
 */

import type { ControlFiles } from "../files.ts";
import { ControlError } from "../setting.ts";
import { type Step, writeStep } from "../step.ts";

/** The file. */
export const LEVEL_FILE = "power_dpm_force_performance_level";

/** What it takes on every chip (`amdgpu_set_power_dpm_force_performance_level`). */
export const LEVELS = [
  "auto",
  "low",
  "high",
  "manual",
  "profile_standard",
  "profile_min_sclk",
  "profile_min_mclk",
  "profile_peak",
] as const;

/** Why the level cannot be set to manual; undefined where it can, as far as files show. */
export function whyNoManual(files: ControlFiles): string | undefined {
  return files.text(LEVEL_FILE) === undefined ? files.whyNot(LEVEL_FILE, "level") : undefined;
}

/** The step to a level; undefined where the GPU has it. */
export function levelStep(files: ControlFiles, level: string): Step | undefined {
  const now = files.text(LEVEL_FILE);
  if (now === undefined) throw new ControlError(files.whyNot(LEVEL_FILE, "level"));
  return writeStep({ path: files.path(LEVEL_FILE), now, text: level });
}
