/** Tasks that wait for each other. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type GraphTask, planTasks } from "../../lib/schedule/task_graph.ts";
import { lost, worker } from "./work.ts";

const step = (id: string, cost_ms: number, after: readonly [string, number][] = []): GraphTask => ({
  id,
  task: "compute",
  cost_ms,
  after: after.map(([task, move_ms]) => ({ task, move_ms })),
});

const graphs = fc.array(
  fc.record({
    cost: fc.integer({ min: 0, max: 50 }),
    after: fc.array(fc.tuple(fc.nat(), fc.nat({ max: 20 })), { maxLength: 3 }),
  }),
  { maxLength: 25 },
).map((all) =>
  all.map(({ cost, after }, i) => {
    const before = new Map(i === 0 ? [] : after.map(([n, ms]) => [`t${n % i}`, ms]));
    return step(`t${i}`, cost, [...before]);
  })
);

const pools = fc.array(fc.record({ speed: fc.integer({ min: 1, max: 8 }), on: fc.boolean() }), {
  minLength: 1,
  maxLength: 4,
}).map((all) => all.map(({ speed, on }, i) => on ? worker(`g${i}`, speed) : lost(`g${i}`, speed)));

Deno.test("planTasks() keeps dependencies, and one task at a time a device", () => {
  fc.assert(fc.property(graphs, pools, fc.integer(), (tasks, workers, seed) => {
    fc.pre(workers.some(({ enabled }) => enabled));
    const shuffled = tasks.toSorted((a, b) =>
      Math.sin(seed + Number(a.id.slice(1))) - Math.sin(seed + Number(b.id.slice(1)))
    );
    const plan = planTasks(shuffled, workers);
    assert.equal(plan.length, tasks.length);
    assert.equal(new Set(plan.map(({ id }) => id)).size, tasks.length);
    assert.deepEqual(planTasks(shuffled, workers), plan);
    const at = new Map(plan.map((each, i) => [each.id, { ...each, i }]));
    for (const { id, after, cost_ms } of tasks) {
      const own = at.get(id);
      assert.ok(own !== undefined);
      const device = workers.find((each) => each.id === own.worker);
      assert.ok(device?.enabled);
      let moving = 0;
      for (const { task, move_ms } of after) {
        const before = at.get(task);
        assert.ok(before !== undefined && before.i < own.i && own.start_ms >= before.end_ms);
        if (before.worker !== own.worker) moving += move_ms;
      }
      const took = own.end_ms - own.start_ms;
      assert.ok(Math.abs(took - moving - cost_ms / (device.speed ?? 1)) < 1e-9);
    }
    for (const { id } of workers) {
      const own = plan.filter((each) => each.worker === id);
      own.slice(1).forEach((each, i) => assert.ok(each.start_ms >= (own[i]?.end_ms ?? 0)));
    }
  }));
});

Deno.test("planTasks() keeps a chain where its data is, and spreads what is independent", () => {
  const two = [worker("a"), worker("b")];
  const chain = [step("1", 5), step("2", 5, [["1", 9]]), step("3", 5, [["2", 9]])];
  assert.equal(new Set(planTasks(chain, two).map((each) => each.worker)).size, 1);
  const apart = planTasks([step("1", 5), step("2", 5), step("3", 5), step("4", 5)], two);
  assert.equal(Math.max(...apart.map(({ end_ms }) => end_ms)), 10);
});

Deno.test("planTasks() keeps the order of tasks that take no time", () => {
  const tasks = [step("3", 0, [["2", 0]]), step("1", 0), step("2", 0, [["1", 0]])];
  assert.deepEqual(planTasks(tasks, [worker("a")]).map(({ id }) => id), ["1", "2", "3"]);
});

Deno.test("planTasks() begins with what holds up most", () => {
  const tasks = [step("short", 1), step("long", 1), step("end", 20, [["long", 0]])];
  assert.equal(planTasks(tasks, [worker("a")])[0]?.id, "long");
});

Deno.test("planTasks() refuses circles, and ids that are there twice or not at all", () => {
  const one = [worker("a")];
  assert.throws(
    () => planTasks([step("x", 1, [["y", 0]]), step("y", 1, [["x", 0]])], one),
    /^RangeError: task x waits for itself, by way of others: break the circle$/,
  );
  assert.throws(() => planTasks([step("x", 1, [["z", 0]])], one), /x waits for z, which is not/);
  assert.throws(() => planTasks([step("x", 1), step("x", 1)], one), /x is there twice/);
  assert.throws(() => planTasks([step("x", 1)], [lost("a")]), /NoWorkerError: no device/);
});
