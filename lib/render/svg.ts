/**
 * Drawing in SVG 1.1: elements, text whose width is known before it is drawn, and whole documents.
 *
 * @module
 */

import { type Content, Markup, markup } from "./markup.ts";

/** Attributes of an element; a number is a length or a coordinate. Null leaves the attribute out. */
export type Attributes = Readonly<Record<string, string | number | null>>;

/** A coordinate with hundredths. */
function coordinate(value: number, name: string): string {
  if (!Number.isFinite(value)) throw new RangeError(`SVG attribute ${name}: ${value} is no number`);
  return String(Math.round(value * 100) / 100);
}

/**
 * An element.
 *
 * @throws {RangeError} for an attribute that is NaN or infinite.
 */
export function element(name: string, attributes: Attributes, ...content: Content[]): Markup {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === null
      ? []
      : [markup` ${key}="${typeof value === "number" ? coordinate(value, key) : value}"`]
  );
  const start = `<${name}${written.join("")}`;
  return new Markup(
    content.length === 0 ? `${start}/>` : `${start}>${markup`${content}`}</${name}>`,
  );
}

/** A straight line. */
export function line(x1: number, y1: number, x2: number, y2: number, kind: string): Markup {
  return element("line", { class: kind, x1, y1, x2, y2 });
}

/** A line through points. */
export function path(points: readonly (readonly [x: number, y: number])[], kind: string): Markup {
  const d = points.map(([x, y], i) =>
    `${i === 0 ? "M" : "L"}${coordinate(x, "d")} ${coordinate(y, "d")}`
  );
  return element("path", { class: kind, d: d.join(""), fill: "none" });
}

/** Where text stands at its point. */
export type Anchor = "start" | "middle" | "end";

/** One line of text. */
export function label(
  x: number,
  y: number,
  content: string,
  { kind = "t", anchor = "start" }: { kind?: string; anchor?: Anchor } = {},
): Markup {
  return element(
    "text",
    { class: kind, x, y, "text-anchor": anchor === "start" ? null : anchor },
    content,
  );
}

/** Widths of characters over the size of the font, of a wide sans serif (DejaVu Sans), rounded up. */
const WIDTHS: readonly [RegExp, number][] = [
  [/[ijl.,:;|'!]/, 0.34],
  [/[ frt()[\]/\\-]/, 0.42],
  [/[mwMW@%]/, 1],
  [/[A-Z]/, 0.78],
  [/[\x20-\x7e]/, 0.64],
  [/[\u00a0-\u04ff]/, 0.7],
];

/** Width of a line of text that no common font exceeds, in the unit of `size`. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const character of text) {
    width += WIDTHS.find(([pattern]) => pattern.test(character))?.[1] ?? 1.05;
  }
  return width * size;
}

/** The text, or its beginning and an ellipsis where it is wider than `width`. */
export function fitText(text: string, width: number, size: number): string {
  if (textWidth(text, size) <= width) return text;
  const characters = [...text];
  while (characters.length > 0 && textWidth(`${characters.join("")}…`, size) > width) {
    characters.pop();
  }
  return `${characters.join("").trimEnd()}…`;
}

/** Lines of text no wider than `width`; of a word that is, the beginning. */
export function wrapText(text: string, width: number, size: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(longer, size) <= width) lines[lines.length - 1] = longer;
    else lines.push(fitText(word, width, size));
  }
  return lines;
}

/**
 * Moves positions apart so that none is nearer than `gap` to the next, and all are at most `bottom`; their
 * order stays.
 *
 * @param wanted where each would best be, in any order.
 */
export function spread(wanted: readonly number[], gap: number, bottom: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const placed = [...wanted];
  let least = -Infinity;
  for (const i of order) {
    least = Math.max(placed[i] ?? 0, least + gap);
    placed[i] = least;
  }
  let most = bottom;
  for (const i of order.toReversed()) {
    most = Math.min(placed[i] ?? 0, most);
    placed[i] = most;
    most -= gap;
  }
  return placed;
}

/** A chart, before it is a document of its own or part of a page. */
export interface Chart {
  /** What it shows, in a few words. */
  title: string;
  /** The same as the drawing tells, for who cannot see it. */
  description: string;
  width: number;
  height: number;
  content: Content;
}

/**
 * A chart as an `<svg>` element with a title and a description.
 *
 * @param id unique in the document: of letters, digits, `-` and `_`.
 * @param style a style sheet to carry along; none for a chart in a page that has it.
 */
export function svgElement(chart: Chart, id: string, style?: string): Markup {
  const { title, description, width, height, content } = chart;
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      version: "1.1",
      class: "chart",
      viewBox: `0 0 ${coordinate(width, "viewBox")} ${coordinate(height, "viewBox")}`,
      width,
      height,
      role: "img",
      "aria-labelledby": `${id}-title ${id}-desc`,
    },
    element("title", { id: `${id}-title` }, title),
    element("desc", { id: `${id}-desc` }, description),
    style === undefined ? null : element("style", { type: "text/css" }, new Markup(style)),
    element("rect", { class: "surface", x: 0, y: 0, width, height }),
    content,
  );
}

/** A chart as a document: one file that needs nothing else. */
export function svgDocument(chart: Chart, id: string, style: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svgElement(chart, id, style)}\n`;
}
