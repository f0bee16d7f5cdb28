/**
 * Text for terminals: safe to print, and no wider than the screen.
 *
 * @module
 */

/**
 * Text that a terminal shows as it is: control and format characters (escape sequences, text direction
 * overrides, line breaks), which a device's name may hold, become `\ufffd`.
 *
 * @example
 * ```ts
 * import { printable } from "./text.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(printable("GPU \x1b[2J"), "GPU \ufffd[2J");
 * ```
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, "\ufffd");
}

/**
 * Text in which one sees what a terminal would obey or hide, for messages of one line that repeat what was
 * typed: line breaks, escape sequences and other control and format characters are written as in a string.
 *
 * @example
 * ```ts
 * import { escaped } from "./text.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(escaped("a\n\x1b[2J"), "a\\n\\x1b[2J");
 * ```
 */
export function escaped(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    if (character === "\n") return "\\n";
    const code = character.codePointAt(0) ?? 0;
    const digits = code.toString(16);
    return code < 0x100 ? `\\x${digits.padStart(2, "0")}` : `\\u{${digits}}`;
  });
}

/**
 * Breaks text between words into lines of at most `width` columns. A word that is longer has a line of
 * its own.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}

/**
 * Lines of a label and a text: the text is wrapped to the width and its lines stand below each other.
 *
 * @param indent columns before the label.
 * @param labelWidth columns for the label and the space behind it.
 */
export function labelled(
  label: string,
  text: string,
  { indent = 2, labelWidth = 12, columns = 80 }: {
    indent?: number;
    labelWidth?: number;
    columns?: number;
  } = {},
): string[] {
  const margin = indent + labelWidth;
  return wrap(text, Math.max(20, columns - margin)).map((line, i) =>
    `${" ".repeat(indent)}${(i === 0 ? label : "").padEnd(labelWidth)}${line}`.trimEnd()
  );
}

/** Text in at most `width` columns: what does not fit is left out, with `mark` in its place. */
export function cut(text: string, width: number, mark = "…"): string {
  if (text.length <= width) return text;
  const kept = Math.max(0, width - mark.length);
  // Not between the halves of a character beyond the basic plane.
  return text.slice(0, kept).replace(/[\ud800-\udbff]$/, "") + mark.slice(0, width);
}
