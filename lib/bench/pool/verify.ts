/**
 * Whether a dispatch gave what it should: beside the host's reference, or beside another run.
 *
 * @module
 */

import type { ExpectedWords } from "./kernel.ts";

/** The first place where results are not what they should be. */
export interface Difference {
  /** The buffer's number. */
  buffer: number;
  /** Bytes from its begin. */
  offset: number;
  got: number;
  expected: number;
  /** How many of the compared words (or, of two runs, bytes) differ. */
  count: number;
  /** How many were compared. */
  compared: number;
}

/** A difference for people. */
export function differenceText({ buffer, offset, got, expected, count, compared }: Difference) {
  const rest = `${count} of ${compared} differ`;
  return `buffer ${buffer} holds ${got} at byte ${offset}, not ${expected}; ${rest}`;
}

/** Collects differences within one buffer: the first, and how many. */
class Comparison {
  #first: Omit<Difference, "count" | "compared"> | null = null;
  #count = 0;

  differ(first: Omit<Difference, "count" | "compared">): void {
    this.#first ??= first;
    this.#count++;
  }

  result(compared: number): Difference | null {
    return this.#first && { ...this.#first, count: this.#count, compared };
  }
}

/**
 * Compares buffers with a reference; null where all is as it should be. What is not a number differs from
 * everything.
 *
 * @param buffers contents after the dispatch, by the buffer's number.
 * @param tolerance of {@linkcode PoolKernel}: times the greater of 1 and the expected value; 0 for equal bits.
 * @throws {RangeError} where a buffer is missing or too short.
 */
export function compareWithReference(
  buffers: readonly (Uint8Array<ArrayBuffer> | null)[],
  expected: readonly ExpectedWords[],
  tolerance: number,
): Difference | null {
  for (const { buffer, words, values } of expected) {
    const bytes = buffers[buffer];
    if (!bytes) throw new RangeError(`the contents of buffer ${buffer} are missing`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isFloat = values instanceof Float32Array;
    const bits = new DataView(values.buffer, values.byteOffset, values.byteLength);
    const comparison = new Comparison();
    words.forEach((word, i) => {
      const offset = 4 * word;
      const got = isFloat ? view.getFloat32(offset, true) : view.getUint32(offset, true);
      const wanted = values[i] ?? NaN;
      const isRight = tolerance === 0
        ? view.getUint32(offset, true) === bits.getUint32(4 * i, true)
        : Math.abs(got - wanted) <= tolerance * Math.max(1, Math.abs(wanted));
      if (!isRight) comparison.differ({ buffer, offset, got, expected: wanted });
    });
    const difference = comparison.result(words.length);
    if (difference !== null) return difference;
  }
  return null;
}

/**
 * Compares the buffers of two runs byte for byte; null where they are the same.
 *
 * @param buffers by number; null where a buffer was not read back, which must be so in both.
 * @throws {RangeError} where the runs have not the same buffers.
 */
export function compareRuns(
  buffers: readonly (Uint8Array | null)[],
  others: readonly (Uint8Array | null)[],
): Difference | null {
  if (buffers.length !== others.length) {
    throw new RangeError(`one run has ${buffers.length} buffers, the other ${others.length}`);
  }
  for (const [buffer, bytes] of buffers.entries()) {
    const other = others[buffer] ?? null;
    if (bytes?.length !== other?.length) {
      throw new RangeError(
        `buffer ${buffer} has ${bytes?.length ?? "no"} bytes in one run, ${
          other?.length ?? "no"
        } in the other`,
      );
    }
    if (bytes === null || other === null || sameBytes(bytes, other)) continue;
    const comparison = new Comparison();
    for (let offset = 0; offset < bytes.length; offset++) {
      const got = bytes[offset] ?? 0, expected = other[offset] ?? 0;
      if (got !== expected) comparison.differ({ buffer, offset, got, expected });
    }
    return comparison.result(bytes.length);
  }
  return null;
}

/** Large arrays are compared eight bytes at a time where they can be. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteOffset % 8 !== 0 || b.byteOffset % 8 !== 0) return a.every((byte, i) => byte === b[i]);
  const words = Math.floor(a.length / 8);
  const left = new BigUint64Array(a.buffer, a.byteOffset, words);
  const right = new BigUint64Array(b.buffer, b.byteOffset, words);
  for (let i = 0; i < words; i++) if (left[i] !== right[i]) return false;
  for (let i = 8 * words; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
