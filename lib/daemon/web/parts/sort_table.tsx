/**
 * A table whose headings sort it, a page at a time.
 *
 * @module
 */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { pageOf, pressed, sorted, type Sorting, type SortKey } from "../core/sort.ts";

/** A column. */
export interface Column<T> {
  id: string;
  title: string;
  /** What it is sorted by. */
  key: (row: T) => SortKey;
  cell: (row: T) => ComponentChildren;
  /** Whether it holds numbers: to the right, and sorted from the most on. */
  isNumber?: boolean;
  /** Another class for its cells. */
  kind?: string;
}

/** Rows of a page. */
const PAGE = 50;

/**
 * The first column names the row. Where the order begins with a column that is none, it is that of the rows.
 */
export function SortTable<T>(
  { caption, columns, rows, rowKey, start, empty }: {
    caption: string;
    columns: readonly Column<T>[];
    rows: readonly T[];
    rowKey: (row: T) => string;
    start: Sorting;
    empty: string;
  },
) {
  const [sorting, setSorting] = useState(start);
  const [wanted, setPage] = useState(0);
  const by = columns.find(({ id }) => id === sorting.column);
  const ordered = by === undefined ? [...rows] : sorted(rows, by.key, sorting.descending);
  const { rows: shown, page, pages } = pageOf(ordered, wanted, PAGE);
  if (rows.length === 0) return <p class="muted">{empty}</p>;
  return (
    <>
      <div class="scroll" role="region" aria-label={caption} tabIndex={0}>
        <table>
          <caption class="unseen">{caption}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <Heading
                  key={column.id}
                  column={column}
                  sorting={sorting}
                  press={() => {
                    setSorting(pressed(sorting, column.id, column.isNumber ?? false));
                    setPage(0);
                  }}
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={rowKey(row)}>
                {columns.map(({ id, cell, isNumber, kind = "" }, i) => {
                  const name = `${isNumber ? "number" : ""} ${kind}`.trim() || undefined;
                  const shown = cell(row);
                  // Some kinds of cells are cut off where they are too long.
                  const title = kind !== "" && typeof shown === "string" ? shown : undefined;
                  return i === 0
                    ? <th key={id} scope="row" class={name}>{shown}</th>
                    : <td key={id} class={name} title={title}>{shown}</td>;
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pages > 1 && (
        <nav class="pages" aria-label={`Pages of: ${caption}`}>
          <button type="button" disabled={page === 0} onClick={() => setPage(page - 1)}>
            Previous page
          </button>
          <span>
            {page * PAGE + 1} to {page * PAGE + shown.length} of {rows.length}
          </span>
          <button type="button" disabled={page === pages - 1} onClick={() => setPage(page + 1)}>
            Next page
          </button>
        </nav>
      )}
    </>
  );
}

function Heading<T>(
  { column: { id, title, isNumber }, sorting, press }: {
    column: Column<T>;
    sorting: Sorting;
    press: () => void;
  },
) {
  const isIt = sorting.column === id;
  const way = sorting.descending ? "descending" : "ascending";
  return (
    <th scope="col" class={isNumber ? "number" : undefined} aria-sort={isIt ? way : undefined}>
      <button type="button" class="sort" onClick={press}>
        {title}
        <span aria-hidden="true">{isIt ? sorting.descending ? " ▼" : " ▲" : ""}</span>
      </button>
    </th>
  );
}
