import assert from "node:assert/strict";
import {
  looksOf,
  RECENT_MS,
  TREND_MS,
  trendOf,
  trendPath,
  withLook,
  withPast,
} from "../../lib/daemon/web/core/trend.ts";
import { FakeGpus, idOf } from "./fake_gpus.ts";

const T = Date.parse("2026-01-01T00:00:00Z");
const fake = new FakeGpus(4, 0);
const BOX = { width: 120, height: 10, now: T, most: 100, gapMs: 2500 };

Deno.test("withLook() keeps some minutes, takes no look twice, and starts anew where the clock went back", () => {
  let recent = withLook([], fake.look(T));
  recent = withLook(recent, fake.look(T));
  assert.equal(recent.length, 1);
  recent = withLook(recent, fake.look(T + RECENT_MS - 1));
  assert.equal(recent.length, 2);
  recent = withLook(recent, fake.look(T + RECENT_MS));
  assert.deepEqual(recent.map(({ at }) => at - T), [RECENT_MS - 1, RECENT_MS]);
  recent = withLook(recent, fake.look(T));
  assert.deepEqual(recent.map(({ at }) => at), [T]);
});

Deno.test("trendOf() is null where a GPU was not known, or not there", () => {
  const recent = withLook([], fake.look(T));
  assert.equal(typeof trendOf(recent, idOf(0), "utilization_pct")[0]?.value, "number");
  assert.deepEqual(trendOf(recent, idOf(3), "utilization_pct"), [{ at: T, value: null }]);
  assert.deepEqual(trendOf(recent, "pci:none", "power_w"), [{ at: T, value: null }]);
});

Deno.test("trendPath() is broken where a look is missing and where a value is not known", () => {
  const at = (s: number, value: number | null) => ({ at: T - s * 1000, value });
  assert.equal(
    trendPath([at(2, 0), at(1, 50), at(0, 100)], BOX),
    "M118.0 10.0h0L119.0 5.0L120.0 0.0",
  );
  assert.equal(trendPath([at(9, 0), at(1, 0)], BOX), "M111.0 10.0h0M119.0 10.0h0");
  assert.equal(
    trendPath([at(2, 0), at(1, null), at(0, 0)], BOX),
    "M118.0 10.0h0M120.0 10.0h0",
  );
  assert.equal(trendPath([{ at: T - TREND_MS - 1, value: 5 }], BOX), "");
});

Deno.test("withPast() puts what a history tells of before the looks, and no later", () => {
  const points = [-2000, -1000, 500].map((ms, i) => ({
    at: new Date(T + ms).toISOString(),
    mean: i,
    min: i,
    max: i,
  }));
  const past = looksOf({
    from: "",
    to: "",
    step_s: 1,
    gap_s: 2,
    gpus: [],
    series: [{ gpu: idOf(0), metric: "utilization_pct", points }],
  });
  const recent = withPast(withLook([], fake.look(T)), past);
  assert.deepEqual(recent.map(({ at }) => at - T), [-2000, -1000, 0]);
  assert.equal(recent[1]?.gpus.get(idOf(0))?.utilization_pct, 1);
  assert.equal(recent[1]?.gpus.get(idOf(0))?.power_w, null);
});
