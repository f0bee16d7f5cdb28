import assert from "node:assert/strict";
import fc from "fast-check";
import { type Claim, shareWatts } from "../../../lib/daemon/power/water_fill.ts";

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
const near = (a: number, b: number) => Math.abs(a - b) < 1e-6 * Math.max(1, Math.abs(a));

const claim: fc.Arbitrary<Claim> = fc.record({
  need: fc.integer({ min: 0, max: 600 }),
  min: fc.integer({ min: 1, max: 200 }),
  more: fc.integer({ min: 0, max: 400 }),
}).map(({ need, min, more }) => ({ need, min, max: min + more }));
const claims = fc.array(claim, { minLength: 1, maxLength: 8 });
const budget = fc.integer({ min: 0, max: 4000 });

Deno.test("shareWatts() gives what is needed, and shares what is left by size", () => {
  const whole = (all: Claim[], watts: number) => shareWatts(all, watts).map(Math.round);
  const big = { need: 300, min: 100, max: 300 };
  assert.deepEqual(whole([big, { ...big, need: 120 }], 400), [280, 120]);
  assert.deepEqual(whole([big, big], 400), [200, 200]);
  assert.deepEqual(whole([big, { need: 100, min: 50, max: 100 }], 200), [150, 50]);
  assert.deepEqual(whole([{ ...big, need: 100 }, { ...big, need: 150 }], 500), [250, 250]);
  assert.deepEqual(whole([big, big], 700), [300, 300]);
  assert.deepEqual(whole([big, big], 150), [100, 100]);
  assert.deepEqual(shareWatts([], 100), []);
});

Deno.test("shareWatts() stays within each one's limits, and uses the whole budget where it can", () => {
  fc.assert(
    fc.property(claims, budget, (all, watts) => {
      const parts = shareWatts(all, watts);
      all.forEach(({ min, max }, i) => {
        const part = parts[i] ?? NaN;
        assert.ok(part >= min && part <= max, `${part} of ${min} to ${max}`);
      });
      const least = sum(all.map(({ min }) => min)), most = sum(all.map(({ max }) => max));
      assert.ok(near(sum(parts), Math.min(Math.max(watts, least), most)), `${parts} of ${watts}`);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("shareWatts() takes from nobody when the budget grows", () => {
  fc.assert(
    fc.property(claims, budget, fc.integer({ min: 0, max: 500 }), (all, watts, more) => {
      const [less, greater] = [shareWatts(all, watts), shareWatts(all, watts + more)];
      less.forEach((part, i) => assert.ok((greater[i] ?? NaN) >= part - 1e-6));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("shareWatts() gives nobody less for needing more, nor others more", () => {
  fc.assert(
    fc.property(claims, budget, fc.integer({ min: 0, max: 500 }), (all, watts, more) => {
      const [first, ...others] = all;
      if (first === undefined) return;
      const before = shareWatts(all, watts);
      const after = shareWatts([{ ...first, need: first.need + more }, ...others], watts);
      assert.ok((after[0] ?? NaN) >= (before[0] ?? NaN) - 1e-6);
      others.forEach((_, i) => assert.ok((after[i + 1] ?? NaN) <= (before[i + 1] ?? NaN) + 1e-6));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("shareWatts() treats equals alike, in any order", () => {
  fc.assert(
    fc.property(claims, budget, fc.nat(7), (all, watts, which) => {
      const twin = all[which % all.length];
      if (twin === undefined) return;
      const parts = shareWatts([...all, twin], watts);
      assert.ok(near(parts[which % all.length] ?? NaN, parts.at(-1) ?? NaN));
      const turned = shareWatts([twin, ...all.toReversed()], watts).toReversed();
      parts.forEach((part, i) => assert.ok(near(part, turned[i] ?? NaN)));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("shareWatts() gives to none more than it needs while another lacks what its part would allow", () => {
  fc.assert(
    fc.property(claims, budget, (all, watts) => {
      const parts = shareWatts(all, watts);
      const needs = all.map(({ need, min, max }) => Math.min(Math.max(need, min), max));
      const lacks = parts.some((part, i) => part < (needs[i] ?? 0) - 1e-6);
      if (!lacks) return;
      parts.forEach((part, i) => assert.ok(part <= (needs[i] ?? NaN) + 1e-6));
    }),
    { numRuns: 1000 },
  );
});
