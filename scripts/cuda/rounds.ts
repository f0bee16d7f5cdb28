/**
 * Two sides of one program that took turns: how much faster the one is than the other, and how sure that is.
 *
 * @module
 */

import { median, medianInterval } from "../../lib/bench/statistics.ts";

/** What a figure took on each side, in the same few blocks: time, in a unit of the figure's own. */
export interface Round {
  driver: number;
  shim: number;
}

/** How the shim does beside the driver alone. */
export interface Ratio {
  /** The median of the driver's time over the shim's, round by round: above 1 the shim is faster. */
  ratio: number;
  /** Ends of its interval of 95 % confidence. */
  low: number;
  high: number;
  /** The same of all time together: what is rare and long, which a median does not see, counts too. */
  whole: number;
  /** How many rounds there were. */
  rounds: number;
}

/**
 * Compares the sides.
 *
 * @throws {RangeError} without rounds.
 */
export function ratioOf(rounds: readonly Round[]): Ratio {
  const each = rounds.map(({ driver, shim }) => driver / shim);
  const sum = (side: keyof Round) => rounds.reduce((total, round) => total + round[side], 0);
  return {
    ratio: median(each),
    ...medianInterval(each),
    whole: sum("driver") / sum("shim"),
    rounds: rounds.length,
  };
}

/** Of fewer values not even the lowest and the highest are an interval of 95 % confidence: 1 - 2 / 2^n. */
const FEWEST = 6;

/** Half of the width of a ratio's interval: the ratio is told this exactly. Infinite with too few rounds for any. */
export function reachOf({ low, high, rounds }: Ratio): number {
  return rounds < FEWEST ? Infinity : (high - low) / 2;
}

/** What a program has said: what its first line tells of the hooks, and the rounds, figure by figure. */
export interface Said {
  /** How many of its functions are hooked, or calls; 0 where the two sides are the same. */
  hooked: number;
  figures: Round[][];
}

/**
 * Reads a program's lines: `hooked N`, `FIGURE DRIVER SHIM`.
 *
 * @throws {Error} with a line that is neither.
 */
export function read(lines: readonly string[]): Said {
  const said: Said = { hooked: 0, figures: [] };
  for (const line of lines) {
    const words = line.trim().split(/\s+/);
    const [figure = NaN, driver = NaN, shim = NaN] = words.map(Number);
    if (words[0] === "hooked" && words.length === 2) {
      said.hooked = driver;
    } else if (Number.isInteger(figure) && driver > 0 && shim > 0 && words.length === 3) {
      (said.figures[figure] ??= []).push({ driver, shim });
    } else {
      throw new Error(`it said ${JSON.stringify(line)}`);
    }
  }
  return said;
}

/**
 * The first CPUs of `Cpus_allowed_list` in `/proc/self/status`, without the first two, which have most interrupts;
 * none where there are fewer.
 */
export function chooseCpus(status: string, count: number): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? "";
  const all = list.split(",").flatMap((range) => {
    const [from = NaN, to = from] = range.split("-").map(Number);
    return Number.isNaN(from) ? [] : Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  return all.length < count + 2 ? [] : all.slice(2, 2 + count);
}
