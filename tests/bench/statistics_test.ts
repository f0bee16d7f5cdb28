import assert from "node:assert/strict";
import fc from "fast-check";
import {
  isFirstSlow,
  median,
  medianInterval,
  modifiedZScores,
  quantile,
  summarize,
} from "../../lib/bench/statistics.ts";

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

Deno.test("medianInterval() holds the median and is the same for the same samples", () => {
  fc.assert(
    fc.property(samples, (list) => {
      const { low, high } = medianInterval(list);
      const middle = median(list);
      assert.ok(low <= middle && middle <= high);
      assert.deepEqual(medianInterval(list.toReversed()), { low, high });
    }),
    { numRuns: 30 },
  );
});

Deno.test("medianInterval() of a known set is that of the binomial distribution", () => {
  // The bootstrap median of n samples is at most the k-th with P(Binomial(n, k/n) > n/2): of 15, at most
  // the 4th with 0.0255, the 3rd with 0.0042.
  const { low, high } = medianInterval(Array.from({ length: 15 }, (_, i) => i + 1));
  assert.equal(low, 4);
  assert.equal(high, 12);
});

Deno.test("medianInterval() covers the true median in about 95 of 100 cases, and narrows with n", () => {
  // A fixed sequence of uniform numbers: x -> frac(x + golden ratio) is too even, a generator is not.
  let state = 12345;
  const next = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32;
  let covered = 0, width = 0;
  for (let i = 0; i < 300; i++) {
    const { low, high } = medianInterval(Array.from({ length: 25 }, next));
    if (low <= 0.5 && 0.5 <= high) covered++;
    width += high - low;
  }
  assert.ok(covered > 270 && covered < 298, `${covered} of 300`);
  const large = medianInterval(Array.from({ length: 3000 }, next));
  assert.ok(large.low < 0.5 && large.high > 0.5);
  assert.ok(large.high - large.low < width / 300 / 5);
});

Deno.test("modifiedZScores() finds the outlier of Iglewicz and Hoaglin's example", () => {
  const list = [2.1, 2.6, 2.4, 2.5, 2.3, 2.1, 2.3, 2.6, 8.2, 8.3];
  const scores = modifiedZScores(list).map((score) => Math.abs(score) > 3.5);
  assert.deepEqual(scores, [...Array(8).fill(false), true, true]);
  assert.equal(summarize(list).outliers, 2);
});

Deno.test("modifiedZScores() works where most samples are equal, and where all are", () => {
  assert.equal(summarize([5, 5, 5, 5, 5, 5, 5, 5, 5, 50]).outliers, 1);
  assert.deepEqual(modifiedZScores([3, 3, 3]), [0, 0, 0]);
});

Deno.test("isFirstSlow() tells a slow first sample from a fast one", () => {
  const rest = [10, 10.1, 9.9, 10, 10.2, 9.8, 10];
  assert.ok(isFirstSlow([5, ...rest], "higher"));
  assert.ok(!isFirstSlow([50, ...rest], "higher"));
  assert.ok(isFirstSlow([50, ...rest], "lower"));
  assert.ok(!isFirstSlow([10, ...rest], "higher"));
});
