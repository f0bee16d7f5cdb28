import assert from "node:assert/strict";
import { sparkline } from "../../lib/render/sparkline.ts";

const draw = (shares: (number | null)[], width: number, rows = 1, unicode = true) =>
  sparkline(shares, { width, rows, unicode });

Deno.test("sparkline() has the newest value at the right, and drops the oldest", () => {
  assert.deepEqual(draw([0.25, 0.5, 1], 5), ["  ▂▄█"]);
  assert.deepEqual(draw([0.25, 0.5, 1], 2), ["▄█"]);
  assert.deepEqual(draw([1], 0), [""]);
});

Deno.test("sparkline() tells 0 from unknown", () => {
  assert.deepEqual(draw([0, null, 0], 3), ["▁ ▁"]);
  assert.deepEqual(draw([0, null, NaN], 3, 1, false), ["_  "]);
});

Deno.test("sparkline() stays within its rows whatever the value", () => {
  assert.deepEqual(draw([-3, 70, Infinity], 3), ["▁█ "]);
});

Deno.test("sparkline() of several rows fills them from the bottom", () => {
  assert.deepEqual(draw([0, 0.5, 0.75, 1], 4, 2), ["  ▄█", "▁███"]);
  assert.deepEqual(draw([0.2, 1], 2, 2, false), [" #", ".#"]);
});
