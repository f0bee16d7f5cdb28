/**
 * The programs that use GPUs as a table in lines.
 *
 * @module
 */

import type { GpuSample } from "../telemetry/metrics.ts";
import { ENGINE_KINDS, type EngineKind, type GpuProcess } from "../telemetry/process.ts";
import { padToWidth, showable } from "./display_width.ts";
import { type Charset, ellipsis, fitLine, type Line, type Span, span } from "./status_line.ts";
import { gpuIndices, rowKey, type Sort, type SortColumn, titleOf } from "./status_rows.ts";
import { formatBytes } from "./units.ts";

/** A column. The command has what the others leave. */
interface Column {
  title: string;
  width: number;
  align?: "right";
  sort?: SortColumn;
  /** From how many columns of the screen on it is shown. */
  from: number;
  cell(row: GpuProcess): string;
}

function share(value: number | null | undefined): string {
  return value === null || value === undefined ? "-" : `${Math.round(value)} %`;
}

/** `G`, `C`, `G+C`. */
function kindOf({ kinds }: GpuProcess): string {
  const letters = kinds.map((kind) => kind === "graphics" ? "G" : "C");
  return letters.length === 0 ? "-" : letters.join("+");
}

const ENGINE_TITLES: Readonly<Record<EngineKind, string>> = {
  gfx: "GFX",
  compute: "COMP",
  copy: "COPY",
  decode: "DEC",
  encode: "ENC",
  other: "OTHER",
};

function columnsFor(rows: readonly GpuProcess[], gpus: readonly GpuSample[]): Column[] {
  const indices = gpuIndices(gpus);
  const engine = (kind: EngineKind): Column => ({
    title: ENGINE_TITLES[kind],
    width: 5,
    align: "right",
    from: 120,
    cell: (row) => share(row.engine_utilization_pct?.[kind]),
  });
  // An engine that no program uses takes no place.
  const used = ENGINE_KINDS.filter((kind) =>
    rows.some((row) => row.engine_utilization_pct?.[kind] !== undefined)
  );
  const container: Column = {
    title: "CONTAINER",
    width: 12,
    from: 100,
    cell: (row) => row.container ?? "-",
  };
  return [
    {
      title: "GPU",
      width: 4,
      align: "right",
      sort: "gpu",
      from: 0,
      cell: (row) => `${indices.get(row.gpu) ?? "?"}`,
    },
    {
      title: "PID",
      width: 8,
      align: "right",
      sort: "pid",
      from: 0,
      cell: (row) => String(row.pid),
    },
    {
      title: "USER",
      width: 10,
      sort: "user",
      from: 56,
      cell: (row) => row.user ?? (row.uid === null ? "?" : String(row.uid)),
    },
    { title: "KIND", width: 4, from: 72, cell: kindOf },
    {
      title: "BUSY",
      width: 6,
      align: "right",
      sort: "busy",
      from: 0,
      cell: (row) => share(row.utilization_pct),
    },
    ...used.map(engine),
    {
      title: "MEMORY",
      width: 9,
      align: "right",
      sort: "memory",
      from: 0,
      cell: (row) => row.vram_bytes === null ? "-" : formatBytes(row.vram_bytes),
    },
    ...(rows.some((row) => row.container !== null) ? [container] : []),
  ];
}

/** What is said where the list is empty: not more than is known. */
export function noProgram(partial: string | null | undefined): string {
  return partial ? "No program that uses a GPU can be seen" : "No program uses a GPU";
}

/** What a table of programs is drawn from. */
export interface ProcessTable {
  /** The rows that are shown, in order. */
  readonly rows: readonly GpuProcess[];
  /** All rows, by which the columns are chosen: so that they stay while the table is scrolled. */
  readonly all: readonly GpuProcess[];
  readonly gpus: readonly GpuSample[];
  readonly sort: Sort;
  /** The row that stands out, by its key; null for none. */
  readonly selected: string | null;
}

/** The head of the table and its rows, each in exactly `width` columns. */
export function processTable(
  { rows, all, gpus, sort, selected }: ProcessTable,
  width: number,
  charset: Charset,
): Line[] {
  const { unicode } = charset;
  const mark = ellipsis(charset);
  const columns = columnsFor(all, gpus).filter(({ from }) => width >= from);
  const falling = (sort.column === "busy" || sort.column === "memory") !== sort.reversed;
  const arrow = unicode ? (falling ? "▼" : "▲") : falling ? "v" : "^";
  const titled = (title: string, by: SortColumn | undefined) =>
    by === sort.column ? `${title}${arrow}` : title;
  const fit = (text: string, column: Column) =>
    padToWidth(text, column.width, { align: column.align ?? "left", mark });
  const head = columns.map((column) => fit(titled(column.title, column.sort), column));
  const lines: Line[] = [
    fitLine([span(` ${head.join(" ")}  ${titled("COMMAND", "command")}`, "bold")], width, charset),
  ];
  for (const row of rows) {
    const cells = columns.map((column) => fit(showable(column.cell(row), unicode), column));
    const title = titleOf(row);
    const command = title === null ? "? (its name may not be read)" : showable(title, unicode);
    const isSelected = rowKey(row) === selected;
    // The mark shows the selection where there is no colour.
    const text = `${isSelected ? ">" : " "}${cells.join(" ")}  ${command}`;
    const line = fitLine([span(text)], width, charset);
    lines.push(isSelected ? selectedLine(line) : line);
  }
  return lines;
}

function selectedLine(line: Line): Span[] {
  return line.map(({ text }) => span(text, "selected"));
}
