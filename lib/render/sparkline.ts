/**
 * The course of a value over time, in rows of a terminal.
 *
 * @module
 */

/** Zero to eight eighths of a row, from the bottom. */
const EIGHTHS = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/** What ASCII has of height, from the bottom. */
const ASCII_LEVELS = [" ", "_", ".", "-", "=", "#"];

/**
 * Draws the newest values, the newest at the right. A value that is more than 0 shows at least as the smallest
 * mark; one that is not known is a space, and so is time before the first value.
 *
 * @param shares from 0 to 1, oldest first; null where not known.
 * @returns `rows` texts of `width` columns, from the top.
 * @example
 * ```ts
 * import { sparkline } from "./sparkline.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(sparkline([0, 0.5, null, 1], { width: 5, rows: 1, unicode: true }), [" ▁▄ █"]);
 * ```
 */
export function sparkline(
  shares: readonly (number | null)[],
  { width, rows, unicode }: { width: number; rows: number; unicode: boolean },
): string[] {
  const marks = unicode ? EIGHTHS : ASCII_LEVELS;
  const full = marks.length - 1;
  const shown = width > 0 ? shares.slice(-width) : [];
  const levels = shown.map((share) => {
    if (share === null || !Number.isFinite(share)) return -1;
    // What is 0 has a mark of its own, so that it is not taken for unknown.
    return Math.max(1, Math.round(Math.min(1, Math.max(0, share)) * full * rows));
  });
  return Array.from({ length: rows }, (_, row) => {
    const below = (rows - 1 - row) * full;
    const text = levels.map((level) => marks[Math.min(full, Math.max(0, level - below))] ?? " ")
      .join("");
    return text.padStart(width);
  });
}
