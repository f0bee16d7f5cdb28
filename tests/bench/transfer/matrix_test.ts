import assert from "node:assert/strict";
import type { Result } from "../../../lib/bench/benchmark.ts";
import { type BenchContext, benchReport } from "../../../lib/bench/report.ts";
import { type MatrixSource, peerMatrices, peerMatrix } from "../../../lib/bench/transfer/matrix.ts";
import { matrixText } from "../../../lib/bench/transfer/matrix_text.ts";

type Entry = MatrixSource["benchmarks"][number];

const STAGED = "staging: shared host memory, 4 x 16 MiB";
const DIRECT = "CUDA peer copy, by the source";

function entry(device: string, peer: string | null, given: Partial<Entry> = {}): Entry {
  return {
    name: "transfer.peer",
    unit: "GB/s",
    convention: "bytes that arrive, counted once",
    device,
    peer,
    state: "ok",
    reason: null,
    shape: DIRECT,
    median: 390,
    candidates: { [DIRECT]: 390, [STAGED]: 50, "opaque fd: pull": null },
    failures: { "opaque fd: pull": "the deviceUUIDs differ" },
    ...given,
  };
}

const staged = { shape: STAGED, median: 48, candidates: { [STAGED]: 50, [`${STAGED}!`]: 49 } };
const failed = {
  state: "failed",
  reason: "byte 7 of the destination is wrong",
  shape: null,
  median: null,
  candidates: {},
  failures: {},
};

const REPORT: MatrixSource = {
  context: {
    devices: [
      { id: "host", name: "CPU" },
      { id: "a", name: "H200" },
      { id: "b", name: "H200" },
      { id: "c", name: "W7900" },
    ],
  },
  benchmarks: [
    entry("a", null, { name: "transfer.h2d" }),
    entry("a", "b"),
    entry("b", "a", { median: 391 }),
    entry("a", "c", staged),
    entry("c", "a", staged),
    entry("b", "c", failed),
    entry("a", "b", { name: "transfer.peer_duplex", median: 770 }),
  ],
};

Deno.test("peerMatrix() has a number for each measured pair, and null elsewhere", () => {
  const matrix = peerMatrix(REPORT);
  assert.deepEqual(matrix.devices, ["a", "b", "c"]);
  assert.deepEqual(matrix.values, [[null, 390, 48], [391, null, null], [48, null, null]]);
  assert.equal(matrix.paths[0]?.[1], DIRECT);
  assert.equal(matrix.reasons[1]?.[2], "byte 7 of the destination is wrong");
  assert.deepEqual(matrix.refused[0]?.[1], { "opaque fd: pull": "the deviceUUIDs differ" });
});

Deno.test("peerMatrix() compares the best path with the best staging", () => {
  const { staging_ratios } = peerMatrix(REPORT);
  assert.equal(staging_ratios[0]?.[1], 390 / 50);
  // The reported path is staging itself: it is as fast as itself, whatever its first samples said.
  assert.equal(staging_ratios[0]?.[2], 1);
  assert.equal(staging_ratios[1]?.[2], null);
});

Deno.test("peerMatrix() has what the links carry, and each pair's share of it, as numbers", () => {
  const peak = { value: 450, unit: "GB/s", formula: "18 NVLinks x 25 GB/s", source: "a test" };
  const { peaks, peak_ratios } = peerMatrix({
    ...REPORT,
    benchmarks: [
      entry("a", "b", { peaks: { rated: peak, observed: null }, peak_ratio: 390 / 450 }),
      entry("b", "a", { peaks: null, peak_ratio: null }),
    ],
  });
  assert.deepEqual(peaks, [[null, 450], [null, null]]);
  assert.deepEqual(peak_ratios, [[null, 390 / 450], [null, null]]);
});

Deno.test("peerMatrix() has the same figure both ways for both directions at once", () => {
  const matrix = peerMatrix(REPORT, "transfer.peer_duplex");
  assert.deepEqual(matrix.values, [[null, 770], [770, null]]);
});

Deno.test("peerMatrices() gives those that there are", () => {
  assert.deepEqual(peerMatrices(REPORT).map(({ benchmark }) => benchmark), [
    "transfer.peer",
    "transfer.peer_duplex",
  ]);
  assert.deepEqual(peerMatrices({ ...REPORT, benchmarks: [] }), []);
});

Deno.test("matrixText() shows figures, ratios, paths and reasons", () => {
  const text = matrixText(peerMatrix(REPORT));
  assert.equal(
    text,
    `transfer.peer, GB/s (bytes that arrive, counted once)
  0: H200 (a)
  1: H200 (b)
  2: W7900 (c)

        to 0  to 1  to 2
from 0     .   390    48
from 1   391     .     -
from 2    48     -     .

times staging through the host
         to 0   to 1   to 2
from 0      .  7.80x  1.00x
from 1  7.82x      .      -
from 2  1.00x      -      .

0->1 1->0: ${DIRECT}
0->2 2->0: ${STAGED}
1->2: byte 7 of the destination is wrong`,
  );
  assert.equal(matrixText(peerMatrix({ ...REPORT, benchmarks: [] })), "");
});

Deno.test("benchReport() holds the matrices of its pairs, and none without pairs", () => {
  const context = {
    devices: ["a", "b"].map((id) => ({ id, name: id })),
  } as unknown as BenchContext;
  const result = (device: string, peer: string | null): Result => ({
    name: "transfer.peer",
    suite: "transfer",
    title: "device to device",
    unit: "GB/s",
    better: "higher",
    convention: "bytes that arrive, counted once",
    parameters: {},
    peak: null,
    device,
    peer,
    outcome: { state: "unsupported", reason: "no path" },
  });
  const report = benchReport(context, [result("a", "b")]);
  assert.deepEqual(report.matrices?.[0]?.values, [[null, null], [null, null]]);
  assert.equal(report.matrices?.[0]?.reasons[0]?.[1], "no path");
  assert.ok(!("matrices" in benchReport(context, [result("a", null)])));
});
