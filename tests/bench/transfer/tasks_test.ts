import assert from "node:assert/strict";
import { EFFORTS, type Suite } from "../../../lib/bench/benchmark.ts";
import { runTasks } from "../../../lib/bench/run.ts";
import {
  effortForPairs,
  isMeasuredFrom,
  orderedPairs,
  transferTasks,
} from "../../../lib/bench/transfer/tasks.ts";
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

Deno.test("orderedPairs() gives each device with each other, both ways", () => {
  assert.deepEqual(orderedPairs(["a", "b"]), [["a", "b"], ["b", "a"]]);
  assert.equal(orderedPairs([1, 2, 3, 4, 5, 6, 7, 8]).length, 56);
  assert.deepEqual(orderedPairs(["a"]), []);
});

Deno.test("isMeasuredFrom() takes one end of each pair, and no device's ends much more often", () => {
  for (const devices of [2, 3, 4, 8, 9]) {
    const places = Array.from({ length: devices }, (_, i) => i);
    const pairs = orderedPairs(places).filter(([a, b]) => isMeasuredFrom(a, b));
    assert.equal(new Set(pairs.map((pair) => pair.toSorted().join())).size, pairs.length);
    assert.equal(pairs.length, devices * (devices - 1) / 2);
    const counts = places.map((place) => pairs.filter(([from]) => from === place).length);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join());
  }
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
    "transfer.peer_duplex 02 03",
    "transfer.peer_duplex 03 01",
  ]);
});

allDevicesTest(
  "the transfers of two software devices, tried in a process of their own, are measured",
  async () => {
    using owner = new DisposableStack();
    const devices = softwareTargets(owner).map(softwareDevice);
    const tasks = transferTasks({ suites: SUITES, devices, command: selfCommand }, owner);
    assert.equal(tasks.length, 2 + 6 + 2 + 1);
    for (const { outcome, ...task } of await runTasks(tasks, { effort: EFFORT })) {
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
