import assert from "node:assert/strict";
import { judge } from "../../../lib/pool/analysis/mod.ts";
import { VulkanTarget } from "../../../lib/bench/vulkan/target.ts";
import { openSoftwareInstance, SOFTWARE_DRIVERS } from "../../vulkan_devices.ts";
import { randomCuts, randomLaunch } from "../random_kernel.ts";
import { difference, SplitHarness } from "../split_harness.ts";

const COUNT = 300;
const isMissing = !SOFTWARE_DRIVERS.has("llvmpipe");

Deno.test({
  name: `judge() splits random kernels only where parts give the bytes of the whole${
    isMissing ? " (skipped: llvmpipe is not installed)" : ""
  }`,
  ignore: isMissing,
  fn: () => {
    // One thread: what work-groups of one part race for is the same at every run.
    Deno.env.set("LP_NUM_THREADS", "1");
    using instance = openSoftwareInstance();
    const physical = instance.physicalDevices().find(({ name }) => name.includes("llvmpipe"));
    assert(physical);
    using target = new VulkanTarget("llvmpipe", instance, physical);
    using harness = new SplitHarness(target);
    let split = 0;
    for (let seed = 500_000; seed < 500_000 + COUNT; seed++) {
      const launch = randomLaunch(seed);
      const verdict = judge(launch.kernel, launch.facts);
      if (verdict.kind === "whole") continue;
      split++;
      const cuts = randomCuts(seed, launch.facts.groups[verdict.dimension]);
      const merged = harness.split(launch, verdict, cuts);
      assert.equal(difference(harness.whole(launch), merged), null, `seed ${seed}`);
    }
    // Else it would show nothing.
    assert(split > COUNT / 4, `${split} of ${COUNT} are split`);
    assert(split < COUNT * 0.9, `${split} of ${COUNT} are split`);
  },
});
