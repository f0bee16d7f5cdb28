/**
 * Ranges of copies: checked, and cut to what fits in the memory through which they go. Pure.
 *
 * @module
 */

import type { CopyRange } from "./types.ts";

/** Places in staging memory begin at multiples of this, in bytes: of what devices copy best. */
const GRAIN = 256;

/** Ranges of one piece at most, so that recording it does not take long. */
const MOST_PARTS = 1024;

/** A stretch of a copy, and where it lies in staging memory. */
export interface Part extends CopyRange {
  readonly at: number;
}

/**
 * The ranges that are not empty.
 *
 * @throws {RangeError} for one that is not within the source or the destination; one line.
 */
export function checkRanges(
  ranges: readonly CopyRange[],
  sourceSize: number,
  destinationSize: number,
): CopyRange[] {
  const check = (offset: number, size: number, whole: number, what: string) => {
    const fits = Number.isSafeInteger(offset) && Number.isSafeInteger(size) && offset >= 0 &&
      size >= 0 && offset + size <= whole;
    if (!fits) throw new RangeError(`${size} bytes at ${offset} are not within ${what} (${whole})`);
  };
  for (const { sourceOffset, destinationOffset, size } of ranges) {
    check(sourceOffset, size, sourceSize, "the source");
    check(destinationOffset, size, destinationSize, "the destination");
  }
  return ranges.filter(({ size }) => size > 0);
}

/**
 * Refuses ranges of a copy within one buffer that read what others, or they themselves, write.
 *
 * @throws {RangeError} for such; one line.
 */
export function refuseOverlap(ranges: readonly CopyRange[]): void {
  const spans = ranges.flatMap(({ sourceOffset, destinationOffset, size }) => [
    { start: sourceOffset, end: sourceOffset + size, writes: false },
    { start: destinationOffset, end: destinationOffset + size, writes: true },
  ]).toSorted((a, b) => a.start - b.start);
  let readTo = 0, writtenTo = 0;
  for (const { start, end, writes } of spans) {
    if (start < writtenTo || (writes && start < readTo)) {
      throw new RangeError(
        `source and destination of a copy within one buffer overlap at ${start}`,
      );
    }
    if (writes) writtenTo = Math.max(writtenTo, end);
    else readTo = Math.max(readTo, end);
  }
}

/** Cuts ranges to pieces, each of which fits in so many bytes. */
export function* cutPieces(ranges: readonly CopyRange[], bytes: number): Generator<Part[]> {
  let parts: Part[] = [], used = 0;
  for (const { sourceOffset, destinationOffset, size } of ranges) {
    for (let done = 0; done < size;) {
      if (used >= bytes || parts.length === MOST_PARTS) {
        yield parts;
        parts = [];
        used = 0;
      }
      const length = Math.min(size - done, bytes - used);
      parts.push({
        sourceOffset: sourceOffset + done,
        destinationOffset: destinationOffset + done,
        size: length,
        at: used,
      });
      done += length;
      used = Math.ceil((used + length) / GRAIN) * GRAIN;
    }
  }
  if (parts.length > 0) yield parts;
}
