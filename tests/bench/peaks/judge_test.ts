import assert from "node:assert/strict";
import { hostPeaks } from "../../../lib/bench/peaks/host.ts";
import { judge } from "../../../lib/bench/peaks/judge.ts";
import { tableKey, unitOf } from "../../../lib/bench/peaks/model.ts";
import type { KnownPeaks } from "../../../lib/bench/peaks/peak.ts";
import { REGISTRY } from "../../../lib/bench/registry.ts";
import { resultsOf } from "../../../lib/bench/report.ts";
import { madeReport } from "../reports.ts";

const figure = (value: number, unit = "GB/s") => ({ value, unit, formula: "f", source: "s" });

function stateWith(peaks: KnownPeaks, figureOf = 100): string {
  const [result] = resultsOf(madeReport([{ figure: figureOf }]));
  assert.ok(result);
  return judge(result.outcome, "memory_bandwidth", "GB/s", () => peaks).state;
}

Deno.test("judge() holds a figure against the observed peak, and the rated one where there is none", () => {
  const rated = figure(200), low = figure(90), reason = null;
  assert.equal(stateWith({ rated, observed: low, reason }), "implausible");
  assert.equal(stateWith({ rated: low, observed: null, reason }), "implausible");
  assert.equal(stateWith({ rated: low, observed: figure(200), reason }), "ok");
  assert.equal(stateWith({ rated: null, observed: null, reason: "unknown" }), "ok");
});

Deno.test("judge() lets 105 % of the peak pass, and no more", () => {
  const peaks = { rated: null, observed: figure(100), reason: null };
  assert.equal(stateWith(peaks, 105), "ok");
  assert.equal(stateWith(peaks, 105.1), "implausible");
});

Deno.test("judge() holds nothing against a peak of another unit", () => {
  assert.equal(stateWith({ rated: figure(1, "TFLOP/s"), observed: null, reason: null }), "ok");
});

Deno.test("judge() asks for the highest clock that was seen: readings between samples may be low", () => {
  const [result] = resultsOf(madeReport([{}]));
  assert.ok(result?.outcome.state === "ok");
  const spread = { min: 100, median: 1500, max: 1980 };
  const summary = {
    core_mhz: spread,
    memory_mhz: null,
    power_w: null,
    temperature_c: null,
    throttle_reasons: null,
  };
  result.outcome.measured.conditions = { source: "fake", samples: [], summary, absent: {} };
  const seen: unknown[] = [];
  judge(result.outcome, "fp32", "TFLOP/s", (_, clocks) => {
    seen.push(clocks);
    return { rated: null, observed: null, reason: "" };
  });
  assert.deepEqual(seen, [{ core_mhz: 1980, memory_mhz: null }]);
});

Deno.test("judge() says why the peaks of a device without a source are not known", () => {
  const [result] = resultsOf(madeReport([{}]));
  assert.ok(result);
  const outcome = judge(result.outcome, "fp32", "TFLOP/s", undefined);
  assert.ok(outcome.state === "ok");
  assert.match(outcome.measured.peaks?.reason ?? "", /nothing is known/);
  assert.equal(judge(result.outcome, null, "µs", undefined), result.outcome);
});

Deno.test("the peak of every benchmark is in the benchmark's own unit", () => {
  for (const { name, suite, peak, unit } of REGISTRY) {
    if (!peak || suite === "transfer") continue;
    assert.equal(unitOf(tableKey(peak)), unit, `${name}: ${peak}`);
  }
});

Deno.test("hostPeaks() takes the instruction set that can do most", () => {
  const peaks = hostPeaks({
    instructionSets: ["avx512", "avx2"],
    fmaPeak: (isa, precision) =>
      precision === "fp64" ? null : { value: isa === "avx2" ? 1 : 2, formula: isa },
  });
  const clocks = { core_mhz: null, memory_mhz: null };
  assert.equal(peaks("fp32", clocks).observed?.value, 2);
  assert.match(peaks("fp64", clocks).reason ?? "", /not known/);
  assert.match(peaks("memory_bandwidth", clocks).reason ?? "", /no table/);
});
