import assert from "node:assert/strict";
import type { ConditionsSource } from "../../lib/bench/conditions/conditions.ts";
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

Deno.test("measure() ends when the median is sure, and not before the least number of samples", async () => {
  const { benchmark } = fake([{ name: "steady", figures: [10] }]);
  const effort = { ...EFFORT, budgetMs: 1e6 };
  const outcome = await measure(benchmark, null, effort, surroundings());
  assert.ok(outcome.state === "ok");
  assert.equal(outcome.measured.summary.n, EFFORT.minSamples);
  assert.deepEqual(outcome.measured.notes, []);
});

Deno.test("measure() goes on while the median is unsure, until its time is over, and says so", async () => {
  const figures = Array.from({ length: 5000 }, (_, i) => 10 + 4 * Math.sin(i * i));
  const { benchmark } = fake([{ name: "noisy", figures }]);
  const around = surroundings();
  const outcome = await measure(benchmark, null, { ...EFFORT, budgetMs: 200 }, around);
  assert.ok(outcome.state === "ok");
  const { n } = outcome.measured.summary;
  assert.ok(n > 2 * EFFORT.minSamples && n < 250, `${n} samples`);
  assert.match(outcome.measured.notes.join(), /samples vary by \d.*known to ±/);
});

Deno.test("measure() tries no more shapes when their time is over, and says so", async () => {
  const shapes = Array.from({ length: 50 }, (_, i) => ({ name: `s${i}`, figures: [10 + i / 100] }));
  const { benchmark } = fake(shapes);
  const outcome = await measure(benchmark, null, { ...EFFORT, budgetMs: 60 }, surroundings());
  assert.ok(outcome.state === "ok");
  const { candidates, failures } = outcome.measured;
  assert.equal(Object.keys(candidates).length, 50);
  assert.equal(candidates["s49"], null);
  assert.match(failures["s49"] ?? "", /not tried: the time/);
  assert.ok((candidates["s0"] ?? 0) > 0);
});

Deno.test("measure() says when the first run was slow, and keeps the warm-up apart", async () => {
  const outcome = await run([{ name: "cold", figures: [2, 9, 10, 10, 10.1, 9.9] }]);
  assert.ok(outcome.state === "ok");
  assert.deepEqual(outcome.measured.warm_up.slice(0, 2), [2, 9]);
  assert.ok(!outcome.measured.samples.includes(2));
  assert.match(outcome.measured.notes.join(), /first run was 4\.\d+ times slower/);
});

/** A device whose clock rises by 100 MHz a reading up to 2 GHz. */
function rising(): ConditionsSource & { reads: number } {
  const source = {
    name: "fake",
    clocksHold: true,
    absent: { memory_mhz: "the fake has none" },
    reads: 0,
    read: () => ({
      core_mhz: Math.min(2000, 1000 + 100 * source.reads++),
      memory_mhz: null,
      power_w: 300,
      temperature_c: 50,
      throttle_reasons: source.reads % 2 ? ["sw_power_cap"] : [],
    }),
  };
  return source;
}

Deno.test("measure() warms up until the clock has settled, and records the conditions since", async () => {
  const conditions = rising();
  const { benchmark } = fake([{ name: "steady", figures: [10] }]);
  const effort = { ...EFFORT, budgetMs: 10_000 };
  const outcome = await measure(benchmark, null, effort, { ...surroundings(), conditions });
  assert.ok(outcome.state === "ok");
  const recorded = outcome.measured.conditions;
  assert.ok(outcome.measured.warm_up.length >= 10, "the clock needs ten readings");
  assert.deepEqual(recorded?.summary.core_mhz, { min: 2000, median: 2000, max: 2000 });
  assert.equal(recorded?.summary.memory_mhz, null);
  assert.equal(recorded?.absent["memory_mhz"], "the fake has none");
  assert.deepEqual(recorded?.summary.power_w, { min: 300, median: 300, max: 300 });
});

Deno.test("measure() reads no conditions within a sample", async () => {
  const conditions = rising();
  let within = false;
  const watched: ConditionsSource = {
    ...conditions,
    read: () => {
      assert.ok(!within);
      return conditions.read();
    },
  };
  const { benchmark } = fake([{ name: "steady", figures: [10] }]);
  const wrapped: Benchmark<null> = {
    ...benchmark,
    shapes: (target, effort) =>
      benchmark.shapes(target, effort).map((shape) => ({
        ...shape,
        prepare: () => {
          const prepared = shape.prepare(effort);
          return {
            ...prepared,
            sample: () => {
              within = true;
              const samples = prepared.sample();
              within = false;
              return samples;
            },
          };
        },
      })),
  };
  const around = { ...surroundings(), conditions: watched };
  assert.equal((await measure(wrapped, null, EFFORT, around)).state, "ok");
  assert.ok(conditions.reads > 0);
});

