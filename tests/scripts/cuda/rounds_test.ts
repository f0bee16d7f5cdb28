import assert from "node:assert/strict";
import { chooseCpus, ratioOf, reachOf, read, type Round } from "../../../scripts/cuda/rounds.ts";

/** Normal noise, the same each time: a linear congruential generator (Numerical Recipes) and Box-Muller. */
function noise(): () => number {
  let state = 1;
  const uniform = () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) + 0.5) / 2 ** 32;
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Rounds whose clocks drift by half, with 3 % of noise a block, some of which are interrupted. */
function rounds(cost: number, count: number): Round[] {
  const next = noise();
  return Array.from({ length: count }, (_, i) => {
    const base = 3300 * (1 + 0.5 * Math.sin(i / 100));
    const block = () =>
      base * (1 + 0.03 * next() / Math.SQRT2) * (i % 50 === 7 ? 1 + next() ** 2 : 1);
    return { driver: block(), shim: block() * (1 + cost) };
  });
}

Deno.test("ratioOf() tells 1 % in noise of 3 % and clocks that drift", () => {
  const [same, less, more] = [0, 0.01, -0.01].map((cost) => ratioOf(rounds(cost, 800)));
  for (const [ratio, truth] of [[same, 1], [less, 1 / 1.01], [more, 1 / 0.99]] as const) {
    assert.ok(ratio);
    assert.ok(ratio.low < truth && truth < ratio.high, JSON.stringify({ ratio, truth }));
    assert.ok(reachOf(ratio) < 0.004, JSON.stringify(ratio));
  }
  assert.ok(less && same && less.high < same.low);
});

Deno.test("ratioOf() has an interval that is wider with fewer rounds", () => {
  assert.ok(reachOf(ratioOf(rounds(0, 20))) > 2 * reachOf(ratioOf(rounds(0, 800))));
});

Deno.test("reachOf() trusts no interval of fewer than six rounds", () => {
  const equal = (count: number) => ratioOf(Array(count).fill({ driver: 1, shim: 1 }));
  assert.equal(reachOf(equal(5)), Infinity);
  assert.equal(reachOf(equal(6)), 0);
});

Deno.test("ratioOf() counts what is rare and long in the whole, not in the median", () => {
  const each = Array.from(
    { length: 100 },
    (_, i): Round => ({ driver: 10, shim: i === 3 ? 110 : 10 }),
  );
  assert.deepEqual(ratioOf(each), { ratio: 1, low: 1, high: 1, whole: 1000 / 1100, rounds: 100 });
});

Deno.test("ratioOf() is above 1 where the shim is faster", () => {
  assert.equal(ratioOf([{ driver: 3, shim: 2 }]).ratio, 1.5);
});

Deno.test("read() sorts rounds by their figures", () => {
  assert.deepEqual(read(["hooked 213", "0 1.5 2", "1 3 4", "0 5 6"]), {
    hooked: 213,
    figures: [[{ driver: 1.5, shim: 2 }, { driver: 5, shim: 6 }], [{ driver: 3, shim: 4 }]],
  });
});

Deno.test("read() refuses what is no round", () => {
  for (const line of ["0 1", "0 1 0", "0 nan 1", "a warning of 3 words", "hooked", ""]) {
    assert.throws(() => read([line]), /it said/, line);
  }
});

Deno.test("chooseCpus() leaves the first two of those that are allowed, and none where there are few", () => {
  const status = (list: string) => `Name:\tdeno\nCpus_allowed_list:\t${list}\nThreads:\t1\n`;
  assert.deepEqual(chooseCpus(status("0-31"), 2), [2, 3]);
  assert.deepEqual(chooseCpus(status("4,6,8-9"), 2), [8, 9]);
  assert.deepEqual(chooseCpus(status("0-1"), 1), []);
  assert.deepEqual(chooseCpus("", 1), []);
});
