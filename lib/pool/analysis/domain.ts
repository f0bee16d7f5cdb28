/**
 * What is known of an integer: an interval around a multiple of the work-group's id.
 *
 * Integers of a shader are bits. A {@linkcode Range} speaks of a mathematical integer that is congruent to the bits
 * modulo 2^width, so that sums, differences and products hold whatever wraps; only what looks at the bits as a
 * number (comparisons, divisions, shifts to the right, addresses) needs {@linkcode Domain.windowed} first.
 *
 * @module
 */

/**
 * An integer `v` for which `min <= v <= max` and `lo <= v - k * w <= hi`, with `w` the work-group's id in the
 * dimension that is looked at. Bounds are exact: safe integers, or infinite.
 */
export interface Range {
  readonly k: number;
  readonly lo: number;
  readonly hi: number;
  readonly min: number;
  readonly max: number;
}

/** Larger numbers than this are not followed; sums and products of smaller ones are exact. */
const LIMIT = 2 ** 51;

/** Whether a comparison holds always, sometimes or never. */
export type Truth = "always" | "sometimes" | "never";

function interval(min: number, max: number): Range {
  return { k: 0, lo: min, hi: max, min, max };
}

/** Nothing known of an integer of `width` bits; 1 bit for a truth value. */
function topOf(width: number): Range {
  return width > 32 ? interval(-Infinity, Infinity) : interval(0, 2 ** width - 1);
}

const TOPS: readonly Range[] = Array.from({ length: 65 }, (_, width) => topOf(width));

/** The least power of two above a number. */
function powerAbove(value: number): number {
  let power = 1;
  while (power <= value) power *= 2;
  return power;
}

function isPower(value: number): boolean {
  return value > 0 && powerAbove(value) === 2 * value;
}

/** Whether all that `inner` allows is allowed by `outer`. */
export function contains(outer: Range, inner: Range): boolean {
  return inner.min >= outer.min && inner.max <= outer.max &&
    (outer.k === 0 ? true : outer.k === inner.k && inner.lo >= outer.lo && inner.hi <= outer.hi);
}

/** Arithmetic of ranges, for ids of work-groups from 0 to `last`. */
export class Domain {
  /** The last work-group's id. */
  readonly last: number;

  constructor(last: number) {
    this.last = last;
  }

  /** One number. */
  constant(value: number): Range {
    return interval(value, value);
  }

  /** All numbers from `min` to `max`. */
  interval(min: number, max: number): Range {
    return interval(min, max);
  }

  /** Nothing known. */
  top(width: number): Range {
    return TOPS[width] ?? topOf(width);
  }

  /** `k * w` plus `lo` to `hi`. */
  affine(k: number, lo: number, hi: number): Range {
    return this.#make(k, lo, hi, -Infinity, Infinity) ?? topOf(64);
  }

