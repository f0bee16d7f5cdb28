/**
 * C structures over one `ArrayBuffer`.
 *
 * A {@linkcode Layout} describes a structure by the natural alignment rules of the System V ABIs
 * (x86-64 psABI section 3.1.2, AAPCS64 section 5.9): each member at the next multiple of its own
 * alignment, the size rounded up to the largest alignment. {@linkcode encode} writes a value and
 * everything it points to into a single buffer, so that keeping that one buffer alive keeps all of it
 * alive; {@linkcode decode} reads a value back.
 *
 * @module
 */

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
  /** All members share offset 0 (a C union). Only the one that the value has is written. */
  readonly union?: boolean;
}

/** A structure: its C name and members, with offsets and sizes in bytes. */
export interface Layout {
  readonly name: string;
  readonly size: number;
  readonly align: number;
  readonly fields: readonly (Field & { readonly offset: number })[];
}

/** One element of a `pNext` chain: a layout and the value to write, or to leave for the callee to fill. */
export interface Chained {
  readonly layout: Layout;
  readonly value: StructValue;
}

/** A value of a structure: a plain object with some of its members. */
// deno-lint-ignore no-explicit-any
export type StructValue = Record<string, any>;

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

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function isScalar(type: FieldType): type is Scalar {
  return typeof type === "string" && type !== "cstring" && type !== "chain";
}

function sizeAndAlign(type: FieldType): { size: number; align: number } {
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

function roundUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}

/**
 * Describes a C structure (or, with `union`, a union) by its members in order.
 *
 * @param name the C name, for messages and for the check against the compiler's `offsetof`.
 */
export function struct(
  name: string,
  fields: readonly Field[],
  options: { union?: boolean } = {},
): Layout {
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

/** A structure in memory, with all that it points to. Keep it reachable while C may read it. */
export class Encoded {
  /** The bytes; pass this as a `buffer` argument: the structure itself starts at byte 0. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Address of the structure. Valid while this object is reachable. */
  readonly address: bigint;
  /** Offsets of the elements of the `pNext` chain, in the order given. */
  readonly chainOffsets: readonly number[];
  /** Buffers that the structure points to by address. */
  readonly #retained: readonly unknown[];

  /** Takes what {@linkcode encode} wrote. */
  constructor(
    bytes: Uint8Array<ArrayBuffer>,
    address: bigint,
    chainOffsets: number[],
    retained: unknown[],
  ) {
    this.bytes = bytes;
    this.address = address;
    this.chainOffsets = chainOffsets;
    this.#retained = retained;
  }

  /** How many other buffers this one keeps alive. */
  get retained(): number {
    return this.#retained.length;
  }
}

/** The address of a buffer's first byte; 0 for an empty one. Valid while the buffer is reachable. */
export function addressOf(view: ArrayBufferView<ArrayBuffer>): bigint {
  if (view.byteLength === 0) return 0n;
  // Reading `.buffer` moves a small typed array off V8's moving heap; only then is its address fixed.
  const { buffer, byteOffset } = view;
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer)) + BigInt(byteOffset);
}

