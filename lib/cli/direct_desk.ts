/**
 * Settings that this process changes itself.
 *
 * @module
 */

import { applyPlan, type ApplyWith, confirmEntry } from "../control/apply.ts";
import { openControl } from "../control/drivers.ts";
import type { JournalEntry } from "../control/entry.ts";
import { makePlan } from "../control/plan.ts";
import { revertEntry, revertPending } from "../control/revert.ts";
import {
  type Changes,
  type SettingGroup,
  SETTINGS,
  type SettingState,
} from "../control/setting.ts";
import type { ControlContext } from "../control/surface.ts";
import type { Gpu, GpuId } from "../gpu/gpu.ts";
import {
  type GroupSettings,
  type MadeChange,
  pendingLine,
  type SettingsDesk,
  type ShownPlan,
  type TakenBack,
} from "./settings_desk.ts";

/** What is changed, and with what. */
export interface DirectDeskOptions {
  on: ApplyWith;
  control: ControlContext;
  /** Whether there is a journal of these GPUs: there is none of a dump. */
  hasJournal: boolean;
  /** Starts the process that takes changes back. */
  startWatcher(): void;
}

/** Changes settings by the files and libraries that this user may use. */
export class DirectDesk implements SettingsDesk {
  readonly #options: DirectDeskOptions;
  #made: readonly JournalEntry[] = [];

  /** Reads nothing yet. */
  constructor(options: DirectDeskOptions) {
    this.#options = options;
  }

  settings(gpu: Gpu, group: SettingGroup): Promise<GroupSettings> {
    const surface = openControl(gpu, this.#options.control);
    return Promise.resolve({
      settings: surface.settings.filter(({ id }) => SETTINGS[id].group === group),
      absent: surface.absent[group] ?? null,
      pending: this.#options.hasJournal ? this.#pending(gpu.id, group) : [],
    });
  }

  #pending(gpu: GpuId, group: SettingGroup): string[] {
    return this.#options.on.journal.entries()
      .filter((entry) => entry.gpu === gpu && entry.group === group && !entry.confirmed)
      .map(({ deadline, failure }) => pendingLine(deadline?.wall ?? null, failure));
  }

  // deno-lint-ignore require-await -- what the plan throws is a rejection
  async plan(
    gpu: Gpu,
    group: SettingGroup,
    changesFor: (has: { settings: readonly SettingState[] }) => Changes,
  ): Promise<ShownPlan> {
    const surface = openControl(gpu, this.#options.control);
    return makePlan(gpu.id, group, surface, changesFor(surface));
  }

  takeBackEarlier(gpus: readonly GpuId[], group: SettingGroup): Promise<string[]> {
    const { on } = this.#options;
    return Promise.resolve(revertPending(gpus, group, on).map(({ message }) => message));
  }

  // deno-lint-ignore require-await -- what a step throws is a rejection
  async apply(plans: readonly ShownPlan[], seconds: number | undefined): Promise<MadeChange[]> {
    const { on, startWatcher } = this.#options;
    const entries: JournalEntry[] = [];
    on.journal.locked(() => {
      for (const plan of plans) {
        try {
          entries.push(applyPlan(plan, seconds, on));
        } catch (error) {
          const told = entries.toReversed().map((entry) => revertEntry(entry, on).message);
          const why = error instanceof Error ? error.message : String(error);
          throw new Error([why, ...told].join("; "));
        }
      }
    });
    this.#made = entries;
    if (seconds !== undefined) startWatcher();
    return entries.map(({ gpu, deadline }) => ({ gpu, until: deadline?.wall ?? null }));
  }

  keep(): Promise<boolean> {
    const { journal } = this.#options.on;
    return Promise.resolve(journal.locked(() =>
      this.#made.map((entry) => {
        // The process that waits may have taken it back.
        const still = journal.entries().some((each) =>
          each.gpu === entry.gpu && each.group === entry.group &&
          each.writer.pid === entry.writer.pid && !each.confirmed
        );
        if (still) confirmEntry(entry, journal);
        return still;
      }).every(Boolean)
    ));
  }

  takeBack(): Promise<TakenBack[]> {
    const { on } = this.#options;
    return Promise.resolve(on.journal.locked(() => {
      // The process that waits may have been faster.
      const left = on.journal.entries();
      return this.#made.filter((entry) =>
        left.some((each) => each.gpu === entry.gpu && each.group === entry.group && !each.confirmed)
      ).map((entry) => revertEntry(entry, on));
    }));
  }
}
