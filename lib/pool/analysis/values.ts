/**
 * What the ids of a function stand for: nodes of the graph, composites of them, and pointers.
 *
 * @module
 */

import type { MatrixLayout, Type } from "./types.ts";

/** A descriptor by its place. */
export interface BufferRoot {
  kind: "buffer";
  variable: number;
  set: number;
  binding: number;
}

/** A storage image of two or three dimensions. Its loaded value is the pointer to it. */
export interface ImageRoot {
  kind: "image";
  set: number;
  binding: number;
  dimensions: 2 | 3;
}

/** What a pointer points into. */
export type Root =
  | BufferRoot
  | ImageRoot
  | { kind: "push" }
  | { kind: "builtin"; builtin: number }
  /** A variable that is followed scalar by scalar, in slots from `slot` on. */
  | { kind: "local"; slot: number; count: number }
  /** Memory of an invocation or a work-group, not followed. */
  | { kind: "opaque"; variable: number }
  /** A texel of a storage image. */
  | { kind: "texel" }
  /** Not known. */
  | { kind: "lost" };

/** An index that is not constant. */
export interface Term {
  node: number;
  /** Bits of the index. */
  width: number;
  /** In bytes; 0 for a coordinate of an image, which the launch gives its size. */
  stride: number;
  /** Elements that there are; null for a runtime array, or an image. */
  count: number | null;
}

/** A pointer. */
export interface Pointer {
  kind: "pointer";
  root: Root;
  type: Type;
  /** In bytes; for builtins the component, for locals the slot from the root's on. */
  offset: number;
  terms: readonly Term[];
  matrix: MatrixLayout;
  /** Bytes that any access through it may touch, where that is more than its type: a matrix by rows. */
  whole: number | null;
  /** Accesses are seen by others at once: `Coherent` or `Volatile`. */
  isShared: boolean;
  /** What it leads to may be computed with fewer bits, or is not laid out. */
  isVague: boolean;
}

/** The value of an id: a node, a composite, a pointer, or null for floating-point numbers and the like. */
export type Value = number | readonly Value[] | Pointer | null;

/** Whether a value is a pointer. */
export function isPointer(value: Value | undefined): value is Pointer {
  return typeof value === "object" && value !== null && "kind" in value;
}

/** Composites with more scalars than this are not followed. */
const MOST_LEAVES = 128;

/** Of composites by type: structures nested in each other would be counted again for each way to them. */
const leafCounts = new WeakMap<Type, { count: number | null }>();

/** Sum of the parts' scalars; null where one is not followed, or there are too many. */
function sumOfLeaves(members: readonly { type: Type }[]): number | null {
  let sum = 0;
  for (const { type } of members) {
    const inner = leafCount(type);
    if (inner === null) return null;
    sum += inner;
    if (sum > MOST_LEAVES) return null;
  }
  return sum;
}

function countLeaves(type: Type): number | null {
  switch (type.kind) {
    case "vector":
    case "matrix":
    case "array": {
      const inner = leafCount(type.element);
      return inner === null || type.count === null ? null : inner * type.count;
    }
    case "struct":
      return sumOfLeaves(type.members);
    default:
      return null;
  }
}

/**
 * Scalars in a type; null for one that is not followed: of too many, or of none, of which there may be any number
 * of parts.
 */
export function leafCount(type: Type): number | null {
  if (type.kind === "bool" || type.kind === "int" || type.kind === "float") return 1;
  let known = leafCounts.get(type);
  if (known === undefined) {
    const count = countLeaves(type);
    known = { count: count === null || count < 1 || count > MOST_LEAVES ? null : count };
    leafCounts.set(type, known);
  }
  return known.count;
}

/** Types of a composite's parts; undefined for a scalar. */
export function partsOf(type: Type): readonly Type[] | undefined {
  switch (type.kind) {
    case "vector":
    case "matrix":
    case "array":
      if (leafCount(type) === null) return undefined;
      return Array<Type>(type.count ?? 0).fill(type.element);
    case "struct":
      return leafCount(type) === null ? undefined : type.members.map((member) => member.type);
    default:
      return undefined;
  }
}

/** A value of a type, made scalar by scalar in order. */
export function build(type: Type, leaf: (type: Type) => Value): Value {
  const parts = partsOf(type);
  return parts === undefined ? leaf(type) : parts.map((part) => build(part, leaf));
}

/** The scalars of a value in order; null for those that are not known. */
export function leavesOf(type: Type, value: Value): (number | null)[] {
  const parts = partsOf(type);
  if (parts === undefined) return [typeof value === "number" ? value : null];
  const list = Array.isArray(value) ? value as readonly Value[] : [];
  return parts.flatMap((part, i) => leavesOf(part, list[i] ?? null));
}

/** A part of a composite; null where it is not known. */
export function partOf(value: Value, path: readonly number[]): Value {
  let at = value;
  for (const index of path) {
    if (!Array.isArray(at)) return null;
    at = (at as readonly Value[])[index] ?? null;
  }
  return at;
}

/** A composite with one part replaced. */
export function withPart(type: Type, value: Value, path: readonly number[], part: Value): Value {
  const [index, ...rest] = path;
  if (index === undefined) return part;
  const parts = partsOf(type);
  if (parts === undefined) return null;
  const list = Array.isArray(value) ? value as readonly Value[] : [];
  return parts.map((inner, i) =>
    i === index ? withPart(inner, list[i] ?? null, rest, part) : list[i] ?? null
  );
}

/** Bits of a scalar as a node holds it; null for what is no integer and no truth value. */
export function widthOf(type: Type): number | null {
  return type.kind === "int" ? type.width : type.kind === "bool" ? 1 : null;
}
