/**
 * What `mvgal doctor` found, for people.
 *
 * @module
 */

import type { CheckState } from "../doctor/check.ts";
import type { CheckReport, DoctorReport } from "../doctor/examine.ts";
import { toAscii } from "./charset.ts";
import type { Style } from "./style.ts";
import { printable, wrap } from "./text.ts";

/** How to render. */
export interface DoctorLook {
  style: Style;
  columns: number;
  /** Whether characters beyond ASCII can be shown. */
  unicode: boolean;
  /** Whether checks that were skipped are shown, with the reason. */
  skipped?: boolean;
}

/** Columns for a check's state. */
const STATE_WIDTH = 9;

/** A line a check, below it what it found and how to mend it; a sum at the end. */
export function renderDoctor(report: DoctorReport, look: DoctorLook): string {
  const shown = report.checks.filter(({ state }) => look.skipped === true || state !== "skipped");
  const lines = shown.flatMap((check) => checkLines(check, look));
  const hidden = report.checks.length - shown.length;
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
  lines.push(
    ...(lines.length > 0 ? [""] : []),
    `${count(report.problem_count, "problem")}, ${count(report.warning_count, "warning")}` +
      (hidden > 0 ? `; ${count(hidden, "check")} skipped (--all shows why)` : ""),
  );
  return `${lines.join("\n")}\n`;
}

function checkLines({ id, title, state, outcomes }: CheckReport, look: DoctorLook): string[] {
  const head = `${emphasis(state, look)(state.padEnd(STATE_WIDTH))}${title} ${look.style.dim(id)}`;
  const lines = [head];
  for (const { subject, text, fix, state: own } of outcomes) {
    if (own === "ok" && state !== "ok") continue;
    lines.push(...indented(subject === null ? text : `${subject}: ${text}`, look));
    if (fix !== null) lines.push(...indented(`fix: ${fix}`, look));
  }
  return lines;
}

function indented(text: string, { columns, unicode }: DoctorLook): string[] {
  const safe = printable(text);
  return wrap(unicode ? safe : toAscii(safe), Math.max(20, columns - STATE_WIDTH - 2))
    .map((line, i) => `${" ".repeat(STATE_WIDTH + (i === 0 ? 0 : 2))}${line}`);
}

function emphasis(state: CheckState, { style }: DoctorLook): (text: string) => string {
  switch (state) {
    case "ok":
      return style.green;
    case "warning":
      return style.yellow;
    case "problem":
      return style.red;
    case "skipped":
      return style.dim;
  }
}
