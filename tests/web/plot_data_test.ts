import assert from "node:assert/strict";
import {
  align,
  moved,
  type Points,
  pointsOf,
  summaryOf,
  withLive,
  zoomed,
} from "../../lib/daemon/web/core/plot_data.ts";

const T = Date.parse("2026-01-01T00:00:00Z");

function points(...at: [number, number][]): Points {
  return at.map(([s, mean]) => ({
    at: T + s * 1000,
    mean,
    min: mean - 1,
    max: mean + 1,
  }));
}

Deno.test("align() has a null in a gap, and nothing where another series alone has a point", () => {
  const { x, series } = align([
    { points: points([0, 1], [1, 2], [9, 3]), pick: "mean" },
    { points: points([1, 5], [2, 6]), pick: "max" },
  ], 2500);
  assert.deepEqual(x.map((at) => at - T / 1000), [0, 1, 2, 5, 9]);
  assert.deepEqual(series, [[1, 2, undefined, null, 3], [undefined, 6, 7, undefined, undefined]]);
});

Deno.test("pointsOf() reads the times of a history", () => {
  const point = { mean: 1, min: 0, max: 2 };
  const points = [{ ...point, at: "2026-01-01T00:00:00.250Z" }];
  assert.deepEqual(pointsOf({ points }), [{ ...point, at: T + 250 }]);
});

Deno.test("align() of nothing is nothing", () => {
  assert.deepEqual(align([{ points: [], pick: "mean" }], 1000), { x: [], series: [[]] });
});

Deno.test("summaryOf() has the least and most of each step, not of the means", () => {
  assert.deepEqual(summaryOf(points([0, 10], [1, 30])), { min: 9, mean: 20, max: 31, last: 30 });
  assert.equal(summaryOf([]), null);
});

Deno.test("withLive() adds the looks since the last point of the history", () => {
  const live = [0, 1, 2].map((s) => ({ at: T + s * 1000, value: s === 1 ? null : 7 }));
  assert.deepEqual(withLive(points([0, 1], [1, 1]), live).map(({ mean }) => mean), [1, 1, 7]);
  assert.deepEqual(withLive([], live).map(({ at }) => (at - T) / 1000), [0, 2]);
});

Deno.test("zoomed() and moved() stay behind now, and zoomed() above 10 s", () => {
  const span = { from: 0, to: 100_000 };
  assert.deepEqual(zoomed(span, 0.5, 100_000), { from: 25_000, to: 75_000 });
  assert.deepEqual(zoomed(span, 2, 100_000), { from: -100_000, to: 100_000 });
  assert.deepEqual(zoomed({ from: 0, to: 8_000 }, 0.5, 1e9), { from: -1000, to: 9000 });
  assert.deepEqual(moved(span, -0.5, 100_000), { from: -50_000, to: 50_000 });
  assert.deepEqual(moved(span, 0.5, 120_000), { from: 20_000, to: 120_000 });
});
