/** Tasks go where they are done first. */

import assert from "node:assert/strict";
import { Scheduler } from "../../lib/schedule/strategies.ts";
import type { TaskWork, Worker } from "../../lib/schedule/strategy.ts";
import { course, taskOf, worker } from "./work.ts";

const place = (work: TaskWork, workers: Worker[]) => course("task", [work], workers)[0];

Deno.test("task goes where it ends first: queue, inputs and speed count", () => {
  assert.equal(place(taskOf("compute"), [worker("a"), worker("b", 2)]), "b");
  assert.equal(place(taskOf("compute"), [worker("a"), worker("b", 2, { queued_ms: 6 })]), "a");
  const inputs = [{ worker: "a", move_ms: 8 }];
  assert.equal(place(taskOf("compute", { inputs }), [worker("a"), worker("b", 2)]), "a");
  const near = [{ worker: "a", move_ms: 4 }];
  assert.equal(place(taskOf("compute", { inputs: near }), [worker("a"), worker("b", 2)]), "b");
});

Deno.test("task goes by the speed at the kind of work", () => {
  const two = [worker("a", 2), worker("b", 1, { speeds: { video: 5 } })];
  assert.equal(place(taskOf("video"), two), "b");
  assert.equal(place(taskOf("compute"), two), "a");
});

Deno.test("task prefers, of equals, the higher priority, the idle one, then the first", () => {
  const task = taskOf("compute");
  assert.equal(place(task, [worker("a"), worker("b")]), "a");
  assert.equal(place(task, [worker("a"), worker("b", 1, { priority: 1 })]), "b");
  const busy = { utilization_pct: 90 }, idle = { utilization_pct: 5 };
  assert.equal(place(task, [worker("a", 1, busy), worker("b", 1, idle)]), "b");
});

Deno.test("task does not start before its inputs are written", () => {
  const inputs = [{ worker: "a", move_ms: 3, ready_ms: 20 }];
  const { parts, start_ms } = new Scheduler("task")
    .place(taskOf("compute", { inputs }), [worker("a", 1, { queued_ms: 5 }), worker("b", 1)]);
  assert.equal(parts[0]?.worker, "a");
  assert.equal(start_ms, 20);
});
