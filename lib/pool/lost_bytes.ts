/**
 * Bytes of a buffer that are nowhere any more, and how that came. Pure.
 *
 * @module
 */

import type { ByteRange } from "./validity.ts";

/** Bytes that are nowhere any more. */
export class DataLostError extends Error {
  /** Takes which bytes of which buffer were lost, and how. */
  constructor(label: string, { start, end }: ByteRange, how: string) {
    super(`bytes ${start} to ${end} of ${label} ${how}`);
    this.name = "DataLostError";
  }
}

/** How bytes were lost that were on one member alone. */
export function wereOn(member: string): string {
  return `were on ${member} alone, which is lost: write them again, or keep a copy with HOST_VALID`;
}

/** The lost bytes of one buffer. */
export class LostBytes {
  readonly #label: string;
  #ranges: { range: ByteRange; how: string }[] = [];

  /** Takes how the buffer is called. */
  constructor(label: string) {
    this.#label = label;
  }

  /** Notes that bytes were lost, and how: `were on GPU 1 alone, which is lost`. */
  add(range: ByteRange, how: string): void {
    this.#ranges.push({ range, how });
  }

  /** @throws {DataLostError} where bytes of a range were lost. */
  refuse({ start, end }: ByteRange): void {
    const lost = this.#ranges.find(({ range }) => range.start < end && start < range.end);
    if (lost !== undefined) throw new DataLostError(this.#label, lost.range, lost.how);
  }

  /** Notes that bytes were written anew: they are lost no more. */
  found({ start, end }: ByteRange): void {
    this.#ranges = this.#ranges.flatMap(({ range, how }) =>
      [
        { start: range.start, end: Math.min(range.end, start) },
        { start: Math.max(range.start, end), end: range.end },
      ].filter((rest) => rest.start < rest.end).map((rest) => ({ range: rest, how }))
    );
  }
}
