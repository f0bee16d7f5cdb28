/**
 * The health of GPUs, for people.
 *
 * @module
 */

import type { GpuHealth, HealthEvent, HealthReport, HealthState } from "../telemetry/health.ts";
import { toAscii } from "./charset.ts";
import type { Style } from "./style.ts";
import { cut, printable, wrap } from "./text.ts";

/** How to render. */
export interface HealthLook {
  style: Style;
  columns: number;
  /** Whether characters beyond ASCII can be shown. */
  unicode: boolean;
  /** Whether the rules that could not be applied are listed, with the reasons. */
  unjudged?: boolean;
}

/** Columns for a state before a GPU's name. */
const STATE_WIDTH = 10;

/**
 * Lines for people: a line a GPU, and below it a line a finding, the worst first.
 *
 * @returns text that ends with a line break.
 */
export function renderHealth(report: HealthReport, look: HealthLook): string {
  const lines = report.gpus.flatMap((gpu) => gpuLines(gpu, look));
  if (lines.length === 0) lines.push("No GPU was found: nothing is known of any health.");
  return `${lines.join("\n")}\n`;
}

function gpuLines(gpu: GpuHealth, look: HealthLook): string[] {
  const { columns } = look;
  const head = legible(`${gpu.index}  ${gpu.name ?? "unknown"}  ${gpu.id}`, look);
  const lines = [
    emphasis(gpu.state, look)(gpu.state.padEnd(STATE_WIDTH)) + cut(head, columns - STATE_WIDTH, ""),
  ];
  for (const { severity, id, text } of gpu.findings) {
    const [first = "", ...rest] = indented(`${severity} ${id}: ${text}`, look);
    // The severity stands first, behind the indent.
    const at = STATE_WIDTH + severity.length;
    lines.push(emphasis(severity, look)(first.slice(0, at)) + first.slice(at), ...rest);
  }
  const reasons = Object.entries(gpu.unjudged);
  if (look.unjudged === true) {
    for (const [id, reason] of reasons) {
      lines.push(...indented(`not judged ${id}: ${reason}`, look));
    }
  } else if (gpu.state === "unknown" && reasons.length > 0) {
    const [, reason] = reasons[0] ?? ["", ""];
    lines.push(...indented(`nothing could be judged: ${reason}`, look));
  }
  return lines;
}

/** One line of what has changed, as for a log: `raised critical temperature_high pci:…: …`. */
export function renderHealthEvent({ edge, gpu, finding }: HealthEvent, look: HealthLook): string {
  const { severity, id, text } = finding;
  return legible(`${edge} ${severity} ${id} on ${gpu}: ${text}`, look);
}

function indented(text: string, look: HealthLook): string[] {
  const width = Math.max(20, look.columns - STATE_WIDTH - 2);
  return wrap(legible(text, look), width).map((line, i) =>
    `${" ".repeat(STATE_WIDTH)}${i === 0 ? "" : "  "}${line}`
  );
}

function legible(text: string, { unicode }: HealthLook): string {
  const safe = printable(text);
  return unicode ? safe : toAscii(safe);
}

function emphasis(state: HealthState, { style }: HealthLook): (text: string) => string {
  switch (state) {
    case "ok":
      return style.green;
    case "critical":
      return style.red;
    case "warning":
    case "unknown":
      return style.yellow;
  }
}
