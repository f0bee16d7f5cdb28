/**
 * Matrices of pairs of devices for terminals.
 *
 * @module
 */

import { shortened, shown, type TableFrame } from "./bench_columns.ts";
import { formatFigure, formatShare } from "./bench_figures.ts";
import {
  letterOf,
  type PairCell,
  type PairMatrix,
  pairWords,
  type Refusal,
} from "./bench_pairs.ts";
import { labelled } from "./text.ts";
import { plural } from "./units.ts";

const LABEL = 4;

/** Text without a terminal to fit in is wrapped here. */
const PROSE_COLUMNS = 100;

/** What a cell shows where there is no figure. */
const STATES: Readonly<Record<PairCell["entry"]["state"], string>> = {
  ok: "?",
  unsupported: "none",
  skipped: "skip",
  failed: "FAIL",
  implausible: "IMPL",
};

function cellText(cell: PairCell | null): string {
  if (cell === null) return "-";
  return cell.figure === null
    ? STATES[cell.entry.state] ?? "?"
    : `${formatFigure(cell.figure)} ${cell.letter}`;
}

/** The grid, in blocks of as many columns as fit. */
function grid(matrix: PairMatrix, { columns, style }: TableFrame): string[] {
  const rows = matrix.cells.map((row) => row.map(cellText));
  const width = 2 + rows.flat().reduce((most, text) => Math.max(most, text.length), 4);
  const fitting = Math.max(1, Math.floor((columns - LABEL) / width));
  const lines: string[] = [];
  for (let first = 0; first < rows.length; first += fitting) {
    if (first > 0) lines.push("");
    const last = Math.min(rows.length, first + fitting);
    const head = Array.from({ length: last - first }, (_, i) => `${first + i}`.padStart(width - 2));
    lines.push(style.dim(" ".repeat(LABEL) + head.map((text) => `${text}  `).join("")).trimEnd());
    rows.forEach((row, from) => {
      const texts = row.slice(first, last).map((text, i) => {
        const cell = matrix.cells[from]?.[first + i] ?? null;
        // Figures end in a letter, all else stands where the figures do.
        const padded = cell?.figure == null
          ? `${text.padStart(width - 2)}  `
          : text.padStart(width);
        return cell !== null && cell.figure === null && cell.entry.state !== "unsupported"
          ? style.red(padded)
          : padded;
      });
      lines.push(style.dim(`${from}`.padStart(LABEL - 1)) + " " + texts.join("").trimEnd());
    });
  }
  return lines;
}

function refusalLines(refusal: Refusal, matrix: PairMatrix, frame: TableFrame): string[] {
  const { columns, style } = frame;
  const pairs = pairWords(refusal.pairs, matrix);
  const text = shown(`${refusal.path ?? refusal.state} (${pairs}): ${refusal.reason}`, frame);
  return labelled("-", text, { indent: 2, labelWidth: 2, columns })
    .map((line) =>
      refusal.path === null && refusal.state !== "unsupported" ? style.red(line) : line
    );
}

/** Whether two things of the report's own making are the same. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function legend(matrix: PairMatrix, frame: TableFrame, before: PairMatrix | undefined): string[] {
  const say = (label: string, text: string) =>
    labelled(label, shown(text, frame), { indent: 2, labelWidth: 4, columns: frame.columns });
  const ids = (of: PairMatrix) => of.devices.map(({ id }) => id);
  const devices = before !== undefined && same(ids(before), ids(matrix))
    ? []
    : matrix.devices.flatMap(({ name, id }, i) =>
      say(String(i), name === id ? name : `${name} (${id})`)
    );
  const paths = matrix.paths.flatMap((path, i) => {
    const letter = letterOf(i);
    const count = matrix.cells.flat().filter((cell) => cell?.letter === letter).length;
    return say(letter, `${path} (${plural(count, "pair")})`);
  });
  const ratios = matrix.cells.flat().flatMap((cell) => cell?.overStaging ?? []);
  const low = formatFigure(Math.min(...ratios)), high = formatFigure(Math.max(...ratios));
  // Where every pair is staged there is nothing to compare.
  const staging = ratios.every((ratio) => ratio === 1)
    ? []
    : [`  over staging through the host: ${low === high ? low : `${low} to ${high}`} times`];
  return [...devices, ...paths, ...staging, ...shareLines(matrix, frame)];
}

/** Shares of what the links carry, for each kind of link. */
function shareLines(matrix: PairMatrix, frame: TableFrame): string[] {
  return matrix.shares.flatMap(({ peak, low, high, pairs }) => {
    const [least, most] = [formatShare(low), formatShare(high)];
    const share = least === most ? least : `${least.replace(/ %$/, "")} to ${most}`;
    const text = `${share} of ${peak}, ${pairWords(pairs, matrix)}`;
    return labelled("of the links:", shown(text, frame), {
      indent: 2,
      labelWidth: 14,
      columns: frame.columns,
    });
  });
}

/**
 * A matrix: the grid, what its numbers and letters mean, and which paths were refused, and why.
 *
 * @param before the matrix above: what it said already of the same devices is not said again.
 */
export function pairMatrixLines(
  matrix: PairMatrix,
  frame: TableFrame,
  before?: PairMatrix,
): string[] {
  const { style } = frame;
  const narrow = { ...frame, columns: Math.min(frame.columns, PROSE_COLUMNS) };
  const lines = [
    style.bold(shortened(`${matrix.title}, ${matrix.unit}`, narrow.columns - 28, frame)) +
    style.dim("  rows send, columns receive"),
    ...grid(matrix, narrow),
    ...legend(matrix, narrow, before),
  ];
  const { refusals } = matrix;
  if (refusals.length === 0) return lines;
  const known = before !== undefined && same(before.refusals, refusals);
  return [
    ...lines,
    style.dim(known ? "  not taken: as above" : "  not taken:"),
    ...known ? [] : refusals.flatMap((refusal) => refusalLines(refusal, matrix, narrow)),
  ];
}
