/**
 * The programs that run with a shim of mvgal, as a table.
 *
 * @module
 */

import { table } from "./table.ts";
import { cut, printable, wrap } from "./text.ts";
import { formatBytes } from "./units.ts";

/** A program that is shown. */
export interface ShownSession {
  pid: number;
  /** Null where it cannot be read. */
  command: string | null;
  api: string;
  /** Id of the GPU on which its work is placed; null where that is not known, or there is none. */
  placed_on: string | null;
  /** One line. */
  placed_because: string;
  /** By GPU, what it has counted. */
  counters: readonly { gpu: string; bytes: number; launches: number }[];
  /** Kernels; null where its shim counts none. */
  kernels: { whole: number; parted: number } | null;
}

/** How to render. */
export interface SessionTableStyle {
  columns: number;
  /** Whether the lines are to be no wider than that. */
  isTerminal: boolean;
  /** The GPUs of the listing, to name them by their index. */
  gpus: readonly { id: string; index: number }[];
}

const HEAD = "Program,PID,API,GPU,Memory,Launches,Share,In parts,Why there".split(",");

const ALIGN = [
  ...["left", "right", "left"] as const,
  ...Array.from({ length: 5 }, () => "right" as const),
];

/** A GPU's part in what its program has launched: `75 %`; `-` where that is nothing. */
function shareOf(launches: number, all: number): string {
  return all === 0 ? "-" : `${Math.round(100 * launches / all)} %`;
}

/** How many of a program's kernels ran in parts. */
function partedOf(kernels: ShownSession["kernels"]): string {
  return kernels === null ? "-" : shareOf(kernels.parted, kernels.whole + kernels.parted);
}

function rowsOf(session: ShownSession, { gpus }: SessionTableStyle): string[][] {
  const { pid, command, api, placed_on, placed_because, counters } = session;
  const nameOf = (id: string) => {
    const known = gpus.find((gpu) => gpu.id === id);
    return known === undefined ? printable(id) : `${known.index}`;
  };
  const head = [printable(command ?? "?"), `${pid}`, printable(api)];
  const why = printable(placed_because);
  const all = counters.reduce((sum, { launches }) => sum + launches, 0);
  // The GPU on which it is placed comes first, and has the reason beside it.
  const placed = counters.find(({ gpu }) => gpu === placed_on);
  const others = counters.filter((counter) => counter !== placed);
  const row = (id: string, counter: ShownSession["counters"][number] | undefined) => [
    nameOf(id),
    counter === undefined ? "-" : formatBytes(counter.bytes),
    counter === undefined ? "-" : `${counter.launches}`,
    counter === undefined ? "-" : shareOf(counter.launches, all),
  ];
  const first = placed_on === null ? ["-", "-", "-", "-"] : row(placed_on, placed);
  const parted = partedOf(session.kernels);
  return [
    [...head, ...first, parted, why],
    ...others.map((counter) => [...head, ...row(counter.gpu, counter), parted, ""]),
  ];
}

/**
 * The table, a row for each program and GPU, each line with its line feed.
 *
 * @param partial why they are not all; null where they are.
 */
export function renderSessions(
  sessions: readonly ShownSession[],
  partial: string | null,
  style: SessionTableStyle,
): string {
  const lines = sessions.length === 0
    ? ["No program runs with mvgal."]
    : table([HEAD, ...sessions.flatMap((session) => rowsOf(session, style))], ALIGN)
      .map((line) => style.isTerminal ? cut(line, style.columns) : line);
  if (partial !== null) lines.push(...wrap(`Not all: ${printable(partial)}`, style.columns));
  return lines.map((line) => `${line}\n`).join("");
}
