/**
 * Where the bytes of a buffer are valid: for each range, the places that hold its contents. Pure.
 *
 * A place is a number from 0 to 30. A range that no place holds was never written: its contents are
 * undefined, and nothing needs to be copied.
 *
 * @module
 */

/** Bytes from `start` up to, and without, `end`. */
export interface ByteRange {
  start: number;
  end: number;
}

/** The same bytes in ranges that are in order, and do not meet. */
export function uniteRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const united: ByteRange[] = [];
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = united.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else if (start < end) united.push({ start, end });
  }
  return united;
}

/** A range all of whose bytes are valid in the same places. */
export interface Segment extends ByteRange {
  /** The places, bit by bit; 0 where the contents are undefined. */
  places: number;
}

/** What the places of a range become. */
type Change = (places: number) => number;

/** The places of each range of one buffer. Ranges with the same places are joined. */
export class ValidityMap {
  /** In order, without gaps, from 0 to the size. */
  #segments: Segment[];
  /** Size of the buffer in bytes. */
  readonly size: number;

  /** Starts with undefined contents. */
  constructor(size: number) {
    this.size = size;
    this.#segments = size === 0 ? [] : [{ start: 0, end: size, places: 0 }];
  }

  /** Notes that a range was written in one place: it is valid nowhere else. */
  write(range: ByteRange, place: number): void {
    this.#change(range, () => 1 << place);
  }

  /** Notes that a range was copied to a place. */
  copy(range: ByteRange, place: number): void {
    this.#change(range, (places) => places | 1 << place);
  }

  /** Notes that a place no longer holds a range. */
  drop(range: ByteRange, place: number): void {
    this.#change(range, (places) => places & ~(1 << place));
  }

  /** Notes that the contents of a range are undefined. */
  forget(range: ByteRange): void {
    this.#change(range, () => 0);
  }

  /** The segments of a range, cut to it. */
  within({ start, end }: ByteRange): Segment[] {
    const found: Segment[] = [];
    for (let i = this.#find(start); i < this.#segments.length; i++) {
      const segment = this.#segments[i];
      if (segment === undefined || segment.start >= end) break;
      found.push({
        start: Math.max(start, segment.start),
        end: Math.min(end, segment.end),
        places: segment.places,
      });
    }
    return found.filter((segment) => segment.start < segment.end);
  }

  /** The parts of a range that have contents, and not in this place. */
  missing(range: ByteRange, place: number): Segment[] {
    return this.within(range).filter(({ places }) => places !== 0 && (places & 1 << place) === 0);
  }

  /** Whether all contents of a range are in a place; so they are where there are none. */
  isValid(range: ByteRange, place: number): boolean {
    return this.missing(range, place).length === 0;
  }

  /** The ranges that this place alone holds. */
  onlyIn(place: number): Segment[] {
    return this.#segments.filter(({ places }) => places === 1 << place);
  }

  /** Index of the segment in which a byte lies. */
  #find(byte: number): number {
    let low = 0, high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#segments[middle]?.end ?? 0) <= byte) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #change({ start, end }: ByteRange, change: Change): void {
    if (start < 0 || end > this.size) {
      throw new RangeError(`bytes ${start} to ${end} of a buffer of ${this.size}`);
    }
    if (start >= end) return;
    const first = this.#find(start);
    let last = first;
    const fresh: Segment[] = [];
    for (; last < this.#segments.length; last++) {
      const segment = this.#segments[last];
      if (segment === undefined || segment.start >= end) break;
      const { places } = segment;
      if (segment.start < start) fresh.push({ start: segment.start, end: start, places });
      fresh.push({
        start: Math.max(start, segment.start),
        end: Math.min(end, segment.end),
        places: change(places),
      });
      if (segment.end > end) fresh.push({ start: end, end: segment.end, places });
    }
    // One neighbour on each side may have become alike.
    const from = Math.max(0, first - 1), to = Math.min(this.#segments.length, last + 1);
    const around = [
      ...this.#segments.slice(from, first),
      ...fresh,
      ...this.#segments.slice(last, to),
    ];
    this.#segments.splice(from, to - from, ...joined(around));
  }
}

function joined(segments: readonly Segment[]): Segment[] {
  const result: Segment[] = [];
  for (const segment of segments) {
    const before = result.at(-1);
    if (before !== undefined && before.places === segment.places && before.end === segment.start) {
      before.end = segment.end;
    } else {
      result.push({ ...segment });
    }
  }
  return result;
}
