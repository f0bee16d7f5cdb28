import assert from "node:assert/strict";
import { VulkanError } from "../../ffi/vulkan/loader.ts";
import {
  type Benchmark,
  type Effort,
  ImplausibleError,
  type Prepared,
  type Result,
  WrongResultError,
} from "../../lib/bench/benchmark.ts";
import { measure } from "../../lib/bench/measure.ts";
import { runTasks, type Task, task } from "../../lib/bench/run.ts";

const EFFORT: Effort = { minSamples: 10, sampleMs: 1, budgetMs: 0, allShapes: true };

/** A clock on which every look takes a millisecond, and pauses that take no time. */
function surroundings() {
  let now = 0;
  return { now: () => now++, pause: () => Promise.resolve() };
}

interface FakeShape {
  name: string;
  /** One figure per call, the last again and again. */
  figures: number[];
  /** What goes wrong, and where. */
  fails?: { at: "prepare" | "sample" | "verify"; with: Error };
}

/** A benchmark of made-up shapes that counts what is open. */
function fake(shapes: FakeShape[], better: "higher" | "lower" = "higher") {
  const open = new Set<string>();
  const benchmark: Benchmark<null> = {
    name: "fake.figure",
    suite: "memory",
    title: "figure",
    unit: "GB/s",
    better,
    convention: "made up",
    unsupported: () => undefined,
    shapes: () =>
      shapes.map(({ name, figures, fails }) => ({
        name,
        prepare(): Prepared {
          const failAt = (where: string) => {
            if (fails?.at === where) throw fails.with;
          };
          failAt("prepare");
          open.add(name);
          let calls = 0;
          return {
            clock: "device",
            sample: () => {
              failAt("sample");
              return [figures[Math.min(calls++, figures.length - 1)] ?? NaN];
            },
            verify: () => failAt("verify"),
            [Symbol.dispose]: () => open.delete(name),
          };
        },
      })),
  };
  return { benchmark, open };
}

const run = async (shapes: FakeShape[], better?: "higher" | "lower") => {
  const { benchmark, open } = fake(shapes, better);
  const outcome = await measure(benchmark, null, EFFORT, surroundings());
  assert.equal(open.size, 0, "every shape is disposed");
  return outcome;
};

const SHAPES: FakeShape[] = [
  { name: "slow", figures: [10] },
  { name: "fast", figures: [30] },
  { name: "middling", figures: [20] },
  { name: "slower", figures: [5] },
];

Deno.test("measure() reports the shape with the best median", async () => {
  const higher = await run(SHAPES);
  assert.ok(higher.state === "ok");
  assert.equal(higher.measured.shape, "fast");
  assert.equal(higher.measured.summary.median, 30);
  assert.ok(higher.measured.summary.n >= 10);
  assert.deepEqual(higher.measured.candidates, { slow: 10, fast: 30, middling: 20, slower: 5 });
  const lower = await run(SHAPES, "lower");
  assert.ok(lower.state === "ok");
  assert.equal(lower.measured.shape, "slower");
});

Deno.test("measure() does not report a shape with wrong results, however fast", async () => {
  const wrong = new WrongResultError("element 3 is wrong");
  const outcome = await run([
    { name: "right", figures: [10] },
    { name: "wrong", figures: [99], fails: { at: "verify", with: wrong } },
  ]);
  assert.ok(outcome.state === "ok");
  assert.equal(outcome.measured.shape, "right");
  assert.equal(outcome.measured.candidates["wrong"], null);
  assert.deepEqual(outcome.measured.failures, { wrong: "element 3 is wrong" });
});

Deno.test("measure() fails when no shape computes right", async () => {
  const with_ = new WrongResultError("the words sum to 1, not 2\nand more");
  const outcome = await run([{ name: "only", figures: [1], fails: { at: "verify", with: with_ } }]);
  assert.deepEqual(outcome, { state: "failed", reason: "the words sum to 1, not 2" });
});

