/**
 * Writing XML and HTML so that no text can become markup.
 *
 * @module
 */

import { printable } from "./text.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A piece of markup: everything in it is escaped. */
export class Markup {
  /** Takes text that is markup already. */
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** What may stand in markup: markup as it is, text and numbers escaped, lists joined, nothing for null. */
export type Content = Markup | string | number | null | undefined | readonly Content[];

/**
 * Text with `&`, `<`, `>` and quotes escaped, and with neither control characters nor characters that XML
 * 1.0 has not (section 2.2, "Characters").
 */
export function escapeMarkup(text: string): string {
  return printable(text).replaceAll(/[&<>"']/g, (found) => ENTITIES[found] ?? found);
}

function written(content: Content): string {
  if (content === null || content === undefined) return "";
  if (content instanceof Markup) return content.text;
  if (typeof content === "object") return content.map(written).join("");
  return escapeMarkup(String(content));
}

/**
 * Markup from a template: what is put in is escaped unless it is markup itself.
 *
 * @example
 * ```ts
 * import { markup } from "./markup.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(String(markup`<b>${"a < b"}</b>${markup`<i/>`}`), "<b>a &lt; b</b><i/>");
 * ```
 */
export function markup(parts: TemplateStringsArray, ...contents: Content[]): Markup {
  return new Markup(parts.reduce((all, part, i) => all + written(contents[i - 1]) + part));
}
