import assert from "node:assert/strict";
import fc from "fast-check";
import { median, quantile, summarize } from "../../lib/bench/statistics.ts";

const samples = fc.array(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), {
  minLength: 1,
  maxLength: 200,
});

Deno.test("summarize() of a known set", () => {
  const summary = summarize([5, 1, 4, 2, 3, 100]);
  assert.equal(summary.n, 6);
  assert.equal(summary.median, 3.5);
  assert.equal(summary.mad, 1.5);
  assert.equal(summary.min, 1);
  assert.equal(summary.max, 100);
  assert.equal(summary.p5, 1.25);
  assert.equal(summary.p95, 76.25);
  assert.ok(Math.abs(summary.mean - 115 / 6) < 1e-12);
});

Deno.test("summarize().cv is standard deviation over mean", () => {
  assert.ok(Math.abs(summarize([9, 11]).cv - Math.SQRT2 / 10) < 1e-12);
  assert.equal(summarize([7]).cv, 0);
  assert.equal(summarize([7, 7, 7]).cv, 0);
});

Deno.test("summarize() orders its quantiles, whatever the order of the samples", () => {
  fc.assert(fc.property(samples, (list) => {
    const s = summarize(list);
    const ordered = [s.min, s.p5, s.median, s.p95, s.p99, s.max];
    assert.ok(ordered.every((value, i) => i === 0 || value >= (ordered[i - 1] ?? NaN)));
    assert.deepEqual(summarize(list.toReversed()).median, s.median);
    assert.equal(median(list), s.median);
  }));
});

Deno.test("quantile() needs a sample", () => {
  assert.throws(() => quantile([], 0.5), RangeError);
  assert.throws(() => summarize([]), RangeError);
});
