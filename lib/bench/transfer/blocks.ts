/**
 * The host's side of transfers: a block of known bytes, a block to receive into, and their comparison.
 *
 * @module
 */

import { HostMemory } from "../../../ffi/libc.ts";
import { firstDifference } from "../../transfer/first_difference.ts";
import { type DataPattern, WrongResultError } from "../benchmark.ts";
import { ELEMENT_BYTES, patternWords, PERIOD } from "../pattern.ts";

const SALT = 0x51ed270b;

/** So aligned, the kernel can back the blocks with large pages. */
const ALIGNMENT = 2 << 20;

/** What is written where bytes shall arrive: no word of the pattern has this value. */
export const POISON_BYTE = 0x5a;
/** The same as a 32-bit word. */
export const POISON_WORD = 0x5a5a5a5a;

const STRETCH_WORDS = PERIOD * (ELEMENT_BYTES / 4);

/** Fills words with the pattern of `pattern.ts`, element by element. */
export function fillPattern(words: Uint32Array, salt: number = SALT): void {
  const first = words.subarray(0, Math.min(STRETCH_WORDS, words.length));
  for (let element = 0; 4 * element < first.length; element++) {
    const values = patternWords(element, salt);
    for (let c = 0; c < 4 && 4 * element + c < first.length; c++) {
      first[4 * element + c] = values[c] ?? 0;
    }
  }
  for (let stretch = 1; stretch * STRETCH_WORDS < words.length; stretch++) {
    const at = stretch * STRETCH_WORDS;
    const count = Math.min(STRETCH_WORDS, words.length - at);
    for (let i = 0; i < count; i++) words[at + i] = ((first[i] ?? 0) + stretch) >>> 0;
  }
}

/** Blocks of host memory that the benchmarks of a run share, made on first use. */
export class HostBlocks implements Disposable {
  /** Bytes of each. */
  readonly size: number;
  readonly #data: DataPattern;
  #pattern: HostMemory | undefined;
  #sink: HostMemory | undefined;

  /**
   * @param size in bytes: a multiple of 2 MiB.
   * @param data what the known bytes are: the pattern, or zeros.
   */
  constructor(size: number, data: DataPattern = "random") {
    this.size = size;
    this.#data = data;
  }

  /** The known bytes. Not to be written to. */
  get pattern(): Uint8Array<ArrayBuffer> {
    if (this.#pattern === undefined) {
      this.#pattern = HostMemory.allocate(this.size, ALIGNMENT);
      const { bytes } = this.#pattern;
      if (this.#data === "zeros") bytes.fill(0);
      else fillPattern(new Uint32Array(bytes.buffer));
    }
    return this.#pattern.bytes;
  }

  /** Room for as many bytes. */
  get sink(): Uint8Array<ArrayBuffer> {
    this.#sink ??= HostMemory.allocate(this.size, ALIGNMENT);
    return this.#sink.bytes;
  }

  /**
   * Compares what has arrived with the pattern.
   *
   * @param bytes what has arrived.
   * @param offset where in the pattern it begins.
   * @param where for the message: `the destination`.
   * @throws {WrongResultError} at the first byte that is another.
   */
  compare(bytes: Uint8Array<ArrayBuffer>, offset: number, where: string): void {
    const expected = this.pattern.subarray(offset, offset + bytes.length);
    const at = firstDifference(bytes, expected);
    if (at < 0) return;
    const isPoison = bytes[at] === POISON_BYTE;
    throw new WrongResultError(
      `byte ${offset + at} of ${where} ${isPoison ? "never arrived" : "is wrong"}`,
    );
  }

  /** Frees the blocks. */
  [Symbol.dispose](): void {
    this.#pattern?.[Symbol.dispose]();
    this.#sink?.[Symbol.dispose]();
    this.#pattern = this.#sink = undefined;
  }
}
