import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { resultsOf } from "../../lib/bench/report.ts";
import { bar } from "../../lib/render/bar.ts";
import { benchReportTable, benchTable, formatFigure } from "../../lib/render/bench_table.ts";
import { toAscii, usesUtf8 } from "../../lib/render/charset.ts";
import { formatShare } from "../../lib/render/bench_figures.ts";
import { styleFor } from "../../lib/render/style.ts";
import { anyReport } from "./any_report.ts";
import { sampleReport } from "./sample_report.ts";

const linesOf = (text: string) => text.split("\n").slice(0, -1);
const lineWith = (text: string, words: string) =>
  linesOf(text).find((line) => line.includes(words));

Deno.test("formatFigure() shows four digits that count, and no exponent", () => {
  assert.equal(formatFigure(4539.2), "4539");
  assert.equal(formatFigure(65.8437), "65.84");
  assert.equal(formatFigure(0.59714), "0.5971");
  assert.equal(formatFigure(0), "0");
});

Deno.test("formatShare() never shows something as nothing", () => {
  assert.equal(formatShare(0), "0 %");
  assert.equal(formatShare(0.00002), "<0.1 %");
  assert.equal(formatShare(0.034), "3.4 %");
  assert.equal(formatShare(0.946), "95 %");
  assert.equal(formatShare(1.02), "102 %");
});

Deno.test("bar() is as wide as the whole, in eighths of a column", () => {
  const unicode = { unicode: true, ofWhole: true };
  assert.deepEqual(bar(0.5, 4, unicode), { filled: "██", rest: "··" });
  assert.deepEqual(bar(0.53125, 4, unicode), { filled: "██▏", rest: "·" });
  assert.deepEqual(bar(1e-9, 4, unicode), { filled: "▏", rest: "···" });
  assert.deepEqual(bar(0, 4, unicode), { filled: "", rest: "····" });
  assert.deepEqual(bar(7, 4, unicode), { filled: "████", rest: "" });
  assert.deepEqual(bar(0.5, 4, { unicode: false, ofWhole: true }), { filled: "##", rest: ".." });
  assert.deepEqual(bar(0.5, 4, { unicode: true, ofWhole: false }), { filled: "▒▒", rest: "  " });
});

Deno.test("usesUtf8() takes the first of the locale's variables that is set", () => {
  const of = (env: Record<string, string>) => usesUtf8((name) => env[name]);
  assert.equal(of({ LANG: "en_US.UTF-8" }), true);
  assert.equal(of({ LANG: "C.utf8" }), true);
  assert.equal(of({ LANG: "de_DE@euro" }), false);
  assert.equal(of({ LC_ALL: "C", LANG: "en_US.UTF-8" }), false);
  assert.equal(of({}), false);
});

Deno.test("toAscii() keeps ASCII and likens the rest to it", () => {
  assert.equal(toAscii("±1 µs … 摩"), "+-1 us ... ?");
});

for (const columns of [60, 80, 100, 140]) {
  for (const unicode of [true, false]) {
    const name = `benchReportTable() fits ${columns} columns${unicode ? "" : " in ASCII"}`;
    Deno.test(name, () => {
      for (const report of [sampleReport("h200", 8), sampleReport("software", 2)]) {
        const text = benchReportTable(report, { columns, unicode });
        for (const line of linesOf(text)) assert.ok(line.length <= columns, line);
        if (!unicode) assert.match(text, /^\p{ASCII}*$/u);
      }
    });
  }
}

Deno.test("benchReportTable() shows figure, unit, spread, bar and share of the peak in one line", () => {
  const text = benchReportTable(sampleReport("h200", 1), { columns: 80 });
  assert.match(lineWith(text, "  triad ") ?? "", /4\d{3} GB\/s +±0\.\d % +█+[▏▎▍▌▋▊▉]?·* +9\d %$/);
  assert.match(lineWith(text, "one dispatch to fence") ?? "", /1\d\.\d\d µs +p99 [\d.]+ +▒+$/);
});

Deno.test("benchReportTable() aligns figures, units and bars of all devices", () => {
  const report = sampleReport("h200", 2);
  const lines = linesOf(benchReportTable(report, { columns: 80 }))
    .filter((line) => /\d \S+ +(±|p99)/.test(line));
  assert.ok(lines.length > 50);
  const places = lines.map((
    line,
  ) => [line.search(/(?<=\d) \S+ +(±|p99)/), line.search(/[█▏▎▍▌▋▊▉▒]/)]);
  for (const place of places) assert.deepEqual(place, places[0]);
});

Deno.test("benchReportTable() gives wide terminals the shapes", () => {
  const report = sampleReport("h200", 1);
  assert.doesNotMatch(benchReportTable(report, { columns: 80 }), /grid of 1024/);
  assert.match(
    benchReportTable(report, { columns: 140 }),
    /grid of 1024 workgroups, 8 in flight$/m,
  );
});

