/**
 * Bars for terminals.
 *
 * @module
 */

/** How a bar is drawn. */
export interface BarStyle {
  /** Block elements (Unicode, U+2580 to U+259F) with eighths of a column; ASCII otherwise. */
  unicode: boolean;
  /** Whether the whole is something (a peak), or only the largest of some figures. */
  ofWhole: boolean;
}

/** A bar in two parts, which together are as wide as the whole. */
export interface Bar {
  filled: string;
  rest: string;
}

/** One to seven eighths of a column, from the left. */
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/**
 * A bar of `width` columns that is filled to a share of them. What is more than 0 shows at least as the
 * smallest mark; more than 1 fills the bar.
 *
 * @example
 * ```ts
 * import { bar } from "./bar.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(bar(0.5, 8, { unicode: false, ofWhole: true }), { filled: "####", rest: "...." });
 * ```
 */
export function bar(share: number, width: number, { unicode, ofWhole }: BarStyle): Bar {
  const part = Math.min(1, Math.max(0, share)) * width;
  if (unicode && ofWhole) {
    const eighths = share > 0 ? Math.max(1, Math.round(part * 8)) : 0;
    const filled = "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
    return { filled, rest: "·".repeat(width - filled.length) };
  }
  const whole = share > 0 ? Math.max(1, Math.round(part)) : 0;
  const [mark, space] = unicode ? ["▒", " "] : ofWhole ? ["#", "."] : ["=", " "];
  return { filled: mark.repeat(whole), rest: space.repeat(width - whole) };
}
