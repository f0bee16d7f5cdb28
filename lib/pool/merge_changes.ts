/**
 * Putting together what several copies of the same bytes became, where no two of them changed the same. Pure.
 *
 * @module
 */

/** What counts as one place that is changed: a byte, or an aligned word of 32 bits. */
export type Granule = 1 | 4;

/** Bit 0 of each byte of a word that is not 0. */
function changedBytes(word: number): number {
  let bits = word | ((word >>> 4) & 0x0f0f0f0f);
  bits |= (bits >>> 2) & 0x03030303;
  bits |= (bits >>> 1) & 0x01010101;
  return bits & 0x01010101;
}

/** The 32-bit words of bytes. */
function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): Uint32Array {
  return new Uint32Array(buffer, byteOffset, byteLength / 4);
}

/**
 * Adds to `merged` what differs between `before` and `changed`. All are of the same bytes: as many of them, a
 * multiple of 4, and aligned to 4.
 *
 * @param merged what `before` became by other changes; on a conflict it is left with some of the new ones.
 * @param granule the least that is changed at once: of what is changed in both, none is merged.
 * @returns the offset of the first granule that is changed in both, in bytes; undefined where there is none.
 * @throws {RangeError} for bytes that are not as many, or not aligned.
 */
export function mergeChanges(
  before: Uint8Array<ArrayBuffer>,
  merged: Uint8Array<ArrayBuffer>,
  changed: Uint8Array<ArrayBuffer>,
  granule: Granule,
): number | undefined {
  const old = wordsOf(before), ours = wordsOf(merged), theirs = wordsOf(changed);
  if (old.length !== ours.length || old.length !== theirs.length) {
    throw new RangeError(
      `states of ${before.length}, ${merged.length} and ${changed.length} bytes are not of the same`,
    );
  }
  for (let i = 0; i < old.length; i++) {
    const was = old[i] ?? 0;
    const difference = (theirs[i] ?? 0) ^ was;
    if (difference === 0) continue;
    const other = (ours[i] ?? 0) ^ was;
    if (other !== 0) {
      if (granule === 4) return 4 * i;
      const both = changedBytes(difference) & changedBytes(other);
      // The lowest byte of a word comes first: this machine is little-endian, as all that Deno runs on.
      if (both !== 0) return 4 * i + ((31 - Math.clz32(both & -both)) >>> 3);
    }
    ours[i] = was ^ other ^ difference;
  }
  return undefined;
}
