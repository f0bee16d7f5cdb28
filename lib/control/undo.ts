/**
 * Taking steps back.
 *
 * @module
 */

import type { ControlDevice } from "./device.ts";
import { ControlError } from "./setting.ts";
import { describeAction, describeQuery, sameValue, type Step } from "./step.ts";

/** What came of taking steps back, one line a step. Steps that had no effect are in none of these. */
export interface UndoReport {
  /** Put back. */
  undone: string[];
  /** Left alone: somebody else has changed it since, or it is gone. */
  kept: string[];
  /** Could not be put back. */
  failed: string[];
}

type Outcome = { as: keyof UndoReport; line: string } | undefined;

function perform(device: ControlDevice, { undo }: Step): string | undefined {
  try {
    for (const action of undo) device.perform(action);
    return undefined;
  } catch (error) {
    if (error instanceof ControlError) return error.message;
    throw error;
  }
}

/** Takes back a step of which it can be read whether it had an effect. */
function undoJudged(device: ControlDevice, step: Step & { query: object }): Outcome {
  const { query, previous, expected, tolerance } = step;
  const what = describeQuery(query);
  const now = device.read(query);
  if (!device.exists(query)) return { as: "kept", line: `${what} is gone` };
  if (now === previous) return undefined;
  // What cannot be read may still be ours: a GPU that sleeps refuses reads, and the previous value is safe.
  if (now !== undefined && !sameValue(now, expected, tolerance)) {
    return { as: "kept", line: `${what} is ${now}, which something else set` };
  }
  const failure = perform(device, step);
  if (failure !== undefined) return { as: "failed", line: failure };
  const after = device.read(query);
  return previous === null || after === previous
    ? { as: "undone", line: `${what} is ${after} again` }
    : { as: "failed", line: `${what} is ${after ?? "unreadable"}, not ${previous} again` };
}

function undoStep(device: ControlDevice, step: Step): Outcome {
  const { query, expected, undo, action } = step;
  if (query !== null && expected !== null) return undoJudged(device, { ...step, query });
  if (undo.length === 0) return undefined;
  const failure = perform(device, step);
  return failure === undefined
    ? { as: "undone", line: `${describeAction(action)} is taken back` }
    : { as: "failed", line: failure };
}

/** Takes steps back, the last first. Goes on where one fails: each that comes back is a gain. */
export function undoSteps(device: ControlDevice, steps: readonly Step[]): UndoReport {
  const report: UndoReport = { undone: [], kept: [], failed: [] };
  for (const step of steps.toReversed()) {
    const outcome = undoStep(device, step);
    if (outcome !== undefined) report[outcome.as].push(outcome.line);
  }
  return report;
}

/** The report in one line; empty where there was nothing to do. */
export function describeUndo({ undone, kept, failed }: UndoReport): string {
  return [
    undone.length === 0 ? "" : `put back: ${undone.join(", ")}`,
    kept.length === 0 ? "" : `left alone: ${kept.join(", ")}`,
    failed.length === 0 ? "" : `NOT put back: ${failed.join(", ")}`,
  ].filter((part) => part !== "").join("; ");
}
