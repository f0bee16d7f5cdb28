import assert from "node:assert/strict";
import { Domain, type Range } from "../../../lib/pool/analysis/domain.ts";
import { randomFrom } from "../random_kernel.ts";

const WIDTH = 8, LAST = 3;
const domain = new Domain(LAST);

/** Whether bits are among those that a range allows for work-group `w`. */
function allows({ k, lo, hi, min, max }: Range, w: number, bits: number): boolean {
  const from = Math.max(min, k * w + lo), to = Math.min(max, k * w + hi);
  // Some integer in between is congruent to the bits.
  const first = from + ((((bits - from) % 256) + 256) % 256);
  return first <= to;
}

function signedOf(bits: number): number {
  return bits > 127 ? bits - 256 : bits;
}

type Two = (a: Range, b: Range) => Range;

/** Operations on ranges beside the same on bits; undefined where a shader's behaviour is. */
const OPERATIONS: readonly [string, Two, (a: number, b: number) => number | undefined][] = (() => {
  const u = (v: Range) => domain.windowed(v, WIDTH, false);
  const s = (v: Range) => domain.windowed(v, WIDTH, true);
  return [
    ["add", (a, b) => domain.add(a, b, WIDTH), (a, b) => a + b],
    ["sub", (a, b) => domain.sub(a, b, WIDTH), (a, b) => a - b],
    ["mul", (a, b) => domain.mul(a, b, WIDTH), (a, b) => a * b],
    ["negate", (a) => domain.negate(a, WIDTH), (a) => -a],
    [
      "divide",
      (a, b) => domain.divide(u(a), u(b), WIDTH),
      (a, b) => b ? Math.floor(a / b) : undefined,
    ],
    ["remainder", (a, b) => domain.remainder(u(a), u(b), WIDTH), (a, b) => b ? a % b : undefined],
    [
      "signed divide",
      (a, b) => domain.divide(s(a), s(b), WIDTH),
      (a, b) => b ? Math.trunc(signedOf(a) / signedOf(b)) : undefined,
    ],
    [
      "signed remainder",
      (a, b) => domain.remainder(s(a), s(b), WIDTH),
      (a, b) => b ? signedOf(a) % signedOf(b) : undefined,
    ],
    [
      "shiftLeft",
      (a, b) => domain.shiftLeft(a, u(b), WIDTH),
      (a, b) => b < WIDTH ? a << b : undefined,
    ],
    [
      "shiftRight",
      (a, b) => domain.shiftRight(u(a), u(b), WIDTH),
      (a, b) => b < WIDTH ? a >>> b : undefined,
    ],
    [
      "arithmetic shiftRight",
      (a, b) => domain.shiftRight(s(a), u(b), WIDTH),
      (a, b) => b < WIDTH ? signedOf(a) >> b : undefined,
    ],
    ["and", (a, b) => domain.and(u(a), u(b), WIDTH), (a, b) => a & b],
    ["or", (a, b) => domain.or(u(a), u(b), WIDTH, false), (a, b) => a | b],
    ["xor", (a, b) => domain.or(u(a), u(b), WIDTH, true), (a, b) => a ^ b],
    ["least", (a, b) => domain.least(u(a), u(b), WIDTH), (a, b) => Math.min(a, b)],
    ["greatest", (a, b) => domain.greatest(u(a), u(b), WIDTH), (a, b) => Math.max(a, b)],
    [
      "signed least",
      (a, b) => domain.least(s(a), s(b), WIDTH),
      (a, b) => Math.min(signedOf(a), signedOf(b)),
    ],
    ["join, left", (a, b) => domain.join(a, b), (a) => a],
    ["join, right", (a, b) => domain.join(a, b), (_, b) => b],
    ["widen", (a, b) => domain.widen(a, b, WIDTH), (_, b) => b],
    ["windowed", (a) => u(a), (a) => a],
    ["windowed as signed", (a) => s(a), (a) => a],
  ];
})();

