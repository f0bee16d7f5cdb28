import assert from "node:assert/strict";
import { judge } from "../../../lib/bench/peaks/judge.ts";
import { modelPeaks } from "../../../lib/bench/peaks/model.ts";
import { type NvidiaFacts, nvidiaModel } from "../../../lib/bench/peaks/nvidia.ts";
import { memorySheetOf } from "../../../lib/bench/peaks/nvidia_memory.ts";
import { entryOf, resultsOf } from "../../../lib/bench/report.ts";
import { madeReport } from "../reports.ts";

const H200: NvidiaFacts = {
  name: "NVIDIA H200",
  computeCapability: { major: 9, minor: 0 },
  multiprocessors: 132,
  cores: 16896,
  coreMaxMhz: 1980,
  memoryMaxMhz: 3201,
  busBits: 6144,
  migEnabled: false,
};

/** Names as NVML has them, and what the datasheets print in GB/s. */
const SHEETS: Record<string, number | undefined> = {
  "NVIDIA H200": 4800,
  "NVIDIA H200 NVL": 4800,
  "NVIDIA H100 80GB HBM3": 3350,
  "NVIDIA H100 PCIe": 2000,
  "NVIDIA H100 NVL": 3900,
  "NVIDIA A100-SXM4-80GB": 2039,
  "NVIDIA A100 80GB PCIe": 1935,
  "NVIDIA A100-PCIE-40GB": 1555,
  "NVIDIA B200": 8000,
  "NVIDIA L4": 300,
  "NVIDIA L40S": 864,
  "Tesla V100-SXM2-32GB": 900,
  "Tesla V100S-PCIE-32GB": 1134,
  "NVIDIA GeForce RTX 4090": undefined,
};

Deno.test("memorySheetOf() knows boards by NVML's names, and each form of a board by itself", () => {
  for (const [name, value] of Object.entries(SHEETS)) {
    assert.equal(memorySheetOf(name)?.value, value, name);
  }
});

Deno.test("a figure of memory is held against the formula, with the datasheet beside it", () => {
  const source = modelPeaks(nvidiaModel(H200));
  const [made] = resultsOf(madeReport([{ figure: 4300 }]));
  assert.ok(made);
  const outcome = judge(made.outcome, "memory_bandwidth", "GB/s", source);
  const entry = entryOf({ ...made, unit: "GB/s", outcome });
  assert.equal(entry.peaks?.rated?.value, 6144 / 8 * 2 * 3.201);
  assert.equal(entry.peak_ratio, 4300 / (6144 / 8 * 2 * 3.201));
  assert.equal(entry.peaks?.datasheet?.value, 4800);
  assert.equal(entry.peaks?.datasheet?.source, "NVIDIA H200 datasheet");
  assert.equal(entry.datasheet_ratio, 4300 / 4800);
});

Deno.test("a figure above the datasheet and below the formula is no wonder", () => {
  const source = modelPeaks(nvidiaModel(H200));
  const [made] = resultsOf(madeReport([{ figure: 5100 }]));
  assert.ok(made);
  assert.equal(judge(made.outcome, "memory_bandwidth", "GB/s", source).state, "ok");
});

Deno.test("a MIG instance has no datasheet, and other keys have none beside them", () => {
  const clocks = { core_mhz: null, memory_mhz: null };
  const mig = modelPeaks(nvidiaModel({ ...H200, migEnabled: true }));
  assert.equal(mig("memory_bandwidth", clocks).datasheet, undefined);
  assert.equal(modelPeaks(nvidiaModel(H200))("fp32", clocks).datasheet, undefined);
});
