import assert from "node:assert/strict";
import { EFFORTS } from "../../../lib/bench/benchmark.ts";
import { SCHEDULING_BENCHMARKS } from "../../../lib/bench/vulkan/scheduling.ts";
import { prepareLoad } from "../../../lib/bench/vulkan/scheduling/load.ts";
import { countedProbes } from "../../../lib/bench/vulkan/scheduling/probe.ts";
import { softwareTargets } from "../transfer/devices.ts";
import { allDevicesTest, deviceTest } from "../../vulkan_devices.ts";

const probe = (took: number, ranBefore: boolean, ranAfter: boolean) => ({
  took,
  ranBefore,
  ranAfter,
});

Deno.test("countedProbes() counts probes that the load outlived", () => {
  const probes = [probe(5, true, true), probe(6, true, true), probe(70, true, false)];
  assert.deepEqual(countedProbes(probes), [5, 6]);
});

Deno.test("countedProbes() counts the probe that waited for the load's end where no other came through", () => {
  assert.deepEqual(countedProbes([probe(60_000, true, false)]), [60_000]);
});

Deno.test("countedProbes() counts nothing that was submitted after the load", () => {
  assert.deepEqual(countedProbes([probe(5, false, false)]), []);
  assert.deepEqual(countedProbes([]), []);
});

deviceTest("a load runs until it is done, and can be run again", (target) => {
  using load = prepareLoad(target, target.queue);
  assert.ok(!load.isRunning());
  for (let i = 0; i < 2; i++) {
    load.start();
    assert.ok(load.isRunning());
    load.finish();
    assert.ok(!load.isRunning());
  }
  // One that still runs is waited for before its memory goes.
  load.start();
});

allDevicesTest(
  "scheduling.busy_devices and scheduling.priority measure beside a load, and verify",
  () => {
    using owner = new DisposableStack();
    const targets = softwareTargets(owner);
    let measured = 0;
    for (const target of targets) {
      const others = targets.filter((other) => other !== target);
      for (const benchmark of SCHEDULING_BENCHMARKS) {
        const on = { target, others };
        if (benchmark.unsupported(on) !== undefined) continue;
        const [shape] = benchmark.shapes(on, EFFORTS.quick);
        assert.ok(shape !== undefined);
        using prepared = shape.prepare(EFFORTS.quick);
        for (const sample of prepared.sample()) {
          assert.ok(
            sample > 0,
            `${benchmark.name}: ${sample}`,
          );
        }
        prepared.verify();
        measured++;
      }
    }
    // Beside the other device, twice; SwiftShader has queues of medium global priority.
    assert.equal(measured, 3);
  },
);

allDevicesTest("the scheduling suite says what a device lacks", () => {
  using owner = new DisposableStack();
  for (const target of softwareTargets(owner)) {
    const reasons = Object.fromEntries(SCHEDULING_BENCHMARKS.map((benchmark) => [
      [benchmark.name, ...Object.values(benchmark.parameters ?? {})].join(" "),
      benchmark.unsupported({ target, others: [] }),
    ]));
    assert.match(
      reasons["scheduling.busy_devices"] ?? "",
      /^there is no other Vulkan device in this run/,
    );
    assert.equal(
      reasons["scheduling.busy_queue graphics graphics"],
      "the device has one graphics queue only",
    );
    assert.equal(
      reasons["scheduling.busy_queue graphics copy"],
      "the device has no copy queue",
    );
    assert.match(
      reasons["scheduling.priority high"] ?? "",
      target.physical.name.includes("SwiftShader")
        ? /^the driver has no high global priority/
        : /^the driver has no VK_KHR_global_priority/,
    );
  }
});
