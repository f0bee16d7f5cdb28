/** One device does everything. */

import assert from "node:assert/strict";
import { Scheduler } from "../../lib/schedule/strategies.ts";
import { course, frame, frames, grid, lost, taskOf, worker } from "./work.ts";

Deno.test("single takes the first, and the next where it is lost", () => {
  assert.deepEqual(course("single", frames(3), [worker("a"), worker("b", 9)]), ["a", "a", "a"]);
  const without = [lost("a"), worker("b"), worker("c", 9)];
  assert.deepEqual(course("single", [grid(5), taskOf("copy")], without), ["b", "b"]);
});

Deno.test("single takes the chosen device, and the fastest of the others where it is lost", () => {
  const options = { device: "b" };
  const all = [worker("a", 1), worker("b", 2), worker("c", 3)];
  assert.deepEqual(course("single", frames(2), all, options), ["b", "b"]);
  const scheduler = new Scheduler("single", options);
  const without = [worker("a", 1), lost("b"), worker("c", 3)];
  const { parts, reason } = scheduler.place(frame(0), without);
  assert.equal(parts[0]?.worker, "c");
  assert.equal(reason, "b cannot: all work goes to c, the fastest of the others");
});

Deno.test("single by 'best' stays where it is while no other is faster by the margin", () => {
  const scheduler = new Scheduler("single", { pick: "best", threshold_percent: 20 });
  const on = (a: number, b: number) =>
    scheduler.place(frame(0), [worker("a", a), worker("b", b)]).parts[0]?.worker;
  assert.equal(on(1, 1.1), "b");
  assert.equal(on(1.1, 1), "b"); // within the margin
  assert.equal(on(1.3, 1), "a");
  assert.equal(on(1, 1.1), "a");
  const { parts } = scheduler.place(frame(0), [lost("a", 9), worker("b"), worker("c", 2)]);
  assert.equal(parts[0]?.worker, "c");
});
