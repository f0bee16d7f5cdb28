/**
 * An INI file as it stands, line by line, so that it can be edited without losing a comment.
 *
 * The npm package `ini` reads and writes values, but knows no comments, no order and no line numbers: what
 * it writes is a new file. Hence this one, which reads values as `ini` does (a test holds them together).
 * It differs in three things: dots in section names divide nothing (`[gpu pci:0000:06:00.0]`), `true` and
 * numbers stay text, and a line that means nothing is a problem with a number. Pure.
 *
 * @module
 */

import { hasControlCharacter, readIniValue, writeIniValue } from "./ini_value.ts";

/** What a line means. */
export type IniMeaning =
  | { readonly kind: "blank" }
  | { readonly kind: "comment" }
  | { readonly kind: "section"; readonly name: string }
  | {
    readonly kind: "entry";
    readonly key: string;
    readonly value: string;
    /** Where the value as it is written begins and ends in the line. */
    readonly from: number;
    readonly to: number;
  }
  /** Nothing; `problem` says why, and goes behind the line's number. */
  | { readonly kind: "bad"; readonly problem: string };

/** A line. */
export interface IniLine {
  /** As it stands, without its end. */
  readonly text: string;
  /** How it ends; empty for a last line without an end. */
  readonly end: "\n" | "\r\n" | "";
  readonly meaning: IniMeaning;
}

/** A file. */
export interface IniDocument {
  /** The byte order mark at the beginning, or nothing. */
  readonly bom: "\ufeff" | "";
  readonly lines: readonly IniLine[];
}

/** A key with its value, and where it stands. */
export interface IniEntry {
  /** Empty for what stands before the first section. */
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** Counted from 1. */
  readonly line: number;
}

