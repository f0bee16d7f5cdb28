import assert from "node:assert/strict";
import type { BenchReport } from "../../lib/bench/report.ts";
import { benchCsv } from "../../lib/render/bench_csv.ts";
import { pairMatrices } from "../../lib/render/bench_pairs.ts";
import { benchReportTable } from "../../lib/render/bench_table.ts";
import { deviceLabels } from "../../lib/render/bench_devices.ts";
import { readCsv } from "./csv_reader.ts";
import { sampleReport } from "./sample_report.ts";

const STAGING = "staging: shared host memory, 4 x 16 MiB";

/** GPUs with NVLinks between them, of which one pair has fewer. */
function linkedReport(gpus: number): BenchReport {
  const report = sampleReport("h200", gpus);
  const ids = report.context.devices.map(({ id }) => id);
  for (const entry of report.benchmarks) {
    if (entry.peer === null || entry.median === null || entry.suite !== "transfer") continue;
    const isShort = [entry.device, entry.peer].every((id) => ids.indexOf(id) <= 2);
    const links = isShort ? 17 : 18, ways = entry.name.endsWith("duplex") ? 2 : 1;
    const rated = {
      value: ways * links * 25,
      unit: "GB/s",
      formula: ways === 1 ? `${links} NVLinks x 25 GB/s` : `2 x (${links} NVLinks x 25 GB/s)`,
      source: "a test",
    };
    Object.assign(entry, {
      peaks: { rated, observed: null },
      peak_ratio: entry.median / rated.value,
      candidates: { ...entry.candidates, [STAGING]: 40 },
    });
  }
  return report;
}

for (const gpus of [4, 8]) {
  Deno.test(`benchReportTable() keeps the matrices of ${gpus} GPUs in one block of 100 columns`, () => {
    const text = benchReportTable(linkedReport(gpus), { columns: 100 });
    const matrices = text.slice(text.indexOf("rows send, columns receive") - 60).split("\n");
    for (const line of matrices) assert.ok([...line].length <= 100, line);
    const head = Array.from({ length: gpus }, (_, i) => `${i}`).join(" +");
    const heads = matrices.filter((line) => new RegExp(`^ +${head}$`).test(line));
    assert.equal(heads.length, 3, "one head a matrix: no matrix is divided");
    for (let from = 0; from < gpus; from++) {
      const rows = matrices.filter((line) =>
        new RegExp(`^ {2}${from} ( +(\\d[\\d.]* [ab]|-|FAIL))+$`).test(line)
      );
      assert.equal(rows.length, 3, `rows of device ${from}`);
    }
  });
}

Deno.test("benchReportTable() says how much of what the links carry pairs get", () => {
  const text = benchReportTable(linkedReport(4), { columns: 100 });
  assert.match(text, /of the links: 92 % of 425\.0 GB\/s \(17 NVLinks x 25 GB\/s\), 0>1, 1>0$/m);
  assert.match(text, /of the links: 8\.5 to 87 % of 450\.0 GB\/s \(18 NVLinks x 25 GB\/s\), 10 of/);
  assert.doesNotMatch(benchReportTable(sampleReport("h200", 4), { columns: 100 }), /of the links/);
});

Deno.test("pairMatrices() group pairs by what their links carry, with the least and the most", () => {
  const report = linkedReport(4);
  const labels = deviceLabels(report.context.devices, report.benchmarks);
  const [peer] = pairMatrices(report.benchmarks, labels);
  const count = peer?.shares.reduce((sum, { pairs }) => sum + pairs.length, 0);
  assert.equal(count, peer?.cells.flat().filter((cell) => cell?.figure != null).length);
  for (const { low, high } of peer?.shares ?? []) assert.ok(low > 0 && low <= high && high < 1);
});

Deno.test("benchCsv() has the ratio of a pair to staging, and nothing for others", () => {
  const [head = [], ...rows] = readCsv(benchCsv(linkedReport(4)));
  const column = (row: readonly string[], name: string) => row[head.indexOf(name)] ?? "";
  const pairs = rows.filter((row) => column(row, "peer") !== "" && column(row, "median") !== "");
  const transfers = pairs.filter((row) => column(row, "suite") === "transfer");
  assert.ok(transfers.length > 0);
  for (const row of transfers) {
    const ratio = Number(column(row, "median")) / 40;
    assert.equal(Number(column(row, "over_staging")), ratio);
    assert.ok(Number(column(row, "peak_ratio")) > 0);
  }
  const others = rows.filter((row) => column(row, "peer") === "");
  assert.ok(others.length > 0 && others.every((row) => column(row, "over_staging") === ""));
});
