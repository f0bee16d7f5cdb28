/**
 * Taking back changes that are due: at the start of any command, in the process that waits for them, and on
 * request.
 *
 * @module
 */

import type { GpuId } from "../gpu/gpu.ts";
import type { ApplyWith } from "./apply.ts";
import { fateOf, type JournalEntry } from "./entry.ts";
import type { FileJournal } from "./journal.ts";
import { type SettingGroup, SETTINGS } from "./setting.ts";
import { describeUndo, undoSteps } from "./undo.ts";

/** What became of one entry. */
export interface Reverted {
  readonly entry: JournalEntry;
  /** Whether the entry is gone: all is put back, or was left to somebody else. */
  readonly settled: boolean;
  /** One line. */
  readonly message: string;
}

/** The names of an entry's settings. */
function named(entry: JournalEntry): string {
  return entry.changes.map(({ setting }) => SETTINGS[setting]?.label.toLowerCase() ?? setting)
    .join(", ");
}

/** Takes one entry back, whether it is due or not. Call it with the journal locked. */
export function revertEntry(
  entry: JournalEntry,
  { device, journal }: Pick<ApplyWith, "device" | "journal">,
): Reverted {
  const report = undoSteps(device, entry.steps.slice(0, entry.started));
  const settled = report.failed.length === 0;
  // One that cannot be put back is tried again at the next start.
  if (settled) journal.remove(entry.gpu, entry.group);
  else journal.save({ ...entry, failure: report.failed.join("; ") });
  const told = describeUndo(report);
  return {
    entry,
    settled,
    message: `${entry.gpu}: ${named(entry)}: ` +
      (told === "" ? "had its previous value already" : told),
  };
}

/**
 * Takes back every change that is due: its time is up, or the process that was making it died. Entries from
 * before the last start of the host are forgotten: their settings are gone with it.
 *
 * @returns what became of the entries that were due.
 */
export function revertOverdue(on: ApplyWith): Reverted[] {
  const { journal, clock } = on;
  return journal.locked(() =>
    journal.entries().flatMap((entry) => {
      const fate = fateOf(entry, clock);
      if (fate === "keep") return [];
      if (fate === "revert") return [revertEntry(entry, on)];
      journal.remove(entry.gpu, entry.group);
      return [];
    })
  );
}

/**
 * Takes back what nobody will take back: a service and all its processes have ended. What is due goes back, and
 * what is to be confirmed too, unless a process waits for that. What a living process holds or makes stays.
 *
 * @returns what became of the entries that were taken back.
 */
export function revertAbandoned(
  on: ApplyWith & { readonly journal: Pick<FileJournal, "isWatched"> },
): Reverted[] {
  const { journal, clock } = on;
  if (journal.isWatched) return revertOverdue(on);
  return journal.locked(() =>
    journal.entries().filter((entry) => {
      const { confirmed, writer } = entry;
      const fate = fateOf(entry, clock);
      const isAlive = clock.startTime(writer.pid) === writer.start_time;
      return fate === "revert" || (fate === "keep" && !confirmed && !isAlive);
    }).map((entry) => revertEntry(entry, on))
  );
}

/**
 * Takes back a change of some GPUs' settings that was not confirmed, before others of the group are made: so
 * that the value from before the first of them stays the one to go back to.
 */
export function revertPending(
  gpus: readonly GpuId[],
  group: SettingGroup,
  on: ApplyWith,
): Reverted[] {
  const { journal, clock } = on;
  return journal.locked(() =>
    journal.entries().filter((entry) =>
      gpus.includes(entry.gpu) && entry.group === group && !entry.confirmed &&
      fateOf(entry, clock) !== "forget"
    ).map((entry) => revertEntry(entry, on))
  );
}
