/**
 * What a key of the configuration may be: its type, unit, range and default, and how its text is read and
 * written. Pure.
 *
 * @module
 */

import { closest } from "../gpu/closest.ts";

/** A value that a key may not have. The message says what it may be: `give true or false`. */
export class ConfigValueError extends Error {
  override readonly name = "ConfigValueError";
}

/** A key. */
export interface Key<Value> {
  /** What may be given, for people: `true or false`, `a whole number from 1 to 10`. */
  readonly form: string;
  /** `ms`, `°C`; null where there is none. */
  readonly unit: string | null;
  readonly default: Value;
  /** One sentence: what it does. */
  readonly describe: string;
  /** Words that it may be, for completion; null where there are others. */
  readonly choices: readonly string[] | null;
  /** @throws {ConfigValueError} for a text that it may not be. */
  parse(text: string): Value;
  /** The text that {@linkcode parse} reads as this value. */
  format(value: Value): string;
  /** What a person should know of a value that is allowed; null for nothing. */
  caution(value: Value): string | null;
}

/** What a builder takes beside the type. */
interface About<Value> {
  readonly describe: string;
  readonly caution?: (value: Value) => string | null;
}

const nothing = () => null;

/** `true` or `false`; `yes`, `no`, `on`, `off`, `1` and `0` are read too. */
export function bool(normal: boolean, about: About<boolean>): Key<boolean> {
  return {
    form: "true or false",
    unit: null,
    default: normal,
    choices: ["true", "false"],
    caution: nothing,
    ...about,
    parse(text) {
      const word = text.toLowerCase();
      if (["true", "yes", "on", "1"].includes(word)) return true;
      if (["false", "no", "off", "0"].includes(word)) return false;
      throw new ConfigValueError("give true or false");
    },
    format: String,
  };
}

/** A number between two bounds, both allowed. */
export interface Range {
  readonly least: number;
  readonly most: number;
  readonly unit?: string;
}

function numeric(
  normal: number,
  { least, most, unit, ...about }: Range & About<number>,
  whole: boolean,
): Key<number> {
  const form = `a ${whole ? "whole " : ""}number from ${least} to ${most}`;
  return {
    form,
    unit: unit ?? null,
    default: normal,
    choices: null,
    caution: nothing,
    ...about,
    parse(text) {
      const number = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
      if (number >= least && number <= most && (!whole || Number.isInteger(number))) return number;
      throw new ConfigValueError(
        `give ${form}${unit === undefined ? "" : `, in ${unit} and without it`}`,
      );
    },
    format: String,
  };
}

/** A number. */
export function number(normal: number, about: Range & About<number>): Key<number> {
  return numeric(normal, about, false);
}

/** A whole number. */
export function integer(normal: number, about: Range & About<number>): Key<number> {
  return numeric(normal, about, true);
}

/** One of some words; `synonyms` are read as the words that they lead to. */
export function choice<Word extends string>(
  normal: Word,
  words: readonly Word[],
  { synonyms = {}, ...about }: About<Word> & { synonyms?: Readonly<Record<string, Word>> },
): Key<Word> {
  return {
    form: words.join(", "),
    unit: null,
    default: normal,
    choices: words,
    caution: nothing,
    ...about,
    parse(text) {
      const word = text.toLowerCase().replaceAll("-", "_");
      const known = words.find((each) => each === word);
      if (known !== undefined) return known;
      const meant = Object.hasOwn(synonyms, word) ? synonyms[word] : undefined;
      if (meant !== undefined) return meant;
      const near = closest(word, words);
      throw new ConfigValueError(
        near === undefined ? `give ${words.join(", ")}` : `did you mean ${near}?`,
      );
    },
    format: (value) => value,
  };
}

/** A text that is checked and brought to a form; an empty one is null. */
export function text(
  form: string,
  { read = (given) => given, ...about }: About<string | null> & {
    /** @throws {ConfigValueError} */
    read?: (given: string) => string;
    default?: string | null;
  },
): Key<string | null> {
  return {
    form,
    unit: null,
    default: null,
    choices: null,
    caution: nothing,
    ...about,
    parse: (given) => given === "" ? null : read(given),
    format: (value) => value ?? "",
  };
}

/** An absolute path; an empty text is null. */
export function path(
  about: About<string | null> & { default?: string | null },
): Key<string | null> {
  return text("an absolute path", {
    ...about,
    read(given) {
      if (given.startsWith("/") && !given.includes("\0")) return given;
      throw new ConfigValueError("give an absolute path, which begins with /");
    },
  });
}

/** Words with commas between them. */
export function list(
  normal: readonly string[],
  about: About<readonly string[]> & { form: string },
): Key<readonly string[]> {
  return {
    unit: null,
    default: normal,
    choices: null,
    caution: nothing,
    ...about,
    parse: (given) => given.split(",").map((each) => each.trim()).filter((each) => each !== ""),
    format: (value) => value.join(","),
  };
}

/** One point of a curve. */
export interface ConfigPoint {
  readonly at: number;
  readonly value: number;
}

/** A curve: `0:30,25:50`. What is before the colon rises, and what is behind it does not fall. */
export function curve(
  normal: readonly ConfigPoint[],
  { at, value, ...about }: About<readonly ConfigPoint[]> & {
    readonly at: Range;
    readonly value: Range;
  },
): Key<readonly ConfigPoint[]> {
  const format = (points: readonly ConfigPoint[]) =>
    points.map((point) => `${point.at}:${point.value}`).join(",");
  const wrong = (why: string) =>
    new ConfigValueError(`${why}: give points such as ${format(normal)}`);
  const isWithin = (point: ConfigPoint) =>
    point.at >= at.least && point.at <= at.most && point.value >= value.least &&
    point.value <= value.most;
  return {
    form: `points from ${at.least}:${value.least} to ${at.most}:${value.most} that rise`,
    unit: at.unit === undefined ? null : `${at.unit}:${value.unit}`,
    default: normal,
    choices: null,
    caution: nothing,
    ...about,
    parse(given) {
      const points = given.split(",").map((part): ConfigPoint => {
        const match = /^(\d+(?:\.\d+)?)\s*:\s*(\d+(?:\.\d+)?)$/.exec(part.trim());
        if (match === null) throw wrong(`'${part.trim()}' is no point`);
        const point = { at: Number(match[1]), value: Number(match[2]) };
        if (isWithin(point)) return point;
        throw wrong(
          `'${part.trim()}' is not between ${at.least}:${value.least} and ${at.most}:${value.most}`,
        );
      });
      points.forEach((point, i) => {
        const before = points[i - 1];
        if (before !== undefined && (point.at <= before.at || point.value < before.value)) {
          throw wrong(`'${format([point])}' does not rise above '${format([before])}'`);
        }
      });
      return points;
    },
    format,
  };
}
