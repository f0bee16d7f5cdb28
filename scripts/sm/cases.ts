/**
 * What `scripts/bench_sm.ts` measures, each on one GPU.
 *
 * @module
 */

import { MeasuredProgram, now, sleep } from "./program.ts";
import { type Rate, rateTogether, settlingTime } from "./progress.ts";

/** Rates are taken from so many seconds after a change on. */
export const SETTLE_S = 2;

/** A kind of work. */
export interface Work {
  name: string;
  command: readonly string[];
  /** Seconds of the GPU without others that a turn takes: one kernel, or 15 ms. */
  turn: number;
  /** Its steps are longer than turns, and are not told by these. */
  hasSteps: boolean;
}

/** Where to measure. */
export interface Place {
  shim: string;
  runtime: string;
  gpu: string;
  /** Seconds of a rate, at least. */
  seconds: number;
}

/** A row of a table: what is measured, and what was asked for and achieved. */
export interface Row {
  name: string;
  /** Percent of the rate without a limit. */
  cells: { target: number; share: number }[];
  /** What else is to be said of it. */
  note: string;
}

/** Work that was made into a command. */
function start(work: Work, place: Place, env: Record<string, string> = {}): MeasuredProgram {
  return new MeasuredProgram({ ...place, command: work.command, env });
}

/** The window of a share: four turns with their pauses, and then some of them where they are short. */
function window({ turn, hasSteps }: Work, pct: number, seconds: number) {
  const whole = turn * 100 / pct;
  // Without a limit there are no turns.
  if (pct >= 100) return { seconds: Math.max(seconds, 4 * whole), turns: 0, most: 0 };
  return {
    seconds: Math.max(seconds, hasSteps ? 40 * whole : 4 * whole),
    turns: hasSteps ? 0 : 4,
    most: Math.max(seconds, 4 * whole) + 3 * whole + 1,
  };
}

async function rateAt(program: MeasuredProgram, work: Work, pct: number, seconds: number) {
  program.limit(pct);
  await sleep(SETTLE_S);
  const { seconds: least, turns, most } = window(work, pct, seconds);
  return await program.measure(least, turns, most);
}

/** The rate without a limit, before and after others were measured. */
export function wholeRate(before: Rate, after: Rate): { rate: number; drift: string } {
  const drift = 100 * (after.rate / before.rate - 1);
  return {
    rate: (before.rate + after.rate) / 2,
    drift: `${before.rate.toFixed(1)}/s without limit, ${drift.toFixed(2)} % more after`,
  };
}

/** One program, at one share after the other, and without a limit before and after. */
export async function shares(
  work: Work,
  targets: readonly number[],
  place: Place,
): Promise<Row> {
  await using program = await start(work, place).begun();
  const before = await rateAt(program, work, 100, place.seconds);
  const rates: [number, Rate][] = [];
  for (const target of targets) {
    rates.push([target, await rateAt(program, work, target, place.seconds)]);
  }
  const whole = wholeRate(before, await rateAt(program, work, 100, place.seconds));
  return {
    name: work.name,
    cells: rates.map(([target, { rate }]) => ({ target, share: 100 * rate / whole.rate })),
    note: whole.drift,
  };
}

/** Several programs at once, each with its share: the rates of all over the same time. */
async function together(
  programs: readonly MeasuredProgram[],
  work: Work,
  pct: number,
  seconds: number,
): Promise<Rate[]> {
  await sleep(SETTLE_S);
  const { seconds: least, turns, most } = window(work, pct, 2 * seconds);
  return await Promise.all(programs.map((each) => each.measure(least, turns, most)));
}

/** Two programs, each with a limit of its own. */
export async function pair(
  work: Work,
  [first, second]: readonly [number, number],
  place: Place,
): Promise<Row> {
  await using a = await start(work, place).begun();
  const whole = await rateAt(a, work, 100, place.seconds);
  a.limit(first);
  await using b = await start(work, place, { MVGAL_SM_LIMIT: String(second) }).begun();
  const rates = await together([a, b], work, Math.min(first, second), place.seconds);
  return {
    name: `${work.name}, two programs`,
    cells: rates.map(({ rate }, i) => ({
      target: i === 0 ? first : second,
      share: 100 * rate / whole.rate,
    })),
    note: `together ${
      (100 * rates.reduce((sum, { rate }) => sum + rate, 0) / whole.rate).toFixed(2)
    }`,
  };
}

/** Two programs of a group, which share what it has. */
export async function group(work: Work, pct: number, place: Place): Promise<Row> {
  const env = { MVGAL_GROUP: `bench-${place.gpu}`, MVGAL_SM_LIMIT: String(pct) };
  // Limits of one's own are not of the group: this one is alone, and without any.
  const whole = await (async () => {
    await using alone = await start(work, place).begun();
    return await rateAt(alone, work, 100, place.seconds);
  })();
  await using a = await start(work, place, env).begun();
  await using b = await start(work, place, env).begun();
  const from = now();
  const rates = await together([a, b], work, pct / 2, place.seconds);
  const both = rateTogether([a.said, b.said], from + SETTLE_S, now());
  const each = rates.map(({ rate }) => 100 * rate / whole.rate);
  return {
    name: `${work.name}, a group of two`,
    cells: [{ target: pct, share: 100 * both.rate / whole.rate }],
    note: `of that ${each.map((share) => share.toFixed(2)).join(" and ")}`,
  };
}

/** How long until a share is held: in seconds, null for never. */
export interface SettlingRow {
  name: string;
  start: number | null;
  changes: { from: number; to: number; seconds: number | null }[];
}

/** Points of the share over the last second that are near enough. */
export const NEAR_POINTS = 5;

/** How long after its start, and after changes of its limit, a program has its share. */
export async function settling(
  work: Work,
  changes: readonly number[],
  place: Place,
): Promise<SettlingRow> {
  const [begin = 30, ...others] = changes;
  const of = (program: MeasuredProgram, whole: number, pct: number, from: number) =>
    settlingTime(program.said, {
      rate: whole * pct / 100,
      within: whole * NEAR_POINTS / 100,
      from,
    });
  await using program = await start(work, place).begun();
  const whole = (await rateAt(program, work, 100, place.seconds)).rate;
  const rows: SettlingRow["changes"] = [];
  let last = 100;
  for (const pct of [begin, ...others]) {
    program.said.splice(0, program.said.findIndex(({ at }) => at > now() - 2));
    const from = program.limit(pct);
    await sleep(4);
    rows.push({ from: last, to: pct, seconds: of(program, whole, pct, from) });
    last = pct;
  }
  await program[Symbol.asyncDispose]();
  await using fresh = await start(work, place, { MVGAL_SM_LIMIT: String(begin) }).begun();
  await sleep(4);
  return {
    name: work.name,
    start: of(fresh, whole, begin, fresh.said[0]?.at ?? NaN),
    changes: rows,
  };
}
