import assert from "node:assert/strict";
import fc from "fast-check";
import { DEVICE_LIMIT_MS, EFFORTS } from "../../lib/bench/benchmark.ts";
import { LEAST_MS, overheadOf, TimeBudget } from "../../lib/bench/budget.ts";
import { VULKAN_BENCHMARKS } from "../../lib/bench/plan.ts";
import { type Readiness, runTasks, type Task, task } from "../../lib/bench/run.ts";
import { transferTasks } from "../../lib/bench/transfer/tasks.ts";
import { SCHEDULING_BENCHMARKS } from "../../lib/bench/vulkan/scheduling.ts";
import { cudaDevice } from "./transfer/devices.ts";

const tasksOf = (overheads: readonly number[], device = "a") =>
  overheads.map((overheadMs) => ({ device, suite: "memory" as const, overheadMs }));

Deno.test("TimeBudget gives no device more than it has, whatever its benchmarks take of their time", () => {
  const used = fc.array(
    fc.record({
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      overheadMs: fc.nat({ max: 1000 }),
    }),
    { minLength: 1, maxLength: 80 },
  );
  fc.assert(fc.property(used, (tasks) => {
    const budget = new TimeBudget(tasksOf(tasks.map(({ overheadMs }) => overheadMs)), 100_000);
    let spent = 0;
    for (const { share, overheadMs } of tasks) {
      const took = share * budget.next("a") + overheadMs;
      budget.spend("a", took);
      spent += took;
    }
    // Each gets its least at least.
    assert.ok(spent <= 100_000 + LEAST_MS * tasks.length, `${spent}`);
  }));
});

Deno.test("TimeBudget passes on what a benchmark leaves, and what devices have is their own", () => {
  const [a, b] = [tasksOf([0, 0]), tasksOf([0], "b")];
  const budget = new TimeBudget([...a, ...b, ...tasksOf([0])], 3000, 2000);
  assert.equal(budget.next("a"), 1500);
  budget.spend("a", 0);
  assert.equal(budget.next("a"), 2000, "a benchmark gets its most at most");
  budget.spend("a", 2900);
  assert.equal(budget.next("a"), 100);
  assert.equal(budget.next("b"), 2000);
});

Deno.test("TimeBudget sets aside what benchmarks take beyond their time", () => {
  const budget = new TimeBudget(tasksOf([1000, 0, 500]), 4500);
  assert.equal(budget.next("a"), 1500, "half as much again as a third of what is left of 4500");
  budget.spend("a", 2500);
  assert.equal(budget.next("a"), 1125);
  budget.spend("a", 4000);
  assert.equal(budget.next("a"), LEAST_MS, "there is always time for a figure");
});

Deno.test("TimeBudget.share() has all pay who need the same", () => {
  const work = { devices: ["a", "b", "a", "host"], plannedMs: 400 };
  const tasks = [...tasksOf([0]), ...tasksOf([0], "b")];
  const budget = new TimeBudget(tasks, 1000, Infinity, [work]);
  assert.equal(budget.next("a"), 800, "its part is set aside");
  budget.share(work, 600);
  assert.equal(budget.next("a"), 700);
  assert.equal(budget.next("b"), 700);
});

Deno.test("TimeBudget.grace() takes nothing from the benchmarks that follow", () => {
  const budget = new TimeBudget(tasksOf([100, 100]), 1000);
  assert.equal(budget.next("a"), 600);
  assert.equal(budget.grace("a"), 800 - 600 - LEAST_MS);
  budget.spend("a", 900);
  assert.equal(budget.grace("a"), 0);
  assert.equal(budget.grace("b"), 0);
});

/** A whole run on GPUs that are not there, as it is planned. */
function wholeRun(gpus: number, owner: DisposableStack): Task[] {
  const devices = Array.from({ length: gpus }, (_, i) => cudaDevice(`0000:${10 + i}:00.0`));
  const never = () => assert.fail("nothing is to be opened");
  return [
    ...devices.flatMap(({ gpu }) =>
      [...VULKAN_BENCHMARKS, ...SCHEDULING_BENCHMARKS].map((benchmark) =>
        task<never>(benchmark, gpu.id, never)
      )
    ),
    ...transferTasks({ suites: ["sync", "transfer"], devices, command: never }, owner),
  ];
}

/** What is promised a GPU, and what finding and opening it takes, in milliseconds. */
const PROMISE_MS = { quick: 20_000, full: 150_000 }, OPENING_MS = 2000;

/** Runs a plan on a clock of its own: each task takes all its time, and its overhead. */
async function timesOf(tasks: readonly Task[], effort: keyof typeof EFFORTS) {
  let now = 0;
  const budgets: number[] = [];
  const works = new Map<Readiness, Readiness>();
  for (const { readiness: work } of tasks) {
    if (work === undefined || works.has(work)) continue;
    let left = work.plannedMs;
    const run = () => {
      now += left;
      left = 0;
      return Promise.resolve();
    };
    works.set(work, { ...work, run });
  }
  const timed = tasks.map(({ readiness, ...each }): Task => {
    const work = readiness && works.get(readiness);
    return {
      ...each,
      ...work && { readiness: work },
      measure: ({ budgetMs }) => {
        budgets.push(budgetMs);
        now += budgetMs + overheadOf(each);
        return Promise.resolve({ state: "unsupported", reason: "planned" });
      },
    };
  });
  await runTasks(timed, {
    effort: EFFORTS[effort],
    deviceLimitMs: DEVICE_LIMIT_MS[effort],
    now: () => now,
  });
  return { whole: now, budgets };
}

for (const effort of ["quick", "full"] as const) {
  Deno.test(`a whole run, ${effort}, keeps its promise by plan with up to 8 GPUs`, async () => {
    for (const gpus of [1, 2, 4, 8]) {
      using owner = new DisposableStack();
      const tasks = wholeRun(gpus, owner);
      const count = (name: string) => tasks.filter((each) => each.name === name).length;
      assert.equal(count("transfer.peer"), gpus * (gpus - 1));
      assert.equal(count("transfer.peer_duplex"), gpus * (gpus - 1) / 2);
      assert.equal(count("sync.relay"), gpus * (gpus - 1));
      const { whole, budgets } = await timesOf(tasks, effort);
      const each = whole / gpus + OPENING_MS;
      assert.ok(each <= PROMISE_MS[effort], `${gpus} GPUs: ${each} ms for each`);
      // Yet a device's pairs leave its own benchmarks more than their least.
      assert.ok((budgets[0] ?? 0) > LEAST_MS, `${gpus} GPUs: ${budgets[0]} ms`);
    }
  });
}

Deno.test("TimeBudget gives a latency less than an equal share", () => {
  const budget = new TimeBudget([
    { device: "a", suite: "sync", overheadMs: 0 },
    { device: "a", suite: "memory", overheadMs: 0 },
  ], 1300);
  assert.equal(Math.round(budget.next("a")), 450);
  budget.spend("a", 300);
  assert.equal(budget.next("a"), 1000);
});
