/**
 * The data that memory benchmarks move: random enough that no memory compression helps, and known, so
 * that every byte can be checked.
 *
 * Element `e` of a buffer is a vector of four 32-bit words,
 *
 *     word[c] = 0x3f800000 + ((hash(e mod 2^20 ^ salt) * FACTORS[c]) >>> 10) + (e >>> 20)
 *
 * which are, read as binary32 numbers, in [1, 2). The last term makes every stretch of 16 MiB differ, so
 * that a kernel that reads the same stretch again and again cannot pass for one that reads it all.
 *
 * @module
 */

import type { Kernel } from "../spirv/kernel.ts";
import type { Value, VectorType } from "../spirv/module.ts";

/** Elements after which the random part repeats. */
export const PERIOD = 1 << 20;

/** Bytes of one element: four 32-bit words. */
export const ELEMENT_BYTES = 16;

/** Binary32 1.0. */
const ONE = 0x3f800000;

/** Odd factors that make four words of one hash. */
const FACTORS: readonly [number, number, number, number] = [
  1,
  0x9e3779b1,
  0x85ebca77,
  0xc2b2ae3d,
];

/** A well-mixed 32-bit function of a 32-bit number ("lowbias32", Christopher Wellons, 2018). */
export function hash32(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  x ^= x >>> 16;
  return x >>> 0;
}

/** The four words of element `index`. */
export function patternWords(index: number, salt: number): [number, number, number, number] {
  const hash = hash32(((index & (PERIOD - 1)) ^ salt) >>> 0);
  const word = (factor: number) =>
    (ONE + (Math.imul(hash, factor) >>> 10) + Math.floor(index / PERIOD)) >>> 0;
  const [a, b, c, d] = FACTORS;
  return [word(a), word(b), word(c), word(d)];
}

/** Sum of all words of the first `elements` elements, modulo 2^32. `elements` may be any count. */
export function patternSum(elements: number, salt: number): number {
  const whole = Math.floor(elements / PERIOD), rest = elements % PERIOD;
  let period = 0, partial = 0;
  for (let i = 0; i < (whole > 0 ? PERIOD : rest); i++) {
    const hash = hash32((i ^ salt) >>> 0);
    let words = 0;
    for (const factor of FACTORS) words += (ONE + (Math.imul(hash, factor) >>> 10)) | 0;
    period = (period + words) | 0;
    if (i < rest) partial = (partial + words) | 0;
  }
  // 4 words an element, each with its stretch's number: 4 * PERIOD * (0 + 1 + … + whole-1), and the rest.
  const stretches = Math.imul(4 * PERIOD, (whole * (whole - 1)) / 2) +
    Math.imul(Math.imul(4, rest), whole);
  return (Math.imul(whole, period) + partial + stretches) >>> 0;
}

/** {@linkcode hash32} in a kernel. */
export function emitHash(k: Kernel, x: Value): Value {
  const c = (value: number) => k.constant(k.u32, value);
  const mix = (value: Value, shift: number) => k.xor(value, k.shiftRight(value, c(shift)));
  const first = k.mul(mix(x, 16), c(0x7feb352d));
  return mix(k.mul(mix(first, 15), c(0x846ca68b)), 16);
}

/** The random part of an element, all of it that does not depend on its stretch. */
export function emitPatternBase(k: Kernel, index: Value, salt: Value): Value<VectorType> {
  const vector = k.vector(k.u32, 4);
  const inPeriod = k.and(index, k.constant(k.u32, PERIOD - 1));
  const hash = k.splat(vector, emitHash(k, k.xor(inPeriod, salt)));
  const factors = k.composite(vector, FACTORS.map((factor) => k.constant(k.u32, factor)));
  const random = k.shiftRight(k.mul(hash, factors), k.constant(vector, 10));
  return k.add(random, k.constant(vector, ONE));
}

/** An element of {@linkcode patternWords} in a kernel. */
export function emitPattern(k: Kernel, index: Value, salt: Value): Value<VectorType> {
  const vector = k.vector(k.u32, 4);
  const stretch = k.shiftRight(index, k.constant(k.u32, 20));
  return k.add(emitPatternBase(k, index, salt), k.splat(vector, stretch));
}
