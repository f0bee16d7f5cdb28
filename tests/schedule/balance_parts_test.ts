/** Shares, chunks, the cost rule and what was measured. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { splitPays, splitTimes } from "../../lib/schedule/cost.ts";
import { GuidedChunks } from "../../lib/schedule/guided.ts";
import { sharesByWeight } from "../../lib/schedule/shares.ts";
import { ThroughputBook } from "../../lib/schedule/throughput.ts";

Deno.test("sharesByWeight() shares all, within one of the exact part", () => {
  fc.assert(fc.property(
    fc.nat({ max: 1e6 }),
    fc.array(fc.double({ min: 0, max: 1e300, noNaN: true }), { minLength: 1, maxLength: 9 }),
    (total, weights) => {
      fc.pre(weights.some((weight) => weight > 0));
      const shares = sharesByWeight(total, weights);
      assert.equal(shares.reduce((sum, share) => sum + share, 0), total);
      const largest = Math.max(...weights);
      const sum = weights.reduce((all, weight) => all + weight / largest, 0);
      shares.forEach((share, i) => {
        const exact = total * ((weights[i] ?? 0) / largest) / sum;
        assert.ok(share >= 0 && Math.abs(share - exact) < 1 + 1e-6 * total, `${share} of ${exact}`);
        if (weights[i] === 0) assert.equal(share, 0);
      });
    },
  ));
});

Deno.test("sharesByWeight() gives shares below the minimum to the others", () => {
  assert.deepEqual(sharesByWeight(100, [98, 1, 1], 5), [100, 0, 0]);
  assert.deepEqual(sharesByWeight(100, [50, 46, 4], 5), [52, 48, 0]);
  assert.deepEqual(sharesByWeight(3, [1, 1], 5), [3, 0]);
  assert.throws(() => sharesByWeight(3, [0, 0]), /no weight is above 0/);
  assert.throws(() => sharesByWeight(3, [1, NaN]), /NaN is no weight/);
  assert.throws(() => sharesByWeight(1.5, [1]), /cannot share 1.5/);
});

Deno.test("GuidedChunks hands out every unit once, in parts that do not grow", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 5000 }),
    fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 4 }),
    fc.integer({ min: 1, max: 50 }),
    fc.array(fc.nat({ max: 3 }), { minLength: 200, maxLength: 200 }),
    (total, weights, floor, asks) => {
      const chunks = new GuidedChunks(total, weights, { floor });
      let at = 0;
      const last = new Map<number, number>();
      for (const ask of [...asks, ...Array<number>(total).fill(0)]) {
        const who = ask % weights.length;
        const range = chunks.nextChunk(who);
        if (range === undefined) break;
        assert.equal(range.start, at);
        at = range.end;
        const size = range.end - range.start;
        assert.ok(size <= (last.get(who) ?? Infinity));
        assert.ok(size >= Math.min(floor, total - range.start));
        last.set(who, size);
      }
      assert.equal(at, total);
      assert.equal(chunks.remaining, 0);
    },
  ));
  assert.equal(new GuidedChunks(8, [1, 0]).nextChunk(1), undefined);
});

Deno.test("splitTimes() weighs what is saved against copies and waiting", () => {
  const cost = { wholeMs: 40, primaryShare: 0.5, bytesMoved: 256e6, bytesPerMs: 25e6, syncMs: 0.1 };
  const { whole_ms, split_ms, copy_ms } = splitTimes(cost);
  assert.deepEqual([whole_ms, copy_ms], [40, 10.24]);
  assert.ok(Math.abs(split_ms - 30.34) < 1e-9);
  const short = splitTimes({ ...cost, wholeMs: 20 });
  assert.ok(short.split_ms > short.whole_ms);
  const inPlace = splitTimes({ ...cost, wholeMs: 20, bytesMoved: 0, bytesPerMs: 0 });
  assert.ok(inPlace.split_ms < inPlace.whole_ms);
});

Deno.test("splitPays() is the rule, and says its numbers in one line", () => {
  const cost = { wholeMs: 40, primaryShare: 0.5, bytesMoved: 256e6, bytesPerMs: 25e6, syncMs: 0.1 };
  const verdict = splitPays(cost);
  assert.equal(verdict.pays, true);
  assert.ok(Math.abs(verdict.gain_ms - (20 - 10.34)) < 1e-9);
  assert.equal(
    verdict.explanation,
    "splitting pays: it saves 20.0 ms of 40.0 ms, and costs 10.2 ms to copy 256000000 bytes and " +
      "0.100 ms to wait",
  );
  const short = splitPays({ ...cost, wholeMs: 20 });
  assert.match(short.explanation, /^splitting does not pay: it saves 10.0 ms[^\n]+$/);
  // No bandwidth, no split.
  assert.equal(splitPays({ ...cost, bytesPerMs: 0 }).pays, false);
  fc.assert(fc.property(
    fc.record({
      wholeMs: fc.double({ min: 0, max: 1e4, noNaN: true }),
      primaryShare: fc.double({ min: 0, max: 1, noNaN: true }),
      bytesMoved: fc.nat(),
      bytesPerMs: fc.double({ min: 1, max: 1e9, noNaN: true }),
      syncMs: fc.double({ min: 0, max: 10, noNaN: true }),
    }),
    (any) => {
      const { pays, gain_ms, whole_ms, split_ms } = splitPays(any);
      assert.equal(pays, gain_ms > 0);
      assert.ok(Math.abs(whole_ms - split_ms - gain_ms) < 1e-6);
    },
  ));
});

Deno.test("ThroughputBook.drift() names who is off, and which way", () => {
  const book = new ThroughputBook();
  for (const worker of ["a", "b"]) {
    for (let i = 0; i < 3; i++) book.record("k", worker, 100, 10);
  }
  assert.equal(book.drift("k").size, 0);
  book.record("k", "a", 100, 40);
  assert.deepEqual([...book.drift("k")], [["a", 0.25]]);
  book.record("k", "a", 100, 10);
  assert.equal(book.drift("k").size, 0);
  assert.equal(book.drift("unknown").size, 0);
});

Deno.test("ThroughputBook needs two measurements, and takes the second alone", () => {
  const book = new ThroughputBook();
  book.record("k", "a", 10, 100); // with the compiler's time
  assert.equal(book.isSteady("k"), false);
  book.record("k", "a", 10, 1);
  assert.equal(book.isSteady("k"), true);
  assert.deepEqual([...book.speeds("k")], [["a", 10]]);
  book.record("k", "b", 10, 2);
  assert.equal(book.isSteady("k"), false);
});

Deno.test("ThroughputBook forgives a stray time, and measures anew after several", () => {
  const book = new ThroughputBook();
  for (let i = 0; i < 4; i++) book.record("k", "a", 100, 10);
  book.record("k", "a", 100, 40);
  assert.equal(book.isSteady("k"), true);
  assert.ok((book.speeds("k").get("a") ?? 0) > 8);
  book.record("k", "a", 100, 10);
  for (let i = 0; i < 5; i++) book.record("k", "a", 100, 1000);
  assert.equal(book.isSteady("k"), false);
  book.record("k", "a", 100, 1000);
  assert.equal(book.isSteady("k"), true);
  assert.equal(book.speeds("k").get("a"), 0.1);
});

Deno.test("ThroughputBook takes no time for none, and forgets the class used least lately", () => {
  const book = new ThroughputBook({ classes: 2 });
  book.record("k", "a", 1, 0);
  book.record("k", "a", 0, 1);
  book.record("k", "a", 1, NaN);
  assert.equal(book.speeds("k").size, 0);
  for (const name of ["x", "y", "x", "z"]) book.record(name, "a", 1, 1);
  assert.equal(book.speeds("y").size, 0);
  assert.equal(book.speeds("x").size, 1);
});
