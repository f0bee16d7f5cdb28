import assert from "node:assert/strict";
import fc from "fast-check";
import { RateLimit } from "../../../lib/daemon/http/rate_limit.ts";

Deno.test("RateLimit lets no more through than its rate and twice that at once", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 50 }),
    fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 300 }),
    (perSecond, waits) => {
      let now = 0, taken = 0;
      const limit = new RateLimit(perSecond, () => now);
      for (const wait of waits) {
        now += wait;
        const seconds = limit.take("one");
        if (seconds === 0) taken++;
        else assert.ok(Number.isInteger(seconds) && seconds >= 1);
        assert.ok(taken <= 2 * perSecond + (now / 1000) * perSecond + 1e-6);
      }
    },
  ));
});

Deno.test("RateLimit lets a client come again after what it was told", () => {
  let now = 0;
  const limit = new RateLimit(5, () => now);
  while (limit.take("one") === 0);
  assert.equal(limit.take("two"), 0);
  now += limit.take("one") * 1000;
  assert.equal(limit.take("one"), 0);
});

Deno.test("RateLimit has no limit at 0", () => {
  const limit = new RateLimit(0, () => 0);
  for (let i = 0; i < 1000; i++) assert.equal(limit.take("one"), 0);
});
