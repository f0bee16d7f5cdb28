import assert from "node:assert/strict";
import fc from "fast-check";
import { TimeBudget } from "../../lib/bench/budget.ts";

Deno.test("TimeBudget gives no device more than it has, whatever its benchmarks take of their time", () => {
  const used = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
    minLength: 1,
    maxLength: 80,
  });
  fc.assert(fc.property(used, (shares) => {
    const budget = new TimeBudget(shares.map(() => "a"), 100_000);
    let spent = 0;
    for (const share of shares) {
      const took = share * budget.next("a");
      budget.spend("a", took);
      spent += took;
    }
    // Each gets a tenth of a second at least.
    assert.ok(spent <= 100_000 + 100 * shares.length, `${spent}`);
  }));
});

Deno.test("TimeBudget passes on what a benchmark leaves, and what devices have is their own", () => {
  const budget = new TimeBudget(["a", "a", "b", "a"], 3000, 2000);
  assert.equal(budget.next("a"), 1500);
  budget.spend("a", 0);
  assert.equal(budget.next("a"), 2000, "a benchmark gets its most at most");
  budget.spend("a", 2900);
  assert.equal(budget.next("a"), 100);
  assert.equal(budget.next("b"), 2000);
});
