/**
 * The table of checks, and the report of `mvgal doctor`.
 *
 * @module
 */

import { ACCESS_CHECKS } from "./access.ts";
import { BUS_CHECKS } from "./bus.ts";
import type { CheckState, DoctorCheck, DoctorContext, Outcome } from "./check.ts";
import { DRIVER_CHECKS } from "./drivers.ts";
import { LIBRARY_CHECKS } from "./libraries.ts";
import { POWER_CHECKS } from "./power.ts";

/** All checks, in the order of the report. */
export const CHECKS: readonly DoctorCheck[] = [
  ...DRIVER_CHECKS,
  ...ACCESS_CHECKS,
  ...LIBRARY_CHECKS,
  ...BUS_CHECKS,
  ...POWER_CHECKS,
];

/** The name of the document's form. */
export const DOCTOR_SCHEMA = "mvgal.doctor/1";

/** What came of one check. */
export interface CheckReport {
  id: string;
  title: string;
  /** The worst of the outcomes. */
  state: CheckState;
  outcomes: readonly Outcome[];
}

/** What `mvgal doctor --json` prints. */
export interface DoctorReport {
  schema: typeof DOCTOR_SCHEMA;
  gpu_count: number;
  /** How many checks have found something that does not work. */
  problem_count: number;
  /** How many have found something that works less than it could. */
  warning_count: number;
  checks: CheckReport[];
}

/** The states, the best first: what was skipped says nothing, so anything else is more. */
const ORDER: readonly CheckState[] = ["skipped", "ok", "warning", "problem"];

function worst(outcomes: readonly Outcome[]): CheckState {
  return ORDER[Math.max(0, ...outcomes.map(({ state }) => ORDER.indexOf(state)))] ?? "skipped";
}

function skipped(text: string): Outcome[] {
  return [{ state: "skipped", subject: null, text, fix: null }];
}

function outcomesOf(check: DoctorCheck, context: DoctorContext): readonly Outcome[] {
  const whyNot = check.applies(context);
  if (whyNot !== null) return skipped(whyNot);
  if (check.needsHost === true && context.live === null) {
    return skipped("asks the running host, and --sysroot names another's files");
  }
  try {
    return check.run(context);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return skipped(`unexpected: ${text.replaceAll(/\s*\n\s*/g, " ")}`);
  }
}

/** Makes the checks. Never throws for what a host may hold, and changes nothing. */
export function examine(
  context: DoctorContext,
  checks: readonly DoctorCheck[] = CHECKS,
): DoctorReport {
  const reports = checks.map((check): CheckReport => {
    const outcomes = outcomesOf(check, context);
    return { id: check.id, title: check.title, state: worst(outcomes), outcomes };
  });
  const count = (state: CheckState) => reports.filter((report) => report.state === state).length;
  return {
    schema: DOCTOR_SCHEMA,
    gpu_count: context.gpus.length,
    problem_count: count("problem"),
    warning_count: count("warning"),
    checks: reports,
  };
}
