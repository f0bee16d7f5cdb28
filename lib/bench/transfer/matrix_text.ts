/**
 * A matrix of pairs as text.
 *
 * @module
 */

import type { PairMatrix } from "./matrix.ts";

/** Digits after the point: as many as make three significant ones. */
function digits(values: readonly number[]): number {
  const largest = Math.max(0, ...values);
  if (largest >= 100) return 0;
  return largest >= 10 ? 1 : 2;
}

/** Lines of a table whose first column is flush left and whose others are flush right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length))
  );
  return rows.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
    ).join("  ").trimEnd()
  );
}

/**
 * The matrix as text: figures, then how each compares with staging through the host and with the links, the paths
 * with the pairs that take them, and the reasons where there is no figure. Devices are numbered by their
 * place.
 *
 * @returns lines without a newline at the end; empty for a matrix without devices.
 */
export function matrixText(matrix: PairMatrix): string {
  const { devices, names, values, unit } = matrix;
  if (devices.length === 0) return "";
  const all = values.flat().filter((value) => value !== null);
  const places = digits(all);
  const head = devices.map((_, i) => `to ${i}`);
  const grid = (cells: readonly (readonly (number | null)[])[], text: (value: number) => string) =>
    table([
      ["", ...head],
      ...cells.map((row, i) => [
        `from ${i}`,
        ...row.map((value, j) => i === j ? "." : value === null ? "-" : text(value)),
      ]),
    ]);
  const lines = [
    `${matrix.benchmark}, ${unit} (${matrix.convention})`,
    ...devices.map((id, i) => `  ${i}: ${names[i]} (${id})`),
    "",
    ...grid(values, (value) => value.toFixed(places)),
  ];
  if (matrix.staging_ratios.flat().some((ratio) => ratio !== null)) {
    lines.push("", "times staging through the host");
    lines.push(...grid(matrix.staging_ratios, (ratio) => `${ratio.toFixed(2)}x`));
  }
  if (matrix.peak_ratios.flat().some((ratio) => ratio !== null)) {
    lines.push("", "% of what the links carry");
    lines.push(...grid(matrix.peak_ratios, (ratio) => `${Math.round(100 * ratio)}`));
  }
  lines.push("", ...noted(matrix.paths), ...noted(matrix.reasons));
  return lines.join("\n").trimEnd();
}

/** Each text with the pairs that it is for. */
function noted(cells: readonly (readonly (string | null)[])[]): string[] {
  const pairs = cells.flatMap((row, i) =>
    row.flatMap((text, j) => text === null ? [] : [{ text, pair: `${i}->${j}` }])
  );
  return Array.from(Map.groupBy(pairs, ({ text }) => text), ([text, those]) => {
    const total = cells.length * (cells.length - 1);
    const who = those.length === total ? "all pairs" : those.map(({ pair }) => pair).join(" ");
    return `${who}: ${text}`;
  });
}
