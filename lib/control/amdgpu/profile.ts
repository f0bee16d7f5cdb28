/**
 * amdgpu's performance level and the profile of its heuristics.
 *
 * @module
 */

import type { ControlFiles } from "../files.ts";
import { present } from "../files.ts";
import { ControlError, type SettingState } from "../setting.ts";
import { writeStep } from "../step.ts";
import type { ControlSurface } from "../surface.ts";
import { LEVEL_FILE, LEVELS, levelStep, whyNoManual } from "./level.ts";
import { activeProfile, CUSTOM_PROFILE, parseProfileModes } from "./profile_mode.ts";

const PROFILE_FILE = "pp_power_profile_mode";

/** The kernel's default (`PP_SMC_POWER_PROFILE_BOOTUP_DEFAULT`) is that with this name. */
const DEFAULT_PROFILE = "BOOTUP_DEFAULT";

function levelState(files: ControlFiles): SettingState | undefined {
  if (!files.has(LEVEL_FILE)) return undefined;
  const now = files.text(LEVEL_FILE);
  return files.state("performance_level", [LEVEL_FILE], {
    value: now ?? null,
    value_absent: now === undefined ? files.whyNot(LEVEL_FILE, "level") : null,
    default: "auto",
    choices: [...LEVELS],
    source: `sysfs:${LEVEL_FILE}`,
  });
}

function profileState(files: ControlFiles, text: string | undefined): SettingState {
  const modes = parseProfileModes(text ?? "");
  const refused = whyNoManual(files);
  return files.state(
    "profile",
    [PROFILE_FILE, LEVEL_FILE],
    {
      value: activeProfile(text ?? "")?.name ?? null,
      value_absent: activeProfile(text ?? "") === undefined
        ? files.whyNot(PROFILE_FILE, "table with an active profile")
        : null,
      default: modes.find(({ name }) => name === DEFAULT_PROFILE)?.name ?? null,
      choices: modes.map(({ name }) => name).filter((name) => name !== CUSTOM_PROFILE),
      source: `sysfs:${PROFILE_FILE}`,
      note: "takes effect at performance level manual, which is set with it",
    },
    refused === undefined ? undefined : `a profile needs performance level manual: ${refused}`,
  );
}

/** The two settings. */
export function amdgpuProfile(files: ControlFiles): ControlSurface {
  const text = files.text(PROFILE_FILE);
  const settings = [
    levelState(files),
    files.has(PROFILE_FILE) ? profileState(files, text) : undefined,
  ];
  return {
    settings: present(settings),
    absent: { profile: `neither ${LEVEL_FILE} nor ${PROFILE_FILE}` },
    plan(changes) {
      const level = changes.get("performance_level");
      const profile = changes.get("profile");
      const modes = parseProfileModes(text ?? "");
      const steps = [];
      if (profile?.kind === "set" && level?.kind === "set" && level.value !== "manual") {
        throw new ControlError(
          `a profile takes effect at performance level manual alone, not at ${level.value}`,
        );
      }
      if (profile !== undefined) {
        const wanted = profile.kind === "set" ? profile.value : DEFAULT_PROFILE;
        const index = modes.find(({ name }) => name === wanted)?.index;
        if (index === undefined) throw new ControlError(`profile: the driver has no ${wanted}`);
        const write = writeStep({
          path: files.path(PROFILE_FILE),
          now: text ?? "",
          text: String(index),
          pick: "profile",
        });
        // The driver refuses a profile at any other level, going back to the default included.
        if (write !== undefined || profile.kind === "set") {
          steps.push(levelStep(files, "manual"), write);
        }
      }
      if (level !== undefined) {
        const wanted = level.kind === "set" ? String(level.value) : "auto";
        steps.push(planLevel(files, wanted, steps.some((step) => step !== undefined)));
      }
      return present(steps);
    },
  };
}

/** The step to a level, perhaps after one that made it manual. */
function planLevel(files: ControlFiles, wanted: string, madeManual: boolean) {
  if (!madeManual) return levelStep(files, wanted);
  if (wanted === "manual") return undefined;
  return writeStep({ path: files.path(LEVEL_FILE), now: "manual", text: wanted });
}
