/** Choosing between ways without wavering. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { choose, type ChooserState, learn, UNDECIDED } from "../../lib/schedule/chooser.ts";

type Way = "x" | "y" | "z";
const WAYS: [Way, ...Way[]] = ["x", "y", "z"];
const OPTIONS = { threshold_percent: 5, dwell: 10, trial: 4, warm_up: 4, drift_percent: 25 };

/** The ways taken, where each takes a time that depends on when it is. */
function run(count: number, msOf: (way: Way, at: number) => number, options = OPTIONS): Way[] {
  let state: ChooserState<Way> = UNDECIDED;
  return Array.from({ length: count }, (_, i) => {
    const chosen = choose(state, WAYS, options);
    state = learn(chosen, chosen.way, msOf(chosen.way, i), options);
    return chosen.way;
  });
}

const changes = (ways: readonly Way[]) => ways.filter((way, i) => i > 0 && way !== ways[i - 1]);

const TRIALS = WAYS.length * (OPTIONS.trial + OPTIONS.warm_up);

Deno.test("choose() tries each way, then keeps the best", () => {
  const base = { x: 10, y: 5, z: 7 };
  const ways = run(200, (way) => base[way]);
  assert.deepEqual(ways.slice(0, TRIALS), [..."xxxxxxxxyyyyyyyyzzzzzzzz"]);
  assert.deepEqual(new Set(ways.slice(TRIALS)), new Set(["y"]));
});

Deno.test("choose() does not count what was measured while ways were changing", () => {
  // The first times after a change are those of the way before.
  let last: Way | null = null, since = 0;
  const ways = run(100, (way) => {
    since = way === last ? since + 1 : 0;
    last = way;
    return since < OPTIONS.warm_up ? 1 : { x: 10, y: 5, z: 7 }[way];
  });
  assert.equal(ways.at(-1), "y");
});

Deno.test("choose() does not switch within noise, for any noise", () => {
  fc.assert(fc.property(
    fc.array(fc.double({ min: -0.02, max: 0.02, noNaN: true }), {
      minLength: 50,
      maxLength: 50,
    }),
    fc.constantFrom(1, 1.01, 1.2),
    (noise, slower) => {
      const base = { x: 10, y: 10 * slower, z: 10 };
      const ways = run(500, (way, i) => base[way] * (1 + (noise[i % 50] ?? 0)));
      // The trial's end may bring one change; after it there is none.
      assert.equal(changes(ways.slice(TRIALS)).length, 0);
    },
  ));
});

Deno.test("choose() compares runs: frames that come in pairs are no noise", () => {
  const ways = run(300, (way, i) => way === "y" ? 20 * (i % 2) : { x: 12, z: 15 }[way]);
  assert.deepEqual(new Set(ways.slice(TRIALS)), new Set(["y"]));
});

Deno.test("choose() tries all anew once the times drift, and takes what is best then", () => {
  const ways = run(
    400,
    (way, i) => (i < 100 ? { x: 10, y: 5, z: 7 } : { x: 10, y: 20, z: 7 })[way],
  );
  assert.equal(ways[99], "y");
  assert.equal(ways.at(-1), "z");
  assert.ok(changes(ways.slice(100)).length <= WAYS.length + 1);
});

Deno.test("choose() finds a way that has become better, once its own has become worse", () => {
  // Worse than it was, and still better than what is remembered of the others.
  const ways = run(
    400,
    (way, i) => (i < 100 ? { x: 10, y: 5, z: 7 } : { x: 10, y: 6.9, z: 2 })[way],
  );
  assert.deepEqual([ways[99], ways.at(-1)], ["y", "z"]);
});

Deno.test("choose() keeps a way for the dwell, though another is better", () => {
  const options = { ...OPTIONS, dwell: 200, drift_percent: 1000 };
  const ways = run(
    400,
    (way, i) => (i < 50 ? { x: 10, y: 5, z: 7 } : { x: 10, y: 20, z: 7 })[way],
    options,
  );
  assert.equal(ways.indexOf("z", TRIALS), TRIALS + options.dwell + 1);
  assert.equal(ways.at(-1), "z");
});

Deno.test("choose() tries anew less and less often where trials find the same", () => {
  // Times that never settle, and the same way is best always.
  const ways = run(20_000, (way, i) => (way === "x" ? 1 : 3) * (i % 200 < 100 ? 10 : 20));
  assert.equal(ways.at(-1), "x");
  const later = ways.slice(10_000).filter((way) => way !== "x").length;
  assert.ok(later <= 2 * TRIALS, `${later}`);
});

Deno.test("choose() keeps each way for the dwell, however wild the times are", () => {
  const options = { ...OPTIONS, dwell: 30 };
  const ways = run(2000, (way, i) => way === "x" ? 10 : i % 60 < 30 ? 1 : 100, options);
  // A trial of all ways, and the way that is kept after it, take so many choices at least.
  assert.ok(changes(ways).length <= 2000 / 30 * (WAYS.length + 1));
});

Deno.test("choose() goes on with the ways that are left", () => {
  const state = { ...UNDECIDED, way: "y" } as ChooserState<Way>;
  assert.equal(choose(state, ["x", "z"], OPTIONS).way, "x");
});

Deno.test("learn() takes no time for none, and nothing of a way that is not taken", () => {
  const state = { ...UNDECIDED, way: "x" } as ChooserState<Way>;
  assert.equal(learn(state, "y", 5, OPTIONS), state);
  assert.notEqual(learn(state, "x", 0, OPTIONS), state);
  for (const ms of [-1, NaN, Infinity]) {
    assert.equal(learn(state, "x", ms, OPTIONS), state);
  }
});
