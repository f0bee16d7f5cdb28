/**
 * The programs of a look in the order and selection in which they are shown. Pure.
 *
 * @module
 */

import type { GpuSample } from "../telemetry/metrics.ts";
import type { GpuProcess } from "../telemetry/process.ts";

/** By what the programs can be sorted, in the order in which the key goes through them. */
export const SORT_COLUMNS = ["busy", "memory", "pid", "user", "gpu", "command"] as const;

/** A column to sort by. */
export type SortColumn = typeof SORT_COLUMNS[number];

/** How the programs are sorted. */
export interface Sort {
  readonly column: SortColumn;
  /** Against the column's own order: figures the largest first, everything else from the beginning. */
  readonly reversed: boolean;
}

/** A program on one GPU, by its identity: the same program may use several GPUs. */
export function rowKey({ gpu, pid }: Pick<GpuProcess, "gpu" | "pid">): string {
  return `${gpu} ${pid}`;
}

/** What a program is called for people; null where its name is not known. */
export function titleOf({ command, name }: GpuProcess): string | null {
  return command ?? name;
}

/** The index of a GPU in the listing, by id. */
export function gpuIndices(gpus: readonly GpuSample[]): Map<string, number> {
  return new Map(gpus.map(({ id, index }) => [id, index]));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Programs whose command, name, user, pid, container or GPU holds the filter's text, upper and lower case
 * alike, sorted. What is not known comes last, either way.
 */
export function arrangeRows(
  processes: readonly GpuProcess[],
  gpus: readonly GpuSample[],
  { sort, filter }: { sort: Sort; filter: string },
): GpuProcess[] {
  const indices = gpuIndices(gpus);
  const value = (row: GpuProcess): number | string | null => {
    switch (sort.column) {
      case "busy":
        return row.utilization_pct;
      case "memory":
        return row.vram_bytes;
      case "pid":
        return row.pid;
      case "user":
        return row.user ?? (row.uid === null ? null : String(row.uid));
      case "gpu":
        return indices.get(row.gpu) ?? null;
      case "command":
        return titleOf(row);
    }
  };
  const wanted = filter.toLowerCase();
  const matches = (row: GpuProcess) =>
    wanted === "" ||
    [row.command, row.name, row.user, String(row.pid), row.container, row.gpu]
      .some((text) => text?.toLowerCase().includes(wanted));
  const falling = (sort.column === "busy" || sort.column === "memory") !== sort.reversed;
  const direction = falling ? -1 : 1;
  return processes.filter(matches).map((row) => ({ row, by: value(row) })).sort((a, b) => {
    if (a.by === null || b.by === null) {
      if (a.by !== b.by) return a.by === null ? 1 : -1;
    } else {
      const order = typeof a.by === "number" && typeof b.by === "number"
        ? a.by - b.by
        : compareText(String(a.by), String(b.by));
      if (order !== 0) return order * direction;
    }
    // Rows that are alike keep their places from look to look.
    return a.row.pid - b.row.pid || compareText(a.row.gpu, b.row.gpu);
  }).map(({ row }) => row);
}
