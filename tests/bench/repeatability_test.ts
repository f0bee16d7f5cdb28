import assert from "node:assert/strict";
import { repeatedFigures } from "../../lib/bench/repeatability.ts";
import { type Made, madeReport } from "./reports.ts";

const repeated = (first: Made[], second: Made[]) =>
  repeatedFigures(madeReport(first), madeReport(second));

Deno.test("repeatedFigures() tells what comes out again within 2 % from what does not", () => {
  const first = [{ figure: 100 }, { name: "memory.read", figure: 100 }];
  const figures = repeated(first, [{ figure: 101.9 }, { name: "memory.read", figure: 97.9 }]);
  assert.deepEqual(figures.map(({ agrees }) => agrees), [true, false]);
  assert.deepEqual(figures.map(({ ratio }) => ratio.toFixed(3)), ["1.019", "0.979"]);
});

Deno.test("repeatedFigures() leaves out what one run alone has, and what has no figure", () => {
  const first: Made[] = [{}, { name: "memory.read" }, { name: "memory.fill" }];
  const second: Made[] = [{ state: "failed" }, { name: "memory.read" }, { name: "memory.triad" }];
  assert.deepEqual(repeated(first, second).map(({ name }) => name), ["memory.read"]);
});

Deno.test("repeatedFigures() leaves out what varies, and what the host's clock timed", () => {
  const report = madeReport([{}, { name: "memory.read" }, { name: "memory.fill" }]);
  const changed = structuredClone(report);
  const [copy, read] = changed.benchmarks;
  assert.ok(copy?.statistics && read);
  copy.statistics.cv = 0.011;
  read.clock = "host";
  for (const [a, b] of [[report, changed], [changed, report]] as const) {
    assert.deepEqual(repeatedFigures(a, b).map(({ name }) => name), ["memory.fill"]);
  }
});
