/**
 * A setting that is one word in one file.
 *
 * @module
 */

import { type ControlFiles, present } from "./files.ts";
import type { SettingId } from "./setting.ts";
import { writeStep } from "./step.ts";
import { type ControlSurface, noSurface } from "./surface.ts";
import { SETTINGS } from "./setting.ts";

/** Which file, and what it takes. */
export interface WordFile {
  readonly id: SettingId;
  readonly file: string;
  readonly choices: readonly string[];
  /** What a reset writes. */
  readonly standard: string;
}

/** The setting, where there is the file. */
export function wordFile(files: ControlFiles, of: WordFile): ControlSurface {
  if (!files.has(of.file)) return noSurface([SETTINGS[of.id].group], `no file ${of.file}`);
  const now = files.text(of.file);
  return {
    settings: [files.state(of.id, [of.file], {
      value: now ?? null,
      value_absent: now === undefined ? files.whyNot(of.file, "word") : null,
      default: of.standard,
      choices: [...of.choices],
      source: `sysfs:${of.file}`,
    })],
    absent: {},
    plan(changes) {
      const change = changes.get(of.id);
      const text = change?.kind === "set" ? String(change.value) : of.standard;
      return present([writeStep({ path: files.path(of.file), now: now ?? "", text })]);
    },
  };
}
