/**
 * C structures over one `ArrayBuffer`.
 *
 * {@linkcode encode} writes a value of a {@linkcode Layout} and everything it points to into a single
 * buffer, so that keeping that one buffer alive keeps all of it alive; {@linkcode decode} reads a value
 * back.
 *
 * @module
 */

import { Encoded } from "./encoded.ts";
import {
  type Chained,
  type Decoded,
  type FieldType,
  isScalar,
  type Layout,
  roundUp,
  type Scalar,
  sizeAndAlign,
  type StructValue,
} from "./layout.ts";

export { Encoded } from "./encoded.ts";
export {
  type Address,
  type Chained,
  type Decoded,
  type Field,
  type FieldType,
  type Layout,
  type Scalar,
  struct,
  structure,
  type StructValue,
} from "./layout.ts";

/** What an integer of each width holds. */
const INTEGER_RANGE: Partial<Record<Scalar, readonly [bigint, bigint]>> = {
  u8: [0n, 0xffn],
  i8: [-0x80n, 0x7fn],
  u16: [0n, 0xffffn],
  i16: [-0x8000n, 0x7fffn],
  // JavaScript's bit operators give signed numbers: `~0` and `1 << 31` mean what they mean in C.
  u32: [-0x8000_0000n, 0xffff_ffffn],
  i32: [-0x8000_0000n, 0x7fff_ffffn],
  u64: [-0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn],
  i64: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
  usize: [0n, 0xffff_ffff_ffff_ffffn],
  pointer: [0n, 0xffff_ffff_ffff_ffffn],
};

/** Refuses what the C type cannot hold; a DataView would wrap it without a word. */
function checkInteger(type: Scalar, value: number | bigint, what: string): void {
  const range = INTEGER_RANGE[type];
  if (range === undefined) return;
  if (typeof value === "number" && !Number.isInteger(value)) {
    throw new RangeError(`${what}: ${value} is no integer`);
  }
  if (value < range[0] || value > range[1]) {
    throw new RangeError(`${what}: ${value} does not fit ${type}`);
  }
}

const encoder = new TextEncoder();
/** `ignoreBOM` keeps a byte order mark, which is a character like any other here. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The bytes of a C string, without its NUL. */
function textBytes(text: string, what: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) throw new TypeError(`${what}: a C string holds no NUL`);
  return encoder.encode(text);
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The address of a buffer's first byte; 0 for an empty one. Valid while the buffer is reachable. */
export function addressOf(view: ArrayBufferView<ArrayBuffer>): bigint {
  if (view.byteLength === 0) return 0n;
  // Reading `.buffer` moves a small typed array off V8's moving heap; only then is its address fixed.
  const { buffer, byteOffset } = view;
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer)) + BigInt(byteOffset);
}

/** Whether a value is a `Deno.PointerObject`: an external without a prototype. */
function isPointerObject(value: unknown): value is Deno.PointerObject {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null;
}

