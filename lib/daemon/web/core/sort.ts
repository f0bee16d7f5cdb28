/**
 * Order, filter and pages of long tables. Pure.
 *
 * @module
 */

/** What a cell is sorted by; what is not known comes last, either way. */
export type SortKey = string | number | null;

/** By which column, and which way. */
export interface Sorting {
  column: string;
  descending: boolean;
}

/** Rows by a key; equal ones stay in their order. */
export function sorted<T>(
  rows: readonly T[],
  key: (row: T) => SortKey,
  descending: boolean,
): T[] {
  const sign = descending ? -1 : 1;
  return rows.map((row) => ({ row, by: key(row) })).sort(({ by: a }, { by: b }) => {
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * String(a).localeCompare(String(b), "en", { numeric: true });
  }).map(({ row }) => row);
}

/** The next order when a heading is pressed: the other way where it is sorted by it already. */
export function pressed(now: Sorting, column: string, startsDescending: boolean): Sorting {
  return now.column === column
    ? { column, descending: !now.descending }
    : { column, descending: startsDescending };
}

/** Whether every word of the filter is in one of the texts, whatever the case. */
export function matches(filter: string, texts: readonly (string | number | null)[]): boolean {
  const text = texts.filter((each) => each !== null).join("\n").toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** One page of rows; the last one where there are not as many. */
export function pageOf<T>(
  rows: readonly T[],
  page: number,
  size: number,
): { rows: T[]; page: number; pages: number } {
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const shown = Math.min(Math.max(0, page), pages - 1);
  return { rows: rows.slice(shown * size, (shown + 1) * size), page: shown, pages };
}
