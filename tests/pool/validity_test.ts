/** Where bytes are valid, against a plain array of bytes. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { LostBytes } from "../../lib/pool/lost_bytes.ts";
import { uniteRanges, ValidityMap } from "../../lib/pool/validity.ts";

Deno.test("ValidityMap starts undefined, and joins what is alike", () => {
  const map = new ValidityMap(100);
  const all = { start: 0, end: 100 };
  assert.deepEqual(map.within(all), [{ start: 0, end: 100, places: 0 }]);
  assert.deepEqual(map.missing(all, 1), []);
  map.write({ start: 10, end: 20 }, 0);
  map.write({ start: 20, end: 30 }, 0);
  assert.deepEqual(map.within(all), [
    { start: 0, end: 10, places: 0 },
    { start: 10, end: 30, places: 1 },
    { start: 30, end: 100, places: 0 },
  ]);
  assert.deepEqual(map.missing({ start: 15, end: 40 }, 2), [{ start: 15, end: 30, places: 1 }]);
  map.copy({ start: 10, end: 30 }, 2);
  assert.ok(map.isValid(all, 2));
  map.write({ start: 12, end: 14 }, 3);
  assert.deepEqual(map.missing(all, 2), [{ start: 12, end: 14, places: 8 }]);
  assert.deepEqual(map.onlyIn(3), [{ start: 12, end: 14, places: 8 }]);
  map.drop(all, 0);
  map.forget({ start: 0, end: 15 });
  assert.deepEqual(map.within(all), [
    { start: 0, end: 15, places: 0 },
    { start: 15, end: 30, places: 4 },
    { start: 30, end: 100, places: 0 },
  ]);
});

Deno.test("ValidityMap refuses bytes beyond its buffer, and takes empty ranges for nothing", () => {
  const map = new ValidityMap(8);
  assert.throws(() => map.write({ start: 0, end: 9 }, 0), /bytes 0 to 9 of a buffer of 8/);
  assert.throws(() => map.copy({ start: -1, end: 2 }, 0), RangeError);
  map.write({ start: 4, end: 4 }, 0);
  assert.deepEqual(map.within({ start: 0, end: 8 }), [{ start: 0, end: 8, places: 0 }]);
  assert.deepEqual(new ValidityMap(0).within({ start: 0, end: 0 }), []);
});

Deno.test("uniteRanges() keeps each byte once, in order", () => {
  const byte = fc.nat(40);
  const range = fc.tuple(byte, byte).map(([start, length]) => ({ start, end: start + length }));
  fc.assert(fc.property(fc.array(range), (ranges) => {
    const united = uniteRanges(ranges);
    const holds = (all: typeof ranges, at: number) =>
      all.filter(({ start, end }) => start <= at && at < end).length;
    for (let at = 0; at < 90; at++) {
      assert.equal(holds(united, at), Math.min(1, holds(ranges, at)));
    }
    assert.ok(united.every(({ start }, i) => i === 0 || start > (united[i - 1]?.end ?? 0)));
  }));
});

Deno.test("ValidityMap agrees with an array of bytes, whatever is done to it", () => {
  const SIZE = 40;
  const operation = fc.record({
    kind: fc.constantFrom("write" as const, "copy" as const, "drop" as const, "forget" as const),
    start: fc.integer({ min: 0, max: SIZE }),
    length: fc.integer({ min: 0, max: SIZE }),
    place: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
    const map = new ValidityMap(SIZE);
    const bytes = new Array<number>(SIZE).fill(0);
    for (const { kind, start, length, place } of operations) {
      const range = { start, end: Math.min(SIZE, start + length) };
      map[kind](range, place);
      for (let i = range.start; i < range.end; i++) {
        const places = bytes[i] ?? 0, bit = 1 << place;
        bytes[i] = kind === "write"
          ? bit
          : kind === "copy"
          ? places | bit
          : kind === "drop"
          ? places & ~bit
          : 0;
      }
      const segments = map.within({ start: 0, end: SIZE });
      assert.deepEqual(
        segments.flatMap((at) => new Array<number>(at.end - at.start).fill(at.places)),
        bytes,
      );
      // Joined: no two neighbours are alike.
      segments.forEach((at, i) => assert.notEqual(at.places, segments[i + 1]?.places));
    }
  }));
});

Deno.test("LostBytes refuses what was lost until it is written anew, byte by byte", () => {
  const byte = fc.nat(30);
  const range = fc.tuple(byte, byte).map(([start, length]) => ({ start, end: start + length }));
  const step = fc.record({ kind: fc.constantFrom("add", "found"), range });
  fc.assert(fc.property(fc.array(step), (steps) => {
    const lost = new LostBytes("buffer 1 (64 bytes)");
    const model = new Array<boolean>(64).fill(false);
    for (const { kind, range } of steps) {
      if (kind === "add") lost.add(range, "were on A alone");
      else lost.found(range);
      model.fill(kind === "add", range.start, range.end);
    }
    model.forEach((isLost, at) => {
      const refuse = () => lost.refuse({ start: at, end: at + 1 });
      if (isLost) assert.throws(refuse, /^DataLostError: bytes \d+ to \d+ of buffer 1 [^\n]+$/);
      else refuse();
    });
  }));
});
