import assert from "node:assert/strict";
import { explain, judge, readKernel } from "../../../lib/pool/analysis/mod.ts";
import type { LaunchFacts, Triple } from "../../../lib/pool/analysis/verdict.ts";
import { VulkanTarget } from "../../../lib/bench/vulkan/target.ts";
import { openSoftwareInstance, SOFTWARE_DRIVERS } from "../../vulkan_devices.ts";
import { difference, type Launch, SplitHarness } from "../split_harness.ts";

function fixture(name: string) {
  const bytes = Deno.readFileSync(new URL(`../../fixtures/spirv/${name}.spv`, import.meta.url));
  return readKernel(new Uint32Array(bytes.buffer));
}

function factsOf(
  groups: Triple,
  sizes: readonly number[],
  push: readonly number[] = [],
  specialization: readonly [number, number][] = [],
): LaunchFacts {
  return {
    groups,
    push: new Uint8Array(Uint32Array.from(push).buffer),
    specialization: new Map(specialization),
    bindings: sizes.map((size, binding) => ({ set: 0, binding, size, memory: binding, offset: 0 })),
  };
}

Deno.test("readKernel() reads entry point, local size, push constants and bindings", () => {
  const kernel = fixture("filter");
  assert.equal(kernel.entryPoint, "main");
  assert.deepEqual(kernel.localSize, [8, 8, 1]);
  assert.equal(kernel.pushBytes, 8);
  assert.deepEqual(
    kernel.bindings.map(({ binding, kind, readonly, writeonly, name }) => [
      binding,
      kind,
      readonly,
      writeonly,
      name,
    ]),
    [[0, "storage_buffer", true, false, "src"], [1, "storage_buffer", false, true, "dst"]],
  );
});

Deno.test("judge() splits an image filter by rows, behind a guard of both coordinates", () => {
  const facts = factsOf([13, 12, 1], [36000, 36000], [100, 90]);
  const verdict = judge(fixture("filter"), facts);
  assert.equal(verdict.kind, "split");
  if (verdict.kind !== "split") return;
  assert.equal(verdict.dimension, 1);
  assert.deepEqual(verdict.uses.find(({ binding }) => binding === 1), {
    set: 0,
    binding: 1,
    writes: { stride: 3200, first: 0, end: 3200 },
    reads: null,
  });
});

Deno.test("judge() runs a filter whole whose rows are wider than its buffer's", () => {
  const verdict = judge(fixture("filter"), factsOf([13, 12, 1], [36000, 35996], [100, 90]));
  assert.equal(verdict.kind === "whole" && verdict.rule, "store_overflows");
});

Deno.test("judge() gives a kernel that strides by the grid its size as constants", () => {
  const kernel = fixture("group_sums");
  const verdict = judge(kernel, factsOf([9, 1, 1], [4000, 36], [1000]));
  assert.equal(verdict.kind, "split");
  if (verdict.kind !== "split") return;
  assert.deepEqual([...verdict.specialization.values()], [9, 1, 1]);
  assert.notEqual(verdict.words, kernel.words);
  assert.deepEqual(verdict.uses.find(({ binding }) => binding === 1)?.writes, {
    stride: 4,
    first: 0,
    end: 4,
  });
});

Deno.test("judge() follows structures, calls, specialization constants and lengths", () => {
  const kernel = fixture("particles");
  const verdict = judge(kernel, factsOf([5, 1, 1], [48 * 40, 16 + 48 * 40], [], [[3, 4], [4, 1]]));
  assert.equal(verdict.kind, "split");
  if (verdict.kind !== "split") return;
  assert.deepEqual(verdict.uses.find(({ binding }) => binding === 1)?.writes, {
    stride: 384,
    first: 64,
    end: 64 + 3 * 96 + 36,
  });
});

Deno.test("judge() splits a tiled product by rows", () => {
  const size = 4 * 24 * 24;
  const verdict = judge(fixture("tiles"), factsOf([3, 3, 1], [size, size, size], [24]));
  assert.equal(verdict.kind, "split");
  if (verdict.kind !== "split") return;
  assert.deepEqual(verdict.uses.find(({ binding }) => binding === 2)?.writes, {
    stride: 768,
    first: 0,
    end: 768,
  });
});

Deno.test("explain() names the instruction that decided, and the rule", () => {
  const kernel = fixture("histogram");
  const text = explain(judge(kernel, factsOf([9, 1, 1], [4096, 1024])), kernel);
  assert.match(text, /^main: runs whole \(atomic\)/);
  assert.match(text, /at word \d+: %\d+ = OpAtomicIAdd %uint %\d+ %uint_1|OpAtomicIAdd %\d+ %\d+/);
});

Deno.test("judge() runs an image store whole", () => {
  const verdict = judge(fixture("image_copy"), factsOf([2, 2, 1], [4, 4]));
  assert.equal(verdict.kind === "whole" && verdict.rule, "image_store");
});

Deno.test("judge() needs to know the memory behind each binding", () => {
  const verdict = judge(fixture("filter"), factsOf([13, 12, 1], [36000], [100, 90]));
  assert.equal(verdict.kind === "whole" && verdict.rule, "malformed");
});

Deno.test("judge() has nothing to cut in one work-group, and in none", () => {
  for (const groups of [[1, 1, 1], [0, 5, 1]] as const) {
    const verdict = judge(fixture("filter"), factsOf(groups, [36000, 36000], [100, 90]));
    assert.equal(verdict.kind === "whole" && verdict.rule, "one_group");
  }
});

const LAUNCHES: readonly [string, LaunchFacts][] = [
  ["filter", factsOf([13, 12, 1], [36000, 36000], [100, 90])],
  ["group_sums", factsOf([9, 1, 1], [4000, 36], [1000])],
  ["particles", factsOf([5, 1, 1], [48 * 40, 16 + 48 * 40], [], [[3, 4], [4, 1]])],
  ["tiles", factsOf([3, 3, 1], [2304, 2304, 2304], [24])],
];

for (const driver of ["llvmpipe", "SwiftShader"]) {
  const isMissing = !SOFTWARE_DRIVERS.has(driver);
  Deno.test({
    name: `compiled kernels give the same bytes in parts as whole on ${driver}${
      isMissing ? " (skipped: the driver is not installed)" : ""
    }`,
    ignore: isMissing,
    fn: () => {
      using instance = openSoftwareInstance();
      const physical = instance.physicalDevices().find(({ name }) => name.includes(driver));
      assert(physical);
      using target = new VulkanTarget(driver, instance, physical);
      using harness = new SplitHarness(target);
      for (const [name, facts] of LAUNCHES) {
        const launch: Launch = {
          kernel: fixture(name),
          facts,
          memories: new Map(facts.bindings.map(({ memory, size }) => [
            memory,
            new Uint8Array(Float32Array.from({ length: size / 4 }, (_, i) => (i % 97) / 8).buffer),
          ])),
        };
        const verdict = judge(launch.kernel, facts);
        assert.equal(verdict.kind, "split", name);
        if (verdict.kind !== "split") continue;
        const whole = harness.whole(launch);
        assert.notEqual(difference(launch.memories, whole), null, `${name} writes nothing`);
        for (const cuts of [[1], [2], [1, 2]]) {
          assert.equal(difference(whole, harness.split(launch, verdict, cuts)), null, name);
        }
      }
    },
  });
}
