/** The seven strategies: what each is for, and what holds for all. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  parseStrategy,
  Scheduler,
  STRATEGIES,
  STRATEGY_NAMES,
  type StrategyName,
} from "../../lib/schedule/strategies.ts";
import type { FrameWork, GridWork, TaskWork, Work, Worker } from "../../lib/schedule/strategy.ts";

const worker = (id: string, speed = 1, more: Partial<Worker> = {}): Worker => ({
  id,
  speed,
  enabled: true,
  queued_ms: 0,
  ...more,
});

const grid = (units: number, more: Partial<GridWork> = {}): GridWork => ({
  kind: "grid",
  units,
  splittable: true,
  measured: { whole_ms: 10, split_ms: 1 },
  ...more,
});

const frame = (number: number): FrameWork => ({
  kind: "frame",
  number,
  rows: 100,
  splittable: true,
});

const taskOf = (task: TaskWork["task"], more: Partial<TaskWork> = {}): TaskWork => ({
  kind: "task",
  task,
  cost_ms: 10,
  inputs: [],
  ...more,
});

/** Who does each of some pieces of work, one after the other. */
function course(name: StrategyName, works: readonly Work[], workers: readonly Worker[]): string[] {
  const scheduler = new Scheduler(name);
  return works.map((work) => scheduler.place(work, workers).parts.map((p) => p.worker).join("+"));
}

const frames = (count: number) => Array.from({ length: count }, (_, i) => frame(i));

const anyWorkers = fc.array(
  fc.record({
    enabled: fc.boolean(),
    speed: fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
    queued_ms: fc.double({ min: 0, max: 1000, noNaN: true }),
  }),
  { minLength: 1, maxLength: 8 },
).map((all) => all.map((each, i): Worker => ({ id: `gpu${i}`, ...each })));

const anyWork: fc.Arbitrary<Work> = fc.oneof(
  fc.record({
    kind: fc.constant("grid" as const),
    units: fc.integer({ min: 1, max: 10_000 }),
    splittable: fc.boolean(),
    measured: fc.option(fc.record({
      whole_ms: fc.double({ min: 0, max: 100, noNaN: true }),
      split_ms: fc.double({ min: 0, max: 100, noNaN: true }),
    })),
  }),
  fc.record({
    kind: fc.constant("frame" as const),
    number: fc.nat(),
    rows: fc.integer({ min: 1, max: 4320 }),
    splittable: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("task" as const),
    task: fc.constantFrom(
      "graphics" as const,
      "compute" as const,
      "copy" as const,
      "video" as const,
    ),
    cost_ms: fc.double({ min: 0, max: 1000, noNaN: true }),
    inputs: fc.array(fc.record({
      worker: fc.nat({ max: 7 }).map((i) => `gpu${i}`),
      move_ms: fc.double({ min: 0, max: 100, noNaN: true }),
    })),
  }),
);

for (const name of STRATEGY_NAMES) {
  Deno.test(`${name} gives every unit of work once, in order, to enabled devices alone`, () => {
    fc.assert(fc.property(fc.array(anyWork, { maxLength: 20 }), anyWorkers, (works, workers) => {
      fc.pre(workers.some(({ enabled }) => enabled));
      const scheduler = new Scheduler(name);
      for (const work of works) {
        const { parts, reason } = scheduler.place(work, workers);
        const units = work.kind === "grid" ? work.units : work.kind === "frame" ? work.rows : 1;
        let at = 0;
        for (const part of parts) {
          assert.equal(part.start, at);
          assert.ok(part.end > part.start);
          assert.ok(workers.some(({ id, enabled }) => id === part.worker && enabled));
          at = part.end;
        }
        assert.equal(at, units);
        assert.match(reason, /^[^\n]+$/);
        const cannotBeCut = work.kind === "task" || !work.splittable;
        assert.ok(parts.length === 1 || !cannotBeCut);
      }
    }));
  });

  Deno.test(`${name} says in one line that no device is enabled`, () => {
    const off = [worker("a", 1, { enabled: false })];
    for (const work of [grid(4), frame(0), taskOf("compute")]) {
      assert.throws(() => new Scheduler(name).place(work, off), /^NoWorkerError: no device[^\n]+$/);
      assert.throws(() => new Scheduler(name).place(work, []), /NoWorkerError/);
    }
  });

  Deno.test(`${name} decides the same of the same, and a preview changes nothing`, () => {
    fc.assert(fc.property(fc.array(anyWork, { maxLength: 12 }), anyWorkers, (works, workers) => {
      fc.pre(workers.some(({ enabled }) => enabled));
      const one = new Scheduler(name), other = new Scheduler(name);
      for (const work of works) {
        const preview = other.preview(work, workers);
        other.preview(grid(3), workers);
        assert.deepEqual(other.place(work, workers), preview);
        assert.deepEqual(one.place(work, workers), preview);
      }
    }));
  });
}

