/**
 * Bytes that grow as they are written, with a checksum over them.
 *
 * @module
 */

import { crc32 } from "node:zlib";

/** The bytes are not those that were written. */
export class DamagedRowError extends Error {
  override readonly name = "DamagedRowError";
}

/** Writes little-endian numbers. */
export class ByteWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** Where the next number goes. */
  get length(): number {
    return this.#at;
  }

  #take(count: number): number {
    const at = this.#at;
    this.#at += count;
    if (this.#at > this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#at);
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }

  u8(value: number): void {
    const at = this.#take(1);
    this.#bytes[at] = value;
  }

  u16(value: number): void {
    const at = this.#take(2);
    this.#view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.#take(4);
    this.#view.setUint32(at, value, true);
  }

  /** A number in 64 bits where `wide` is set, else in 32. */
  float(value: number, wide: boolean): void {
    const at = this.#take(wide ? 8 : 4);
    if (wide) this.#view.setFloat64(at, value, true);
    else this.#view.setFloat32(at, value, true);
  }

  /** Writes over a byte that was written before. */
  setU8(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  /** What was written, with its checksum at the end; then starts over. */
  finish(): Uint8Array {
    const sum = crc32(this.#bytes.subarray(0, this.#at));
    this.u32(sum);
    const all = this.#bytes.slice(0, this.#at);
    this.#at = 0;
    return all;
  }
}

/** Whether 32 bits hold a number exactly. */
export function isNarrow(value: number): boolean {
  return Math.fround(value) === value;
}

/**
 * A view of the bytes before the checksum.
 *
 * @throws {DamagedRowError} where the checksum is that of others.
 */
export function checkedView(bytes: Uint8Array): DataView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.byteLength - 4;
  if (length < 0 || crc32(bytes.subarray(0, length)) !== view.getUint32(length, true)) {
    throw new DamagedRowError("a row of the history has another checksum than it was written with");
  }
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}
