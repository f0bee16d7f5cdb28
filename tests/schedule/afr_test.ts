/** Frames alternate. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Scheduler } from "../../lib/schedule/strategies.ts";
import { course, frame, frames, lost, taskOf, worker } from "./work.ts";

Deno.test("afr alternates frames, to the faster more often and spread evenly", () => {
  assert.deepEqual(course("afr", frames(4), [worker("a"), worker("b")]), ["a", "b", "a", "b"]);
  const uneven = course("afr", frames(8), [worker("a", 3), worker("b", 1)]);
  assert.equal(uneven.filter((id) => id === "a").length, 6);
  assert.doesNotMatch(uneven.join(""), /bb|aaaa/);
  const equal = course("afr", frames(4), [worker("a", 3), worker("b", 1)], { weighted: false });
  assert.deepEqual(equal, ["a", "b", "a", "b"]);
});

Deno.test("afr counts a device that was not measured as the mean of the others", () => {
  const three = [worker("a", 1), worker("b", 3), worker("c", null)];
  const given = course("afr", frames(60), three);
  assert.equal(given.filter((id) => id === "c").length, 20);
  assert.equal(new Set(course("afr", frames(2), [worker("a", null), worker("b", null)])).size, 2);
});

Deno.test("afr gives each its share of any run of frames, within one a device", () => {
  fc.assert(fc.property(
    fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 1, maxLength: 5 }),
    (speeds) => {
      const workers = speeds.map((speed, i) => worker(`gpu${i}`, speed));
      const total = speeds.reduce((sum, speed) => sum + speed, 0);
      const given = course("afr", frames(300), workers);
      const counts = new Map<string, number>();
      given.forEach((id, n) => {
        counts.set(id, (counts.get(id) ?? 0) + 1);
        speeds.forEach((speed, i) => {
          const count = counts.get(`gpu${i}`) ?? 0;
          const exact = (n + 1) * speed / total;
          assert.ok(Math.abs(count - exact) <= Math.max(1, speeds.length - 1) + 1e-6, `${n}: ${i}`);
        });
      });
    },
  ));
});

Deno.test("afr with two devices keeps each within one frame of its share, always", () => {
  fc.assert(fc.property(fc.double({ min: 0.1, max: 10, noNaN: true }), (speed) => {
    let first = 0;
    course("afr", frames(200), [worker("a", speed), worker("b", 1)]).forEach((id, n) => {
      if (id === "a") first++;
      assert.ok(Math.abs(first - (n + 1) * speed / (speed + 1)) <= 1 + 1e-6);
    });
  }));
});

Deno.test("afr passes over a full queue, which earns nothing meanwhile", () => {
  const scheduler = new Scheduler("afr", { queue_depth: 2 });
  const at = (n: number, a: number, b: number) =>
    scheduler.place(frame(n), [
      worker("a", 1, { queued_frames: a }),
      worker("b", 1, { queued_frames: b }),
    ]);
  for (let n = 0; n < 50; n++) {
    const { parts, hold } = at(n, 2, 0);
    assert.equal(parts[0]?.worker, "b");
    assert.equal(hold, undefined);
  }
  // No burst once it is free again.
  const after = Array.from({ length: 6 }, (_, n) => at(n, 0, 0).parts[0]?.worker).join("");
  assert.doesNotMatch(after, /aa|bb/);
});

Deno.test("afr holds a frame where all queues are full, for who has room first", () => {
  const full = [
    worker("a", 1, { queued_frames: 2, queued_ms: 20 }),
    worker("b", 1, { queued_frames: 2, queued_ms: 14 }),
  ];
  const { parts, hold, reason } = new Scheduler("afr").place(frame(7), full);
  assert.deepEqual(parts, [{ worker: "b", start: 0, end: 100 }]);
  assert.deepEqual(hold, { worker: "b", frames: 2 });
  assert.equal(reason, "frame 7 is b's, once its queue is below 2");
  const deeper = new Scheduler("afr", { queue_depth: 3 }).place(frame(7), full);
  assert.equal(deeper.hold, undefined);
});

Deno.test("afr leaves out who would keep the others waiting, where frames under way are bounded", () => {
  const three = [worker("a", 1), worker("b", 5), worker("c", 2)];
  const by = (latency: number) => new Set(course("afr", frames(32), three, { latency }));
  assert.deepEqual(by(0), new Set(["a", "b", "c"]));
  assert.deepEqual(by(8), new Set(["a", "b", "c"])); // while a computes one, all begin 8
  assert.deepEqual(by(7), new Set(["b", "c"]));
  assert.deepEqual(by(3), new Set(["b"]));
  assert.deepEqual(new Set(course("afr", frames(4), [worker("a")], { latency: 1 })), new Set("a"));
});

Deno.test("afr goes on with who is left, and runs what is no frame on the fastest", () => {
  const scheduler = new Scheduler("afr");
  const all = [worker("a"), worker("b"), worker("c")];
  for (let n = 0; n < 3; n++) scheduler.place(frame(n), all);
  const rest = [worker("a"), lost("b"), worker("c")];
  const given = frames(4).map((each) => scheduler.place(each, rest).parts[0]?.worker);
  assert.deepEqual(given, ["a", "c", "a", "c"]);
  assert.deepEqual(course("afr", [taskOf("video")], [worker("a", 1), worker("b", 2)]), ["b"]);
});