function randomRange(next: () => number): Range {
  const upTo = (most: number) => Math.floor(next() * most);
  if (next() < 0.2) {
    const value = [0, 1, 2, 3, 4, 7, 8, 16, 128, 240, 255, -1, 256, 300][upTo(14)] ?? 0;
    return domain.constant(value);
  }
  if (next() < 0.4) {
    const min = upTo(300) - 100;
    return domain.interval(min, min + upTo(next() < 0.5 ? 8 : 200));
  }
  const lo = upTo(60) - 20;
  return domain.affine([1, 2, 4, 8, 16, 64, -4][upTo(7)] ?? 1, lo, lo + upTo(10));
}

/** Bits that a range allows for work-group `w`; undefined for none. */
function pick({ k, lo, hi, min, max }: Range, w: number, next: () => number): number | undefined {
  const from = Math.max(min, k * w + lo), to = Math.min(max, k * w + hi);
  if (from > to) return undefined;
  return (from + Math.floor(next() * (to - from + 1))) & 255;
}

for (const [name, ofRanges, ofBits] of OPERATIONS) {
  Deno.test(`Domain allows what 8-bit numbers give: ${name}`, () => {
    const next = randomFrom(name.length * 7919);
    let checked = 0;
    for (let i = 0; i < 6000; i++) {
      const a = randomRange(next), b = randomRange(next);
      const result = ofRanges(a, b);
      for (let j = 0; j < 6; j++) {
        const w = Math.floor(next() * (LAST + 1));
        const x = pick(a, w, next), y = pick(b, w, next);
        const bits = x === undefined || y === undefined ? undefined : ofBits(x, y);
        if (bits === undefined) continue;
        checked++;
        const isAllowed = allows(result, w, bits & 255);
        assert(isAllowed, `${JSON.stringify({ a, b, result, w, x, y })}`);
      }
    }
    assert(checked > 5000);
  });
}

Deno.test("Domain.windowed() reads numbers as a comparison of 8 bits does", () => {
  const next = randomFrom(11);
  for (let i = 0; i < 4000; i++) {
    const a = randomRange(next), w = Math.floor(next() * (LAST + 1));
    const bits = pick(a, w, next);
    if (bits === undefined) continue;
    for (const isSigned of [false, true]) {
      const value = isSigned ? signedOf(bits) : bits;
      const { k, lo, hi, min, max } = domain.windowed(a, WIDTH, isSigned);
      assert(min <= value && value <= max);
      assert(k * w + lo <= value && value <= k * w + hi);
    }
  }
});

Deno.test("Domain.compare() and what follows from it hold for numbers", () => {
  const next = randomFrom(12);
  for (let i = 0; i < 20000; i++) {
    const a = domain.windowed(randomRange(next), WIDTH, false);
    const b = domain.windowed(randomRange(next), WIDTH, false);
    const w = Math.floor(next() * (LAST + 1));
    const x = pick(a, w, next), y = pick(b, w, next);
    if (x === undefined || y === undefined) continue;
    for (const orEqual of [false, true]) {
      const holds = orEqual ? x <= y : x < y;
      assert.notEqual(domain.compare(a, b, orEqual), holds ? "never" : "always");
      const by = orEqual ? 0 : 1;
      const least = holds ? domain.atMost(a, b, -by) : domain.atLeast(a, b, 1 - by);
      const most = holds ? domain.atLeast(b, a, by) : domain.atMost(b, a, by - 1);
      assert(least && allows(least, w, x) && most && allows(most, w, y));
    }
    assert.notEqual(domain.equal(a, b), x === y ? "never" : "always");
    const narrowed = x === y ? domain.meet(a, b) : domain.otherThan(a, b);
    assert(narrowed && allows(narrowed, w, x));
  }
});

Deno.test("Domain keeps a step from work-group to work-group through arithmetic", () => {
  const id = domain.affine(64, 0, 63);
  const four = domain.constant(4), one = domain.constant(1);
  assert.deepEqual(domain.add(domain.mul(id, four, 32), one, 32), {
    k: 256,
    lo: 1,
    hi: 253,
    min: 1,
    max: 1021,
  });
  assert.equal(domain.divide(id, four, 32).k, 16);
  assert.deepEqual(domain.remainder(id, domain.constant(64), 32), domain.interval(0, 63));
});
