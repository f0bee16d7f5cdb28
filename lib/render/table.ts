/**
 * Tables in columns.
 *
 * @module
 */

/** A column's alignment. */
export type Align = "left" | "right";

/**
 * Rows in columns as wide as their widest cell, with two spaces between them.
 *
 * @param rows the cells of each row; rows may differ in length.
 * @param align alignment of each column; left where not given.
 * @example
 * ```ts
 * import { table } from "./table.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(table([["a", "10"], ["bc", "9"]], ["left", "right"]), ["a   10", "bc   9"]);
 * ```
 */
export function table(
  rows: readonly (readonly string[])[],
  align: readonly Align[] = [],
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  }
  return rows.map((row) =>
    row.map((cell, i) =>
      align[i] === "right" ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)
    ).join("  ").trimEnd()
  );
}
