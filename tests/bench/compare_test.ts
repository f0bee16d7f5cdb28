import assert from "node:assert/strict";
import {
  compareReports,
  confirmChanges,
  parseReport,
  parseThreshold,
  ReportError,
} from "../../lib/bench/compare.ts";
import { resultsOf } from "../../lib/bench/report.ts";
import { benchReport } from "../../lib/bench/report.ts";
import { comparisonText } from "../../lib/render/bench_compare.ts";
import { type Made, madeDevice, madeReport } from "./reports.ts";

function change(old: Made, now: Made, threshold?: number) {
  const { changes } = compareReports(madeReport([old]), madeReport([now]), threshold);
  assert.equal(changes.length, 1);
  return changes[0] ?? assert.fail();
}

Deno.test("compareReports() fails a significant loss beyond the threshold, and nothing else", () => {
  const slow = change({ figure: 100 }, { figure: 90 });
  assert.deepEqual([slow.verdict, slow.fails, slow.ratio], ["worse", true, 0.9]);
  const little = change({ figure: 100 }, { figure: 97 });
  assert.deepEqual([little.verdict, little.fails], ["worse", false]);
  assert.equal(change({ figure: 100 }, { figure: 97 }, 0.02).fails, true);
  const same = change({ figure: 100 }, { figure: 100.1 });
  assert.deepEqual([same.verdict, same.fails], ["same", false]);
  const fast = change({ figure: 100 }, { figure: 150 });
  assert.deepEqual([fast.verdict, fast.fails], ["better", false]);
});

Deno.test("compareReports() knows that a longer latency is worse", () => {
  const better = "lower" as const;
  assert.ok(change({ figure: 10, better }, { figure: 12, better }).fails);
  assert.equal(change({ figure: 10, better }, { figure: 8, better }).verdict, "better");
});

Deno.test("compareReports() finds no significance where samples vary more than the medians differ", () => {
  const old = madeReport([{ figure: 100 }]), now = madeReport([{ figure: 90 }]);
  for (const report of [old, now]) {
    for (const entry of report.benchmarks) {
      entry.samples = entry.samples.map((sample, i) => sample * (i % 2 ? 1.3 : 0.7));
    }
  }
  const [only] = compareReports(old, now).changes;
  assert.deepEqual([only?.verdict, only?.fails], ["same", false]);
});

Deno.test("compareReports() takes for the same what runs differ by that differ in nothing", () => {
  const verdict = (now: Made, kind: string, clock: "device" | "host") => {
    const reports = [{}, now].map((made) => {
      const report = madeReport([made]);
      for (const device of report.context.devices) device.kind = kind;
      for (const entry of report.benchmarks) entry.clock = clock;
      return report;
    });
    const [old, after] = reports;
    return old && after && compareReports(old, after).changes[0]?.verdict;
  };
  assert.equal(verdict({ figure: 98.5 }, "discrete", "device"), "same", "1.5 %: within 2 %");
  assert.equal(verdict({ figure: 97 }, "discrete", "device"), "worse");
  assert.equal(verdict({ figure: 97 }, "discrete", "host"), "same", "3 %: within 5 %");
  assert.equal(verdict({ figure: 94 }, "discrete", "host"), "worse");
  assert.equal(verdict({ figure: 107 }, "discrete", "host"), "better");
  assert.equal(verdict({ figure: 92 }, "software", "device"), "same", "8 %: within 10 %");
  assert.equal(verdict({ figure: 88 }, "host", "host"), "worse");
});

Deno.test("compareReports() takes for the same what samples scatter by, however sure the medians", () => {
  const scattered = (figure: number) => {
    const report = madeReport([{ figure }]);
    for (const entry of report.benchmarks) {
      entry.samples = Array.from({ length: 1001 }, (_, i) => figure * (0.9 + i / 5000));
    }
    return report;
  };
  assert.equal(compareReports(scattered(100), scattered(92)).changes[0]?.verdict, "same");
  assert.equal(compareReports(scattered(100), scattered(80)).changes[0]?.verdict, "worse");
});

