/**
 * Values over time, drawn with characters.
 *
 * @module
 */

import { displayWidth } from "./display_width.ts";
import { formatPlotTime, timeTicks } from "./plot_time.ts";

/** A line of a plot. */
export interface PlotSeries {
  /** One character that stands for it where dots cannot have colours. */
  mark: string;
  /** In the order of time; `at` in ms since 1970. */
  points: readonly { at: number; value: number }[];
}

/** How a plot is drawn. */
export interface PlotOptions {
  /** Both ends of the axis of time, in ms since 1970. */
  from: number;
  to: number;
  /** Points that are further apart than this, in ms, have a gap between them. */
  gap_ms: number;
  /** Columns of the whole, and rows of its area without the axis of time. */
  columns: number;
  rows: number;
  /** Whether the terminal shows braille and lines; otherwise the plot is of ASCII. */
  unicode: boolean;
  color: boolean;
  /** Local time less UTC, in ms. */
  offset_ms: number;
  /** The ends of the axis of values, where they are not to be found from the values. */
  least?: number | undefined;
  most?: number | undefined;
}

/** SGR codes of the series' colours, in turn (ECMA-48 8.3.117; the last two are of common use). */
const COLORS = [36, 33, 35, 32, 34, 31, 96, 93];

/** Bits of the dots of a braille pattern, by row and column (Unicode Standard, Braille Patterns). */
const DOTS = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/** Columns and rows below which nothing can be made out. */
const FEWEST_COLUMNS = 8, FEWEST_ROWS = 2;

/** Text in the colour of the series with this number. */
export function seriesColor(text: string, series: number, color: boolean): string {
  return color ? `\x1b[${COLORS[series % COLORS.length]}m${text}\x1b[39m` : text;
}

/** Whether the series of a plot are told apart by marks, and not by colours of dots. */
export function usesMarks(
  series: number,
  { unicode, color }: { unicode: boolean; color: boolean },
) {
  return !unicode || (series > 1 && !color);
}

/**
 * A plot with its axes: `rows` lines and two for the axis of time, none longer than `columns`.
 *
 * Values are joined by lines but over gaps. What is not finite is left out.
 */
export function plot(series: readonly PlotSeries[], options: PlotOptions): string[] {
  const rows = Math.max(FEWEST_ROWS, options.rows);
  const { low, high, ticks } = valueAxis(series, rows, options);
  const labels = labelRows(ticks, low, high, rows);
  const margin = Math.max(...labels.map(displayWidth));
  const width = Math.max(FEWEST_COLUMNS, options.columns - margin - 2);
  const marked = usesMarks(series.length, options);
  const canvas = new Canvas(width, rows, marked);
  const { from, to, gap_ms } = options;
  for (const [index, { points }] of series.entries()) {
    let before: { x: number; y: number; at: number } | undefined;
    for (const { at, value } of points) {
      if (!Number.isFinite(value) || at < from || at > to) continue;
      const x = Math.round(((at - from) / (to - from || 1)) * (canvas.width - 1));
      const y = Math.round(((high - value) / (high - low)) * (canvas.height - 1));
      const start = before === undefined || at - before.at > gap_ms ? { x, y } : before;
      canvas.line(start.x, start.y, x, y, index);
      before = { x, y, at };
    }
  }
  const marks = series.map(({ mark }) => mark);
  const area = canvas.lines(marks, options.color);
  const side = options.unicode ? ["┤", "│"] : ["+", "|"];
  const lines = area.map((text, row) => {
    const label = labels[row] ?? "";
    return `${label.padStart(margin)} ${label === "" ? side[1] : side[0]}${text}`.trimEnd();
  });
  return [...lines, ...timeAxis(margin, width, options)];
}

/** Dots, or characters where series are told apart by marks. */
class Canvas {
  /** In dots. */
  readonly width: number;
  readonly height: number;
  readonly #columns: number;
  readonly #dotsX: number;
  readonly #dotsY: number;
  readonly #bits: Uint8Array;
  /** Which series drew in a cell last. */
  readonly #series: Int16Array;

  constructor(columns: number, rows: number, marked: boolean) {
    this.#dotsX = marked ? 1 : 2;
    this.#dotsY = marked ? 1 : 4;
    this.#columns = columns;
    this.width = columns * this.#dotsX;
    this.height = rows * this.#dotsY;
    this.#bits = new Uint8Array(columns * rows);
    this.#series = new Int16Array(columns * rows).fill(-1);
  }

