import assert from "node:assert/strict";
import { VulkanError } from "../../ffi/vulkan/loader.ts";
import type { Effort, Outcome } from "../../lib/bench/benchmark.ts";
import { type Readiness, runTasks, type Task } from "../../lib/bench/run.ts";

const EFFORT: Effort = { minSamples: 10, sampleMs: 1, budgetMs: 1000, allShapes: true };

const LOST = new VulkanError("vkWaitForFences", -4);

/** A task that ends so, or throws. */
function made(
  name: string,
  device: string,
  peer: string | null,
  end: (effort: Effort) => Outcome,
  more: Partial<Task> = {},
): Task {
  return {
    name,
    suite: "transfer",
    title: name,
    unit: "GB/s",
    better: "higher",
    convention: "made up",
    parameters: {},
    peak: null,
    device,
    peer,
    unsupported: () => undefined,
    measure: (effort) => Promise.resolve().then(() => end(effort)),
    ...more,
  };
}

const done = (): Outcome => ({ state: "unsupported", reason: "done" });
const lose = (): Outcome => {
  throw LOST;
};

const ends = async (tasks: Task[]) =>
  (await runTasks(tasks, { effort: EFFORT })).map(({ outcome }) =>
    "reason" in outcome ? outcome.reason : outcome.state
  );

Deno.test("runTasks() has the device lost that was, of the two of a transfer", async () => {
  const after = [
    made("later", "a", null, done),
    made("later", "b", null, done),
    made("pair", "a", "c", done),
    made("pair", "c", "b", done),
  ];
  const between = (lost: string[]) => made("pair", "a", "b", lose, { lost: () => lost });
  const [why = "", ...rest] = await ends([between(["b"]), ...after]);
  assert.match(why, /VK_ERROR_DEVICE_LOST \(lost: b\)$/);
  assert.deepEqual(rest, ["done", "the device was lost in pair", "done", "b was lost in pair"]);
  assert.deepEqual((await ends([between(["a"]), ...after])).slice(1), [
    "the device was lost in pair",
    "done",
    "the device was lost in pair",
    "done",
  ]);
  const both = await ends([between(["a", "b"]), ...after]);
  assert.match(both[0] ?? "", /\(lost: a and b\)$/);
  assert.equal(both.filter((reason) => reason.includes("was lost")).length, 4);
});

Deno.test("runTasks() goes on with both devices of a transfer where both answer again", async () => {
  const [why = "", ...rest] = await ends([
    made("pair", "a", "b", lose, { lost: () => [] }),
    made("later", "a", null, done),
    made("later", "b", null, done),
  ]);
  assert.match(why, /DEVICE_LOST \(the devices answer again\)$/);
  assert.deepEqual(rest, ["done", "done"]);
});

Deno.test("runTasks() asks for lost devices after a failure that does not speak of one", async () => {
  const failed = (): Outcome => ({ state: "failed", reason: "byte 7 is wrong" });
  const reasons = await ends([
    made("pair", "a", "b", failed, { lost: () => ["b"] }),
    made("later", "b", null, done),
    made("pair", "c", "d", failed, { lost: () => [] }),
    made("later", "c", null, failed),
    made("later", "c", null, done),
  ]);
  assert.deepEqual(reasons, [
    "byte 7 is wrong (lost: b)",
    "the device was lost in pair",
    "byte 7 is wrong",
    "byte 7 is wrong",
    "done",
  ]);
});

Deno.test("runTasks() has all devices pay for what they need together, and nobody alone", async () => {
  let now = 0;
  const readiness: Readiness = {
    devices: ["a", "b"],
    plannedMs: 0,
    run: () => {
      now += 2000;
      return Promise.resolve();
    },
  };
  const times: number[] = [];
  const measured = ({ budgetMs }: Effort): Outcome => {
    times.push(budgetMs);
    now += 100;
    return done();
  };
  const results = await runTasks([
    made("first", "a", "b", measured, { readiness, overheadMs: 0, lost: () => [] }),
    made("second", "a", null, measured, { overheadMs: 0 }),
    made("third", "b", null, measured, { overheadMs: 0 }),
  ], { effort: EFFORT, deviceLimitMs: 4000, now: () => now });
  assert.deepEqual(results.map(({ took_ms }) => took_ms), [2100, 100, 100]);
  // Of 4000 ms each has paid 1000, and the source of the pair what it took besides.
  assert.deepEqual(times, [1.5 * 3000 / 2, 2900, 3000]);
});

Deno.test("runTasks() skips a task that is interrupted while it is made ready", async () => {
  const controller = new AbortController();
  const readiness: Readiness = {
    devices: ["a"],
    plannedMs: 0,
    run: async (_, { pause }) => {
      controller.abort();
      await pause();
    },
  };
  const results = await runTasks([made("pair", "a", "b", done, { readiness })], {
    effort: EFFORT,
    signal: controller.signal,
  });
  assert.deepEqual(results[0]?.outcome, { state: "skipped", reason: "interrupted" });
});
