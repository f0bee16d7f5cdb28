/**
 * Carrying out a plan: journal, steps in order, reading back, and taking back where one fails.
 *
 * @module
 */

import type { ControlClock } from "./clock.ts";
import type { ControlDevice } from "./device.ts";
import { deadlineIn, ENTRY_SCHEMA, fateOf, type JournalEntry } from "./entry.ts";
import type { Journal } from "./journal.ts";
import type { Plan } from "./plan.ts";
import { ControlError } from "./setting.ts";
import { describeAction, describeQuery, sameQuery, sameValue, type Step } from "./step.ts";
import { describeUndo, undoSteps } from "./undo.ts";

/** What plans are carried out with. */
export interface ApplyWith {
  readonly device: ControlDevice;
  readonly journal: Journal;
  readonly clock: ControlClock;
}

/**
 * Checks that the device still has the values on which the plan was made.
 *
 * @throws {ControlError} where something changed them meanwhile. Nothing has been written.
 */
export function checkUnchanged(device: ControlDevice, steps: readonly Step[]): void {
  steps.forEach(({ query, previous }, i) => {
    const earlier = steps.slice(0, i).some((step) => sameQuery(step.query, query));
    if (query === null || previous === null || earlier) return;
    const now = device.read(query);
    if (now === previous) return;
    throw new ControlError(
      `${describeQuery(query)} became ${now ?? "unreadable"} after the plan was made with ` +
        `${previous}: something else sets it too; nothing was written, try again`,
    );
  });
}

/**
 * Makes one step, and reads it back.
 *
 * @throws {ControlError} where that fails, or another value is read.
 */
export function performStep(device: ControlDevice, step: Step): void {
  device.perform(step.action);
  if (step.query === null || step.expected === null) return;
  const now = device.read(step.query);
  if (sameValue(now, step.expected, step.tolerance)) return;
  throw new ControlError(
    `${describeAction(step.action)}: reads back ${now ?? "nothing"}, not ${step.expected}`,
  );
}

/**
 * Carries out a plan. Call it with the journal locked.
 *
 * @param seconds after which the change is taken back unless it is confirmed; undefined for one that stays.
 * @param held whether it also ends with this process: see `hold.ts`.
 * @returns the journal's entry.
 * @throws {ControlError} where a step fails: those before it have been taken back, or the message says which
 * could not.
 */
export function applyPlan(
  plan: Plan,
  seconds: number | undefined,
  on: ApplyWith,
  held = false,
): JournalEntry {
  const { device, journal, clock } = on;
  const [obstacle] = plan.obstacles;
  if (obstacle !== undefined) throw new ControlError(`${plan.gpu}: ${obstacle}`);
  const pending = journal.entries().find((entry) =>
    entry.gpu === plan.gpu && entry.group === plan.group && fateOf(entry, clock) !== "forget"
  );
  if (pending !== undefined && !pending.confirmed) {
    throw new ControlError(
      `${plan.gpu}: an earlier change of its ${plan.group} is to be taken back first: try again`,
    );
  }
  checkUnchanged(device, plan.steps);
  const entry: JournalEntry = {
    schema: ENTRY_SCHEMA,
    gpu: plan.gpu,
    group: plan.group,
    changes: plan.changes,
    steps: plan.steps,
    started: 0,
    applied: false,
    confirmed: false,
    deadline: null,
    boot_id: clock.bootId(),
    writer: { pid: Deno.pid, start_time: clock.startTime(Deno.pid) ?? "" },
    failure: null,
    ...(held && { held }),
  };
  try {
    for (const step of plan.steps) {
      // Before the device: after a kill nobody else knows that the step may have been made.
      entry.started++;
      journal.save(entry);
      performStep(device, step);
    }
    entry.applied = true;
    entry.confirmed = seconds === undefined;
    entry.deadline = seconds === undefined ? null : deadlineIn(clock, seconds);
    journal.save(entry);
  } catch (error) {
    throw rollBack(entry, error, on);
  }
  return entry;
}

/** Takes back what was done; gives the error to throw. */
function rollBack(entry: JournalEntry, error: unknown, { device, journal }: ApplyWith): Error {
  const why = error instanceof Error ? error.message : String(error);
  const report = undoSteps(device, entry.steps.slice(0, entry.started));
  const told = describeUndo(report);
  try {
    if (report.failed.length === 0) journal.remove(entry.gpu, entry.group);
    else journal.save({ ...entry, failure: report.failed.join("; ") });
  } catch {
    // Without a journal the message below is all there is.
  }
  return new ControlError(`${entry.gpu}: ${why}; ${told === "" ? "nothing was changed" : told}`);
}

/** Notes that a change stays. Call it with the journal locked. */
export function confirmEntry(entry: JournalEntry, journal: Journal): void {
  journal.save({ ...entry, confirmed: true, deadline: null });
}
