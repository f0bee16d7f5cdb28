/**
 * The columns of the benchmarks' table: what is in them, how wide they are, how they are emphasised.
 *
 * @module
 */

import type { BenchEntry } from "../bench/report.ts";
import { bar } from "./bar.ts";
import { figureOf, formatFigure, formatShare, formatSpread, shareOfPeak } from "./bench_figures.ts";
import { toAscii } from "./charset.ts";
import type { Style } from "./style.ts";
import { cut, printable } from "./text.ts";

/** Where and how the table is shown. */
export interface TableFrame {
  /** Width in columns; Infinity for no limit. */
  columns: number;
  /** Whether characters outside ASCII may be written. */
  unicode: boolean;
  style: Style;
}

/** Widths of the columns. */
export interface Layout {
  title: number;
  unit: number;
  bar: number;
  /** For the shape; 0 where there is no room. */
  shape: number;
}

const INDENT = 2;
const FIGURE = 8;
const SPREAD = 10;
const SHARE = 6;
const GAPS = 6;
const BAR_MIN = 6, BAR_MAX = 20;
const SHAPE_MIN = 24;

/** Title and unit are never narrower, so that tables of different runs look alike. */
const TITLE_MIN = 20, UNIT_MIN = 7;

/** Spread above which a figure is marked: the coefficient of variation. */
const WIDE_CV = 0.03;

/** Text as the frame can show it. */
export function shown(text: string, { unicode }: Pick<TableFrame, "unicode">): string {
  return unicode ? printable(text) : toAscii(printable(text));
}

/** Text as the frame can show it, in at most `width` columns. */
export function shortened(text: string, width: number, frame: TableFrame): string {
  return cut(shown(text, frame), width, frame.unicode ? "…" : "~");
}

/** The layout for entries: titles and units as wide as they are, as far as there is room. */
export function layoutFor(entries: readonly BenchEntry[], frame: TableFrame): Layout {
  const widest = (least: number, texts: string[]) =>
    texts.reduce((most, text) => Math.max(most, shown(text, frame).length), least);
  const unit = Math.min(12, widest(UNIT_MIN, entries.map((entry) => entry.unit)));
  const wanted = widest(TITLE_MIN, entries.map((entry) => entry.title));
  const columns = Number.isFinite(frame.columns) ? Math.max(60, frame.columns) : 1000;
  const rest = columns - INDENT - FIGURE - unit - SPREAD - SHARE - GAPS;
  const title = Math.min(wanted, rest - BAR_MIN);
  const width = Math.min(BAR_MAX, rest - title);
  const shape = rest - title - width - 2;
  return { title, unit, bar: width, shape: shape >= SHAPE_MIN ? shape : 0 };
}

/** What a bar is drawn of: a share, and of what. */
export interface BarShare {
  share: number;
  ofWhole: boolean;
}

function barText(of: BarShare | null, layout: Layout, { unicode, style }: TableFrame): string {
  if (of === null) return " ".repeat(layout.bar);
  const { filled, rest } = bar(of.share, layout.bar, { unicode, ofWhole: of.ofWhole });
  return filled + style.dim(rest);
}

/** What a row shows. */
export interface Row {
  title: string;
  figure: number;
  unit: string;
  spread: string;
  isWide: boolean;
  bar: BarShare | null;
  /** Of the peak; null where that is not known. */
  share: number | null;
  shape: string;
}

/** One row. Lines have no spaces at their end. */
export function rowLine(row: Row, layout: Layout, frame: TableFrame): string {
  const { style } = frame;
  const spread = shortened(row.spread, SPREAD, frame).padEnd(SPREAD);
  const share = row.share === null ? "" : formatShare(row.share);
  const shape = layout.shape === 0 ? "" : `  ${shortened(row.shape, layout.shape, frame)}`;
  const line = [
    " ".repeat(INDENT) + shortened(row.title, layout.title, frame).padEnd(layout.title),
    style.bold(formatFigure(row.figure).padStart(FIGURE)) + " " +
    shortened(row.unit, layout.unit, frame).padEnd(layout.unit),
    row.isWide ? style.yellow(spread) : style.dim(spread),
    `${barText(row.bar, layout, frame)} ${share.padStart(SHARE)}${style.dim(shape)}`,
  ].join(" ");
  return line.trimEnd();
}

/**
 * The row of an entry.
 *
 * @param largest of the same unit: what the bar is drawn against where there is no peak.
 * @returns undefined for an entry without a figure.
 */
export function rowOf(entry: BenchEntry, largest: number): Row | undefined {
  const figure = figureOf(entry);
  if (figure === null) return undefined;
  const share = shareOfPeak(entry);
  const { title, unit, statistics } = entry;
  return {
    title,
    figure,
    unit,
    spread: formatSpread(entry),
    isWide: entry.better === "higher" && (statistics?.cv ?? 0) > WIDE_CV,
    bar: share !== null
      ? { share, ofWhole: true }
      : largest > 0
      ? { share: figure / largest, ofWhole: false }
      : null,
    share,
    shape: entry.shape ?? "",
  };
}