function meaningOf(text: string): IniMeaning {
  const bad = (problem: string): IniMeaning => ({ kind: "bad", problem });
  if (hasControlCharacter(text)) {
    return bad("has a control character: is this a text file?");
  }
  const trimmed = text.trim();
  if (trimmed === "") return { kind: "blank" };
  if (/^[;#]/.test(trimmed)) return { kind: "comment" };
  if (trimmed.startsWith("[")) {
    const name = /^\[([^\]]*)\]\s*(?:[;#].*)?$/.exec(trimmed)?.[1]?.trim();
    if (name === undefined) return bad("begins a section with [ and does not end it with ]");
    return name === "" ? bad("names no section between [ and ]") : { kind: "section", name };
  }
  const equals = text.indexOf("=");
  const key = text.slice(0, equals).trim();
  if (equals < 0) {
    return bad("is no section, comment or key: write [section], # comment or key = value");
  }
  if (key === "") return bad("has no key before the =");
  const rest = text.slice(equals + 1);
  const { value, length } = readIniValue(rest.trim());
  const from = equals + 1 + (rest.length - rest.trimStart().length);
  return { kind: "entry", key, value, from, to: from + length };
}

function lineOf(text: string, end: IniLine["end"]): IniLine {
  return { text, end, meaning: meaningOf(text) };
}

/**
 * Reads a file. Total: what means nothing is a line of the kind `bad`.
 *
 * @example
 * ```ts
 * import { formatIni, parseIni, setIniValue } from "./ini_document.ts";
 * import assert from "node:assert/strict";
 *
 * const document = parseIni("[core]\nenabled = true ; yes\n");
 * assert.equal(
 *   formatIni(setIniValue(document, "core", "enabled", "false")),
 *   "[core]\nenabled = false ; yes\n",
 * );
 * ```
 */
export function parseIni(text: string): IniDocument {
  const bom = text.startsWith("\ufeff") ? "\ufeff" : "";
  const lines: IniLine[] = [];
  for (const match of text.slice(bom.length).matchAll(/([^\n]*?)(\r?\n|$)/g)) {
    const [whole, line = "", end = ""] = match;
    // Behind the last end there is nothing, and not an empty line.
    if (whole !== "") lines.push(lineOf(line, end as IniLine["end"]));
  }
  return { bom, lines };
}

/** The text of a file: that which was read, where nothing was changed. */
export function formatIni({ bom, lines }: IniDocument): string {
  return bom + lines.map(({ text, end }) => text + end).join("");
}

/** All keys in the order of the file, with their sections. */
export function iniEntries({ lines }: IniDocument): IniEntry[] {
  const entries: IniEntry[] = [];
  let section = "";
  lines.forEach(({ meaning }, index) => {
    if (meaning.kind === "section") section = meaning.name;
    if (meaning.kind === "entry") {
      entries.push({ section, key: meaning.key, value: meaning.value, line: index + 1 });
    }
  });
  return entries;
}

/** The value of a key; of one that stands there twice, the last. Undefined where there is none. */
export function getIniValue(
  document: IniDocument,
  section: string,
  key: string,
): string | undefined {
  return iniEntries(document).findLast((each) => each.section === section && each.key === key)
    ?.value;
}

/** @throws {RangeError} for a name that would be read as something else. */
function checkNames(section: string, key: string): void {
  const header = meaningOf(`[${section}]`);
  if (header.kind !== "section" || header.name !== section) {
    throw new RangeError(`'${section}' cannot be the name of a section`);
  }
  const entry = meaningOf(`${key} =`);
  if (entry.kind !== "entry" || entry.key !== key) {
    throw new RangeError(`'${key}' cannot be a key`);
  }
}

/** The document with lines put in before the one of an index, or behind the last. */
function inserted(document: IniDocument, at: number, texts: readonly string[]): IniDocument {
  const lines = [...document.lines];
  const before = lines[at - 1];
  const usual = before?.end || (lines.find(({ end }) => end !== "")?.end ?? "\n");
  const added = texts.map((text) => lineOf(text, usual));
  if (before !== undefined && before.end === "") {
    // The last line had no end: it gets one, and the new last line is without.
    lines[at - 1] = { ...before, end: usual };
    const last = added.pop();
    if (last !== undefined) added.push({ ...last, end: "" });
  }
  lines.splice(at, 0, ...added);
  return { ...document, lines };
}

/** Where a new key of a section goes, and the line whose way of writing it takes over. */
function placeIn(
  { lines }: IniDocument,
  section: string,
  key: string,
): { at: number; like: IniLine | undefined } | undefined {
  let here = "";
  let header: number | undefined, entry: number | undefined, example: number | undefined;
  lines.forEach(({ text, meaning }, index) => {
    if (meaning.kind === "section") here = meaning.name;
    if (here !== section) return;
    if (meaning.kind === "section") [header, entry] = [index, undefined];
    if (meaning.kind === "entry") entry = index;
    if (meaning.kind === "comment" && shownKey(text) === key) example = index;
  });
  const after = example ?? entry ?? header;
  if (after === undefined) return undefined;
  return { at: after + 1, like: entry === undefined ? undefined : lines[entry] };
}

/** The key that a comment shows: `#priority = 50`. */
function shownKey(comment: string): string | undefined {
  return /^\s*[;#]+\s*([^\s=]+)\s*=/.exec(comment)?.[1];
}

/**
 * The document with a value in place of a key's last one; all else stays as it is, a comment behind the
 * value too. A new key goes behind a comment that shows it (`#priority = 50`), else behind its section's
 * last key; a new section goes to the end.
 *
 * @throws {RangeError} for a section or key that cannot stand in such a file.
 */
export function setIniValue(
  document: IniDocument,
  section: string,
  key: string,
  value: string,
): IniDocument {
  checkNames(section, key);
  const written = writeIniValue(value);
  const line = iniEntries(document)
    .findLast((each) => each.section === section && each.key === key)?.line;
  const old = line === undefined ? undefined : document.lines[line - 1];
  if (line !== undefined && old?.meaning.kind === "entry") {
    const { text, end, meaning: { from, to } } = old;
    // `key=` with nothing behind it, beside `key = value`.
    const blank = from === to && /\s=$/.test(text) ? " " : "";
    const changed = lineOf(text.slice(0, from) + blank + written + text.slice(to), end);
    return { ...document, lines: document.lines.with(line - 1, changed) };
  }
  const place = placeIn(document, section, key);
  if (place !== undefined) {
    return inserted(document, place.at, [newEntry(place.like, key, written)]);
  }
  const last = document.lines.at(-1);
  const space = last === undefined || last.meaning.kind === "blank" ? [] : [""];
  return inserted(document, document.lines.length, [
    ...space,
    `[${section}]`,
    `${key} = ${written}`,
  ]);
}

/** A line for a key, with the blanks that its neighbour has. */
function newEntry(like: IniLine | undefined, key: string, written: string): string {
  const [, indent = "", before = " ", after = " "] =
    /^(\s*)[^=]*?(\s*)=([^\S\r\n]*)/.exec(like?.text ?? "") ?? [];
  return `${indent}${key}${before}=${after}${written}`;
}

/** The document without a key: all its lines in all the section's parts. The section's header stays. */
export function removeIniKey(document: IniDocument, section: string, key: string): IniDocument {
  const gone = new Set(
    iniEntries(document)
      .filter((each) => each.section === section && each.key === key)
      .map(({ line }) => line - 1),
  );
  if (gone.size === 0) return document;
  const lines = document.lines.filter((_, index) => !gone.has(index));
  const [last, old] = [lines.at(-1), document.lines.at(-1)];
  // A file without an end at its last line stays one, unless that line is then nothing but its end.
  if (last !== undefined && last.text !== "" && old?.end === "") {
    lines[lines.length - 1] = { ...last, end: "" };
  }
  return { ...document, lines };
}
