/** Frames that come evenly. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { earliestStart, pacingStats, showTime, UNPACED } from "../../lib/schedule/pacing.ts";

/** When frames are shown that are ready at these times. */
function shown(ready: readonly number[], interval: number) {
  let state = UNPACED;
  const times = ready.map((at) => {
    const time = showTime(state, at, interval);
    state = time.state;
    return time;
  });
  return { times, stats: pacingStats(state) };
}

const gapsOf = (times: readonly { show_ms: number }[]) =>
  times.slice(1).map(({ show_ms }, i) => show_ms - (times[i]?.show_ms ?? 0));

Deno.test("showTime() shows frames that come in pairs evenly", () => {
  // Two devices that end together: the second of each pair waits half an interval.
  const ready = Array.from({ length: 40 }, (_, n) => 20 * Math.floor(n / 2));
  const { times, stats } = shown(ready, 10);
  assert.deepEqual(new Set(gapsOf(times)), new Set([10]));
  assert.deepEqual(stats, { frames: 40, interval_ms: 10, jitter_ms: 0, late: 0 });
  assert.ok((shown(ready, 0).stats.jitter_ms ?? 0) > 9);
});

Deno.test("showTime() keeps frames no closer than the interval, and off it by lateness alone", () => {
  fc.assert(fc.property(
    fc.array(fc.double({ min: 0, max: 40, noNaN: true }), { minLength: 2, maxLength: 60 }),
    fc.double({ min: 1, max: 30, noNaN: true }),
    (gaps, interval) => {
      let at = 0;
      const ready = gaps.map((gap) => at += gap);
      const { times, stats } = shown(ready, interval);
      times.forEach(({ show_ms, late_ms }, i) => {
        assert.ok(show_ms >= (ready[i] ?? 0) && late_ms >= 0);
        if (i === 0) return;
        const gap = show_ms - (times[i - 1]?.show_ms ?? 0);
        assert.ok(Math.abs(gap - interval - late_ms) < 1e-6, `${gap} for ${interval}`);
      });
      const all = gapsOf(times);
      const mean = all.reduce((sum, gap) => sum + gap, 0) / all.length;
      const variance = all.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / all.length;
      assert.ok(Math.abs((stats.interval_ms ?? 0) - mean) < 1e-6);
      assert.ok(Math.abs((stats.jitter_ms ?? 0) - Math.sqrt(variance)) < 1e-6);
      assert.equal(stats.late, times.filter(({ late_ms }) => late_ms > 0).length);
    },
  ));
});

Deno.test("pacingStats() knows nothing before the second frame", () => {
  assert.deepEqual(pacingStats(UNPACED), {
    frames: 0,
    interval_ms: null,
    jitter_ms: null,
    late: 0,
  });
  assert.equal(shown([5], 10).stats.interval_ms, null);
});

Deno.test("earliestStart() begins a frame so that it is ready when it is due", () => {
  const { state } = showTime(UNPACED, 100, 10); // the next is due at 110
  assert.equal(earliestStart(state, 0, 10, 4, 100), 106);
  assert.equal(earliestStart(state, 2, 10, 4, 100), 126);
  assert.equal(earliestStart(state, 0, 10, 40, 100), 100);
  assert.equal(earliestStart(state, 3, 10, null, 100), 100);
  assert.equal(earliestStart(UNPACED, 0, 10, 4, 100), 100);
});
