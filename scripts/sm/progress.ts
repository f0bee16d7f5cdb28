/**
 * How fast a program came on, by what it says of itself: `scripts/bench_sm.c`, `scripts/cuda/torch_train.py`.
 *
 * @module
 */

/** What a program said once. */
export interface Progress {
  /** Time of day in seconds. */
  at: number;
  /** What was launched, or done where it begins a turn. */
  count: number;
  /** It had waited, and all of `count` are done. */
  turn: boolean;
}

/** One line of a program; undefined where it is none. */
export function parseProgress(line: string): Progress | undefined {
  const [, at, count, turn] = /^(\d+\.\d+) (\d+) ([01])$/.exec(line) ?? [];
  if (at === undefined) return undefined;
  return { at: Number(at), count: Number(count), turn: turn === "1" };
}

/** A rate, and over what it was taken. */
export interface Rate {
  /** A second. */
  rate: number;
  seconds: number;
  /** Whole turns in it; 0 where it is not of turns. */
  turns: number;
}

/**
 * The rate between two times: over whole turns with their pauses, or from the first to the last that was said
 * where there are no two turns.
 *
 * @throws {Error} where nothing was said between them.
 */
export function rateBetween(said: readonly Progress[], from: number, to: number): Rate {
  const within = said.filter(({ at }) => at >= from && at <= to);
  const turns = within.filter(({ turn }) => turn);
  const points = turns.length > 1 ? turns : within;
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || last.at <= first.at) {
    throw new Error(`the program said nothing from ${from.toFixed(1)} to ${to.toFixed(1)}`);
  }
  return {
    rate: (last.count - first.count) / (last.at - first.at),
    seconds: last.at - first.at,
    turns: turns.length > 1 ? turns.length - 1 : 0,
  };
}

/**
 * The rate of programs together, whose turns exclude each other: between the first and the last time that one of
 * them began a turn.
 *
 * @throws {Error} where there are no two such times.
 */
export function rateTogether(
  programs: readonly (readonly Progress[])[],
  from: number,
  to: number,
): Rate {
  const turns = programs.map((said) => said.filter(({ turn }) => turn));
  // A turn that began before another's was over by then: what it did is known when its program begins the next.
  const done = (time: number) =>
    turns.reduce((sum, own) => sum + (own.find(({ at }) => at >= time)?.count ?? NaN), 0);
  const begins = turns.flat().map(({ at }) => at)
    .filter((at) => at >= from && at <= to && !Number.isNaN(done(at))).sort((a, b) => a - b);
  const [first, last] = [begins[0], begins.at(-1)];
  if (first === undefined || last === undefined || last <= first) {
    throw new Error(`the programs took no turns from ${from.toFixed(1)} to ${to.toFixed(1)}`);
  }
  return {
    rate: (done(last) - done(first)) / (last - first),
    seconds: last - first,
    turns: begins.length - 1,
  };
}

/** What was done at a time, as if it had been done evenly from one point to the next. */
function countAt(points: readonly Progress[], time: number): number {
  const next = points.findIndex(({ at }) => at >= time);
  const a = points[Math.max(next - 1, 0)], b = points[next];
  if (a === undefined || b === undefined) return NaN;
  if (b.at === a.at || time <= a.at) return a.count;
  return a.count + (b.count - a.count) * (time - a.at) / (b.at - a.at);
}

/** Options of {@linkcode settlingTime}. */
export interface Settling {
  /** Rate that is asked for, and how far from it is near enough. */
  rate: number;
  within: number;
  /** When it was asked for. */
  from: number;
  /** Of the rate that is looked at: the last so many seconds; 1 without it. */
  over?: number;
}

/**
 * For how many seconds after `from` the rate over the last second was not what was asked for; null where it
 * still is not at the end. Work counts evenly over its turn.
 */
export function settlingTime(
  said: readonly Progress[],
  { rate, within, from, over = 1 }: Settling,
): number | null {
  const begin = said[0]?.at ?? Infinity;
  const points = said.filter(({ turn, at }) => turn || at <= from);
  const end = points.at(-1)?.at ?? 0;
  let settled: number | null = null;
  // No second is whole before the program has run for one.
  for (let time = Math.max(from, begin + over); time <= end; time += 0.01) {
    const last = (countAt(points, time) - countAt(points, time - over)) / over;
    if (Math.abs(last - rate) > within) settled = null;
    else settled ??= time - from;
  }
  return settled;
}

/** Mean of absolute values; NaN for none. */
export function meanAbsolute(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;
}