  #set(x: number, y: number, series: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const cell = Math.floor(y / this.#dotsY) * this.#columns + Math.floor(x / this.#dotsX);
    const dot = DOTS[y % this.#dotsY]?.[x % this.#dotsX] ?? 0;
    this.#bits[cell] = (this.#bits[cell] ?? 0) | dot;
    this.#series[cell] = series;
  }

  /** A line by Bresenham's algorithm, both ends included. */
  line(x: number, y: number, toX: number, toY: number, series: number): void {
    const dx = Math.abs(toX - x), dy = -Math.abs(toY - y);
    const stepX = Math.sign(toX - x), stepY = Math.sign(toY - y);
    let error = dx + dy;
    for (;;) {
      this.#set(x, y, series);
      if (x === toX && y === toY) return;
      const twice = 2 * error;
      if (twice >= dy) {
        error += dy;
        x += stepX;
      }
      if (twice <= dx) {
        error += dx;
        y += stepY;
      }
    }
  }

  lines(marks: readonly string[], color: boolean): string[] {
    const lines: string[] = [];
    for (let start = 0; start < this.#bits.length; start += this.#columns) {
      let line = "", run = "", of = -1;
      const end = () => {
        line += of < 0 ? run : seriesColor(run, of, color);
        run = "";
      };
      for (let cell = start; cell < start + this.#columns; cell++) {
        const series = this.#series[cell] ?? -1;
        if (series !== of) end();
        of = series;
        run += series < 0
          ? " "
          : this.#dotsX === 1
          ? marks[series] ?? "*"
          : String.fromCodePoint(0x2800 + (this.#bits[cell] ?? 0));
      }
      end();
      lines.push(line.trimEnd());
    }
    return lines;
  }
}

/** 1, 2 or 5 times a power of ten: the least that is at least `value`. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5].find((one) => one * power >= value * (1 - 1e-9)) ?? 10);
}

/** Round ends of the axis of values, and round values between them. */
function valueAxis(
  series: readonly PlotSeries[],
  rows: number,
  { least, most }: PlotOptions,
): { low: number; high: number; ticks: number[] } {
  let low = Infinity, high = -Infinity;
  for (const { points } of series) {
    for (const { value } of points) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) low = high = 0;
  // From 0 on, unless that would squeeze what there is to see.
  if (low > 0 && low < high / 2) low = 0;
  low = Math.min(low, least ?? low);
  high = Math.max(high, most ?? high);
  // What numbers of their size cannot tell apart is drawn as one value.
  const size = Math.max(Math.abs(low), Math.abs(high));
  const span = high - low > Math.max(1e-9 * size, 1e-290) ? high - low : size / 10 || 1;
  const step = roundUp(Math.max(span, 1e-280) / Math.max(1, Math.floor(rows / 2)));
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  return { low: first * step, high: last * step, ticks };
}

/** The label of each row, from the top; empty for most. */
function labelRows(ticks: readonly number[], low: number, high: number, rows: number): string[] {
  const labels = Array.from({ length: rows }, () => "");
  for (const tick of ticks) {
    const row = Math.round(((high - tick) / (high - low)) * (rows - 1));
    labels[row] = String(Number(tick.toPrecision(12)));
  }
  return labels;
}

/** The axis of time, and the times below it. */
function timeAxis(margin: number, width: number, options: PlotOptions): string[] {
  const { from, to, offset_ms, unicode } = options;
  const { step_ms, ticks } = timeTicks({ from, to, offset_ms, columns: width });
  const [corner, along, tick] = unicode ? ["└", "─", "┬"] : ["+", "-", "+"];
  const axis = Array.from({ length: width }, () => along);
  const places = Array.from({ length: margin + 2 + width }, () => " ");
  let free = 0;
  for (const at of ticks) {
    const column = Math.round(((at - from) / (to - from || 1)) * (width - 1));
    const label = formatPlotTime(at, step_ms, offset_ms);
    const start = Math.min(
      Math.max(0, margin + 2 + column - Math.floor(label.length / 2)),
      places.length - label.length,
    );
    if (start < free) continue;
    axis[column] = tick;
    for (const [i, letter] of [...label].entries()) places[start + i] = letter;
    free = start + label.length + 1;
  }
  return [`${" ".repeat(margin + 1)}${corner}${axis.join("")}`, places.join("").trimEnd()];
}
