import assert from "node:assert/strict";
import fc from "fast-check";
import {
  THERMAL_LOWER_MS,
  THERMAL_RAISE_MS,
  thermalCeiling,
  thermalLimits,
  thermalSteps,
  ThermalTrack,
} from "../../../lib/daemon/power/thermal.ts";
import { policy } from "./fakes.ts";

const POLICY = policy();

/** Steps at temperatures, a second apart. */
function steps(degrees: readonly (number | null)[], slowdown: number | null = null): number[] {
  const track = new ThermalTrack();
  return degrees.map((at, s) => track.see(at, slowdown, s * 1000, POLICY).step);
}
const flat = (degrees: number | null, seconds: number) => Array(seconds).fill(degrees);

Deno.test("ThermalTrack goes down a step each 5 s while it is hot, and up each 30 s once it is cool", () => {
  const seen = steps([...flat(85, 11), ...flat(82, 60), ...flat(80, 60)]);
  assert.deepEqual(seen.slice(0, 11), [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3]);
  // Between the limit and the margin below it nothing moves.
  assert.deepEqual(new Set(seen.slice(11, 71)), new Set([3]));
  assert.equal(seen[71], 2);
  assert.equal(seen[100], 2);
  assert.equal(seen[101], 1);
});

Deno.test("ThermalTrack goes to the lowest at once where it is critical", () => {
  assert.deepEqual(steps([84, 95]), [0, 4]);
  const track = new ThermalTrack();
  assert.equal(track.see(95, null, 0, POLICY).critical, true);
  assert.equal(track.see(91, null, 1000, POLICY).critical, true);
  assert.equal(track.see(90, null, 2000, POLICY).critical, false);
});

Deno.test("ThermalTrack stays where it is while the temperature is not known", () => {
  assert.deepEqual(new Set(steps([85, ...flat(null, 100)])), new Set([1]));
});

Deno.test("thermalLimits() keeps a margin to the GPU's own slowdown", () => {
  assert.deepEqual(thermalLimits(POLICY, null), { threshold: 85, critical: 95 });
  assert.deepEqual(thermalLimits(POLICY, 87), { threshold: 82, critical: 87 });
  assert.deepEqual(thermalLimits(POLICY, 110), { threshold: 85, critical: 95 });
  // A threshold of 0 is none: it would hold every GPU at its lowest.
  for (const none of [0, -1]) {
    assert.deepEqual(thermalLimits(POLICY, none), { threshold: 85, critical: 95 });
  }
});

Deno.test("thermalCeiling() follows the power curve down", () => {
  assert.deepEqual(thermalSteps(POLICY), [0.85, 0.7, 0.5, 0.3]);
  assert.deepEqual([0, 1, 2, 3, 4].map((step) => thermalCeiling(step, 200, POLICY)), [
    200,
    170,
    140,
    100,
    60,
  ]);
});

Deno.test("ThermalTrack never goes up twice in 30 s, nor down by one twice in 5 s", () => {
  const degrees = fc.array(fc.option(fc.integer({ min: 60, max: 100 })), { maxLength: 300 });
  fc.assert(fc.property(degrees, (course) => {
    const seen = steps(course);
    let [up, down] = [-Infinity, -Infinity];
    seen.forEach((step, s) => {
      const before = s === 0 ? 0 : seen[s - 1] ?? 0;
      const at = s * 1000;
      if (step < before) {
        assert.equal(step, before - 1);
        assert.ok(at - Math.max(up, down) >= THERMAL_RAISE_MS);
        up = at;
      } else if (step > before) {
        if ((course[s] ?? 0) < 95) assert.ok(at - Math.max(up, down) >= THERMAL_LOWER_MS);
        down = at;
      }
    });
  }));
});
