/** What devices are busy with. */

import assert from "node:assert/strict";
import { LoadModel } from "../../lib/schedule/load.ts";
import { ThroughputBook } from "../../lib/schedule/throughput.ts";

const devices = [{ id: "a", enabled: true }, { id: "b", enabled: true, priority: 2 }];

function measured(): LoadModel {
  const book = new ThroughputBook();
  for (let i = 0; i < 3; i++) {
    book.record("k", "a", 30, 10);
    book.record("k", "b", 10, 10);
  }
  return new LoadModel(book);
}

Deno.test("LoadModel predicts how long queues are, and counts down", () => {
  const load = measured();
  assert.equal(load.queuedMs("a", 0), 0);
  const first = load.begin("a", "k", 30, 100);
  load.begin("a", "k", 60, 102);
  assert.equal(load.queued("a"), 2);
  assert.equal(load.queuedMs("a", 100), 30);
  assert.equal(load.queuedMs("a", 104), 26);
  assert.equal(load.queuedMs("a", 900), 20); // the first is late; the second takes its time still
  load.end(first, 10, 110);
  assert.equal(load.queuedMs("a", 110), 20);
  assert.equal(load.queued("b"), 0);
});

Deno.test("LoadModel does not know a queue of work that was never measured", () => {
  const load = measured();
  load.begin("a", "k", 30, 0);
  load.begin("b", "new", 1, 0);
  assert.equal(load.queuedMs("b", 0), null);
  const [a, b] = load.workers(devices, "k", 0);
  assert.deepEqual(a, { id: "a", enabled: true, speed: 3, queued_ms: 10, queued_frames: 1 });
  assert.deepEqual(b, {
    id: "b",
    enabled: true,
    priority: 2,
    speed: 1,
    queued_ms: 10,
    queued_frames: 1,
  });
  assert.equal(load.workers(devices, "new", 0)[0]?.speed, null);
});

Deno.test("LoadModel learns of work that was done, and of nothing else", () => {
  const load = new LoadModel();
  for (let i = 0; i < 2; i++) load.end(load.begin("a", "k", 8, i), 4, i + 1);
  assert.deepEqual([...load.book.speeds("k")], [["a", 2]]);
  const ticket = load.begin("a", "k", 8, 9);
  load.end(ticket, null, 10);
  assert.deepEqual([...load.book.speeds("k")], [["a", 2]]);
  assert.throws(
    () => load.end(ticket, 1, 11),
    /^RangeError: work \d+ is not under way: end it once$/,
  );
});

Deno.test("LoadModel.shares() are by throughput, and none while that is not known", () => {
  const load = measured();
  assert.deepEqual(load.shares("k", 100, ["a", "b"]), [75, 25]);
  assert.deepEqual(load.shares("k", 100, ["a", "b"], 30), [100, 0]);
  assert.equal(load.shares("k", 100, ["a", "c"]), null);
  assert.equal(load.shares("k", 100, []), null);
  assert.equal(load.shares("new", 100, ["a"]), null);
  for (let i = 0; i < 5; i++) load.book.record("k", "a", 1, 100);
  assert.equal(load.shares("k", 100, ["a", "b"]), null);
});