  /** Tightens bounds by each other; undefined for a contradiction. */
  #make(k: number, lo: number, hi: number, min: number, max: number): Range | undefined {
    const reach = k * this.last;
    const least = Math.max(min, Math.min(0, reach) + lo);
    const most = Math.min(max, Math.max(0, reach) + hi);
    if (least > most || lo > hi) return undefined;
    return k === 0
      ? { k: 0, lo: least, hi: most, min: least, max: most }
      : { k, lo, hi, min: least, max: most };
  }

  /** As {@linkcode #make} for a result of arithmetic, which is never contradictory and may be too large. */
  #result(width: number, k: number, lo: number, hi: number, min: number, max: number): Range {
    const isFollowed = Math.abs(k) * this.last < LIMIT && Math.abs(lo) < LIMIT &&
      Math.abs(hi) < LIMIT;
    if (!isFollowed) {
      return Math.abs(min) < LIMIT && Math.abs(max) < LIMIT && min <= max
        ? interval(min, max)
        : this.top(width);
    }
    const made = this.#make(
      k,
      lo,
      hi,
      Number.isNaN(min) ? -Infinity : min,
      Number.isNaN(max) ? Infinity : max,
    );
    if (made === undefined || !(Math.abs(made.min) < LIMIT && Math.abs(made.max) < LIMIT)) {
      return this.top(width);
    }
    return made;
  }

  /** The number that the bits are, read as unsigned or signed. */
  windowed(v: Range, width: number, isSigned: boolean): Range {
    if (width > 32) {
      const isFollowed = v.min >= (isSigned ? -LIMIT : 0) && v.max <= LIMIT;
      return isFollowed ? v : isSigned ? this.top(width) : interval(0, Infinity);
    }
    const size = 2 ** width;
    const base = isSigned ? -size / 2 : 0;
    const turn = Math.floor((v.min - base) / size);
    if (turn !== Math.floor((v.max - base) / size) || !Number.isFinite(turn)) {
      return interval(base, base + size - 1);
    }
    if (turn === 0) return v;
    const by = turn * size;
    return { k: v.k, lo: v.lo - by, hi: v.hi - by, min: v.min - by, max: v.max - by };
  }

  add(a: Range, b: Range, width: number): Range {
    return this.#result(width, a.k + b.k, a.lo + b.lo, a.hi + b.hi, a.min + b.min, a.max + b.max);
  }

  negate(a: Range, width: number): Range {
    return this.#result(width, -a.k, -a.hi, -a.lo, -a.max, -a.min);
  }

  sub(a: Range, b: Range, width: number): Range {
    return this.#result(width, a.k - b.k, a.lo - b.hi, a.hi - b.lo, a.min - b.max, a.max - b.min);
  }

  #scale(a: Range, by: number, width: number): Range {
    if (by === 0) return interval(0, 0);
    if (by < 0) return this.#scale(this.negate(a, width), -by, width);
    return this.#result(width, a.k * by, a.lo * by, a.hi * by, a.min * by, a.max * by);
  }

  mul(a: Range, b: Range, width: number): Range {
    if (b.min === b.max) return this.#scale(a, b.min, width);
    if (a.min === a.max) return this.#scale(b, a.min, width);
    const corners = [a.min * b.min, a.min * b.max, a.max * b.min, a.max * b.max];
    const least = Math.min(...corners), most = Math.max(...corners);
    return this.#result(width, 0, least, most, least, most);
  }

  /** Rounded towards minus infinity, of a windowed number by a positive one. */
  #floorDivide(a: Range, by: number, width: number): Range {
    const min = Math.floor(a.min / by), max = Math.floor(a.max / by);
    if (a.k === 0 || a.k % by !== 0) return this.#result(width, 0, min, max, min, max);
    return this.#result(width, a.k / by, Math.floor(a.lo / by), Math.floor(a.hi / by), min, max);
  }

  /** Of windowed numbers; nothing is known of negative ones, and of those divided by zero. */
  divide(a: Range, b: Range, width: number): Range {
    if (!(a.min >= 0 && b.min > 0 && a.max < LIMIT)) return this.top(width);
    if (b.min === b.max) return this.#floorDivide(a, b.min, width);
    const min = Math.floor(a.min / b.max), max = Math.floor(a.max / b.min);
    return this.#result(width, 0, min, max, min, max);
  }

  /** Of windowed numbers; nothing is known of negative ones, and of those divided by zero. */
  remainder(a: Range, b: Range, width: number): Range {
    if (!(a.min >= 0 && b.min > 0)) return this.top(width);
    if (a.max < b.min) return a;
    const by = b.min;
    if (by !== b.max || !(a.max < LIMIT)) {
      const most = Math.min(a.max, b.max - 1);
      return this.#result(width, 0, 0, most, 0, most);
    }
    const whole = Math.floor(a.min / by);
    if (whole === Math.floor(a.max / by)) {
      return this.sub(a, interval(whole * by, whole * by), width);
    }
    const quotient = Math.floor(a.lo / by);
    if (a.k % by === 0 && quotient === Math.floor(a.hi / by)) {
      return interval(a.lo - quotient * by, a.hi - quotient * by);
    }
    return interval(0, by - 1);
  }

  /** Shift to the left; undefined behaviour of a shader from `width` bits on. */
  shiftLeft(a: Range, by: Range, width: number): Range {
    if (!(by.min >= 0 && by.max < width)) return this.top(width);
    if (by.min === by.max) return this.#scale(a, 2 ** by.min, width);
    return this.mul(a, interval(2 ** by.min, 2 ** by.max), width);
  }

  /** Shift to the right of a windowed number. */
  shiftRight(a: Range, by: Range, width: number): Range {
    if (!(by.min >= 0 && by.max < width)) return this.top(width);
    if (!(Math.abs(a.min) < LIMIT && Math.abs(a.max) < LIMIT)) return this.top(width);
    if (by.min === by.max) return this.#floorDivide(a, 2 ** by.min, width);
    const least = Math.floor(a.min / 2 ** (a.min < 0 ? by.min : by.max));
    const most = Math.floor(a.max / 2 ** (a.max < 0 ? by.max : by.min));
    return this.#result(width, 0, least, most, least, most);
  }

  /** Bitwise and of numbers windowed as unsigned. */
  and(a: Range, b: Range, width: number): Range {
    if (a.min === a.max) {
      return b.min === b.max ? this.#andConstants(a.min, b.min, width) : this.and(b, a, width);
    }
    const mask = b.min;
    if (mask === b.max && a.max < LIMIT && mask < 2 ** 32) {
      if (isPower(mask + 1)) {
        return this.remainder(a, interval(mask + 1, mask + 1), width);
      }
      // All bits from one on: rounds down to a multiple.
      const low = 2 ** width - mask;
      if (width <= 32 && isPower(low)) {
        return this.#scale(this.#floorDivide(a, low, width), low, width);
      }
    }
    const most = Math.min(a.max, b.max);
    return most < LIMIT ? interval(0, most) : this.top(width);
  }

  #andConstants(a: number, b: number, width: number): Range {
    if (!(a < LIMIT && b < LIMIT)) return this.top(width);
    const value = Number(BigInt(a) & BigInt(b));
    return interval(value, value);
  }

  /** Bitwise or, and exclusive or, of numbers windowed as unsigned. */
  or(a: Range, b: Range, width: number, isExclusive: boolean): Range {
    const most = Math.max(a.max, b.max);
    if (!(most < LIMIT)) return this.top(width);
    if (a.min === a.max && b.min === b.max) {
      const [x, y] = [BigInt(a.min), BigInt(b.min)];
      const value = Number(isExclusive ? x ^ y : x | y);
      return interval(value, value);
    }
    return interval(isExclusive ? 0 : Math.max(a.min, b.min), powerAbove(most) - 1);
  }

  /** The smaller of windowed numbers. */
  least(a: Range, b: Range, width: number): Range {
    if (a.max <= b.min) return a;
    if (b.max <= a.min) return b;
    const min = Math.min(a.min, b.min), max = Math.min(a.max, b.max);
    if (a.k !== b.k) return this.#hull(min, max, width);
    return this.#result(width, a.k, Math.min(a.lo, b.lo), Math.min(a.hi, b.hi), min, max);
  }

  /** The greater of windowed numbers. */
  greatest(a: Range, b: Range, width: number): Range {
    if (a.min >= b.max) return a;
    if (b.min >= a.max) return b;
    const min = Math.max(a.min, b.min), max = Math.max(a.max, b.max);
    if (a.k !== b.k) return this.#hull(min, max, width);
    return this.#result(width, a.k, Math.max(a.lo, b.lo), Math.max(a.hi, b.hi), min, max);
  }

  #hull(min: number, max: number, width: number): Range {
    return this.#result(width, 0, min, max, min, max);
  }

  /** What either may be. */
  join(a: Range, b: Range): Range {
    const min = Math.min(a.min, b.min), max = Math.max(a.max, b.max);
    if (a.k !== b.k) return interval(min, max);
    return { k: a.k, lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi), min, max };
  }

  /** What both say of the same number; undefined for a contradiction. */
  meet(a: Range, b: Range): Range | undefined {
    const min = Math.max(a.min, b.min), max = Math.min(a.max, b.max);
    if (a.k === b.k) return this.#make(a.k, Math.max(a.lo, b.lo), Math.min(a.hi, b.hi), min, max);
    // Two slopes cannot be kept: the one of a, or the one that there is.
    const { k, lo, hi } = a.k === 0 ? b : a;
    return this.#make(k, lo, hi, min, max);
  }

  /** Whether `a < b`, or `a <= b`, of windowed numbers. */
  compare(a: Range, b: Range, orEqual: boolean): Truth {
    const least = orEqual ? 0 : 1;
    const isParallel = a.k === b.k;
    if (a.max + least <= b.min || (isParallel && a.hi + least <= b.lo)) return "always";
    if (a.min + least > b.max || (isParallel && a.lo + least > b.hi)) return "never";
    return "sometimes";
  }

  /** Whether windowed numbers are equal. */
  equal(a: Range, b: Range): Truth {
    if (a.min === a.max && b.min === b.max && a.min === b.min) return "always";
    if (this.meet(a, b) === undefined) return "never";
    return "sometimes";
  }

  /** Those of `a` that are at most `b + offset`, of windowed numbers; undefined for none. */
  atMost(a: Range, b: Range, offset: number): Range | undefined {
    const hi = a.k === b.k ? Math.min(a.hi, b.hi + offset) : a.hi;
    return this.#make(a.k, a.lo, hi, a.min, Math.min(a.max, b.max + offset));
  }

  /** Those of `a` that are at least `b + offset`, of windowed numbers; undefined for none. */
  atLeast(a: Range, b: Range, offset: number): Range | undefined {
    const lo = a.k === b.k ? Math.max(a.lo, b.lo + offset) : a.lo;
    return this.#make(a.k, lo, a.hi, Math.max(a.min, b.min + offset), a.max);
  }

  /** Those of `a` that are not `b`, where that is an end of it; undefined for none. */
  otherThan(a: Range, b: Range): Range | undefined {
    if (b.min !== b.max) return a;
    return this.#make(
      a.k,
      a.lo,
      a.hi,
      a.min === b.min ? a.min + 1 : a.min,
      a.max === b.min ? a.max - 1 : a.max,
    );
  }

  /** A range that holds both, and after few steps no longer grows: for loops. */
  widen(old: Range, grown: Range, width: number): Range {
    const both = this.join(old, grown);
    const min = both.min < old.min ? [0, -(2 ** 31)].find((each) => each <= both.min) : both.min;
    const max = both.max > old.max
      ? [2 ** 31 - 1, 2 ** 32 - 1].find((each) => each >= both.max)
      : both.max;
    if (min === undefined || max === undefined) return this.top(width);
    if (both.k === 0) return interval(min, max);
    const far = 2 ** 40;
    const lo = both.lo < old.lo ? -far : both.lo, hi = both.hi > old.hi ? far : both.hi;
    if (both.lo < -far || both.hi > far) return interval(min, max);
    return { k: both.k, lo, hi, min, max };
  }
}
