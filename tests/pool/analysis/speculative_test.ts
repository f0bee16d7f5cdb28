/** What may be tried, and that it gives the bytes of the whole but for kernels with races. */

import assert from "node:assert/strict";
import { judge, readKernel } from "../../../lib/pool/analysis/mod.ts";
import {
  speculative,
  SPECULATIVE_RULES,
  type SpeculativeVerdict,
} from "../../../lib/pool/analysis/speculative.ts";
import type { Triple } from "../../../lib/pool/analysis/verdict.ts";
import { type Granule, mergeChanges } from "../../../lib/pool/merge_changes.ts";
import { VulkanTarget } from "../../../lib/bench/vulkan/target.ts";
import type { KernelBuffer } from "../../../lib/spirv/kernel.ts";
import type { ScalarType } from "../../../lib/spirv/module.ts";
import { openSoftwareInstance, SOFTWARE_DRIVERS } from "../../vulkan_devices.ts";
import { GridKernel } from "../grid_kernel.ts";
import { randomCuts, randomLaunch } from "../random_kernel.ts";
import { difference, type Launch, SplitHarness } from "../split_harness.ts";

type Buffers = readonly [KernelBuffer<ScalarType>, KernelBuffer<ScalarType>];

/** How a kernel of four invocations a work-group over two buffers of 256 words may be tried. */
function tried(
  write: (k: GridKernel, buffers: Buffers) => void,
  groups: Triple = [4, 1, 1],
  ...capabilities: number[]
): SpeculativeVerdict | string {
  const k = new GridKernel({ localSize: 4, addressing: "descriptor" });
  const buffers: Buffers = [k.buffer(k.u32), k.buffer(k.u32)];
  for (const capability of capabilities) k.capability(capability);
  const kernel = readKernel(k.body(() => write(k, buffers)).words);
  const bindings = [0, 1].map((binding) => ({
    set: 0,
    binding,
    size: 1024,
    memory: binding,
    offset: 0,
  }));
  const facts = { groups, push: new Uint8Array(0), specialization: new Map(), bindings };
  const verdict = judge(kernel, facts);
  assert(verdict.kind === "whole");
  return speculative(kernel, groups, verdict);
}

/** `out[in[i]] = i`. */
function permute(k: GridKernel, [out, input]: Buffers): void {
  const i = k.id("GlobalInvocationId", 0);
  out.store(input.load(i), i);
}

Deno.test("speculative() tries what stores at unknown places, along the longest dimension", () => {
  const how = tried(permute, [3, 7, 7]);
  assert(typeof how !== "string", String(how));
  assert.equal(how.split.dimension, 2);
  assert.equal(how.granule, 4);
  const rows = tried(permute, [3, 7, 1]);
  assert(typeof rows !== "string" && rows.split.dimension === 1);
  const columns = tried(permute, [8, 7, 1]);
  assert(typeof columns !== "string" && columns.split.dimension === 0);
});

Deno.test("speculative() compares bytes where less than a word is stored at once", () => {
  const k = new GridKernel({ localSize: 4, addressing: "descriptor" });
  const out = k.buffer(k.u16), input = k.buffer(k.u32);
  const kernel = readKernel(
    k.body(() => {
      const i = k.id("GlobalInvocationId", 0);
      out.store(input.load(i), k.constant(k.u16, 1));
    }).words,
  );
  const bindings = [0, 1].map((binding) => ({
    set: 0,
    binding,
    size: 1024,
    memory: binding,
    offset: 0,
  }));
  const facts = {
    groups: [4, 1, 1] as const,
    push: new Uint8Array(0),
    specialization: new Map(),
    bindings,
  };
  const verdict = judge(kernel, facts);
  assert(verdict.kind === "whole");
  const how = speculative(kernel, facts.groups, verdict);
  assert(typeof how !== "string", String(how));
  assert.equal(how.granule, 1);
});

Deno.test("speculative() tells parts the number of work-groups of the whole", () => {
  const how = tried((k, [out, input]) => {
    const i = k.id("GlobalInvocationId", 0);
    out.store(input.load(i), k.id("NumWorkgroups", 0));
  }, [5, 1, 1]);
  assert(typeof how !== "string", String(how));
  assert.deepEqual([...how.split.specialization.values()], [5, 1, 1]);
});

Deno.test("speculative() refuses what bytes do not tell", () => {
  const OP_ATOMIC_ADD = 234, OP_MEMORY_BARRIER = 225, UNKNOWN_CAPABILITY = 5009;
  const atomic = tried((k, [out, input]) => {
    permute(k, [out, input]);
    k.unsigned(
      OP_ATOMIC_ADD,
      out.at(k.number(0)).id,
      k.number(1).id,
      k.number(0).id,
      k.number(1).id,
    );
  });
  assert.match(String(atomic), /the rule atomic is not seen by comparing bytes/);
  const ordered = tried((k, buffers) => {
    permute(k, buffers);
    // Scope Device; AcquireRelease of UniformMemory (sections 3.25, 3.27).
    k.effect(OP_MEMORY_BARRIER, k.number(1).id, k.number(0x48).id);
  });
  assert.match(String(ordered), /the rule coherent/);
  const unknown = tried(permute, [4, 1, 1], UNKNOWN_CAPABILITY);
  assert.match(String(unknown), /the rule unsupported_capability/);
});

