/**
 * Figures for people. Pure.
 *
 * @module
 */

import { formatBytes } from "../../../render/units.ts";

/** What stands for a value that is not known. */
export const UNKNOWN = "unknown";

/** A number with at most so many decimals, without trailing zeros. */
export function formatNumber(value: number, decimals = 1): string {
  if (value !== 0 && Math.abs(value) < 10 ** -decimals) return value.toPrecision(2);
  return String(Number(value.toFixed(decimals)));
}

/** A figure of a benchmark: four digits, thousands apart. */
export function formatFigure(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: 4 });
}

/** Bytes in a second: `1.5 GiB/s`. */
export function formatRate(bytes: number): string {
  return `${formatBytes(Math.round(bytes))}/s`;
}

/** A length of time: `850 ms`, `12 s`, `3 min 20 s`, `5 h 2 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const s = Math.round(ms / 1000);
  if (s < 60) return `${s} s`;
  const pair = (big: number, bigUnit: string, small: number, smallUnit: string) =>
    small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
  if (s < 3600) return pair(Math.floor(s / 60), "min", s % 60, "s");
  if (s < 86400) return pair(Math.floor(s / 3600), "h", Math.floor(s % 3600 / 60), "min");
  return pair(Math.floor(s / 86400), "d", Math.floor(s % 86400 / 3600), "h");
}

const TWO = (value: number) => String(value).padStart(2, "0");

/** A time of the day where the reader is, `13:05:09`. */
export function formatTime(at: number | string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return UNKNOWN;
  return `${TWO(date.getHours())}:${TWO(date.getMinutes())}:${TWO(date.getSeconds())}`;
}

/** A day and a time where the reader is, `2026-11-21 13:05:09`. */
export function formatDateTime(at: number | string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return UNKNOWN;
  const day = `${date.getFullYear()}-${TWO(date.getMonth() + 1)}-${TWO(date.getDate())}`;
  return `${day} ${formatTime(at)}`;
}

/**
 * Labels for times on an axis: as fine as they are apart, with the day where it is another than before.
 *
 * @param times in s since 1970.
 * @param step between them, in s.
 */
export function timeLabels(times: readonly number[], step: number): string[] {
  let before = "";
  return times.map((time) => {
    const [day = "", clock = ""] = formatDateTime(time * 1000).split(" ");
    const isNew = day !== before;
    before = day;
    if (step >= 86400) return day.slice(5);
    const short = step >= 60 ? clock.slice(0, 5) : clock;
    return isNew ? `${short}\n${day.slice(5)}` : short;
  });
}

/** `1 program`, `2 programs`; another plural where it is given. */
export function count(of: number, noun: string, plural = `${noun}s`): string {
  return `${of} ${of === 1 ? noun : plural}`;
}

/** Names of throttle reasons, as drivers write them, in words: `hw_thermal_slowdown` is one. */
export function wordsOf(name: string): string {
  return name.replaceAll("_", " ");
}