class Writer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #used = 0;
  /** Places that hold an offset into this buffer, to become addresses once it stops moving. */
  readonly #relocations: number[] = [];
  readonly retained: unknown[] = [];
  chainOffsets: number[] = [];
  /** Bytes at the start that the structures asked for take; behind them is what they point to. */
  outermost = 0;

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

  /** The address that a value stands for; buffers and structures are kept alive from here on. */
  #addressIn(value: unknown, what: string): number | bigint {
    if (value === undefined || value === null) return 0n;
    if (typeof value === "number" || typeof value === "bigint") return value;
    if (ArrayBuffer.isView(value)) {
      this.retained.push(value);
      return addressOf(value as ArrayBufferView<ArrayBuffer>);
    }
    if (value instanceof Encoded) {
      this.retained.push(value);
      return value.address;
    }
    if (isPointerObject(value)) {
      this.retained.push(value);
      return Deno.UnsafePointer.value(value as Deno.PointerObject);
    }
    throw new TypeError(`${what}: expected an address, a typed array or an encoded structure`);
  }

  scalar(type: Scalar, at: number, value: unknown, what: string): void {
    const view = this.#view;
    const given = type === "pointer"
      ? this.#addressIn(value, what)
      : typeof value === "boolean"
      ? Number(value)
      : value ?? 0;
    if (typeof given !== "number" && typeof given !== "bigint") {
      throw new TypeError(`${what}: expected a number, got ${typeof given}`);
    }
    checkInteger(type, given, what);
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
      case "pointer":
        return view.setBigUint64(at, BigInt(given), LITTLE_ENDIAN);
    }
  }

  #pointTo(at: number, target: number): void {
    this.#view.setBigUint64(at, BigInt(target), LITTLE_ENDIAN);
    this.#relocations.push(at);
  }

  #cstring(text: string, what: string): number {
    const encoded = textBytes(text, what);
    const offset = this.reserve(encoded.length + 1, 1);
    this.#bytes.set(encoded, offset);
    return offset;
  }

  field(type: FieldType, at: number, value: unknown, what: string): void {
    if (isScalar(type)) return this.scalar(type, at, value, what);
    if (value === undefined || value === null) return;
    if (type === "cstring") {
      if (typeof value !== "string") return this.scalar("pointer", at, value, what);
      return this.#pointTo(at, this.#cstring(value, what));
    }
    if (type === "chain") return this.#chain(at, value as readonly Chained[]);
    if ("struct" in type) return this.struct(type.struct(), at, value as StructValue);
    if ("chars" in type) {
      if (typeof value !== "string") throw new TypeError(`${what}: expected a string`);
      const text = textBytes(value, what);
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
      texts.forEach((text, i) => this.#pointTo(target + 8 * i, this.#cstring(text, what)));
      return;
    }
    if (
      typeof value === "bigint" || value instanceof Encoded || ArrayBuffer.isView(value) ||
      isPointerObject(value)
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
    // Structures further in may have chains of their own; what callers read back is the outermost.
    if (at < this.outermost) this.chainOffsets = offsets;
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
      if (ArrayBuffer.isView(elements)) {
        // Raw memory counts in the elements that C sees, whatever the typed array's own are.
        return Math.floor(elements.byteLength / ("to" in type ? sizeAndAlign(type.to).size : 8));
      }
      if (Array.isArray(elements)) return elements.length;
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

/**
 * Writes `value` as the structure `layout`, with everything it points to, into one buffer.
 *
 * Members that are not given are 0, null or their `initial` value; a member that counts a given array
 * is filled in from it. A pointer member takes an array or value (copied in), or an address as `bigint`,
 * a `Deno.PointerObject`, a typed array (pointed to, not copied: C may write to it) or another
 * {@linkcode Encoded}; the last three are kept alive with the result.
 *
 * @throws {TypeError} for a member that the structure does not have, or of the wrong type.
 * @throws {RangeError} for a number that its C type cannot hold, or an array or string that is longer
 * than its member.
 */
export function encode<T extends StructValue>(layout: Layout<T>, value?: NoInfer<T>): Encoded {
  return encodeArray<StructValue>(layout, [value ?? {}]);
}

/** Like {@linkcode encode}, for `values.length` structures one after the other. */
export function encodeArray<T extends StructValue>(
  layout: Layout<T>,
  values: readonly NoInfer<T>[],
): Encoded {
  const writer = new Writer();
  const at = writer.reserve(layout.size * values.length, Math.max(layout.align, 8));
  writer.outermost = layout.size;
  values.forEach((value, i) => writer.struct(layout, at + i * layout.size, value));
  return writer.finish();
}

/** NUL-terminated UTF-8 in `bytes`, or all of it where there is no NUL. */
export function decodeCString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
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
export function decode<T>(layout: Layout<T>, bytes: Uint8Array, offset = 0): Decoded<T> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return readStruct(layout, view, offset) as Decoded<T>;
}

/** Reads `count` structures one after the other; see {@linkcode decode}. */
export function decodeArray<T>(
  layout: Layout<T>,
  bytes: Uint8Array,
  count: number,
): Decoded<T>[] {
  return Array.from({ length: count }, (_, i) => decode(layout, bytes, i * layout.size));
}
