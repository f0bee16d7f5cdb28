/**
 * The shape of C structures: members, offsets, sizes.
 *
 * A {@linkcode Layout} follows the natural alignment rules of the System V ABIs (x86-64 psABI section
 * 3.1.2, AAPCS64 section 5.9): each member at the next multiple of its own alignment, the size rounded up
 * to the largest alignment. Bit-fields and packed structures are not described.
 *
 * @module
 */

import type { Encoded } from "./encoded.ts";

/** A scalar C type by its width; `pointer` and `usize` are 64 bits: mvgal runs on 64-bit hosts only. */
export type Scalar =
  | "u8"
  | "i8"
  | "u16"
  | "i16"
  | "u32"
  | "i32"
  | "u64"
  | "i64"
  | "usize"
  | "f32"
  | "f64"
  | "pointer";

/** What a member of a structure is. */
export type FieldType =
  | Scalar
  /** A nested structure, by value. */
  | { struct: () => Layout }
  /** `T name[count]`. */
  | { array: FieldType; count: number }
  /** `char name[count]`: a NUL-terminated string of at most `count` bytes. */
  | { chars: number }
  /** `const char *`. */
  | "cstring"
  /** `const T *`: one value, or, with `length`, as many as the member of that name says. */
  | { to: FieldType; length?: string }
  /** `const char *const *`, as many as the member `length` says. */
  | { cstrings: true; length: string }
  /** `void *pNext`: a chain of structures, each a {@linkcode Chained}. */
  | "chain";

/** One member: its name and type, and the value it has when none is given. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** Used where a value has no such property; otherwise that is 0, a null pointer or an empty array. */
  readonly initial?: number;
  /** A member of a union, all at offset 0: only those that the value has are written. Set by {@linkcode struct}. */
  readonly union?: boolean;
}

/**
 * A structure: its C name and members, with offsets and sizes in bytes. `T` is the TypeScript type of
 * its values, all members optional.
 */
// deno-lint-ignore no-explicit-any
export interface Layout<T = any> {
  /** Carries the type of the values; never set. */
  readonly valueType?: T;
  readonly name: string;
  readonly size: number;
  readonly align: number;
  readonly fields: readonly (Field & { readonly offset: number })[];
}

/** What a pointer member can be given; {@linkcode decode} gives the address. */
export type Address = bigint | Deno.PointerObject | ArrayBufferView<ArrayBuffer> | Encoded;

/** What {@linkcode decode} gives for a structure with values of type `T`: every member is there. */
export type Decoded<T> = T extends number | bigint | string ? T
  : T extends Exclude<Address, bigint> ? never
  : T extends readonly (infer E)[] ? Decoded<E>[]
  : T extends object ? { [K in keyof T]-?: Decoded<NonNullable<T[K]>> }
  : T;

/** One element of a `pNext` chain: a layout and the value to write, or to leave for the callee to fill. */
export interface Chained {
  readonly layout: Layout;
  readonly value: StructValue;
}

/** A value of a structure: a plain object with some of its members. */
// deno-lint-ignore no-explicit-any
export type StructValue = Record<string, any>;

/** The TypeScript type of a member as {@linkcode encode} takes it. */
export type FieldValue<T extends FieldType> = T extends "u64" | "i64" | "usize" ? bigint
  : T extends "pointer" ? Address
  : T extends Scalar ? number
  : T extends { chars: number } ? string
  : T extends { array: infer E extends FieldType } ? FieldValue<E>[]
  : T extends { struct: () => Layout<infer V> } ? V
  // deno-lint-ignore no-explicit-any
  : any;

/** The TypeScript type of a structure with these members, all optional. */
export type ValueOf<F extends readonly Field[]> = {
  [M in F[number] as M["name"]]?: FieldValue<M["type"]>;
};

const SCALAR_SIZE: Record<Scalar, number> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
  usize: 8,
  f32: 4,
  f64: 8,
  pointer: 8,
};

/** Whether a member is a number or an address, and nothing that it contains or points to. */
export function isScalar(type: FieldType): type is Scalar {
  return typeof type === "string" && type !== "cstring" && type !== "chain";
}

/** Size and alignment of a member, in bytes. */
export function sizeAndAlign(type: FieldType): { size: number; align: number } {
  if (isScalar(type)) return { size: SCALAR_SIZE[type], align: SCALAR_SIZE[type] };
  if (typeof type === "string") return { size: 8, align: 8 };
  if ("struct" in type) return type.struct();
  if ("chars" in type) return { size: type.chars, align: 1 };
  if ("array" in type) {
    const element = sizeAndAlign(type.array);
    return { size: element.size * type.count, align: element.align };
  }
  return { size: 8, align: 8 };
}

/** The next multiple of `align`, a power of two or not, that is not below `value`. */
export function roundUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}

/**
 * Describes a C structure (or, with `union`, a union) by its members in order. The type of its values is
 * given; {@linkcode structure} infers it.
 *
 * @param name the C name, for messages and for the check against the compiler's `offsetof`.
 */
export function struct<T = StructValue>(
  name: string,
  fields: readonly Field[],
  options: { union?: boolean } = {},
): Layout<T> {
  let end = 0, size = 0, align = 1;
  const placed = fields.map((field) => {
    const member = sizeAndAlign(field.type);
    const offset = options.union ? 0 : roundUp(end, member.align);
    end = offset + member.size;
    size = Math.max(size, end);
    align = Math.max(align, member.align);
    return options.union ? { ...field, offset, union: true } : { ...field, offset };
  });
  return { name, size: roundUp(size, align), align, fields: placed };
}

/** Like {@linkcode struct}, with the type of the values inferred from the members. */
export function structure<const F extends readonly Field[]>(
  name: string,
  fields: F,
  options?: { union?: boolean },
): Layout<ValueOf<F>> {
  return struct(name, fields, options);
}
