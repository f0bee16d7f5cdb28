/**
 * Series of the history in the form that uPlot takes. Pure.
 *
 * @module
 */

import type { HistorySeries } from "../../service_api.ts";

/** A point of a series: its time in ms since 1970, and the mean, least and most of its step. */
export interface Point {
  at: number;
  mean: number;
  min: number;
  max: number;
}

/** Points of one series, the oldest first. */
export type Points = readonly Point[];

/** The points of a series of the history. Reading times is what costs: it is done once an answer. */
export function pointsOf({ points }: { readonly points: HistorySeries["points"] }): Points {
  return points.map((point) => ({ ...point, at: Date.parse(point.at) }));
}

/** Times in s since 1970, and for each series its values at them: null is a gap, undefined is joined over. */
export interface Aligned {
  x: number[];
  series: (number | null | undefined)[][];
}

/** Which figures of a point are drawn. */
export type Pick = "mean" | "min" | "max";

/**
 * Lays series side by side on the times of all of them.
 *
 * @param gapMs where a series has no point for longer than this it has a gap.
 */
export function align(
  series: readonly { points: Points; pick: Pick; factor?: number }[],
  gapMs: number,
): Aligned {
  const columns = series.map(({ points, pick, factor = 1 }) => {
    const column = new Map<number, number | null>();
    let before: number | undefined;
    for (const point of points) {
      const { at } = point;
      if (before !== undefined && at - before > gapMs) column.set((before + at) / 2, null);
      column.set(at, point[pick] * factor);
      before = at;
    }
    return column;
  });
  const times = [...new Set(columns.flatMap((column) => [...column.keys()]))].sort((a, b) => a - b);
  return {
    x: times.map((at) => at / 1000),
    series: columns.map((column) => times.map((at) => column.get(at))),
  };
}

/** Least, mean, most and last of a series; null where it has no point. */
export function summaryOf(
  points: Points,
): { min: number; mean: number; max: number; last: number } | null {
  const last = points.at(-1);
  if (last === undefined) return null;
  return {
    min: points.reduce((least, { min }) => Math.min(least, min), Infinity),
    mean: points.reduce((sum, { mean }) => sum + mean, 0) / points.length,
    max: points.reduce((most, { max }) => Math.max(most, max), -Infinity),
    last: last.mean,
  };
}

/** Points of the history, and those of looks since then that have a value. */
export function withLive(
  points: Points,
  live: readonly { at: number; value: number | null }[],
): Points {
  const from = points.at(-1)?.at ?? -Infinity;
  return [
    ...points,
    ...live.flatMap(({ at, value }) =>
      value === null || at <= from ? [] : [{ at, mean: value, min: value, max: value }]
    ),
  ];
}

/** A part of the past, in ms since 1970. */
export interface Span {
  from: number;
  to: number;
}

/** Half, or twice, of a span around its middle; not shorter than 10 s, and not behind `now`. */
export function zoomed({ from, to }: Span, factor: number, now: number): Span {
  const half = Math.max(5_000, (to - from) * factor / 2);
  return shiftedInto({ from: (from + to) / 2 - half, to: (from + to) / 2 + half }, now);
}

/** A span moved by a share of itself; not behind `now`. */
export function moved({ from, to }: Span, share: number, now: number): Span {
  const by = (to - from) * share;
  return shiftedInto({ from: from + by, to: to + by }, now);
}

function shiftedInto({ from, to }: Span, now: number): Span {
  const over = Math.max(0, to - now);
  return { from: from - over, to: to - over };
}
