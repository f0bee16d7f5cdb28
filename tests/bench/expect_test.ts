import assert from "node:assert/strict";
import { compareReports } from "../../lib/bench/compare.ts";
import {
  checkExpectation,
  ExpectationError,
  judgeExpectations,
  parseExpectation,
} from "../../lib/bench/expect.ts";
import { REGISTRY } from "../../lib/bench/registry.ts";
import { type Made, madeReport } from "./reports.ts";

Deno.test("parseExpectation() reads names, operators, values and units", () => {
  const scaleOf = (text: string) => parseExpectation(text).scale;
  const { name, operator, value } = parseExpectation(" memory.* >= 1.5e3 GB/s ");
  assert.deepEqual([name, operator, value], ["memory.*", ">=", 1500]);
  assert.deepEqual(scaleOf("a>=1GB/s"), { kind: "unit", unit: "GB/s" });
  assert.deepEqual(scaleOf("a>=0.85peak"), { kind: "peak" });
  assert.deepEqual(scaleOf("a<2x"), { kind: "old" });
  assert.deepEqual(scaleOf("a>2"), { kind: "unit", unit: null });
  assert.equal(parseExpectation("sync.submit_fence<=12µs").operator, "<=");
});

for (
  const text of [
    "",
    "memory.copy",
    ">=1",
    "memory.copy>=",
    "a=1",
    "a>=-1",
    "a>=1 2",
    "a>=1GiB/s",
    "a>=x",
  ]
) {
  Deno.test(`parseExpectation() refuses '${text}'`, () => {
    assert.throws(() => parseExpectation(text), ExpectationError);
  });
}

Deno.test("checkExpectation() refuses what cannot be met, before anything is measured", () => {
  const check = (text: string, compares = false) =>
    checkExpectation(parseExpectation(text), REGISTRY, compares);
  check("memory.copy>=0.85peak");
  check("compute.fp32>=60TFLOP/s");
  check("compute.fp32>=60000GFLOP/s");
  check("sync.*<=1ms");
  check("host.*>=1GB/s");
  check("memory.copy>=0.9x", true);
  assert.throws(() => check("memory.copi>=1"), /did you mean memory\.copy/);
  assert.throws(() => check("memory.copy>=1TFLOP/s"), /measured in GB\/s/);
  assert.throws(() => check("memory.copy>=0.9x"), /--compare/);
  assert.throws(() => check("sync.submit_fence<=2peak"), /no peak/);
});

function judge(text: string, made: Made[], old?: Made[]) {
  const report = madeReport(made);
  const comparison = old ? compareReports(madeReport(old), report) : null;
  return judgeExpectations([parseExpectation(text)], report.benchmarks, comparison);
}

const stateOf = (...args: Parameters<typeof judge>) => judge(...args).map(({ state }) => state);

Deno.test("judgeExpectations() tells met from missed, in every scale", () => {
  const copy = [{ figure: 100, observed: 120 }];
  assert.deepEqual(stateOf("memory.copy>=100", copy), ["met"]);
  assert.deepEqual(stateOf("memory.copy>100", copy), ["missed"]);
  assert.deepEqual(stateOf("memory.copy>=0.1TB/s", copy), ["met"]);
  assert.deepEqual(stateOf("memory.copy>=0.2TB/s", copy), ["missed"]);
  assert.deepEqual(stateOf("memory.copy>=0.8peak", copy), ["met"]);
  assert.deepEqual(stateOf("memory.copy>=0.85peak", copy), ["missed"]);
  assert.deepEqual(stateOf("memory.copy>=0.95x", copy, [{ figure: 104 }]), ["met"]);
  assert.deepEqual(stateOf("memory.copy>=0.95x", copy, [{ figure: 110 }]), ["missed"]);
  const latency = [{ name: "sync.a", figure: 12, unit: "µs", better: "lower" as const }];
  assert.deepEqual(stateOf("sync.a<=0.02ms", latency), ["met"]);
  assert.deepEqual(stateOf("sync.a<=10us", latency), ["missed"]);
  assert.deepEqual(stateOf("*>=1GB/s", [...copy, ...latency]), ["met"], "of the unit alone");
});

Deno.test("judgeExpectations() has a line for each figure that a pattern means", () => {
  const made = [{ figure: 100 }, { name: "memory.read", figure: 50 }, { name: "compute.fp32" }];
  const verdicts = judge("memory.*>=80", made);
  assert.deepEqual(verdicts.map(({ state }) => state), ["met", "missed"]);
  assert.match(
    verdicts[1]?.line ?? "",
    /^memory\.\*>=80: missed: memory\.read on pci.*: 50 GB\/s$/,
  );
});

Deno.test("judgeExpectations() calls unmeasured what has no figure, no peak or no counterpart", () => {
  const reasonOf = (...args: Parameters<typeof judge>) => judge(...args)[0]?.line ?? "";
  assert.match(reasonOf("memory.copy>=1", [{ state: "unsupported" }]), /unmeasured.*it is unsupp/);
  assert.match(
    reasonOf("memory.copy>=1peak", [{ peak: "memory_bandwidth" }]),
    /unmeasured.*peak is not known/,
  );
  assert.match(reasonOf("memory.copy>=1x", [{}], []), /unmeasured.*no figure of it/);
  assert.match(reasonOf("memory.fill>=1", [{}]), /unmeasured: no benchmark of this run/);
});