Deno.test("measure() takes a smaller working set where memory suffices for no shape, and says so", async () => {
  const scales: number[] = [];
  const { benchmark } = fake([]);
  const greedy: Benchmark<null> = {
    ...benchmark,
    shapes: (_, { memoryScale = 1 }) => [{
      name: "big",
      prepare: () => {
        scales.push(memoryScale);
        if (memoryScale > 0.25) throw new VulkanError("vkAllocateMemory", -2);
        return fake([{ name: "", figures: [5] }]).benchmark.shapes(null, EFFORT)[0]
          ?.prepare(EFFORT) ?? assert.fail();
      },
    }],
  };
  const outcome = await measure(greedy, null, EFFORT, surroundings());
  assert.deepEqual(scales, [1, 0.5, 0.25]);
  assert.ok(outcome.state === "ok");
  assert.match(outcome.measured.notes.join(), /memory did not suffice.* a quarter of /);
  scales.length = 0;
  const other: Benchmark<null> = {
    ...benchmark,
    shapes: (_, { memoryScale = 1 }) => [{
      name: "broken",
      prepare: () => {
        scales.push(memoryScale);
        throw new VulkanError("vkCreateShaderModule", -3);
      },
    }],
  };
  assert.equal((await measure(other, null, EFFORT, surroundings())).state, "failed");
  assert.deepEqual(scales, [1], "no other failure is tried again");
});

Deno.test("runTasks() knows a lost device although its disposal fails too", async () => {
  const { benchmark } = fake([{ name: "a", figures: [1] }]);
  const lost = new VulkanError("vkWaitForFences", -4);
  const messy: Benchmark<null> = {
    ...benchmark,
    shapes: () => [{
      name: "a",
      prepare: () => ({
        clock: "device",
        sample: () => {
          throw lost;
        },
        verify: () => {},
        [Symbol.dispose]: () => {
          throw new VulkanError("vkDeviceWaitIdle", -3);
        },
      }),
    }],
  };
  const tasks = [task(messy, "a", () => null), task(benchmark, "a", () => null)];
  const results = await runTasks(tasks, { effort: EFFORT });
  assert.deepEqual(states(results), ["failed", "skipped"]);
  assert.match(results[0]?.outcome.state === "failed" ? results[0].outcome.reason : "", /LOST/);
});

Deno.test("runTasks() skips a transfer to a lost device", async () => {
  const { benchmark } = fake([{ name: "good", figures: [1] }]);
  const lost = fake([{
    name: "lost",
    figures: [1],
    fails: { at: "sample", with: new VulkanError("vkQueueSubmit", -4) },
  }]);
  const results = await runTasks([
    task(lost.benchmark, "b", () => null),
    task(benchmark, "a", () => null, "b"),
    task(benchmark, "a", () => null),
  ], { effort: EFFORT });
  assert.deepEqual(states(results), ["failed", "skipped", "ok"]);
  const skipped = results[1]?.outcome;
  assert.match(skipped?.state === "skipped" ? skipped.reason : "", /^b was lost/);
});

Deno.test("runTasks() calls a figure above the device's peak implausible, and keeps it", async () => {
  const { benchmark } = fake([{ name: "fast", figures: [106] }]);
  const peaked = { ...benchmark, peak: "memory_bandwidth" };
  const peaks = (value: number) => () => ({
    rated: { value, unit: "GB/s", formula: "made up", source: "a test" },
    observed: null,
    reason: null,
  });
  const instruments = new Map([["a", { peaks: peaks(100) }], ["b", { peaks: peaks(102) }]]);
  const tasks = ["a", "b"].map((device) => task(peaked, device, () => null));
  const [above, below] = await runTasks(tasks, { effort: EFFORT, instruments });
  assert.ok(above?.outcome.state === "implausible");
  assert.match(above.outcome.reason, /106 GB\/s is 106 % of the peak of 100 GB\/s \(made up\)/);
  assert.equal(above.outcome.measured?.summary.median, 106);
  assert.ok(below?.outcome.state === "ok");
  assert.equal(below.outcome.measured.peaks?.rated?.value, 102);
});

Deno.test("measure() says of a shape that has random data alone that zeros were not measured", async () => {
  const { benchmark } = fake([{ name: "a", figures: [10] }]);
  const zeros = { ...EFFORT, data: "zeros" as const };
  const notes = async (of: Benchmark<null>) => {
    const outcome = await measure(of, null, zeros, surroundings());
    return outcome.state === "ok" ? outcome.measured.notes : assert.fail(outcome.state);
  };
  assert.deepEqual(await notes(benchmark), ["measured with random data: it knows no other"]);
  assert.deepEqual(await notes({ ...benchmark, suite: "sync" }), []);
  const heeding: Benchmark<null> = {
    ...benchmark,
    shapes: (target, effort) =>
      benchmark.shapes(target, effort).map((shape) => ({
        ...shape,
        prepare: (effort) => ({ ...shape.prepare(effort), data: effort.data ?? "random" }),
      })),
  };
  assert.deepEqual(await notes(heeding), []);
});

Deno.test("measure() goes past its time for the least number of samples, as far as others let it", async () => {
  const samplesWith = async (graceMs?: number) => {
    const { benchmark } = fake([{ name: "a", figures: [10] }]);
    const effort = {
      ...EFFORT,
      minSamples: 100,
      budgetMs: 20,
      ...graceMs !== undefined && { graceMs },
    };
    const outcome = await measure(benchmark, null, effort, surroundings());
    return outcome.state === "ok" ? outcome.measured.summary.n : assert.fail(outcome.state);
  };
  assert.ok(await samplesWith() >= 100);
  const [none, some] = [await samplesWith(0), await samplesWith(30)];
  assert.ok(none >= 1 && none < some && some < 100, `${none}, ${some}`);
});
