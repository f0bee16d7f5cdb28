/**
 * Who changes the settings that a command is about: this process, or the service that runs.
 *
 * @module
 */

import type { PlannedChange } from "../control/plan.ts";
import type { Changes, SettingGroup, SettingState } from "../control/setting.ts";
import type { Step } from "../control/step.ts";
import type { Gpu, GpuId } from "../gpu/gpu.ts";

/** The settings of one group of a GPU. */
export interface GroupSettings {
  settings: readonly SettingState[];
  /** Why there are none; null where there are. */
  absent: string | null;
  /** What will be taken back, one line each. */
  pending: readonly string[];
}

/** A plan that is shown. */
export interface ShownPlan {
  gpu: GpuId;
  group: SettingGroup;
  changes: readonly PlannedChange[];
  steps: readonly Step[];
  risky: boolean;
  obstacles: readonly string[];
}

/** A change that was made. */
export interface MadeChange {
  gpu: GpuId;
  /** When it is taken back, ISO 8601; null where it stays. */
  until: string | null;
}

/** What came of taking a change back. */
export interface TakenBack {
  /** One line. */
  message: string;
  /** Whether nothing is left of it. */
  settled: boolean;
}

/** Changes settings. Each method rejects with one line where it cannot. */
export interface SettingsDesk {
  settings(gpu: Gpu, group: SettingGroup): Promise<GroupSettings>;
  /**
   * Plans; nothing is written.
   *
   * @param changesFor what is wanted of a GPU that has these settings.
   */
  plan(
    gpu: Gpu,
    group: SettingGroup,
    changesFor: (has: { settings: readonly SettingState[] }) => Changes,
  ): Promise<ShownPlan>;
  /** Takes back what was changed before and not confirmed; a line each. */
  takeBackEarlier(gpus: readonly GpuId[], group: SettingGroup): Promise<string[]>;
  /**
   * Makes all plans, or none of them.
   *
   * @param seconds after which they are taken back unless they are kept; undefined for what stays.
   */
  apply(plans: readonly ShownPlan[], seconds: number | undefined): Promise<MadeChange[]>;
  /** Keeps what {@linkcode apply} made, where it still is; whether all of it is. */
  keep(): Promise<boolean>;
  /** Takes back what {@linkcode apply} made, and is still there and not kept. */
  takeBack(): Promise<TakenBack[]>;
}

/**
 * When a change is taken back, for people.
 *
 * @param at ISO 8601; null where no time is set.
 * @param failure why that failed before; null where it did not.
 */
export function pendingLine(at: string | null, failure: string | null): string {
  return `${at === null ? "at the next start" : `at ${at}`}` +
    (failure === null ? "" : `; failed before: ${failure}`);
}
