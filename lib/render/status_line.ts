/**
 * Lines of a screen: pieces of text, each with a tone, in a known number of columns.
 *
 * @module
 */

import { cutToWidth, displayWidth } from "./display_width.ts";

/** How a piece of text stands out. */
export type Tone = "plain" | "bold" | "dim" | "good" | "warn" | "bad" | "selected";

/** A piece of text without control characters. */
export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** A line of a screen. */
export type Line = readonly Span[];

/** What the terminal can show. */
export interface Charset {
  /** Whether it shows UTF-8. */
  readonly unicode: boolean;
  /** Whether escape sequences for colour may be written. */
  readonly color: boolean;
}

/** A piece of text. */
export function span(text: string, tone: Tone = "plain"): Span {
  return { text, tone };
}

/** What stands for text that was left out. */
export function ellipsis({ unicode }: Charset): string {
  return unicode ? "…" : "~";
}

/** The columns of a line. */
export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + displayWidth(text), 0);
}

/** A line in exactly `width` columns: cut where it is longer, with spaces at the end where it is shorter. */
export function fitLine(line: Line, width: number, charset: Charset): Line {
  const fitted: Span[] = [];
  let left = width;
  for (const [i, { text, tone }] of line.entries()) {
    const needs = displayWidth(text);
    const more = line.slice(i + 1).some((next) => next.text !== "");
    if (needs < left || (needs === left && !more)) {
      fitted.push({ text, tone });
      left -= needs;
      continue;
    }
    // There is more than fits. A mark says so, if need be in place of the last character.
    const cut = cutToWidth(`${text}${more ? " " : ""}`, left, ellipsis(charset));
    fitted.push({ text: cut, tone });
    left -= displayWidth(cut);
    break;
  }
  if (left > 0) fitted.push(span(" ".repeat(left)));
  return fitted;
}

/** A line with one part at the left and one at the right, of which the left one gives way. */
export function spread(left: Line, right: Line, width: number, charset: Charset): Line {
  const needs = lineWidth(right);
  if (needs === 0 || needs + 8 > width) return fitLine(left, width, charset);
  return [...fitLine(left, width - needs - 1, charset), span(" "), ...right];
}

/**
 * Pieces beside each other, with two spaces between them, in as many lines as they need. A piece that is wider
 * than the screen is cut.
 */
export function flow(items: readonly Line[], width: number, charset: Charset): Line[] {
  const lines: Span[][] = [];
  let used = 0;
  for (const item of items) {
    const needs = lineWidth(item);
    const last = lines.at(-1);
    if (last !== undefined && used + 2 + needs <= width) {
      last.push(span("  "), ...item);
      used += 2 + needs;
    } else {
      lines.push([...item]);
      used = needs;
    }
  }
  return lines.map((line) => lineWidth(line) > width ? fitLine(line, width, charset) : line);
}

/** Select graphic rendition (ECMA-48) by tone. */
const SGR: Readonly<Record<Exclude<Tone, "plain">, string>> = {
  bold: "1",
  dim: "2",
  good: "32",
  warn: "33",
  bad: "31;1",
  selected: "7",
};

/** A line as it is written: with escape sequences where there is colour, each closed within the line. */
export function paint(line: Line, { color }: Charset): string {
  return line.map(({ text, tone }) =>
    color && tone !== "plain" && text !== "" ? `\x1b[${SGR[tone]}m${text}\x1b[0m` : text
  ).join("");
}
