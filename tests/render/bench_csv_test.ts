import assert from "node:assert/strict";
import fc from "fast-check";
import { benchCsv, csvField } from "../../lib/render/bench_csv.ts";
import { anyReport } from "./any_report.ts";
import { readCsv } from "./csv_reader.ts";
import { sampleReport } from "./sample_report.ts";

Deno.test("csvField() quotes what would end a field, and doubles quotes", () => {
  assert.equal(csvField("plain text"), "plain text");
  assert.equal(csvField('a "b", c'), '"a ""b"", c"');
  assert.equal(csvField("two\nlines"), '"two\nlines"');
  assert.equal(csvField(0.1), "0.1");
  assert.equal(csvField(false), "false");
  for (const nothing of [null, undefined, NaN, Infinity]) assert.equal(csvField(nothing), "");
});

Deno.test("csvField() leaves no text that a spreadsheet would run, and all numbers as they are", () => {
  for (const formula of ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"]) {
    assert.match(csvField(formula), /^"?'/);
  }
  assert.equal(csvField(-1.5), "-1.5");
});

Deno.test("benchCsv() has a row for each benchmark, with all digits, peaks and parameters", () => {
  const report = sampleReport("h200", 2);
  const [header = [], ...rows] = readCsv(benchCsv(report));
  assert.equal(rows.length, report.benchmarks.length);
  const column = (name: string) => {
    assert.ok(header.includes(name), name);
    return rows.map((row) => row[header.indexOf(name)] ?? "");
  };
  assert.deepEqual(
    column("median"),
    report.benchmarks.map(({ median }) => median === null ? "" : String(median)),
  );
  assert.deepEqual(
    column("parameter_working_set_bytes"),
    report.benchmarks.map(({ parameters }) => String(parameters["working_set_bytes"] ?? "")),
  );
  assert.ok(column("peak_rated").includes("4815"));
  assert.ok(column("device_name").includes("NVIDIA H200"));
  const unsupported = column("state").indexOf("unsupported");
  assert.equal(column("median")[unsupported], "");
  assert.match(column("reason")[unsupported] ?? "", /queue/);
});

Deno.test("benchCsv() shows no figure of an implausible benchmark", () => {
  const report = sampleReport("h200", 1);
  const [first] = report.benchmarks;
  assert.ok(first?.median);
  first.state = "implausible";
  const [header = [], row = []] = readCsv(benchCsv(report));
  assert.equal(row[header.indexOf("median")], "");
  assert.equal(row[header.indexOf("max")], "");
});

Deno.test("benchCsv() of any report is RFC 4180 with as many fields in each line", () => {
  fc.assert(
    fc.property(anyReport, (report) => {
      const csv = benchCsv(report);
      const records = report.benchmarks.length === 0 ? [] : readCsv(csv);
      for (const record of records) assert.equal(record.length, records[0]?.length);
      const numbers = records.slice(1).map((record) => record[records[0]?.indexOf("median") ?? 0]);
      for (const number of numbers) assert.doesNotMatch(number ?? "", /NaN|Infinity/);
    }),
    { numRuns: 50 },
  );
});
