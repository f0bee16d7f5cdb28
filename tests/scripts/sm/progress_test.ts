import assert from "node:assert/strict";
import {
  meanAbsolute,
  parseProgress,
  type Progress,
  rateBetween,
  rateTogether,
  settlingTime,
} from "../../../scripts/sm/progress.ts";

/** A program that does `work` at the begin of each turn, one a `period` seconds. */
function turns(period: number, work: number, count: number, from = 0): Progress[] {
  return Array.from({ length: count }, (_, i) => ({
    at: from + i * period,
    count: i * work,
    turn: true,
  }));
}

Deno.test("parseProgress() takes lines of the programs alone", () => {
  assert.deepEqual(parseProgress("17.250000 12 1"), { at: 17.25, count: 12, turn: true });
  assert.equal(parseProgress("17.250000 12 0")?.turn, false);
  for (const line of ["", "12 1", "17.25 12 2", "rate=17.2", "17.25 -1 0", "17.25 12 1 "]) {
    assert.equal(parseProgress(line), undefined, line);
  }
});

Deno.test("rateBetween() is of whole turns where there are two, whatever was said between them", () => {
  // 5 a turn of 1 s, all done in the first tenth of it: at both ends of the window it is in a pause.
  const said = turns(1, 5, 10).flatMap((turn) => [
    turn,
    { at: turn.at + 0.1, count: turn.count + 5, turn: false },
  ]);
  assert.deepEqual(rateBetween(said, 0.05, 4.15), { rate: 5, seconds: 3, turns: 3 });
});

Deno.test("rateBetween() is from the first to the last that was said without turns", () => {
  const said = turns(0.5, 2, 10).map((each) => ({ ...each, turn: false }));
  assert.deepEqual(rateBetween(said, 0.9, 3.1), { rate: 4, seconds: 2, turns: 0 });
  assert.throws(() => rateBetween(said, 10, 11), /said nothing from 10.0 to 11.0/);
  assert.throws(() => rateBetween(said, 0.9, 1.1), /said nothing/);
});

Deno.test("rateTogether() counts what each program had done when a turn of another began", () => {
  // They take turns of 0.2 s, 1 each; one of them two in a row.
  const a = [0, 0.4, 0.6, 1.0, 1.4], b = [0.2, 0.8, 1.2, 1.6];
  const programs = [a, b].map((begins) => begins.map((at, count) => ({ at, count, turn: true })));
  const { rate, turns: count } = rateTogether(programs, 0, 2);
  assert.ok(Math.abs(rate - 5) < 1e-9, `${rate}`);
  assert.equal(count, 7);
  assert.throws(() => rateTogether(programs, 3, 4), /took no turns/);
});

Deno.test("settlingTime() is until the last second stays near what was asked for", () => {
  const fast = Array.from({ length: 101 }, (_, i) => ({
    at: i * 0.1,
    count: i * 10,
    turn: false,
  }));
  // 100 a second, and from 10 s on 30.
  const slow = turns(0.1, 3, 50, 10.1).map((each) => ({ ...each, count: each.count + 1003 }));
  const said = [...fast, ...slow];
  const settled = settlingTime(said, { rate: 30, within: 5, from: 10 });
  // (1 - t) * 100 + t * 30 <= 35
  assert.ok(settled !== null && Math.abs(settled - 0.93) < 0.02, `${settled}`);
  assert.equal(settlingTime(said, { rate: 50, within: 5, from: 10 }), null);
  // What is left again was not settled.
  const back = said.map((each) => each.at > 14 ? { ...each, count: each.count + 60 } : each);
  assert.equal(settlingTime(back, { rate: 30, within: 5, from: 10 }), null);
});

Deno.test("settlingTime() of a start waits for a whole second", () => {
  const settled = settlingTime(turns(0.05, 1, 100), { rate: 20, within: 1, from: 0 });
  assert.ok(settled !== null && Math.abs(settled - 1) < 0.02, `${settled}`);
});

Deno.test("meanAbsolute() takes errors of both signs", () => {
  assert.equal(meanAbsolute([-2, 1, 3]), 2);
  assert.ok(Number.isNaN(meanAbsolute([])));
});
