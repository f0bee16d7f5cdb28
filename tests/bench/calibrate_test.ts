import assert from "node:assert/strict";
import { loopsFor } from "../../lib/bench/calibrate.ts";

/** A kernel with some overhead whose loop takes `each` nanoseconds a round. */
const kernel = (each: number, overhead: number) => (loops: number) => overhead + loops * each;

Deno.test("loopsFor() makes a run last about as long as it should", () => {
  for (const each of [3, 70, 4000]) {
    const run = kernel(each, 5000);
    const took = run(loopsFor(20, run, { first: 4, most: 1 << 24 }));
    assert.ok(took > 10e6 && took < 40e6, `${each} ns a round: ${took} ns`);
  }
});

Deno.test("loopsFor() keeps to the most, and takes a slow kernel's first guess", () => {
  assert.equal(loopsFor(20, kernel(0.001, 0), { first: 4, most: 1000 }), 1000);
  assert.equal(loopsFor(20, kernel(1e9, 0), { first: 4, most: 1000 }), 4);
});
