/**
 * One look at the GPUs as text: what `mvgal status` prints once, or again and again where there is no screen.
 *
 * @module
 */

import { displayWidth, showable } from "./display_width.ts";
import { renderHealth } from "./health.ts";
import type { StatusDocument } from "./status_document.ts";
import { gpuBlock } from "./status_gpu.ts";
import { type Charset, type Line, paint, span } from "./status_line.ts";
import { noProgram, processTable } from "./status_processes.ts";
import { arrangeRows, titleOf } from "./status_rows.ts";
import { styleFor } from "./style.ts";
import { wrap } from "./text.ts";

/** How to render. */
export interface StatusTextStyle extends Charset {
  readonly columns: number;
  /** Whether it is for a terminal, on which the table of programs has to be as narrow as the screen. */
  readonly isTerminal: boolean;
}

/** Columns of the longest command that is printed whole where no terminal limits it. */
const LONGEST_COMMAND = 1_000;

/**
 * The text, each line with its line feed. Programs come by how busy they are, all of them; the reason for
 * which some are missing comes behind them, and the GPUs' health last.
 */
export function renderStatus(document: StatusDocument, style: StatusTextStyle): string {
  const { gpus, processes, partial, health, interval_ms } = document;
  const { columns, unicode } = style;
  const lines: Line[] = [];
  if (gpus.length === 0) lines.push([span("No GPU found: mvgal info says where it looked.")]);
  for (const [i, sample] of gpus.entries()) {
    if (i > 0) lines.push([]);
    const of = health?.gpus.find(({ id }) => id === sample.id);
    const view = { sample, history: { busy: [], memory: [] }, health: of };
    lines.push(...gpuBlock(view, columns, style));
  }
  if (processes !== undefined && gpus.length > 0) {
    const sort = { column: "busy", reversed: false } as const;
    const rows = arrangeRows(processes, gpus, { sort, filter: "" });
    lines.push([]);
    if (rows.length === 0) lines.push([span(`${noProgram(partial)}.`)]);
    else {
      const commands = rows.map((row) => displayWidth(showable(titleOf(row) ?? "", unicode)));
      const width = style.isTerminal
        ? columns
        : 160 + Math.min(LONGEST_COMMAND, Math.max(...commands));
      lines.push(...processTable({ rows, all: rows, gpus, sort, selected: null }, width, style));
    }
    if (partial) {
      const why = wrap(`Not all: ${showable(partial, unicode)}`, columns);
      lines.push(...why.map((text) => [span(text, "warn")]));
    }
    if (interval_ms !== null) {
      lines.push([span(`Shares and rates are over ${Math.round(interval_ms)} ms.`, "dim")]);
    }
  }
  const text = lines.map((line) => `${paint(line, style).trimEnd()}\n`).join("");
  if (health === undefined || gpus.length === 0) return text;
  return `${text}\n${renderHealth(health, { style: styleFor(style.color), columns, unicode })}`;
}
