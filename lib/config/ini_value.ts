/**
 * Values in INI files: quotes, escapes, and comments behind them.
 *
 * The rules are those of the npm package `ini` (which is what people's other tools of this kind use): an
 * unescaped `;` or `#` begins a comment, a backslash before one of `; # \` takes its meaning away, a value
 * in double quotes is a JSON string, one in single quotes is taken as it stands. Beyond them, a comment may
 * follow a quoted value. Pure.
 *
 * @module
 */

/** A value in a line. */
export interface IniValue {
  /** What it means. */
  readonly value: string;
  /** How many characters of the text it takes: behind it are blanks and perhaps a comment. */
  readonly length: number;
}

const QUOTED = /^(?:"((?:[^"\\]|\\.)*)"|'([^']*)')(?=\s*(?:[;#]|$))/;

/** The text of a JSON string; undefined where it is none. */
function unquoted(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads the value at the beginning of a text, which has no blanks before it. Total.
 *
 * @example
 * ```ts
 * import { readIniValue } from "./ini_value.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(readIniValue("afr  ; frames in turn"), { value: "afr", length: 3 });
 * assert.deepEqual(readIniValue('"a;b" # both'), { value: "a;b", length: 5 });
 * ```
 */
export function readIniValue(text: string): IniValue {
  const quoted = QUOTED.exec(text);
  if (quoted !== null) {
    const [whole, , single] = quoted;
    const value = single ?? unquoted(whole);
    if (value !== undefined) return { value, length: whole.length };
  }
  let value = "";
  let length = text.length;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === ";" || character === "#") {
      length = at;
      break;
    }
    const next = text.charAt(at + 1);
    if (character === "\\" && next !== "" && ";#\\".includes(next)) {
      value += next;
      at++;
    } else value += character;
  }
  const blanks = text.slice(0, length).length - text.slice(0, length).trimEnd().length;
  return { value: value.trim(), length: length - blanks };
}

/** What would end the line, or cannot be seen in it. */
// deno-lint-ignore no-control-regex -- control characters are what it is about
const CONTROL = /[\x00-\x08\x0a-\x1f]/;

/** What ends a line for the readers that are regular expressions, `ini` among them. */
const SEPARATOR = /[\u2028\u2029]/g;

/** A text as a value that {@linkcode readIniValue} reads as this text: in quotes where it needs them. */
export function writeIniValue(value: string): string {
  const quoted = JSON.stringify(value)
    .replace(SEPARATOR, (each) => `\\u${each.charCodeAt(0).toString(16)}`);
  // Others take a lone quote for both quotes of nothing.
  const plain = quoted === `"${value}"` && !value.startsWith("'");
  const { value: read, length } = readIniValue(value);
  return plain && read === value && length === value.length ? value : quoted;
}

/** Whether a line has control characters, other than tabs. */
export function hasControlCharacter(line: string): boolean {
  return CONTROL.test(line);
}