Deno.test("SPECULATIVE_RULES has no rule of what goes on between work-groups, or is not known", () => {
  for (
    const rule of [
      "atomic",
      "coherent",
      "physical_address",
      "indirect_pointer",
      "unknown_instruction",
      "unsupported_capability",
      "whole_grid_builtin",
      "image_store",
      "malformed",
      "no_store",
      "one_group",
    ] as const
  ) assert(!SPECULATIVE_RULES.has(rule), rule);
});

/** Cut at some work-groups of a dimension: where each part begins, and how many work-groups it has. */
function* partsOf(groups: Triple, dimension: 0 | 1 | 2, cuts: readonly number[]) {
  let from = 0;
  for (const to of [...cuts, groups[dimension]]) {
    const base: [number, number, number] = [0, 0, 0];
    const count: [number, number, number] = [...groups];
    base[dimension] = from;
    count[dimension] = to - from;
    yield { base, count };
    from = to;
  }
}

/** All work-groups, one by one. */
function* singles([x, y, z]: Triple) {
  for (let k = 0; k < z; k++) {
    for (let j = 0; j < y; j++) {
      for (let i = 0; i < x; i++) {
        yield { base: [i, j, k] as const, count: [1, 1, 1] as const };
      }
    }
  }
}

type Part = { base: Triple; count: Triple };

/** Parts, each on copies of its own, merged; undefined where two changed the same. */
function merged(
  harness: SplitHarness,
  launch: Launch,
  { split }: SpeculativeVerdict,
  parts: Iterable<Part>,
  granule: Granule,
): Launch["memories"] | undefined {
  const result = new Map([...launch.memories].map(([number, bytes]) => [number, bytes.slice()]));
  for (const { base, count } of parts) {
    for (const [number, changed] of harness.part(launch, split, base, count)) {
      const before = launch.memories.get(number), into = result.get(number);
      assert(before && into);
      if (mergeChanges(before, into, changed, granule) !== undefined) return undefined;
    }
  }
  return result;
}

/** Whether it matters which work-group comes first, or two of them change the same. */
function hasRace(harness: SplitHarness, launch: Launch, how: SpeculativeVerdict): boolean {
  const all = [...singles(launch.facts.groups)];
  if (merged(harness, launch, how, all, how.granule) === undefined) return true;
  const inOrder = (parts: readonly Part[]) => {
    let memories: Launch["memories"] = launch.memories;
    for (const { base, count } of parts) {
      memories = harness.part(launch, how.split, base, count, memories);
    }
    return memories;
  };
  return difference(inOrder(all), inOrder(all.toReversed())) !== null;
}

const COUNT = 300;
const isMissing = !SOFTWARE_DRIVERS.has("llvmpipe");

Deno.test({
  name: `speculative() gives random kernels the bytes of the whole, but for those with races${
    isMissing ? " (skipped: llvmpipe is not installed)" : ""
  }`,
  ignore: isMissing,
  fn: () => {
    // One thread: what work-groups race for is the same at every run.
    Deno.env.set("LP_NUM_THREADS", "1");
    using instance = openSoftwareInstance();
    const physical = instance.physicalDevices().find(({ name }) => name.includes("llvmpipe"));
    assert(physical);
    using target = new VulkanTarget("llvmpipe", instance, physical);
    using harness = new SplitHarness(target);
    const came = { merged: 0, conflict: 0, race: 0 };
    for (let seed = 900_000; seed < 900_000 + COUNT; seed++) {
      const launch = randomLaunch(seed);
      const { groups } = launch.facts;
      const verdict = judge(launch.kernel, launch.facts);
      if (verdict.kind === "split") continue;
      const how = speculative(launch.kernel, groups, verdict);
      if (typeof how === "string") continue;
      const { dimension } = how.split;
      const parts = partsOf(groups, dimension, randomCuts(seed, groups[dimension]));
      const result = merged(harness, launch, how, parts, how.granule);
      if (result === undefined) came.conflict++;
      else if (difference(harness.whole(launch), result) === null) came.merged++;
      else {
        came.race++;
        assert(hasRace(harness, launch, how), `seed ${seed} has no race, and is merged wrong`);
      }
    }
    // Else it would show nothing.
    const shown = JSON.stringify(came);
    assert(came.merged > 10 && came.conflict > 10, shown);
    assert(came.race < came.merged, shown);
  },
});
