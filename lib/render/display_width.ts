/**
 * How many columns of a terminal a text takes.
 *
 * @module
 */

import { eastAsianWidth } from "get-east-asian-width";
import { toAscii } from "./charset.ts";
import { printable } from "./text.ts";

/**
 * What terminals draw over the character before it: nonspacing and enclosing marks, and the vowels and final
 * consonants of Hangul that join the syllable before them (as `wcwidth` of glibc has it).
 */
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\u1160-\u11ff\ud7b0-\ud7ff]$/u;
const ASCII = /^[\x20-\x7e]*$/;

function widthOf(character: string): number {
  if (ZERO_WIDTH.test(character)) return 0;
  return eastAsianWidth(character.codePointAt(0) ?? 0);
}

/**
 * The columns that a printable text takes: two for wide characters (Unicode Standard Annex 11), none for marks.
 * Terminals count by code point, and so does this.
 *
 * @example
 * ```ts
 * import { displayWidth } from "./display_width.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(displayWidth("GPU 中"), 6);
 * ```
 */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** The longest beginning of a printable text that takes at most `width` columns. */
export function takeColumns(text: string, width: number): string {
  if (ASCII.test(text)) return text.slice(0, Math.max(0, width));
  let taken = "";
  let columns = 0;
  for (const character of text) {
    columns += widthOf(character);
    if (columns > width) break;
    taken += character;
  }
  return taken;
}

/** Text in at most `width` columns: what does not fit is left out, with `mark` in its place. */
export function cutToWidth(text: string, width: number, mark: string): string {
  if (displayWidth(text) <= width) return text;
  const sign = takeColumns(mark, width);
  return takeColumns(text, width - displayWidth(sign)) + sign;
}

/** Text in exactly `width` columns: cut, or padded with spaces. */
export function padToWidth(
  text: string,
  width: number,
  { align = "left", mark }: { align?: "left" | "right"; mark: string },
): string {
  const cut = cutToWidth(text, width, mark);
  const space = " ".repeat(Math.max(0, width - displayWidth(cut)));
  return align === "left" ? cut + space : space + cut;
}

/**
 * Text of a stranger (a process's name) as a terminal can show it: no control character, at most two marks on a
 * character, no selector of a presentation, on which terminals do not agree.
 *
 * @param unicode whether the terminal shows more than ASCII.
 */
export function showable(text: string, unicode: boolean): string {
  if (ASCII.test(text)) return text;
  const safe = printable(text).replaceAll(/[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu, "")
    .replaceAll(/(\p{M}{2})\p{M}+/gu, "$1");
  return unicode ? safe : toAscii(safe);
}
