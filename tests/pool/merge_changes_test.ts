/** Merging what several copies of the same bytes became. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Granule, mergeChanges } from "../../lib/pool/merge_changes.ts";

const BYTES = 24;

/** A state, and for each of its bytes who changes it, and how: by less than 256, as 0 changes nothing. */
const changes = fc.record({
  before: fc.uint8Array({ minLength: BYTES, maxLength: BYTES }),
  by: fc.array(
    fc.record({ who: fc.integer({ min: 0, max: 3 }), by: fc.integer({ min: 1, max: 255 }) }),
    { minLength: BYTES, maxLength: BYTES },
  ),
});

/** What each of three parts makes of a state; part 3 is nobody. */
function partsOf(before: Uint8Array, by: readonly { who: number; by: number }[]) {
  return [0, 1, 2].map((part) =>
    Uint8Array.from(before, (byte, i) => byte ^ (by[i]?.who === part ? by[i].by : 0))
  );
}

/** All parts merged, or the first conflict. */
function mergeAll(
  before: Uint8Array<ArrayBuffer>,
  parts: readonly Uint8Array<ArrayBuffer>[],
  granule: Granule,
): Uint8Array | number {
  const [first, ...others] = parts.map((part) => part.slice());
  assert.ok(first);
  for (const each of others) {
    const at = mergeChanges(before, first, each, granule);
    if (at !== undefined) return at;
  }
  return first;
}

Deno.test("mergeChanges() takes each byte from the one part that changed it", () => {
  fc.assert(fc.property(changes, ({ before: given, by }) => {
    const before = Uint8Array.from(given);
    const expected = before.map((byte, i) => byte ^ (by[i]?.who === 3 ? 0 : by[i]?.by ?? 0));
    assert.deepEqual(mergeAll(before, partsOf(before, by), 1), expected);
  }));
});

Deno.test("mergeChanges() refuses bytes, or words, that two parts changed, and merges all others", () => {
  const twice = fc.record({ changes, at: fc.nat(BYTES - 1), by: fc.integer({ min: 1, max: 255 }) });
  fc.assert(fc.property(twice, ({ changes: { before: given, by }, at, by: other }) => {
    const before = Uint8Array.from(given);
    const parts = partsOf(before, by);
    const last = parts[2];
    assert.ok(last);
    // Also with the same value: who knows what would have come of both.
    last[at] = (before[at] ?? 0) ^ other;
    for (const granule of [1, 4] as const) {
      const changed = (part: Uint8Array, i: number) =>
        [0, 1, 2, 3].some((k) =>
          (granule === 1 ? k === 0 : true) &&
          part[granule === 1 ? i : 4 * Math.floor(i / 4) + k] !==
            before[granule === 1 ? i : 4 * Math.floor(i / 4) + k]
        );
      const conflicts = Array.from(
        before,
        (_, i) => parts.filter((part) => changed(part, i)).length,
      );
      const isConflict = conflicts.some((count) => count > 1);
      const merged = mergeAll(before, parts, granule);
      assert.equal(typeof merged === "number", isConflict);
      if (typeof merged === "number") assert.ok((conflicts[merged] ?? 0) > 1, `at ${merged}`);
    }
  }));
});

Deno.test("mergeChanges() names the first granule in conflict", () => {
  const before = new Uint8Array(16);
  const one = before.slice(), other = before.slice();
  one[10] = 1;
  other[10] = 1;
  other[9] = 1;
  assert.equal(mergeChanges(before, one.slice(), other, 1), 10);
  assert.equal(mergeChanges(before, one.slice(), other, 4), 8);
  other[10] = 0;
  assert.equal(mergeChanges(before, one.slice(), other, 1), undefined);
  assert.equal(mergeChanges(before, one.slice(), other, 4), 8);
});

Deno.test("mergeChanges() refuses states that are not of the same bytes", () => {
  assert.throws(
    () => mergeChanges(new Uint8Array(8), new Uint8Array(8), new Uint8Array(4), 4),
    /states of 8, 8 and 4 bytes/,
  );
});
