import assert from "node:assert/strict";
import {
  ConditionsRecorder,
  type ConditionsSource,
  summarizeConditions,
} from "../../../lib/bench/conditions/conditions.ts";

function counting(): ConditionsSource & { reads: number } {
  const source = {
    name: "fake",
    clocksHold: true,
    absent: {},
    reads: 0,
    read: () => ({
      core_mhz: 1000 + source.reads++,
      memory_mhz: null,
      power_w: 100,
      temperature_c: 50,
      throttle_reasons: null,
    }),
  };
  return source;
}

Deno.test("ConditionsRecorder.readIfDue() reads as often as it may, and no more", () => {
  let now = 5000;
  const source = counting();
  const recorder = new ConditionsRecorder(source, () => now, 100);
  for (let i = 0; i < 100; i++) {
    recorder.readIfDue();
    now += 10;
  }
  assert.equal(source.reads, 10);
  assert.deepEqual(recorder.conditions().samples.map(({ at_ms }) => at_ms).slice(0, 3), [
    0,
    100,
    200,
  ]);
});

Deno.test("ConditionsRecorder.restart() forgets what belongs to the warm-up", () => {
  const recorder = new ConditionsRecorder(counting(), () => 0);
  recorder.read();
  recorder.restart();
  recorder.readIfDue();
  assert.deepEqual(recorder.conditions().summary.core_mhz, { min: 1001, median: 1001, max: 1001 });
});

Deno.test("summarizeConditions() has null for what was never read, and all reasons once", () => {
  const sample = (core_mhz: number | null, throttle_reasons: string[] | null) => ({
    at_ms: 0,
    core_mhz,
    memory_mhz: null,
    power_w: null,
    temperature_c: null,
    throttle_reasons,
  });
  const samples = [sample(10, ["b"]), sample(null, null), sample(30, ["a", "b"])];
  const { summary, absent } = summarizeConditions("fake", samples, { power_w: "no sensor" });
  assert.deepEqual(summary.core_mhz, { min: 10, median: 20, max: 30 });
  assert.equal(summary.power_w, null);
  assert.deepEqual(summary.throttle_reasons, ["a", "b"]);
  assert.deepEqual(absent, { power_w: "no sensor" });
  assert.equal(summarizeConditions("fake", [sample(1, null)], {}).summary.throttle_reasons, null);
});
