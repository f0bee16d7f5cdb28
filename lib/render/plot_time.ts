/**
 * The axis of time of plots.
 *
 * @module
 */

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

/** Round distances of marks, in ms. */
const STEPS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((n) => n * DAY),
];

/** Columns between the middles of two labels, at the least. */
const APART = 12;

/** Times to mark between two times in ms, round ones of a place whose clocks are `offset_ms` ahead of UTC. */
export function timeTicks(
  { from, to, offset_ms, columns }: {
    from: number;
    to: number;
    offset_ms: number;
    columns: number;
  },
): { step_ms: number; ticks: number[] } {
  const most = Math.max(1, Math.floor(columns / APART));
  const least = (to - from) / most;
  const longest = STEPS.at(-1) ?? DAY;
  const step_ms = STEPS.find((step) => step >= least) ?? longest * Math.ceil(least / longest);
  const ticks: number[] = [];
  const first = Math.ceil((from + offset_ms) / step_ms) * step_ms - offset_ms;
  for (let at = first; at <= to; at += step_ms) ticks.push(at);
  return { step_ms, ticks };
}

/** A time as it is written below an axis: `12:30`, `12:30:15` where marks are close, `01-31` where they are far. */
export function formatPlotTime(at: number, step_ms: number, offset_ms: number): string {
  const local = new Date(at + offset_ms).toISOString();
  if (step_ms >= DAY) return local.slice(0, -14).slice(-5);
  return local.slice(-13, step_ms >= MINUTE ? -8 : -5);
}

/** A range with its date and the clock it is of: `2026-01-01 10:00 - 11:00 UTC+01:00`. */
export function formatPlotRange(from: number, to: number, offset_ms: number): string {
  const [fromDate, fromTime] = parts(from + offset_ms);
  const [toDate, toTime] = parts(to + offset_ms);
  const minutes = Math.abs(Math.round(offset_ms / MINUTE));
  const two = (n: number) => String(n).padStart(2, "0");
  const zone = minutes === 0
    ? "UTC"
    : `UTC${offset_ms < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  const end = fromDate === toDate ? toTime : `${toDate} ${toTime}`;
  return `${fromDate} ${fromTime} - ${end} ${zone}`;
}

function parts(local: number): [string, string] {
  const [date = "", time = ""] = new Date(local).toISOString().split("T");
  return [date, time.slice(0, 8).replace(/:00$/, "")];
}