Deno.test("benchReportTable() lists the caches by working set", () => {
  const text = benchReportTable(sampleReport("h200", 1), { columns: 80 });
  assert.match(text, /working set +read +copy +GB\/s/);
  assert.match(text, /^ +2 MiB +9\d{3} +7\d{3} +▒+$/m);
  assert.match(text, /^ +2 GiB +4\d{3} +4\d{3} +▒+$/m);
  assert.doesNotMatch(text, /read, 4 MiB/);
});

Deno.test("benchReportTable() says why a size has no figure, and shows no row for it", () => {
  const report = sampleReport("software", 1);
  for (const entry of report.benchmarks.filter(({ name }) => name.endsWith("_2048mib"))) {
    Object.assign(entry, { state: "unsupported", reason: "larger than the buffers" });
  }
  const text = benchReportTable(report, { columns: 80 });
  assert.match(text, /^ +1 GiB +\d/m);
  assert.doesNotMatch(text, /^ +2 GiB /m);
  assert.match(text, /unsupported {2}read, 2048 MiB; copy, 2048 MiB: larger than the buffers/);
});

Deno.test("benchReportTable() shows 56 pairs with their paths, and why others were not taken", () => {
  const text = benchReportTable(sampleReport("h200", 8), { columns: 80 });
  assert.match(text, /^ +0 +1 +2 +3 +4 +5 +6 +7$/m);
  assert.match(text, /^ {2}5( +39\d\.\d a){5} +- +FAIL +39\d\.\d a$/m);
  assert.match(text, /b {3}CUDA copy through the host, by the driver \(8 pairs\)/);
  assert.match(text, /- failed \(5>6\): byte 4096 arrived/);
  assert.match(text, /- CUDA peer copy \(8 of 56 pairs\): P2P is off/);
});

Deno.test("benchReportTable() writes a matrix that is too wide in several blocks", () => {
  const text = benchReportTable(sampleReport("h200", 8), { columns: 60 });
  assert.match(text, /^ +0 +1 +2 +3 +4 +5$/m);
  assert.match(text, /^ +6 +7$/m);
});

Deno.test("benchReportTable() emphasises only where the style does, and never at a cost of width", () => {
  const report = sampleReport("h200", 2);
  const plain = benchReportTable(report, { columns: 80 });
  const colored = benchReportTable(report, { columns: 80, style: styleFor(true) });
  assert.doesNotMatch(plain, /\p{Cc}(?<!\n)/u);
  assert.notEqual(colored, plain);
  assert.equal(
    linesOf(stripVTControlCharacters(colored)).map((line) => line.trimEnd()).join("\n"),
    linesOf(plain).join("\n"),
  );
});

Deno.test("benchReportTable() says why there is no figure, once for all that share a reason", () => {
  const report = sampleReport("software", 1);
  for (const entry of report.benchmarks.filter(({ name }) => /fp64|fp16/.test(name))) {
    Object.assign(entry, { state: "unsupported", reason: "the device is asleep" });
  }
  const text = benchReportTable(report, { columns: 80 });
  assert.match(text, /^ {2}unsupported {2}fp64, fp16: the device is asleep$/m);
});

Deno.test("benchReportTable() merges notes that differ in numbers alone", () => {
  const report = sampleReport("software", 1);
  report.benchmarks.filter(({ suite }) => suite === "compute")
    .forEach((entry, i) => entry.notes = [`samples vary by ${i}.5 %`]);
  const text = benchReportTable(report, { columns: 80 });
  assert.match(text, /note +fp32, fp64, fp16, int32: samples vary by … %/);
});

Deno.test("benchReportTable() names the first of many figures that share a note", () => {
  const report = sampleReport("software", 1);
  const figures = report.benchmarks.filter(({ state }) => state === "ok").slice(0, 7);
  const [device] = figures.map((entry) => entry.device);
  figures.forEach((entry, i) => {
    entry.suite = "compute";
    entry.device = device ?? "";
    entry.title = `figure ${i}`;
    entry.notes = ["the same"];
  });
  const text = benchReportTable(report, { columns: 80 });
  assert.match(text, /note +figure 0, figure 1 and 5 more: the same/);
});

Deno.test("benchTable() of the results is the table of their report", () => {
  const report = sampleReport("h200", 2);
  const { context: { devices } } = report;
  assert.equal(
    benchTable(devices, resultsOf(report), 80),
    benchReportTable(report, { columns: 80 }),
  );
  assert.equal(benchTable([], []), "");
});

Deno.test("benchReportTable() shows any report, and no number that is none", () => {
  fc.assert(
    fc.property(anyReport, fc.integer({ min: 60, max: 160 }), (report, columns) => {
      const text = benchReportTable(report, { columns });
      assert.doesNotMatch(text, /NaN|undefined|Infinity/);
      assert.doesNotMatch(text.replaceAll("\n", ""), /\p{Cc}/u);
    }),
    { numRuns: 100 },
  );
});
