import assert from "node:assert/strict";
import { chooseCpus, orderOf, ratioOf } from "../../../scripts/cuda/rounds.ts";

Deno.test("orderOf() turns around each round", () => {
  assert.deepEqual([0, 1, 2].map((round) => orderOf(round, 3)), [[0, 1, 2], [2, 1, 0], [0, 1, 2]]);
});

Deno.test("ratioOf() is above 1 for more of a rate and for less of a time", () => {
  assert.deepEqual(ratioOf([10, 20, 40], [20, 20, 20], true), { ratio: 1, low: 0.5, high: 2 });
  assert.deepEqual(ratioOf([10, 20, 40], [20, 20, 20], false), { ratio: 1, low: 0.5, high: 2 });
  assert.equal(ratioOf([100, 100], [99, 99], true).ratio, 0.99);
  assert.equal(ratioOf([99, 99], [100, 100], false).ratio, 0.99);
});

Deno.test("chooseCpus() leaves the first two of those that are allowed, and none where there are few", () => {
  const status = (list: string) => `Name:\tdeno\nCpus_allowed_list:\t${list}\nThreads:\t1\n`;
  assert.deepEqual(chooseCpus(status("0-31"), 2), [2, 3]);
  assert.deepEqual(chooseCpus(status("4,6,8-9"), 2), [8, 9]);
  assert.deepEqual(chooseCpus(status("0-1"), 1), []);
  assert.deepEqual(chooseCpus("", 1), []);
});