class Writer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #used = 0;
  /** Places that hold an offset into this buffer, to become addresses once it stops moving. */
  readonly #relocations: number[] = [];
  readonly retained: unknown[] = [];
  chainOffsets: number[] = [];

  reserve(size: number, align: number): number {
    const offset = roundUp(this.#used, align);
    this.#used = offset + size;
    if (this.#used > this.#bytes.length) {
      const grown = new Uint8Array(roundUp(this.#used * 2, 64));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return offset;
  }

  scalar(type: Scalar, at: number, value: unknown, what: string): void {
    const view = this.#view;
    if (type === "pointer") {
      if (ArrayBuffer.isView(value)) {
        this.retained.push(value);
        value = addressOf(value as ArrayBufferView<ArrayBuffer>);
      } else if (value instanceof Encoded) {
        this.retained.push(value);
        value = value.address;
      } else if (value !== null && typeof value === "object") {
        this.retained.push(value);
        value = Deno.UnsafePointer.value(value as Deno.PointerObject);
      }
      view.setBigUint64(at, BigInt((value ?? 0) as number | bigint), LITTLE_ENDIAN);
      return;
    }
    const given = typeof value === "boolean" ? Number(value) : value ?? 0;
    if (typeof given !== "number" && typeof given !== "bigint") {
      throw new TypeError(`${what}: expected a number, got ${typeof given}`);
    }
    switch (type) {
      case "u8":
        return view.setUint8(at, Number(given));
      case "i8":
        return view.setInt8(at, Number(given));
      case "u16":
        return view.setUint16(at, Number(given), LITTLE_ENDIAN);
      case "i16":
        return view.setInt16(at, Number(given), LITTLE_ENDIAN);
      case "u32":
        return view.setUint32(at, Number(given), LITTLE_ENDIAN);
      case "i32":
        return view.setInt32(at, Number(given), LITTLE_ENDIAN);
      case "f32":
        return view.setFloat32(at, Number(given), LITTLE_ENDIAN);
      case "f64":
        return view.setFloat64(at, Number(given), LITTLE_ENDIAN);
      case "i64":
        return view.setBigInt64(at, BigInt(given), LITTLE_ENDIAN);
      case "u64":
      case "usize":
        return view.setBigUint64(at, BigInt(given), LITTLE_ENDIAN);
    }
  }

  #pointTo(at: number, target: number): void {
    this.#view.setBigUint64(at, BigInt(target), LITTLE_ENDIAN);
    this.#relocations.push(at);
  }

  #cstring(text: string): number {
    const encoded = new TextEncoder().encode(text);
    const offset = this.reserve(encoded.length + 1, 1);
    this.#bytes.set(encoded, offset);
    return offset;
  }

  field(type: FieldType, at: number, value: unknown, what: string): void {
    if (isScalar(type)) return this.scalar(type, at, value, what);
    if (value === undefined || value === null) return;
    if (type === "cstring") return this.#pointTo(at, this.#cstring(String(value)));
    if (type === "chain") return this.#chain(at, value as readonly Chained[]);
    if ("struct" in type) return this.struct(type.struct(), at, value as StructValue);
    if ("chars" in type) {
      const text = new TextEncoder().encode(String(value));
      if (text.length >= type.chars) {
        throw new RangeError(`${what}: ${text.length} bytes do not fit char[${type.chars}]`);
      }
      this.#bytes.set(text, at);
      return;
    }
    if ("array" in type) {
      const elements = Array.from(value as ArrayLike<unknown>);
      if (elements.length > type.count) {
        throw new RangeError(`${what}: ${elements.length} elements do not fit [${type.count}]`);
      }
      return this.#elements(type.array, at, elements, what);
    }
    if ("cstrings" in type) {
      const texts = value as readonly string[];
      if (texts.length === 0) return;
      const target = this.reserve(8 * texts.length, 8);
      this.#pointTo(at, target);
      texts.forEach((text, i) => this.#pointTo(target + 8 * i, this.#cstring(text)));
      return;
    }
    if (
      typeof value === "bigint" || value instanceof Encoded ||
      (ArrayBuffer.isView(value) && !isElementList(value, type.to))
    ) {
      return this.scalar("pointer", at, value, what);
    }
    const elements = type.length === undefined ? [value] : Array.from(value as ArrayLike<unknown>);
    if (elements.length === 0) return;
    const element = sizeAndAlign(type.to);
    const target = this.reserve(element.size * elements.length, element.align);
    this.#pointTo(at, target);
    this.#elements(type.to, target, elements, what);
  }

  #elements(type: FieldType, at: number, elements: unknown[], what: string): void {
    const { size } = sizeAndAlign(type);
    elements.forEach((element, i) => this.field(type, at + i * size, element, `${what}[${i}]`));
  }

  #chain(at: number, chain: readonly Chained[]): void {
    const offsets: number[] = [];
    let link = at;
    for (const { layout, value } of chain) {
      const next = layout.fields.find((field) => field.type === "chain");
      if (next === undefined) throw new TypeError(`${layout.name} cannot stand in a pNext chain`);
      const offset = this.reserve(layout.size, Math.max(layout.align, 8));
      offsets.push(offset);
      this.#pointTo(link, offset);
      this.struct(layout, offset, value);
      link = offset + next.offset;
    }
    this.chainOffsets = offsets;
  }

  struct(layout: Layout, at: number, value: StructValue): void {
    for (const key of Object.keys(value)) {
      if (!layout.fields.some((field) => field.name === key)) {
        throw new TypeError(`${layout.name} has no member ${key}`);
      }
    }
    for (const field of layout.fields) {
      const given = value[field.name];
      if (field.union && given === undefined) continue;
      const counted = given === undefined ? this.#countFor(layout, field.name, value) : undefined;
      this.field(
        field.type,
        at + field.offset,
        given ?? counted ?? field.initial,
        `${layout.name}.${field.name}`,
      );
    }
  }

  /** The number of elements in the arrays of `value` that the member `name` counts. */
  #countFor(layout: Layout, name: string, value: StructValue): number | undefined {
    for (const field of layout.fields) {
      const type = field.type;
      if (typeof type !== "object" || !("length" in type) || type.length !== name) continue;
      const elements = value[field.name];
      if (elements !== undefined && elements !== null && typeof elements !== "bigint") {
        return (elements as ArrayLike<unknown>).length;
      }
    }
    return undefined;
  }

  finish(): Encoded {
    const bytes = new Uint8Array(new ArrayBuffer(Math.max(this.#used, 1)));
    bytes.set(this.#bytes.subarray(0, this.#used));
    const base = addressOf(bytes);
    const view = new DataView(bytes.buffer);
    for (const at of this.#relocations) {
      view.setBigUint64(at, base + view.getBigUint64(at, LITTLE_ENDIAN), LITTLE_ENDIAN);
    }
    return new Encoded(bytes, base, this.chainOffsets, this.retained);
  }
}

/** Whether a typed array is a list of elements of `type` (copied in) rather than raw memory (pointed to). */
function isElementList(view: ArrayBufferView, type: FieldType): boolean {
  switch (type) {
    case "f32":
      return view instanceof Float32Array;
    case "u32":
      return view instanceof Uint32Array;
    case "i32":
      return view instanceof Int32Array;
    case "u64":
      return view instanceof BigUint64Array;
    default:
      return false;
  }
}

/**
 * Writes `value` as the structure `layout`, with everything it points to, into one buffer.
 *
 * Members that are not given are 0, null or their `initial` value; a member that counts a given array
 * is filled in from it. A pointer member takes an address as `bigint`, a typed array (pointed to, not
 * copied, and kept alive) or another {@linkcode Encoded}.
 *
 * @throws {TypeError} for a member that the structure does not have, or of the wrong type.
 * @throws {RangeError} for an array or string that is longer than its member.
 */
export function encode(layout: Layout, value: StructValue = {}): Encoded {
  return encodeArray(layout, [value]);
}

/** Like {@linkcode encode}, for `values.length` structures one after the other. */
export function encodeArray(layout: Layout, values: readonly StructValue[]): Encoded {
  const writer = new Writer();
  const at = writer.reserve(layout.size * values.length, Math.max(layout.align, 8));
  values.forEach((value, i) => writer.struct(layout, at + i * layout.size, value));
  return writer.finish();
}

/** NUL-terminated UTF-8 in `bytes`, or all of it where there is no NUL. */
export function decodeCString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function readField(type: FieldType, view: DataView, at: number): unknown {
  switch (type) {
    case "u8":
      return view.getUint8(at);
    case "i8":
      return view.getInt8(at);
    case "u16":
      return view.getUint16(at, LITTLE_ENDIAN);
    case "i16":
      return view.getInt16(at, LITTLE_ENDIAN);
    case "u32":
      return view.getUint32(at, LITTLE_ENDIAN);
    case "i32":
      return view.getInt32(at, LITTLE_ENDIAN);
    case "f32":
      return view.getFloat32(at, LITTLE_ENDIAN);
    case "f64":
      return view.getFloat64(at, LITTLE_ENDIAN);
    case "i64":
      return view.getBigInt64(at, LITTLE_ENDIAN);
    case "u64":
    case "usize":
    case "pointer":
    case "cstring":
    case "chain":
      return view.getBigUint64(at, LITTLE_ENDIAN);
  }
  if ("struct" in type) return readStruct(type.struct(), view, at);
  if ("chars" in type) {
    return decodeCString(new Uint8Array(view.buffer, view.byteOffset + at, type.chars));
  }
  if ("array" in type) {
    const { size } = sizeAndAlign(type.array);
    return Array.from({ length: type.count }, (_, i) => readField(type.array, view, at + i * size));
  }
  return view.getBigUint64(at, LITTLE_ENDIAN);
}

function readStruct(layout: Layout, view: DataView, at: number): StructValue {
  const value: StructValue = {};
  for (const field of layout.fields) {
    value[field.name] = readField(field.type, view, at + field.offset);
  }
  return value;
}

/**
 * Reads the structure `layout` at byte `offset` of `bytes`.
 *
 * 64-bit integers and pointers are `bigint`, `char` arrays are strings, pointers are not followed.
 */
export function decode(layout: Layout, bytes: Uint8Array, offset = 0): StructValue {
  return readStruct(layout, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset);
}

/** Reads `count` structures one after the other; see {@linkcode decode}. */
export function decodeArray(layout: Layout, bytes: Uint8Array, count: number): StructValue[] {
  return Array.from({ length: count }, (_, i) => decode(layout, bytes, i * layout.size));
}
