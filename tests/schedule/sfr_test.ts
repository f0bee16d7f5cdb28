/** Frames and grids in tiles. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Scheduler } from "../../lib/schedule/strategies.ts";
import { course, frame, grid, lost, taskOf, worker } from "./work.ts";

const shares = (options: Record<string, unknown>, units: number, speeds: (number | null)[]) =>
  new Scheduler("sfr", options).place(grid(units), speeds.map((speed, i) => worker(`${i}`, speed)))
    .parts.map(({ worker: id, start, end }) => `${id}:${end - start}`).join(" ");

Deno.test("sfr cuts frames and grids that may be cut, and nothing else", () => {
  const two = [worker("a", 3), worker("b", 1)];
  const { parts } = new Scheduler("sfr").place(frame(0), two);
  assert.deepEqual(parts, [
    { worker: "a", start: 0, end: 75 },
    { worker: "b", start: 75, end: 100 },
  ]);
  const whole = [grid(8, { splittable: false }), taskOf("compute")];
  assert.deepEqual(course("sfr", whole, two), ["a", "a"]);
});

Deno.test("sfr and hybrid respect speeds within one unit", () => {
  const speeds = fc.array(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(fc.property(speeds, fc.integer({ min: 1, max: 5000 }), (all, units) => {
    const workers = all.map((speed, i) => worker(`gpu${i}`, speed));
    const total = all.reduce((sum, speed) => sum + speed, 0);
    for (const name of ["sfr", "hybrid"] as const) {
      const { parts } = new Scheduler(name).place(grid(units), workers);
      all.forEach((speed, i) => {
        const part = parts.find((each) => each.worker === `gpu${i}`);
        const exact = units * speed / total;
        const given = part === undefined ? 0 : part.end - part.start;
        assert.ok(Math.abs(given - exact) < 1 + 1e-6, `${name}: ${given} of ${exact}`);
      });
    }
  }));
});

Deno.test("sfr takes split_ratio for the speeds, and minimum_tile for the least share", () => {
  assert.equal(shares({}, 90, [1, 2, null]), "0:20 1:40 2:30");
  assert.equal(shares({ split_ratio: [2, 0, 1] }, 90, [1, 2, 9]), "0:60 2:30");
  assert.equal(shares({ minimum_tile: 8 }, 100, [95, 5]), "0:100");
  assert.equal(shares({ minimum_tile: 5 }, 100, [95, 5]), "0:95 1:5");
  assert.throws(
    () => shares({ split_ratio: "1,1" }, 8, [1, 1, 1]),
    /^RangeError: sfr: split_ratio has 2 numbers for 3 devices: give one for each$/,
  );
});

Deno.test("sfr keeps each number of split_ratio with its device where one is lost", () => {
  const { parts } = new Scheduler("sfr", { split_ratio: [5, 3, 1] })
    .place(grid(40), [lost("a"), worker("b"), worker("c")]);
  assert.deepEqual(parts.map(({ start, end }) => end - start), [30, 10]);
  const nothing = new Scheduler("sfr", { split_ratio: [5, 0, 0] })
    .place(grid(40), [lost("a"), worker("b"), worker("c", 2)]);
  assert.deepEqual(nothing.parts, [{ worker: "c", start: 0, end: 40 }]);
});
