/** The seven strategies: what each is for, and what holds for all. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  parseStrategy,
  Scheduler,
  STRATEGIES,
  STRATEGY_NAMES,
} from "../../lib/schedule/strategies.ts";
import type { Work, Worker } from "../../lib/schedule/strategy.ts";
import { course, frame, grid, taskOf, worker } from "./work.ts";

const anyWorkers = fc.array(
  fc.record({
    enabled: fc.boolean(),
    speed: fc.option(fc.double({ min: 1e-3, max: 1e6, noNaN: true })),
    queued_ms: fc.double({ min: 0, max: 1000, noNaN: true }),
    queued_frames: fc.nat({ max: 4 }),
    priority: fc.nat({ max: 2 }),
    utilization_pct: fc.option(fc.nat({ max: 100 })),
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

Deno.test("no strategy moves work while nothing changes", () => {
  const three = [worker("a", 2), worker("b", 3), worker("c", null)];
  for (const name of ["single", "task", "compute_offload", "sfr"] as const) {
    const works = Array.from({ length: 20 }, () => grid(7));
    assert.equal(new Set(course(name, works, three)).size, 1, name);
  }
});

Deno.test("all strategies give work to who has what it needs, and say what nobody has", () => {
  const two = [
    worker("a", 9, { memory_free_bytes: 1000 }),
    worker("b", 1, { memory_free_bytes: null, capabilities: new Set(["fp64"]) }),
  ];
  const large = { needs: { memory_bytes: 2000 } }, fp64 = { needs: { capabilities: ["fp64"] } };
  for (const name of STRATEGY_NAMES) {
    for (const needs of [large, fp64]) {
      const works = [grid(4, needs), { ...frame(0), ...needs }, taskOf("compute", needs)];
      assert.deepEqual(course(name, works, two), ["b", "b", "b"], name);
    }
    const nobody = taskOf("copy", { needs: { memory_bytes: 1, capabilities: ["video_decode"] } });
    assert.throws(
      () => course(name, [nobody], two),
      /^NoWorkerError: no enabled device has 1 bytes of free memory and video_decode: free[^\n]+$/,
    );
  }
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
