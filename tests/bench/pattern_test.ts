import assert from "node:assert/strict";
import { hash32, patternSum, patternWords, PERIOD } from "../../lib/bench/pattern.ts";

Deno.test("hash32() is the published function", () => {
  // Computed from the definition with 64-bit integers.
  const reference = (x: number) => {
    const mask = 0xffffffffn;
    let value = BigInt(x);
    value ^= value >> 16n;
    value = (value * 0x7feb352dn) & mask;
    value ^= value >> 15n;
    value = (value * 0x846ca68bn) & mask;
    return Number(value ^ (value >> 16n));
  };
  for (const x of [0, 1, 2, 12345, 0x7fffffff, 0x80000000, 0xffffffff]) {
    assert.equal(hash32(x), reference(x), String(x));
  }
});

Deno.test("patternWords() are numbers from 1 to 2 that differ from stretch to stretch", () => {
  for (const index of [0, 1, PERIOD - 1, PERIOD, 5 * PERIOD + 7, 130 * PERIOD]) {
    const words = patternWords(index, 42);
    const floats = new Float32Array(Uint32Array.from(words).buffer);
    assert.ok(floats.every((value) => value >= 1 && value < 2), `${index}: ${floats}`);
    assert.equal(new Set(words).size, 4);
  }
  assert.notDeepEqual(patternWords(3, 42), patternWords(3 + PERIOD, 42));
  assert.notDeepEqual(patternWords(3, 42), patternWords(3, 43));
});

Deno.test("patternSum() is the sum of all words", () => {
  for (const elements of [1, 1000, PERIOD, PERIOD + 3, 2 * PERIOD + 100]) {
    let sum = 0;
    for (let i = 0; i < elements; i++) {
      for (const word of patternWords(i, 7)) sum = (sum + word) >>> 0;
    }
    assert.equal(patternSum(elements, 7), sum, String(elements));
  }
});
