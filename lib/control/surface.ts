/**
 * What a control driver is: one kernel driver's or library's way to change the settings of its GPUs.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import type { NvmlOpener } from "./nvml_calls.ts";
import type { Changes, SettingGroup, SettingId, SettingState } from "./setting.ts";
import { ControlError, SETTINGS } from "./setting.ts";
import type { Step } from "./step.ts";

/** What drivers read with. */
export interface ControlContext {
  readonly sysroot: Sysroot;
  /** Whether a sleeping GPU may be woken to read its settings. */
  readonly wake: boolean;
  /**
   * Why a file below the root cannot be written by this user; undefined where it can, null where that is not
   * known (in a dump).
   */
  whyNotWritable(path: string): string | undefined | null;
  /** NVML, opened when it is first needed; undefined in a dump. */
  readonly nvml: NvmlOpener | undefined;
}

/** The settings of one GPU, or some of them, and what changes them. */
export interface ControlSurface {
  readonly settings: readonly SettingState[];
  /** For groups without a setting: why. */
  readonly absent: Partial<Record<SettingGroup, string>>;
  /**
   * The steps of changes, in order. The values have been checked against `settings`. Settings that have
   * their values already give no step.
   *
   * @throws {ControlError} where they cannot be made together.
   */
  plan(changes: Changes): Step[];
}

/** A kind of driver. */
export interface ControlDriver {
  /** `amdgpu`, `nvidia`. */
  readonly name: string;
  /** Whether it is for this GPU. */
  claims(gpu: Gpu): boolean;
  /** Looks at a GPU's settings. Never throws for what a driver may answer. */
  open(gpu: Gpu, context: ControlContext): ControlSurface;
}

/** Several surfaces of one GPU as one. */
export function joinSurfaces(surfaces: readonly ControlSurface[]): ControlSurface {
  const settings = surfaces.flatMap((surface) => surface.settings);
  const present = new Set(settings.map(({ id }) => SETTINGS[id].group));
  const absent: Partial<Record<SettingGroup, string>> = {};
  for (const surface of surfaces) {
    for (const [group, why] of Object.entries(surface.absent) as [SettingGroup, string][]) {
      if (!present.has(group)) absent[group] ??= why;
    }
  }
  return {
    settings,
    absent,
    plan(changes) {
      return surfaces.flatMap((surface) => {
        const own = new Map(
          [...changes].filter(([id]) => surface.settings.some((setting) => setting.id === id)),
        );
        return own.size === 0 ? [] : surface.plan(own);
      });
    },
  };
}

/** A surface that has nothing of its groups, and why. */
export function noSurface(groups: readonly SettingGroup[], why: string): ControlSurface {
  return {
    settings: [],
    absent: Object.fromEntries(groups.map((group) => [group, why])),
    plan: () => [],
  };
}

/** The number that a change sets; undefined where it does not set that setting. */
export function numberOf(changes: Changes, id: SettingId): number | undefined {
  const change = changes.get(id);
  return change?.kind === "set" && typeof change.value === "number" ? change.value : undefined;
}

/** Two limits as they become by changes. */
export interface Limits {
  min: number;
  max: number;
}

/**
 * Limits after changes, and in which order to write them so that the least is never above the most.
 *
 * @param defaults what a reset gives.
 * @throws {ControlError} where the least would be above the most.
 */
export function planLimits(
  changes: Changes,
  ids: { readonly min: SettingId; readonly max: SettingId },
  now: Limits,
  defaults: Limits,
): { limits: Limits; order: readonly ("min" | "max")[] } {
  const become = (which: "min" | "max") => {
    const change = changes.get(ids[which]);
    return change === undefined ? now[which] : numberOf(changes, ids[which]) ?? defaults[which];
  };
  const limits = { min: become("min"), max: become("max") };
  if (limits.min > limits.max) {
    throw new ControlError(
      `${SETTINGS[ids.min].label} ${limits.min} MHz would be above the most, ${limits.max} MHz: ` +
        `set both`,
    );
  }
  return { limits, order: limits.min > now.max ? ["max", "min"] : ["min", "max"] };
}
