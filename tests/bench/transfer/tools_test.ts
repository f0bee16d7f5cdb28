import assert from "node:assert/strict";
import { EFFORTS } from "../../../lib/bench/benchmark.ts";
import { HostBlocks } from "../../../lib/bench/transfer/blocks.ts";
import { transferBytes } from "../../../lib/bench/transfer/target.ts";
import { sharedTools } from "../../../lib/bench/transfer/tools.ts";
import { cudaDevice } from "./devices.ts";

const MiB = 1 << 20;
const verdicts = { obstacle: () => undefined };

Deno.test("sharedTools().forEffort() has zeros, and smaller blocks, where the effort asks for them", () => {
  using tools = sharedTools(new HostBlocks(12 * MiB), verdicts);
  assert.equal(tools.forEffort(EFFORTS.full), tools);
  assert.equal(tools.forEffort({ data: "random", memoryScale: 1 }), tools);
  const zeros = tools.forEffort({ data: "zeros" });
  assert.equal(zeros.blocks.size, tools.blocks.size);
  assert.ok(zeros.blocks.pattern.every((byte) => byte === 0));
  assert.ok(tools.blocks.pattern.some((byte) => byte !== 0));
  const quarter = tools.forEffort({ memoryScale: 0.25 });
  assert.equal(quarter.blocks.size, 2 * MiB);
  assert.equal(tools.forEffort({ memoryScale: 0.25 }), quarter);
});

Deno.test("transferBytes() takes what the smallest of the devices can hold", () => {
  const device = (vram_total_bytes: number | null, kind: "discrete" | "software" = "discrete") => {
    const { gpu, get } = cudaDevice("0000:01:00.0");
    return { gpu: { ...gpu, vram_total_bytes, kind }, get };
  };
  const GiB = 1024 * MiB;
  assert.equal(transferBytes([device(141 * GiB), device(8 * GiB)]), 256 * MiB);
  assert.equal(transferBytes([device(null)]), 256 * MiB);
  assert.equal(transferBytes([device(141 * GiB), device(1 * GiB)]), 64 * MiB);
  assert.equal(transferBytes([device(141 * GiB), device(null, "software")]), 32 * MiB);
});
