/**
 * Settings that a running process holds: they last as long as it does and renews them, and no longer.
 *
 * A hold is an entry of the journal with a deadline that moves, marked as bound to its writer. It may be moved
 * to another value without going through the previous one; the value from before the first change stays the
 * one to go back to. Where the process is killed, whoever looks at the journal next takes the hold back.
 *
 * Of groups in which each step has a query of its own: `power`, `park`.
 *
 * @module
 */

import type { GpuId } from "../gpu/gpu.ts";
import { applyPlan, type ApplyWith, checkUnchanged, performStep } from "./apply.ts";
import { deadlineIn, fateOf, type JournalEntry } from "./entry.ts";
import type { Plan, PlannedChange } from "./plan.ts";
import { type Reverted, revertEntry } from "./revert.ts";
import { ControlError, type SettingGroup } from "./setting.ts";
import { sameQuery, type Step } from "./step.ts";
import { describeUndo, undoSteps } from "./undo.ts";

/** What the journal has of a GPU's group. */
export type Standing =
  /** Nothing that counts. */
  | { readonly state: "free" }
  /** A hold of this process. */
  | { readonly state: "own"; readonly entry: JournalEntry }
  /** A change that somebody else made, which is not to be touched. */
  | { readonly state: "other"; readonly entry: JournalEntry };

/** Whether somebody went back to the defaults, and so claims nothing. */
function claimsNothing({ confirmed, changes }: JournalEntry): boolean {
  return confirmed && changes.every(({ reset }) => reset);
}

/** Looks who holds a GPU's settings of a group. Call it with the journal locked. */
export function standingOf(
  gpu: GpuId,
  group: SettingGroup,
  { journal, clock }: Pick<ApplyWith, "journal" | "clock">,
): Standing {
  const entry = journal.entries().find((each) => each.gpu === gpu && each.group === group);
  if (entry === undefined || fateOf(entry, clock) === "forget") return { state: "free" };
  const { pid, start_time } = entry.writer;
  const own = entry.held === true && pid === Deno.pid && clock.startTime(pid) === start_time;
  if (own) return { state: "own", entry };
  return claimsNothing(entry) ? { state: "free" } : { state: "other", entry };
}

/** Two steps of the same value as one: what the later one made, and how the earlier one is taken back. */
function joinSteps(steps: readonly Step[]): Step[] {
  const joined: Step[] = [];
  for (const step of steps) {
    const at = joined.findIndex(({ query }) => sameQuery(query, step.query));
    const earlier = joined[at];
    if (earlier === undefined) joined.push(step);
    else joined[at] = { ...step, previous: earlier.previous, undo: earlier.undo };
  }
  return joined;
}

function joinChanges(
  earlier: readonly PlannedChange[],
  later: readonly PlannedChange[],
): PlannedChange[] {
  const others = earlier.filter(({ setting }) => !later.some((each) => each.setting === setting));
  return [
    ...others,
    ...later.map((change) => ({
      ...change,
      from: earlier.find(({ setting }) => setting === change.setting)?.from ?? change.from,
    })),
  ];
}

/** Moves a hold to other values. The journal knows both until the device is read back. */
function moveHold(
  entry: JournalEntry,
  plan: Plan,
  seconds: number,
  { device, journal, clock }: ApplyWith,
): JournalEntry {
  const [obstacle] = plan.obstacles;
  if (obstacle !== undefined) throw new ControlError(`${plan.gpu}: ${obstacle}`);
  checkUnchanged(device, plan.steps);
  const before = entry.steps.slice(0, entry.started);
  const moving = {
    ...entry,
    steps: [...before, ...plan.steps],
    started: before.length,
    applied: false,
  };
  try {
    for (const step of plan.steps) {
      moving.started++;
      journal.save(moving);
      performStep(device, step);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const report = undoSteps(device, moving.steps.slice(before.length, moving.started));
    const failed = report.failed.length > 0;
    // A step that could not be undone stays in the entry, so that taking it back tries again.
    try {
      journal.save(failed ? { ...moving, applied: true, failure: describeUndo(report) } : entry);
    } catch {
      // The entry on the disk knows at least as many steps as were made.
    }
    const told = describeUndo(report);
    throw new ControlError(`${plan.gpu}: ${why}; ${told === "" ? "nothing was changed" : told}`);
  }
  const steps = joinSteps(moving.steps);
  const held: JournalEntry = {
    ...entry,
    changes: joinChanges(entry.changes, plan.changes),
    steps,
    started: steps.length,
    deadline: deadlineIn(clock, seconds),
  };
  journal.save(held);
  return held;
}

/**
 * Carries out a plan as a hold, or moves the hold that there is. Call it with the journal locked.
 *
 * @param seconds after which it is taken back unless it is renewed.
 * @throws {ControlError} where somebody else made a change of the group, which stays, or a step fails: then
 * the values are those from before the call, or the message says which are not.
 */
export function holdPlan(plan: Plan, seconds: number, on: ApplyWith): JournalEntry {
  const standing = standingOf(plan.gpu, plan.group, on);
  if (standing.state === "other") {
    throw new ControlError(`${plan.gpu}: its ${plan.group} was set by somebody else, which stays`);
  }
  return standing.state === "own"
    ? moveHold(standing.entry, plan, seconds, on)
    : applyPlan(plan, seconds, on, true);
}

/**
 * Moves the deadline of a hold. Call it with the journal locked.
 *
 * @returns what the journal has of the group: `own` where the hold stands and was renewed.
 */
export function renewHold(
  gpu: GpuId,
  group: SettingGroup,
  seconds: number,
  on: Pick<ApplyWith, "journal" | "clock">,
): Standing {
  const standing = standingOf(gpu, group, on);
  if (standing.state !== "own") return standing;
  const entry = { ...standing.entry, deadline: deadlineIn(on.clock, seconds) };
  on.journal.save(entry);
  return { state: "own", entry };
}

/** Takes a hold back; undefined where there is none any more. Call it with the journal locked. */
export function releaseHold(
  gpu: GpuId,
  group: SettingGroup,
  on: ApplyWith,
): Reverted | undefined {
  const standing = standingOf(gpu, group, on);
  return standing.state === "own" ? revertEntry(standing.entry, on) : undefined;
}
