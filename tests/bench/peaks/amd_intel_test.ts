import assert from "node:assert/strict";
import { join } from "node:path";
import { type AmdFacts, amdModel, gfxTarget, readAmdFacts } from "../../../lib/bench/peaks/amd.ts";
import { intelModel, readIntelMaxMhz } from "../../../lib/bench/peaks/intel.ts";
import { type DeviceModel, modelPeaks } from "../../../lib/bench/peaks/model.ts";
import { Sysroot } from "../../../lib/sysfs/sysroot.ts";
import { DUMPS, Tree } from "../../sysfs/tree.ts";

const NOTHING_SEEN = { core_mhz: null, memory_mhz: null };

function holds(model: DeviceModel, peaks: Record<string, number>): void {
  for (const [key, expected] of Object.entries(peaks)) {
    const value = modelPeaks(model)(key, NOTHING_SEEN).rated?.value ?? NaN;
    assert.ok(Math.abs(value - expected) < 0.015 * expected, `${key}: ${value}, not ${expected}`);
  }
}

const MI300X: AmdFacts = {
  target: "gfx942",
  computeUnits: 304,
  coreMaxMhz: 2100,
  memoryMaxMhz: 2600,
  busBits: 8192,
};

Deno.test("amdModel() has the peaks that the product pages print", () => {
  holds(amdModel(MI300X, null), {
    fp32: 163.4,
    fp64: 81.7,
    "matrix.fp16.fp32": 1307.4,
    "matrix.fp8.fp32": 2614.9,
    "matrix.sint8.sint32": 2614.9,
    memory_bandwidth: 5325,
  });
  const rx7900xtx = { ...MI300X, target: "gfx1100", memoryMaxMhz: 1250, busBits: 384 };
  holds(amdModel({ ...rx7900xtx, coreMaxMhz: 2500 }, 96), { fp32: 61.4, memory_bandwidth: 960 });
  const mi210 = { ...MI300X, target: "gfx90a", coreMaxMhz: 1700, memoryMaxMhz: 1600 };
  holds(amdModel({ ...mi210, busBits: 4096 }, 104), {
    fp64: 22.6,
    "matrix.fp16.fp32": 181,
    memory_bandwidth: 1638,
  });
});

Deno.test("amdModel() knows no peak of int32, nor of a target that is not in its table", () => {
  const { reason } = modelPeaks(amdModel(MI300X, null))("int32", NOTHING_SEEN);
  assert.match(reason ?? "", /no published rate of int32/);
  const unknown = amdModel({ ...MI300X, target: "gfx9999" }, null);
  assert.match(modelPeaks(unknown)("fp32", NOTHING_SEEN).reason ?? "", /gfx9999/);
});

Deno.test("modelPeaks() does not trust a clock that falls between samples", () => {
  const peaks = modelPeaks(amdModel(MI300X, null));
  const { rated, observed, reason } = peaks("fp32", { core_mhz: 130, memory_mhz: 900 });
  assert.ok(rated !== null);
  assert.equal(observed, null);
  assert.match(reason ?? "", /between samples/);
});

Deno.test("gfxTarget() writes minor version and stepping in hexadecimal", () => {
  assert.equal(gfxTarget(90402), "gfx942");
  assert.equal(gfxTarget(90010), "gfx90a");
  assert.equal(gfxTarget(110000), "gfx1100");
});

Deno.test("readAmdFacts() reads the compute driver's topology, and nothing of a GPU in partitions", () => {
  const node = (number: number, location: number) => ({
    [`sys/class/kfd/kfd/topology/nodes/${number}/properties`]: [
      "simd_count 1216",
      "simd_per_cu 4",
      "gfx_target_version 90402",
      `location_id ${location}`,
      "domain 0",
      "max_engine_clk_fcompute 2100",
    ].join("\n"),
    [`sys/class/kfd/kfd/topology/nodes/${number}/mem_banks/0/properties`]:
      "width 8192\nmem_clk_max 2600",
  });
  using tree = new Tree(node(1, 0x300));
  assert.deepEqual(readAmdFacts(tree.sysroot, "0000:03:00.0"), MI300X);
  assert.equal(readAmdFacts(tree.sysroot, "0000:04:00.0").target, null);
  tree.add(node(2, 0x301));
  assert.equal(readAmdFacts(tree.sysroot, "0000:03:00.0").computeUnits, null);
});

Deno.test("intelModel() has the peaks that the product pages print, by a real dump's clock", () => {
  const maxMhz = readIntelMaxMhz(new Sysroot(join(DUMPS, "b580")), "0000:09:00.0");
  assert.equal(maxMhz, 2850);
  holds(intelModel("0xe20b", maxMhz), {
    fp32: 14.6,
    "matrix.int8.int32": 233,
    memory_bandwidth: 456,
  });
  holds(intelModel("0x0bd5", 1600), { fp32: 52.4, fp64: 52.4, "matrix.bf16.fp32": 839 });
  const unknown = modelPeaks(intelModel("0x9a49", 1300))("fp32", NOTHING_SEEN);
  assert.deepEqual([unknown.rated, unknown.observed], [null, null]);
  assert.match(unknown.reason ?? "", /0x9a49/);
});
