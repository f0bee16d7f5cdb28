import assert from "node:assert/strict";
import type { ExpectedWords } from "../../../lib/bench/pool/kernel.ts";
import {
  compareRuns,
  compareWithReference,
  differenceText,
} from "../../../lib/bench/pool/verify.ts";

const bytesOf = (array: Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>) =>
  new Uint8Array(array.buffer);

const floats = (...values: number[]) => Float32Array.from(values);

function expectFloats(...values: number[]): ExpectedWords[] {
  return [{ buffer: 0, words: Uint32Array.from(values, (_, i) => i), values: floats(...values) }];
}

Deno.test("compareWithReference() gives the first word that differs, and how many do", () => {
  const got = bytesOf(Uint32Array.of(1, 2, 9, 9));
  const expected = [{
    buffer: 1,
    words: Uint32Array.of(1, 2, 3),
    values: Uint32Array.of(2, 3, 4),
  }];
  const difference = compareWithReference([null, got], expected, 0);
  assert.deepEqual(difference, {
    buffer: 1,
    offset: 8,
    got: 9,
    expected: 3,
    count: 2,
    compared: 3,
  });
  assert.equal(
    difference && differenceText(difference),
    "buffer 1 holds 9 at byte 8, not 3; 2 of 3 differ",
  );
});

Deno.test("compareWithReference() takes a tolerance relative to values above 1, absolute below", () => {
  const differs = (got: number, expected: number) =>
    compareWithReference([bytesOf(floats(got))], expectFloats(expected), 0.01) !== null;
  assert.equal(differs(100.9, 100), false);
  assert.equal(differs(101.1, 100), true);
  assert.equal(differs(0.009, 0), false);
  assert.equal(differs(-0.011, 0), true);
});

Deno.test("compareWithReference() compares bits without a tolerance", () => {
  assert.equal(compareWithReference([bytesOf(floats(0.5))], expectFloats(0.5), 0), null);
  assert.notEqual(compareWithReference([bytesOf(floats(-0))], expectFloats(0), 0), null);
});

Deno.test("compareWithReference() takes no NaN for a number", () => {
  assert.notEqual(compareWithReference([bytesOf(floats(NaN))], expectFloats(1), 0.1), null);
});

Deno.test("compareWithReference() refuses buffers that are missing or too short", () => {
  assert.throws(() => compareWithReference([null], expectFloats(1), 0), /buffer 0 are missing/);
  assert.throws(
    () => compareWithReference([new Uint8Array(4)], expectFloats(1, 2), 0),
    RangeError,
  );
});

Deno.test("compareRuns() finds one wrong byte wherever it is", () => {
  for (const length of [1, 7, 8, 24, 29]) {
    for (const shift of [0, 3]) {
      const bytes = new Uint8Array(length + shift).subarray(shift).fill(5);
      assert.equal(compareRuns([bytes], [bytes.slice()]), null);
      for (let at = 0; at < length; at++) {
        const other = bytes.slice();
        other[at] = 6;
        const difference = compareRuns([null, bytes], [null, other]);
        const place = { buffer: 1, offset: at, got: 5, expected: 6 };
        assert.deepEqual(difference, { ...place, count: 1, compared: length });
      }
    }
  }
});

Deno.test("compareRuns() refuses runs with other buffers", () => {
  const four = new Uint8Array(4);
  assert.throws(() => compareRuns([four], []), /1 buffers, the other 0/);
  assert.throws(() => compareRuns([four], [new Uint8Array(5)]), /4 bytes in one run, 5 in/);
  assert.throws(() => compareRuns([four], [null]), /no in the other/);
});
