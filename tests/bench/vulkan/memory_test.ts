import assert from "node:assert/strict";
import { EFFORTS, WrongResultError } from "../../../lib/bench/benchmark.ts";
import { MEMORY_BENCHMARKS } from "../../../lib/bench/vulkan/memory.ts";
import { workingSetBytes } from "../../../lib/bench/vulkan/memory_buffers.ts";
import { MEMORY_SWEEP_BENCHMARKS } from "../../../lib/bench/vulkan/memory_sweep.ts";
import type { VulkanTarget } from "../../../lib/bench/vulkan/target.ts";
import { deviceTest } from "../../vulkan_devices.ts";

const ALL = [...MEMORY_BENCHMARKS, ...MEMORY_SWEEP_BENCHMARKS];

const EFFORT = { ...EFFORTS.quick, sampleMs: 0 };

/** Changes one 32-bit word of the buffer that benchmarks write. */
function spoil(target: VulkanTarget, offset: number): void {
  using word = target.device.createBuffer(4, "host");
  word.bytes?.fill(0x5a);
  const out = target.shared("out", workingSetBytes(target));
  target.run((c) => c.copy(word, out, { size: 4, toOffset: offset }));
}

function prepareFirst(target: VulkanTarget, name: string) {
  const benchmark = ALL.find((each) => each.name === name);
  const prepared = benchmark?.shapes(target, EFFORT)[0]?.prepare(EFFORT);
  if (prepared === undefined) throw new Error(`${name} has no shape here`);
  return prepared;
}

deviceTest("the memory benchmarks measure and verify", (target) => {
  for (const { name, unsupported } of ALL) {
    if (unsupported(target) !== undefined) continue;
    using prepared = prepareFirst(target, name);
    const [figure = NaN] = prepared.sample();
    assert.ok(figure > 0.001 && figure < 10_000, `${name}: ${figure} GB/s`);
    prepared.verify();
  }
});

deviceTest("the sweep finds what was not read", (target) => {
  for (const name of ["memory.gather", "memory.read_1mib"]) {
    using prepared = prepareFirst(target, name);
    prepared.sample();
    const [sums] = [...target.sharedNamed("sweep sums")];
    if (sums === undefined) throw new Error("the sweep has sums");
    target.run((c) => c.fill(sums, 12345));
    assert.throws(() => prepared.verify(), WrongResultError, name);
  }
});

deviceTest(
  "memory.copy, memory.write and memory.copy_buffer find a single wrong word anywhere",
  (target) => {
    for (const name of ["memory.write", "memory.copy", "memory.copy_buffer"]) {
      for (const share of [0, 0.3141, 0.77777]) {
        using prepared = prepareFirst(target, name);
        prepared.sample();
        spoil(target, Math.floor((workingSetBytes(target) * share) / 4) * 4);
        assert.throws(() => prepared.verify(), WrongResultError, `${name} at ${share}`);
      }
    }
  },
);

deviceTest("memory.triad finds what was not written", (target) => {
  using prepared = prepareFirst(target, "memory.triad");
  prepared.sample();
  target.run((c) => c.fill(target.shared("out", workingSetBytes(target)), 0x3f800000));
  assert.throws(() => prepared.verify(), WrongResultError);
});
