/**
 * What a section of the configuration is made of.
 *
 * @module
 */

import type { Key } from "./key.ts";

// deno-lint-ignore no-explicit-any -- a key of any type: what it reads, it also writes
export type AnyKey = Key<any>;

/** Another name of a key, as older files have it. */
export interface OtherName {
  /** `section.key`. */
  readonly to: string;
  /** By what a number is multiplied, where the other name has another unit. */
  readonly times?: number;
}

/** A section. */
export interface Section<Keys extends Readonly<Record<string, AnyKey>> = Record<string, AnyKey>> {
  /** One sentence. */
  readonly describe: string;
  readonly keys: Keys;
  /** Keys of the original's files that mean a key of this version. */
  readonly otherNames?: Readonly<Record<string, OtherName>>;
  /** Keys of the original's files that do nothing, and why. They are accepted with a warning. */
  readonly withoutEffect?: Readonly<Record<string, string>>;
}

/** The values of a section's keys. */
export type ValuesOf<Keys extends Readonly<Record<string, AnyKey>>> = {
  readonly [Name in keyof Keys]: Keys[Name] extends Key<infer Value> ? Value : never;
};

/** A section, with the types of its keys kept. */
export function section<const Keys extends Readonly<Record<string, AnyKey>>>(
  made: Section<Keys>,
): Section<Keys> {
  return made;
}