Deno.test("sfr and hybrid respect speeds within one unit", () => {
  fc.assert(fc.property(anyWorkers, fc.integer({ min: 1, max: 5000 }), (workers, units) => {
    const able = workers.filter(({ enabled }) => enabled);
    fc.pre(able.length > 0);
    const total = able.reduce((sum, { speed }) => sum + speed, 0);
    for (const name of ["sfr", "hybrid"] as const) {
      const { parts } = new Scheduler(name).place(grid(units), workers);
      for (const { id, speed } of able) {
        const part = parts.find((each) => each.worker === id);
        const exact = units * speed / total;
        const given = part === undefined ? 0 : part.end - part.start;
        assert.ok(Math.abs(given - exact) < 1 + 1e-6, `${name}: ${given} of ${exact}`);
      }
    }
  }));
});

Deno.test("single takes the first, and the next where it is lost", () => {
  assert.deepEqual(course("single", frames(3), [worker("a"), worker("b", 9)]), ["a", "a", "a"]);
  const lost = [worker("a", 1, { enabled: false }), worker("b"), worker("c")];
  assert.deepEqual(course("single", [grid(5), taskOf("copy")], lost), ["b", "b"]);
});

Deno.test("round_robin rotates over the enabled, from whoever was last", () => {
  const three = [worker("a"), worker("b", 1, { enabled: false }), worker("c")];
  assert.deepEqual(course("round_robin", [grid(1), frame(0), taskOf("copy"), grid(2)], three), [
    "a",
    "c",
    "a",
    "c",
  ]);
  // One that is lost leaves the turn to the one behind it.
  const scheduler = new Scheduler("round_robin");
  const all = [worker("a"), worker("b"), worker("c")];
  scheduler.place(grid(1), all);
  const without = [worker("a", 1, { enabled: false }), worker("b"), worker("c")];
  assert.equal(scheduler.place(grid(1), without).parts[0]?.worker, "b");
});

Deno.test("afr alternates frames, to the faster more often and spread evenly", () => {
  assert.deepEqual(course("afr", frames(4), [worker("a"), worker("b")]), ["a", "b", "a", "b"]);
  const uneven = course("afr", frames(8), [worker("a", 3), worker("b", 1)]);
  assert.equal(uneven.filter((id) => id === "a").length, 6);
  assert.doesNotMatch(uneven.join(""), /bb|aaaa/);
});

Deno.test("afr gives each its share of many frames, whatever the speeds", () => {
  fc.assert(fc.property(
    fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 1, maxLength: 5 }),
    (speeds) => {
      const workers = speeds.map((speed, i) => worker(`gpu${i}`, speed));
      const total = speeds.reduce((sum, speed) => sum + speed, 0);
      const given = course("afr", frames(300), workers);
      workers.forEach(({ id, speed }) => {
        const count = given.filter((each) => each === id).length;
        assert.ok(Math.abs(count - 300 * speed / total) <= workers.length, `${id}: ${count}`);
      });
    },
  ));
});

Deno.test("sfr cuts frames and grids that may be cut, and nothing else", () => {
  const two = [worker("a", 3), worker("b", 1)];
  const { parts } = new Scheduler("sfr").place(frame(0), two);
  assert.deepEqual(parts, [
    { worker: "a", start: 0, end: 75 },
    { worker: "b", start: 75, end: 100 },
  ]);
  assert.deepEqual(course("sfr", [grid(8, { splittable: false }), taskOf("compute")], two), [
    "a",
    "a",
  ]);
});

