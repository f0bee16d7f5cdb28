/**
 * What SQLite's errors mean for the history.
 *
 * @module
 */

import { DamagedRowError } from "./bytes.ts";

/** Primary result codes (https://www.sqlite.org/rescode.html) by what SQLite says of them. */
const CODES: readonly [code: number, text: RegExp][] = [
  [26, /file is not a database/],
  [11, /malformed/],
  [13, /database or disk is full/],
  [8, /readonly database/],
  [5, /database (table )?is locked/],
  [14, /unable to open database file/],
  [10, /disk I\/O error/],
];

const CORRUPT = 11, NOT_A_DATABASE = 26;

/** What to do about it, by primary result code. */
const REMEDIES: Readonly<Record<number, string>> = {
  5: "another program writes it; end that one",
  8: "let the service write there",
  10: "look at the disk",
  13: "free some space there",
  14: "make its directory, and let the service read and write there",
};

/** The primary result code of an error of node:sqlite; undefined for other errors. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { errcode } = error as { errcode?: unknown };
  // The low byte: the others say more exactly why. Not every way through node:sqlite gives a number.
  if (typeof errcode === "number") return errcode & 0xff;
  return CODES.find(([, text]) => text.test(error.message))?.[0];
}

/** Whether the file is not what was written, and no further try will help. */
export function isCorruption(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === CORRUPT || code === NOT_A_DATABASE || error instanceof DamagedRowError;
}

/** One line on why the history at `path` cannot be used. */
export function whyUnavailable(error: unknown, path: string): string {
  const text = (error instanceof Error ? error.message : String(error)).replaceAll(
    /\s*\n\s*/g,
    " ",
  );
  const code = sqliteCode(error);
  const remedy = code === undefined ? undefined : REMEDIES[code];
  const what = text.includes(path) ? text : `${path}: ${text}`;
  return `history ${what}${remedy === undefined ? "" : `: ${remedy}`}`;
}