for (const figure of [0, -1, NaN, Infinity]) {
  Deno.test(`measure() calls a figure of ${figure} implausible`, async () => {
    const outcome = await run([{ name: "odd", figures: [figure] }]);
    assert.equal(outcome.state, "implausible");
  });
}

Deno.test("measure() passes on what a shape finds implausible", async () => {
  const with_ = new ImplausibleError("the device says 5 s, the host waited 1 s");
  const outcome = await run([{ name: "odd", figures: [1], fails: { at: "sample", with: with_ } }]);
  assert.deepEqual(outcome, { state: "implausible", reason: with_.message });
});

Deno.test("measure() goes on without a shape for which memory does not suffice", async () => {
  const outcome = await run([
    {
      name: "big",
      figures: [99],
      fails: { at: "prepare", with: new VulkanError("vkAllocateMemory", -2) },
    },
    { name: "small", figures: [10] },
  ]);
  assert.ok(outcome.state === "ok");
  assert.equal(outcome.measured.shape, "small");
});

Deno.test("measure() asks nothing of a target that the benchmark does not support", async () => {
  const { benchmark } = fake([{ name: "a", figures: [1] }]);
  const outcome = await measure(
    { ...benchmark, unsupported: () => "no such unit", shapes: () => assert.fail("asked") },
    null,
    EFFORT,
    surroundings(),
  );
  assert.deepEqual(outcome, { state: "unsupported", reason: "no such unit" });
});

function tasksOf(shapesByDevice: Record<string, FakeShape[][]>): Task[] {
  return Object.entries(shapesByDevice).flatMap(([device, list]) =>
    list.map((shapes) => task(fake(shapes).benchmark, device, () => null))
  );
}

const states = (results: Result[]) => results.map((result) => result.outcome.state);

Deno.test("runTasks() skips the rest of a lost device, and no other's", async () => {
  const lost = { at: "sample" as const, with: new VulkanError("vkQueueSubmit", -4) };
  const good: FakeShape[] = [{ name: "good", figures: [1] }];
  const results = await runTasks(
    tasksOf({ a: [good, [{ name: "lost", figures: [1], fails: lost }], good], b: [good] }),
    { effort: EFFORT },
  );
  assert.deepEqual(states(results), ["ok", "failed", "skipped", "ok"]);
  const skipped = results[2]?.outcome;
  assert.ok(skipped?.state === "skipped");
  assert.match(skipped.reason, /lost in fake\.figure/);
});

Deno.test("runTasks() keeps what was measured before an interruption", async () => {
  const interruption = new AbortController();
  const good: FakeShape[] = [{ name: "good", figures: [1] }];
  const results = await runTasks(tasksOf({ a: [good, good, good] }), {
    effort: EFFORT,
    signal: interruption.signal,
    progress: { finished: (_, done) => done === 1 ? interruption.abort() : undefined },
  });
  assert.deepEqual(states(results), ["ok", "skipped", "skipped"]);
});

Deno.test("runTasks() interrupts within a benchmark and disposes its shapes", async () => {
  const interruption = new AbortController();
  const { benchmark, open } = fake([{ name: "a", figures: [1] }, { name: "b", figures: [1] }]);
  const stopping: Benchmark<null> = {
    ...benchmark,
    shapes: (target, effort) =>
      benchmark.shapes(target, effort).map((shape) => ({
        ...shape,
        prepare: () => {
          if (shape.name === "b") interruption.abort();
          return shape.prepare(effort);
        },
      })),
  };
  const results = await runTasks([task(stopping, "a", () => null)], {
    effort: EFFORT,
    signal: interruption.signal,
  });
  assert.deepEqual(states(results), ["skipped"]);
  assert.equal(open.size, 0);
});

Deno.test("runTasks() makes a failure of what a target throws, for each of its tasks", async () => {
  const { benchmark } = fake([{ name: "a", figures: [1] }]);
  const broken = () => {
    throw new VulkanError("vkCreateDevice", -3);
  };
  const results = await runTasks([task(benchmark, "a", broken), task(benchmark, "b", () => null)], {
    effort: EFFORT,
  });
  assert.deepEqual(states(results), ["failed", "ok"]);
});
