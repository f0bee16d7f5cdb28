/**
 * Programs that are compared round by round, in turn.
 *
 * @module
 */

import { median } from "../../lib/bench/statistics.ts";

/** The order of `count` programs in a round: forwards, then backwards (ABBA), so that what drifts hits all alike. */
export function orderOf(round: number, count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  return round % 2 === 0 ? order : order.reverse();
}

/** How a program does beside another. */
export interface Ratio {
  /** Of the medians; above 1 is better. */
  ratio: number;
  /** The lowest and the highest of one round. */
  low: number;
  high: number;
}

/** Compares figures of the same rounds; `isRate`: more is better. */
export function ratioOf(
  base: readonly number[],
  other: readonly number[],
  isRate: boolean,
): Ratio {
  const divide = (a: number, b: number) => isRate ? b / a : a / b;
  const each = base.map((value, i) => divide(value, other[i] ?? NaN));
  return {
    ratio: divide(median(base), median(other)),
    low: Math.min(...each),
    high: Math.max(...each),
  };
}

/** The first CPUs of `Cpus_allowed_list` in `/proc/self/status`, without the first two, which have most interrupts. */
export function chooseCpus(status: string, count: number): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? "";
  const all = list.split(",").flatMap((range) => {
    const [from = NaN, to = from] = range.split("-").map(Number);
    return Number.isNaN(from) ? [] : Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  return all.length < count + 2 ? [] : all.slice(2, 2 + count);
}
