import assert from "node:assert/strict";
import fc from "fast-check";
import { checkRanges, cutPieces, refuseOverlap } from "../../../lib/pool/transfer/ranges.ts";

const range = (sourceOffset: number, destinationOffset: number, size: number) => ({
  sourceOffset,
  destinationOffset,
  size,
});

Deno.test("checkRanges() leaves empty ranges out and refuses those beyond a buffer", () => {
  assert.deepEqual(checkRanges([range(0, 0, 0), range(3, 1, 2)], 5, 3), [range(3, 1, 2)]);
  assert.throws(
    () => checkRanges([range(3, 0, 3)], 5, 9),
    /3 bytes at 3 are not within the source/,
  );
  assert.throws(() => checkRanges([range(0, 8, 2)], 9, 9), /within the destination/);
  assert.throws(() => checkRanges([range(-1, 0, 1)], 9, 9), RangeError);
  assert.throws(() => checkRanges([range(0, 0.5, 1)], 9, 9), RangeError);
  assert.throws(() => checkRanges([range(0, 0, NaN)], 9, 9), RangeError);
});

Deno.test("refuseOverlap() refuses exactly what reads or writes bytes that are written", () => {
  const ranges = fc.array(
    fc.record({
      sourceOffset: fc.nat(30),
      destinationOffset: fc.nat(30),
      size: fc.integer({ min: 1, max: 6 }),
    }),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(fc.property(ranges, (all) => {
    const written = new Map<number, number>();
    const bytes = (offset: number, size: number) =>
      Array.from({ length: size }, (_, i) => offset + i);
    for (const { destinationOffset, size } of all) {
      for (const at of bytes(destinationOffset, size)) written.set(at, (written.get(at) ?? 0) + 1);
    }
    const clash = [...written.values()].some((times) => times > 1) ||
      all.some(({ sourceOffset, size }) => bytes(sourceOffset, size).some((at) => written.has(at)));
    if (clash) assert.throws(() => refuseOverlap(all), RangeError);
    else refuseOverlap(all);
  }));
});

Deno.test("cutPieces() covers every byte once, within the chunk and without overlap in it", () => {
  const ranges = fc.array(
    fc.record({
      sourceOffset: fc.nat(5000),
      destinationOffset: fc.nat(5000),
      size: fc.integer({ min: 1, max: 3000 }),
    }),
    { maxLength: 8 },
  );
  fc.assert(fc.property(ranges, fc.integer({ min: 1, max: 1500 }), (all, chunk) => {
    const parts = [];
    for (const piece of cutPieces(all, chunk)) {
      let end = 0;
      assert.ok(piece.length > 0);
      for (const part of piece) {
        assert.ok(part.size > 0 && part.at >= end && part.at + part.size <= chunk);
        end = part.at + part.size;
        parts.push(part);
      }
    }
    for (const { sourceOffset, destinationOffset, size } of all) {
      for (let done = 0; done < size;) {
        const part = parts.shift();
        assert.ok(part);
        assert.equal(part.sourceOffset, sourceOffset + done);
        assert.equal(part.destinationOffset, destinationOffset + done);
        done += part.size;
        assert.ok(done <= size);
      }
    }
    assert.deepEqual(parts, []);
  }));
});
