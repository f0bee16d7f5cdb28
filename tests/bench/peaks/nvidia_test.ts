import assert from "node:assert/strict";
import { modelPeaks, tableKey } from "../../../lib/bench/peaks/model.ts";
import { type NvidiaFacts, nvidiaModel } from "../../../lib/bench/peaks/nvidia.ts";

const NOTHING_SEEN = { core_mhz: null, memory_mhz: null };

function facts(more: Partial<NvidiaFacts>): NvidiaFacts {
  return {
    name: "NVIDIA H200",
    computeCapability: { major: 9, minor: 0 },
    multiprocessors: 132,
    cores: 16896,
    coreMaxMhz: 1980,
    memoryMaxMhz: 3201,
    busBits: 6144,
    migEnabled: false,
    ...more,
  };
}

function rated(key: string, more: Partial<NvidiaFacts> = {}): number | undefined {
  return modelPeaks(nvidiaModel(facts(more)))(key, NOTHING_SEEN).rated?.value;
}

function near(actual: number | undefined, expected: number, what: string): void {
  const isNear = actual !== undefined && Math.abs(actual - expected) < 0.015 * expected;
  assert.ok(isNear, `${what}: ${actual}, not ${expected}`);
}

/** Boards: facts, and peaks as NVIDIA's datasheets and whitepapers print them. */
const BOARDS: [string, Partial<NvidiaFacts>, Record<string, number>][] = [
  ["H200 SXM", {}, {
    fp32: 66.9,
    fp64: 33.5,
    fp16: 133.8,
    bf16: 133.8,
    int32: 33.5,
    int8_dot: 133.8,
    memory_bandwidth: 4917,
    "matrix.fp16.fp32": 989.4,
    "matrix.fp64.fp64": 66.9,
  }],
  [
    "A100 80 GB",
    {
      name: "NVIDIA A100-SXM4-80GB",
      computeCapability: { major: 8, minor: 0 },
      multiprocessors: null,
      cores: 6912,
      coreMaxMhz: 1410,
      memoryMaxMhz: 1593,
      busBits: 5120,
    },
    { fp32: 19.5, fp64: 9.7, fp16: 78, bf16: 39, memory_bandwidth: 2039, "matrix.tf32.fp32": 156 },
  ],
  [
    "GeForce RTX 4090",
    {
      name: "NVIDIA GeForce RTX 4090",
      computeCapability: { major: 8, minor: 9 },
      multiprocessors: 128,
      coreMaxMhz: 2520,
      memoryMaxMhz: 10501,
      busBits: 384,
    },
    {
      fp32: 82.6,
      fp64: 1.29,
      fp16: 82.6,
      int32: 41.3,
      memory_bandwidth: 1008,
      "matrix.fp16.fp16": 330.3,
      "matrix.fp16.fp32": 165.2,
      "matrix.bf16.fp32": 165.2,
      "matrix.int8.int32": 660.6,
    },
  ],
  [
    "RTX A6000",
    {
      name: "NVIDIA RTX A6000",
      computeCapability: { major: 8, minor: 6 },
      multiprocessors: 84,
      coreMaxMhz: 1800,
      memoryMaxMhz: 8001,
      busBits: 384,
    },
    { fp32: 38.7, "matrix.fp16.fp32": 154.8, memory_bandwidth: 768 },
  ],
  [
    "Tesla V100",
    {
      name: "Tesla V100-SXM2-16GB",
      computeCapability: { major: 7, minor: 0 },
      multiprocessors: 80,
      coreMaxMhz: 1530,
      memoryMaxMhz: 877,
      busBits: 4096,
    },
    { fp32: 15.7, fp64: 7.8, "matrix.fp16.fp32": 125, memory_bandwidth: 900 },
  ],
];

for (const [name, board, peaks] of BOARDS) {
  Deno.test(`nvidiaModel() has the peaks that the datasheet of ${name} prints`, () => {
    for (const [key, value] of Object.entries(peaks)) near(rated(key, board), value, key);
  });
}

Deno.test("modelPeaks() takes the observed clock for the observed peak, not the datasheet's", () => {
  const peaks = modelPeaks(nvidiaModel(facts({})));
  const { rated, observed } = peaks("matrix.fp16.fp32", { core_mhz: 1500, memory_mhz: null });
  assert.equal(rated?.value, 989.4);
  near(observed?.value, 132 * 4096 * 1.5 / 1000, "observed");
  assert.match(observed?.formula ?? "", /132 SMs x 4096 operations x 1\.500 GHz seen/);
  const memory = peaks("memory_bandwidth", { core_mhz: null, memory_mhz: 1600 });
  near(memory.observed?.value, 6144 / 8 * 2 * 1.6, "memory");
});

Deno.test("modelPeaks() has null and a reason for what is not known, and never a number", () => {
  const nothing = modelPeaks(nvidiaModel(facts({
    name: "NVIDIA Something",
    computeCapability: { major: 99, minor: 0 },
  })));
  const fp32 = nothing("fp32", { core_mhz: 1000, memory_mhz: 1000 });
  assert.deepEqual([fp32.rated, fp32.observed], [null, null]);
  assert.match(fp32.reason ?? "", /compute capability 99\.0/);
  const int16 = modelPeaks(nvidiaModel(facts({})))("int16", NOTHING_SEEN);
  assert.match(int16.reason ?? "", /no published rate of int16/);
});

Deno.test("nvidiaModel() does not hold a MIG instance against the whole GPU's memory or datasheet", () => {
  const mig = { migEnabled: true, multiprocessors: 16 };
  assert.equal(rated("memory_bandwidth", mig), undefined);
  near(rated("fp32", mig), 66.9 * 16 / 132, "fp32");
  near(rated("matrix.fp16.fp32", mig), 16 * 4096 * 1.98 / 1000, "matrix");
});

Deno.test("tableKey() knows formats by Vulkan's names", () => {
  assert.equal(tableKey("matrix.sint8.sint32"), "matrix.int8.int32");
  assert.equal(tableKey("matrix.uint8.uint32"), "matrix.int8.int32");
  assert.equal(tableKey("matrix.float16.float32"), "matrix.fp16.fp32");
  assert.equal(tableKey("matrix.bfloat16.fp32"), "matrix.bf16.fp32");
  assert.equal(tableKey("matrix.fp8_e4m3.fp32"), "matrix.fp8.fp32");
  assert.equal(tableKey("matrix.e5m2.fp32"), "matrix.fp8.fp32");
  assert.equal(tableKey("int8_dot"), "int8_dot");
});
