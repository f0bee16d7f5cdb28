/**
 * Records of fixed width: where each field lies, for TypeScript and C alike.
 *
 * All numbers are little-endian and lie at multiples of their size; a record has no padding that is not
 * a field. Text is UTF-8 with NULs behind, at least one.
 *
 * @module
 */

/** A field as it is written down. */
export interface FieldSpec {
  /** In snake_case: the name in C, too. */
  name: string;
  /** An unsigned integer, text of `length` bytes, bytes that nobody reads, or records. */
  type: "u32" | "u64" | "text" | "reserved" | RecordLayout;
  /** Bytes of text, or bytes that are reserved. */
  length?: number;
  /** How many in a row: an array in C. One by default, which is none. */
  count?: number;
  /** Whether more than one thread, or process, writes or reads it at once. */
  atomic?: boolean;
  /** What it holds, and its unit. */
  doc: string;
}

/** A field with its place. */
export interface Field extends FieldSpec {
  /** Bytes from the beginning of the record. */
  offset: number;
  /** Bytes of one. */
  size: number;
}

/** A record. */
export interface RecordLayout {
  /** In snake_case: the name in C, too. */
  name: string;
  doc: string;
  /** Bytes, a multiple of 8. */
  size: number;
  fields: readonly Field[];
  /** The same by name. */
  byName: ReadonlyMap<string, Field>;
}

function sizeOf({ type, length }: FieldSpec): { size: number; align: number } {
  if (type === "u32") return { size: 4, align: 4 };
  if (type === "u64") return { size: 8, align: 8 };
  if (type === "text" || type === "reserved") return { size: length ?? 0, align: 1 };
  return { size: type.size, align: 8 };
}

/**
 * Lays fields out one behind the other.
 *
 * @param size what the record has to come to, in bytes.
 * @throws {Error} where C would put padding between fields, or the sum is another.
 */
export function record(
  name: string,
  size: number,
  doc: string,
  specs: readonly FieldSpec[],
): RecordLayout {
  let offset = 0;
  const fields = specs.map((spec): Field => {
    const { size, align } = sizeOf(spec);
    if (offset % align !== 0) throw new Error(`${name}.${spec.name} at ${offset} is not aligned`);
    const field = { ...spec, offset, size };
    offset += size * (spec.count ?? 1);
    return field;
  });
  if (offset !== size || size % 8 !== 0) {
    throw new Error(`${name} has ${offset} bytes, not ${size}`);
  }
  return { name, doc, size, fields, byName: new Map(fields.map((each) => [each.name, each])) };
}

/**
 * A field by its name.
 *
 * @throws {Error} for one that the record has not.
 */
export function field(layout: RecordLayout, name: string): Field {
  const found = layout.byName.get(name);
  if (found === undefined) throw new Error(`${layout.name} has no field ${name}`);
  return found;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** One record in bytes. Reads and writes by the names of fields. */
export class RecordView {
  readonly layout: RecordLayout;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #at: number;

  /**
   * @param at where in the bytes the record begins.
   * @throws {RangeError} where the bytes end before it does.
   */
  constructor(layout: RecordLayout, bytes: Uint8Array<ArrayBuffer>, at = 0) {
    if (at < 0 || at + layout.size > bytes.length) {
      throw new RangeError(
        `${layout.name} has ${layout.size} bytes: ${bytes.length - at} are there`,
      );
    }
    this.layout = layout;
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  #place(name: string, index: number): number {
    const { offset, size } = field(this.layout, name);
    return this.#at + offset + index * size;
  }

  /** A number of 32 bits. */
  u32(name: string): number {
    return this.#view.getUint32(this.#place(name, 0), true);
  }

  /** A number of 64 bits. */
  u64(name: string, index = 0): bigint {
    return this.#view.getBigUint64(this.#place(name, index), true);
  }

  /** Text; undefined where it has no end, is no UTF-8, or holds control characters. */
  text(name: string): string | undefined {
    const { size } = field(this.layout, name);
    const at = this.#place(name, 0);
    const bytes = this.bytes.subarray(at, at + size);
    const end = bytes.indexOf(0);
    if (end < 0) return undefined;
    try {
      const text = UTF8.decode(bytes.subarray(0, end));
      return /\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u.test(text) ? undefined : text;
    } catch {
      return undefined;
    }
  }

  /** A record in the record: the `index`th of a row. */
  at(name: string, index = 0): RecordView {
    const { type } = field(this.layout, name);
    if (typeof type !== "object") throw new Error(`${this.layout.name}.${name} is no record`);
    return new RecordView(type, this.bytes, this.#place(name, index));
  }

  /** Sets a number of 32 bits. */
  setU32(name: string, value: number): void {
    this.#view.setUint32(this.#place(name, 0), value, true);
  }

  /** Sets a number of 64 bits. */
  setU64(name: string, value: bigint, index = 0): void {
    this.#view.setBigUint64(this.#place(name, index), value, true);
  }

  /**
   * Sets text.
   *
   * @throws {RangeError} where it does not fit with a NUL behind, or holds a NUL.
   */
  setText(name: string, text: string): void {
    const { size } = field(this.layout, name);
    const bytes = new TextEncoder().encode(text);
    if (bytes.length >= size || bytes.includes(0)) {
      throw new RangeError(`${name} holds ${size - 1} bytes: '${text}' does not fit`);
    }
    const at = this.#place(name, 0);
    this.bytes.fill(0, at, at + size);
    this.bytes.set(bytes, at);
  }
}
