/**
 * Two reports beside each other, for people.
 *
 * @module
 */

import type { Change, Comparison } from "../bench/compare.ts";
import { formatFigure } from "./bench_table.ts";
import { table } from "./table.ts";
import { printable } from "./text.ts";

function percent(ratio: number): string {
  const change = 100 * (ratio - 1);
  return `${change >= 0 ? "+" : "−"}${Math.abs(change).toFixed(1)} %`;
}

function row(change: Change): string[] {
  const { name, device, peer, parameters, unit, old, now, ratio, verdict, reason, fails } = change;
  const again = change.again === undefined ? "" : ` (again: ${formatFigure(change.again)})`;
  const details = Object.entries(parameters ?? {}).map(([key, value]) => `${key}=${value}`);
  const figure = (value: number | null) => value === null ? "–" : formatFigure(value);
  return [
    fails ? "!" : " ",
    printable(peer === null ? device : `${device} to ${peer}`),
    [name, ...details].join(" "),
    figure(old),
    figure(now),
    unit,
    ratio === null ? "" : percent(ratio),
    reason === null ? `${verdict}${again}` : `${verdict}: ${printable(reason)}`,
  ];
}

/** The comparison as a table; lines that fail it begin with an exclamation mark. */
export function comparisonText(comparison: Comparison): string {
  const { changes, old_date, method, threshold } = comparison;
  if (changes.length === 0) return `Nothing of the report of ${old_date} was measured again.\n`;
  const failing = changes.filter(({ fails }) => fails).length;
  const head = ["", "device", "benchmark", "old", "now", "unit", "change", ""];
  const aligned = ["left", "left", "left", "right", "right", "left", "right", "left"] as const;
  const lines = [
    `Against the report of ${old_date} (significant: ${method}; a loss above ` +
    `${100 * threshold} % fails)`,
    ...table([head, ...changes.map(row)], aligned),
    failing === 0
      ? `none of ${changes.length} figures fails`
      : `${failing} of ${changes.length} figures fail`,
  ];
  return lines.map((line) => `${line}\n`).join("");
}
