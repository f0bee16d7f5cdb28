/**
 * Which characters a terminal shows, and what to write instead of the others.
 *
 * @module
 */

const REPLACEMENTS: Readonly<Record<string, string>> = {
  "±": "+-",
  "µ": "u",
  "μ": "u",
  "…": "...",
  "×": "x",
  "–": "-",
  "—": "-",
  "→": "->",
  "°": "deg ",
  "≥": ">=",
  "≤": "<=",
};

/**
 * Whether programs are to write UTF-8, by the locale: the first of LC_ALL, LC_CTYPE and LANG that is set
 * (POSIX.1-2017, chapter 8.2).
 *
 * @param env gives an environment variable; undefined where it is unset or empty.
 */
export function usesUtf8(env: (name: string) => string | undefined): boolean {
  const locale = env("LC_ALL") ?? env("LC_CTYPE") ?? env("LANG") ?? "C";
  return /\.utf-?8(@|$)/i.test(locale);
}

/**
 * Text in ASCII: what has a likeness there becomes that, everything else a question mark.
 *
 * @example
 * ```ts
 * import { toAscii } from "./charset.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(toAscii("7 µs ±1 %, Arc™"), "7 us +-1 %, Arc?");
 * ```
 */
export function toAscii(text: string): string {
  return text.replaceAll(/\P{ASCII}/gu, (found) => REPLACEMENTS[found] ?? "?");
}