Deno.test("task goes where it ends first: queue, inputs and speed count", () => {
  const place = (work: TaskWork, workers: Worker[]) => course("task", [work], workers)[0];
  assert.equal(place(taskOf("compute"), [worker("a"), worker("b", 2)]), "b");
  assert.equal(place(taskOf("compute"), [worker("a"), worker("b", 2, { queued_ms: 6 })]), "a");
  const inputs = [{ worker: "a", move_ms: 8 }];
  assert.equal(place(taskOf("compute", { inputs }), [worker("a"), worker("b", 2)]), "a");
  // Equals: the first, so that nothing wanders.
  assert.equal(place(taskOf("compute"), [worker("a"), worker("b")]), "a");
});

Deno.test("compute_offload takes computing off the first device, and leaves it the rest", () => {
  const three = [worker("a", 9), worker("b", 1), worker("c", 2)];
  const works = [grid(4), taskOf("compute"), taskOf("graphics"), frame(0), taskOf("video")];
  assert.deepEqual(course("compute_offload", works, three), ["c", "c", "a", "a", "a"]);
  assert.deepEqual(course("compute_offload", [grid(4)], [worker("a")]), ["a"]);
});

Deno.test("hybrid splits where it pays, and does not switch within the margin", () => {
  const two = [worker("a"), worker("b")];
  const at = (split_ms: number) => grid(10, { measured: { whole_ms: 10, split_ms } });
  assert.deepEqual(course("hybrid", [at(12), at(9.7), at(9.3), at(9.7), at(10.3), at(10.7)], two), [
    "a",
    "a", // better, and within the margin
    "a+b",
    "a+b",
    "a+b", // worse, and within it
    "a",
  ]);
  const noise = Array.from({ length: 100 }, (_, i) => at(i % 2 ? 9.6 : 10.4));
  assert.equal(new Set(course("hybrid", noise, two)).size, 1);
  assert.deepEqual(course("hybrid", [grid(10, { measured: null })], two), ["a"]);
  assert.deepEqual(course("hybrid", frames(2), two), ["a", "b"]);
});

/** Frames a second when each device works on its own frames, with a queue of so many in all. */
function simulate(name: StrategyName, speeds: readonly number[], queue: number): number {
  const scheduler = new Scheduler(name);
  const free = new Map(speeds.map((_, i) => [`gpu${i}`, 0]));
  const shown: number[] = [];
  const workers = speeds.map((speed, i) => worker(`gpu${i}`, speed));
  for (let n = 0; n < 400; n++) {
    const begin = shown[n - queue] ?? 0;
    const { parts } = scheduler.place(frame(n), workers);
    const ends = parts.map(({ worker: id, start, end }) => {
      const speed = workers.find((each) => each.id === id)?.speed ?? 1;
      const done = Math.max(begin, free.get(id) ?? 0) + (end - start) / 100 / speed;
      free.set(id, done);
      return done;
    });
    shown.push(Math.max(shown.at(-1) ?? 0, ...ends));
  }
  return 400 / (shown.at(-1) ?? 1);
}

Deno.test("afr and sfr reach the sum of the devices' frame rates", () => {
  for (const name of ["afr", "sfr", "hybrid"] as const) {
    assert.ok(simulate(name, [1, 1], 4) > 1.95, name);
    assert.ok(simulate(name, [1, 1, 1, 1], 8) > 3.8, name);
    assert.ok(simulate(name, [3, 1], 8) > 0.95 * 4, name);
  }
  assert.ok(Math.abs(simulate("single", [1, 1], 4) - 1) < 1e-6);
});

Deno.test("parseStrategy() takes all names, and suggests the nearest", () => {
  for (const name of STRATEGY_NAMES) assert.equal(parseStrategy(name), name);
  assert.equal(parseStrategy("Round-Robin"), "round_robin");
  assert.throws(
    () => parseStrategy("hybird"),
    /^RangeError: no strategy 'hybird': did you mean hybrid\?$/,
  );
  assert.throws(() => parseStrategy("fastest"), /there are round_robin, afr, sfr/);
  for (const [name, { name: own, summary }] of Object.entries(STRATEGIES)) {
    assert.equal(name, own);
    assert.match(summary, /^[^\n]{20,100}$/);
  }
});
