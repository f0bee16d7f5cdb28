/**
 * Lengths of time as people type them.
 *
 * @module
 */

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };

/** Longest time: a week. */
const MOST_SECONDS = 7 * 86400;

/**
 * Reads `30s`, `10m`, `1h30m`, `2d`.
 *
 * @param most the longest time in seconds: a week where absent.
 * @returns seconds; undefined for another form, for none and for more than that.
 */
export function parseDuration(text: string, most: number = MOST_SECONDS): number | undefined {
  if (!/^(\d{1,6}[smhd])+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, count, unit = ""] of text.matchAll(/(\d+)([smhd])/g)) {
    seconds += Number(count) * (SECONDS[unit] ?? 0);
  }
  return seconds > 0 && seconds <= most ? seconds : undefined;
}
