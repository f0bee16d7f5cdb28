/**
 * Schemas of single values. What is said of each here is what the API's document tells of it.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";

/** A number; say the unit. */
export function number(description: string) {
  return z.number().openapi({ description });
}

/** A number that may not be known, or not be; say the unit, and what null means where it is not "unknown". */
export function numberOrNull(description: string) {
  return z.number().nullable().openapi({ description });
}

/** A whole number from 0. */
export function count(description: string) {
  return z.int().min(0).openapi({ description });
}

/** A whole number that may not be known; it may be negative. */
export function integerOrNull(description: string) {
  return z.int().nullable().openapi({ description });
}

/** Text. */
export function text(description: string) {
  return z.string().openapi({ description });
}

/** Text that may not be known, or not be. */
export function textOrNull(description: string) {
  return z.string().nullable().openapi({ description });
}

/** Yes or no. */
export function flag(description: string) {
  return z.boolean().openapi({ description });
}

/** Yes, no, or not known. */
export function flagOrNull(description: string) {
  return z.boolean().nullable().openapi({ description });
}

/** Words, in order. */
export function texts(description: string) {
  return z.array(z.string()).openapi({ description });
}

/** A time. */
export function time(description: string) {
  return z.iso.datetime().openapi({ description: `${description}: ISO 8601, UTC` });
}

/** A time that may not be known, or not be. */
export function timeOrNull(description: string) {
  return z.iso.datetime().nullable().openapi({ description: `${description}: ISO 8601, UTC` });
}

/** The stable name of a GPU. */
export function gpuId(description = "The GPU's stable name") {
  return z.string().openapi({ description, example: "pci:0000:06:00.0" });
}

/** The name and version of a document's form. */
export function form<const T extends string>(name: T) {
  return z.literal(name).openapi({ description: "Name and version of this form" });
}

/**
 * Lines of text by name.
 *
 * The names are known to the compiler alone: a document that lists 45 of them twice for each GPU tells less.
 */
export function notes<K extends string>(description: string): z.ZodType<
  string extends K ? Record<string, string> : Partial<Record<K, string>>
> {
  return z.record(z.string(), z.string()).openapi({ description }) as never;
}

/**
 * An object that has a name, or null.
 *
 * Not `nullable()`: what makes the document of it would make the named schema itself nullable, everywhere.
 */
export function orNull<T extends z.ZodType>(schema: T, description: string) {
  return z.union([schema, z.null()]).openapi({ description });
}
