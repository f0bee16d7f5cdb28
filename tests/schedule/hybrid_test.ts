/** What was measured to be best. */

import assert from "node:assert/strict";
import { Scheduler } from "../../lib/schedule/strategies.ts";
import { course, frames, grid, worker } from "./work.ts";

const two = [worker("a"), worker("b")];
const at = (split_ms: number) => grid(10, { measured: { whole_ms: 10, split_ms } });

Deno.test("hybrid splits where it pays, and does not switch within the margin", () => {
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

Deno.test("hybrid takes a larger margin where it is given one", () => {
  const wide = { threshold_percent: 30 };
  assert.deepEqual(course("hybrid", [at(8), at(6.9), at(12.9), at(12.9), at(13.1)], two, wide), [
    "a",
    "a+b",
    "a+b",
    "a+b",
    "a",
  ]);
});

Deno.test("hybrid keeps a way for a while, however wild the times are", () => {
  const wild = Array.from({ length: 60 }, (_, i) => at(i % 2 ? 1 : 100));
  const given = course("hybrid", wild, two, { dwell: 10 });
  const changes = given.flatMap((each, i) => i > 0 && each !== given[i - 1] ? [i] : []);
  assert.ok(changes.length > 1);
  changes.slice(1).forEach((change, i) => assert.ok(change - (changes[i] ?? 0) >= 10));
});

Deno.test("hybrid without measurements of frames alternates them", () => {
  const given = course("hybrid", frames(100), two);
  assert.deepEqual(new Set(given), new Set(["a", "b"]));
  const { way } = new Scheduler("hybrid").place(frames(1)[0] ?? grid(1), [worker("a")]);
  assert.equal(way, "single");
});
