import assert from "node:assert/strict";
import { EFFORTS, type Suite } from "../../../lib/bench/benchmark.ts";
import type { Surroundings } from "../../../lib/bench/measure.ts";
import { effortForPairs, orderedPairs, transferTasks } from "../../../lib/bench/transfer/tasks.ts";
import { selfCommand } from "../../../lib/launch/self.ts";
import { allDevicesTest } from "../../vulkan_devices.ts";
import { cudaDevice, softwareDevice, softwareTargets } from "./devices.ts";

const EFFORT = {
  ...EFFORTS.quick,
  minSamples: 3,
  sampleMs: 0,
  budgetMs: 0,
  allShapes: true,
};

const SUITES: readonly Suite[] = ["transfer", "sync"];

const around = {
  now: () => performance.now(),
  pause: () => Promise.resolve(),
} as Surroundings;

Deno.test("orderedPairs() gives each device with each other, both ways", () => {
  assert.deepEqual(orderedPairs(["a", "b"]), [["a", "b"], ["b", "a"]]);
  assert.equal(orderedPairs([1, 2, 3, 4, 5, 6, 7, 8]).length, 56);
  assert.deepEqual(orderedPairs(["a"]), []);
});

Deno.test("effortForPairs() tries every path of few pairs, and the best guesses of many", () => {
  assert.deepEqual(effortForPairs(EFFORTS.full, 2), EFFORTS.full);
  assert.deepEqual(effortForPairs(EFFORTS.full, 56), { ...EFFORTS.full, allShapes: false });
  assert.deepEqual(effortForPairs(EFFORTS.quick, 2), EFFORTS.quick);
});

Deno.test("transferTasks() plans each device with the host and each pair of devices", () => {
  using owner = new DisposableStack();
  const devices = ["0000:01:00.0", "0000:02:00.0", "0000:03:00.0"].map(cudaDevice);
  const command = () => ["mvgal"];
  const names = (suites: Suite[]) =>
    transferTasks({ suites, devices, command }, owner).map(({ name, device, peer }) =>
      `${name} ${device.slice(9, 11)} ${peer?.slice(9, 11) ?? ""}`.trimEnd()
    );
  assert.deepEqual(names(["memory"]), []);
  assert.equal(names(["sync"]).length, 6);
  const all = names(["transfer"]);
  assert.equal(all.filter((name) => /h2d|d2h|duplex \d\d$/.test(name)).length, 9);
  assert.equal(all.filter((name) => name.startsWith("transfer.peer ")).length, 6);
  assert.deepEqual(all.filter((name) => name.startsWith("transfer.peer_duplex")), [
    "transfer.peer_duplex 01 02",
    "transfer.peer_duplex 01 03",
    "transfer.peer_duplex 02 03",
  ]);
});

allDevicesTest(
  "the transfers of two software devices, tried in a process of their own, are measured",
  async () => {
    using owner = new DisposableStack();
    const devices = softwareTargets(owner).map(softwareDevice);
    const tasks = transferTasks({ suites: SUITES, devices, command: selfCommand }, owner);
    assert.equal(tasks.length, 2 + 6 + 2 + 1);
    for (const task of tasks) {
      const outcome = await task.measure(EFFORT, around);
      const what = `${task.name} ${task.device} ${task.peer}`;
      assert.ok(outcome.state === "ok", `${what}: ${"reason" in outcome ? outcome.reason : ""}`);
      const { candidates, failures } = outcome.measured;
      const imported = Object.entries(candidates).filter(([name]) => name.includes("imported"));
      const staged = Object.entries(candidates).filter(([name]) => name.startsWith("staging"));
      for (const [name, median] of [...imported, ...staged]) {
        assert.ok(median !== null, `${what}, ${name}: ${failures[name]}`);
      }
      if (task.suite === "transfer") assert.ok(imported.length + staged.length > 0, what);
    }
  },
);
