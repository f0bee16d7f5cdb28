// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * Whether kernels made at random give the same bytes in parts as they do whole: `--count 10000 --seed 1 --device llvmpipe`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { judge } from "../lib/pool/analysis/mod.ts";
import { VulkanTarget } from "../lib/bench/vulkan/target.ts";
import { randomCuts, randomLaunch } from "../tests/pool/random_kernel.ts";
import { difference, SplitHarness } from "../tests/pool/split_harness.ts";
import { openSoftwareInstance } from "../tests/vulkan_devices.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    device: { type: "string", default: "llvmpipe" },
  },
});
// One thread: what work-groups race for is the same at every run.
Deno.env.set("LP_NUM_THREADS", "1");
const instance = openSoftwareInstance();
const physical = instance.physicalDevices().find(({ name }) => name.includes(values.device));
if (physical === undefined) throw new Error(`no device "${values.device}"`);
const target = new VulkanTarget(values.device, instance, physical);
const harness = new SplitHarness(target);
const count = Number(values.count), first = Number(values.seed);
const verdicts = new Map<string, number>();
let wrong = 0, racy = 0, changed = 0, micros = 0;
for (let seed = first; seed < first + count; seed++) {
  const launch = randomLaunch(seed);
  const begun = performance.now();
  const verdict = judge(launch.kernel, launch.facts);
  micros += 1000 * (performance.now() - begun);
  const name = verdict.kind === "split" ? "split" : verdict.rule;
  verdicts.set(name, (verdicts.get(name) ?? 0) + 1);
  if (verdict.kind === "whole") continue;
  const whole = harness.whole(launch);
  if (difference(launch.memories, whole) !== null) changed++;
  const cuts = randomCuts(seed, launch.facts.groups[verdict.dimension]);
  const wrongAt = difference(whole, harness.split(launch, verdict, cuts));
  if (wrongAt === null) continue;
  // Work-groups that race with each other give something else at each run, whole as well.
  const isRacy = Array.from({ length: 60 }).some(() =>
    difference(whole, harness.whole(launch)) !== null
  );
  if (isRacy) {
    racy++;
    continue;
  }
  wrong++;
  console.log(`seed ${seed}, cut at ${cuts.join(", ")}: ${wrongAt}`);
}
harness[Symbol.dispose]();
target[Symbol.dispose]();
instance[Symbol.dispose]();
for (const [name, times] of [...verdicts].sort(([, a], [, b]) => b - a)) {
  console.log(
    `${name.padEnd(24)}${String(times).padStart(7)}${
      (100 * times / count).toFixed(1).padStart(7)
    } %`,
  );
}
console.log(`split kernels that wrote something: ${changed}`);
console.log(`time of a verdict: ${(micros / count).toFixed(0)} us`);
console.log(`of which no two runs agree, whole or not: ${racy}`);
console.log(`wrong: ${wrong}`);
if (wrong > 0) Deno.exit(1);