Deno.test("confirmChanges() takes back what is not slower when it is measured once more", () => {
  const of = (name: string, figure: number, device?: string) => ({
    name,
    figure,
    ...(device && { device }),
  });
  const old = madeReport([of("memory.copy", 100), of("memory.read", 100), of("memory.fill", 100)]);
  const now = madeReport([of("memory.copy", 80), of("memory.read", 80), of("memory.fill", 80)]);
  const again = madeReport([of("memory.copy", 99), of("memory.read", 82)]);
  const { changes } = confirmChanges(compareReports(old, now), resultsOf(again));
  assert.deepEqual(changes.map(({ verdict, fails, again }) => [verdict, fails, again]), [
    ["unsure", false, 99],
    ["worse", true, 82],
    ["worse", true, undefined],
  ]);
  const noisy = resultsOf(madeReport([of("memory.copy", 62), of("memory.read", 90)]));
  assert.deepEqual(
    confirmChanges(compareReports(old, now), noisy).changes.map(({ verdict }) => verdict),
    ["unsure", "unsure", "worse"],
    "the two measurements differ by more than they do from the old one",
  );
  const other = resultsOf(madeReport([of("memory.copy", 99, "pci:0000:02:00.0")]));
  assert.equal(confirmChanges(compareReports(old, now), other).changes[0]?.fails, true);
});

Deno.test("compareReports() fails what was lost, but not what was interrupted or is new", () => {
  const lost = change({}, { state: "failed" });
  assert.deepEqual([lost.verdict, lost.fails, lost.reason], ["lost", true, "it is failed"]);
  assert.equal(change({}, { state: "unsupported" }).fails, true);
  assert.equal(change({}, { state: "skipped" }).fails, false);
  assert.deepEqual(change({ state: "failed" }, {}).verdict, "gained");
  const none = compareReports(madeReport([{ name: "memory.read" }]), madeReport([{}]));
  assert.deepEqual(none.changes, []);
});

Deno.test("compareReports() holds figures with other parameters apart", () => {
  const made = [1, 2].map((size) => ({ parameters: { size }, figure: 100 * size }));
  const { changes } = compareReports(madeReport(made), madeReport(made.toReversed()));
  assert.deepEqual(changes.map(({ verdict }) => verdict), ["same", "same"]);
});

Deno.test("compareReports() finds a device again by UUID, and by its place among its like", () => {
  const figures = ["a", "b"].map((device, i) => ({ device, figure: 100 * (i + 1) }));
  const old = madeReport(figures, [madeDevice("a", "Card", "U1"), madeDevice("b", "Card", "U2")]);
  const swapped = madeReport(
    ["x", "y"].map((device, i) => ({ device, figure: 200 / (i + 1) })),
    [madeDevice("x", "Card", "U2"), madeDevice("y", "Card", "U1")],
  );
  assert.deepEqual(compareReports(old, swapped).changes.map(({ ratio }) => ratio), [1, 1]);
  const anonymous = madeReport(
    ["x", "y"].map((device, i) => ({ device, figure: 100 * (i + 1) })),
    [madeDevice("x"), madeDevice("y")],
  );
  assert.deepEqual(compareReports(old, anonymous).changes.map(({ ratio }) => ratio), [1, 1]);
  const other = madeReport([{ device: "a" }], [madeDevice("a", "Another card")]);
  assert.deepEqual(compareReports(old, other).changes, []);
});

Deno.test("parseReport() reads what --json writes, and refuses what is no report", () => {
  const report = madeReport([{}, { name: "memory.read", state: "failed" }]);
  const read = parseReport(JSON.stringify(report));
  assert.deepEqual(read, report);
  for (
    const text of [
      "",
      "[]",
      '{"schema":"mvgal.bench/2"}',
      '{"schema":"mvgal.bench/1"}',
      JSON.stringify({ ...report, benchmarks: [{ ...report.benchmarks[0], samples: ["1"] }] }),
    ]
  ) assert.throws(() => parseReport(text), ReportError, text);
});

Deno.test("resultsOf() gives the results that a report was made of", () => {
  const report = madeReport([{ observed: 120 }, { state: "skipped" }, { state: "unsupported" }]);
  assert.deepEqual(benchReport(report.context, resultsOf(report)), report);
});

Deno.test("parseThreshold() reads shares and percents", () => {
  assert.equal(parseThreshold("5%"), 0.05);
  assert.equal(parseThreshold("0.02"), 0.02);
  for (const text of ["", "x", "-1%", "500%", "5 percent"]) {
    assert.equal(parseThreshold(text), undefined, text);
  }
});

Deno.test("comparisonText() marks what fails, and says how significance was decided", () => {
  const old = madeReport([{ figure: 100 }, { name: "memory.read" }]);
  const text = comparisonText(
    compareReports(old, madeReport([{ figure: 80 }, { name: "memory.read" }])),
  );
  assert.match(text, /bootstrap intervals/);
  assert.match(text, /^! .*memory\.copy +100\.0 +80\.00 +GB\/s +−20\.0 % +worse$/m);
  assert.match(text, /^ {2}.*memory\.read .*\+0\.0 % +same$/m);
  assert.match(text, /1 of 2 figures fail/);
});
