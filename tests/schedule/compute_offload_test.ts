/** Computing goes to the best device for it. */

import assert from "node:assert/strict";
import { Scheduler } from "../../lib/schedule/strategies.ts";
import { course, frame, grid, lost, taskOf, worker } from "./work.ts";

const works = [grid(4), taskOf("compute"), taskOf("graphics"), frame(0), taskOf("video")];

Deno.test("compute_offload computes on the fastest at it, and draws on the first", () => {
  const three = [worker("a", 1), worker("b", 2), worker("c", 4)];
  assert.deepEqual(course("compute_offload", works, three), ["c", "c", "a", "a", "a"]);
  const byKind = [worker("a", 9, { speeds: { compute: 1 } }), worker("b", 2)];
  assert.deepEqual(course("compute_offload", works, byKind), ["b", "b", "a", "a", "a"]);
  // The first may be the best: nothing is moved to a slower one.
  assert.deepEqual(course("compute_offload", [grid(4)], [worker("a", 9), worker("b", 1)]), ["a"]);
  assert.deepEqual(course("compute_offload", [grid(4)], [worker("a")]), ["a"]);
});

Deno.test("compute_offload spares the device that draws where that is asked for", () => {
  const three = [worker("a", 9), worker("b", 1), worker("c", 2)];
  const spare = { spare_primary: true };
  assert.deepEqual(course("compute_offload", works, three, spare), ["c", "c", "a", "a", "a"]);
  const alone = [worker("a"), lost("b"), lost("c")];
  assert.deepEqual(course("compute_offload", [grid(4)], alone, spare), ["a"]);
});

Deno.test("compute_offload takes the devices that were chosen, while they are there", () => {
  const chosen = { primary: "b", compute: "a" };
  const three = [worker("a", 1), worker("b", 2), worker("c", 4)];
  assert.deepEqual(course("compute_offload", works, three, chosen), ["a", "a", "b", "b", "b"]);
  const without = [lost("a"), lost("b"), worker("c"), worker("d", 2)];
  assert.deepEqual(course("compute_offload", works, without, chosen), ["d", "d", "c", "c", "c"]);
});

Deno.test("compute_offload moves computing by more than noise alone", () => {
  const scheduler = new Scheduler("compute_offload");
  const on = (b: number, c: number) =>
    scheduler.place(grid(4), [worker("a", 0.1), worker("b", b), worker("c", c)]).parts[0]?.worker;
  assert.deepEqual([on(1, 1), on(1, 1.05), on(0.95, 1), on(1, 1.2), on(1.05, 1)], [
    "b",
    "b",
    "b",
    "c",
    "c",
  ]);
});
