/**
 * The history of metrics for people: a plot a metric.
 *
 * @module
 */

import { csvField } from "./bench_csv.ts";
import { toAscii } from "./charset.ts";
import { cutToWidth } from "./display_width.ts";
import { plot, seriesColor, usesMarks } from "./plot.ts";
import { formatPlotRange } from "./plot_time.ts";
import { styleFor } from "./style.ts";
import { printable } from "./text.ts";

/** What is shown: the answer of the history. */
export interface ShownHistory {
  /** ISO 8601. */
  from: string;
  to: string;
  step_s: number;
  gap_s: number;
  gpus: readonly { id: string; index: number | null; name: string | null }[];
  series: readonly {
    gpu: string;
    metric: string;
    points: readonly { at: string; mean: number; min: number; max: number }[];
  }[];
}

/** How it is shown. */
export interface HistoryTextOptions {
  columns: number;
  unicode: boolean;
  color: boolean;
  /** Local time less UTC, in ms. */
  offset_ms: number;
}

/** Rows of a plot. */
const ROWS = 8;

const MARKS = "0123456789abcdefghijklmnopqrstuvwxyz";

const UNITS: readonly [suffix: string, unit: string][] = [
  ["_bytes_per_s", "B/s"],
  ["_bytes", "B"],
  ["_pct", "%"],
  ["_mhz", "MHz"],
  ["_rpm", "rpm"],
  ["_c", "°C"],
  ["_w", "W"],
  ["_j", "J"],
  ["_v", "V"],
];

const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];

/** The unit of a metric, and by what its values are divided for that. */
function unitOf(metric: string, most: number): { unit: string; divisor: number } {
  const unit = UNITS.find(([suffix]) => metric.endsWith(suffix))?.[1] ?? "";
  if (!unit.startsWith("B")) return { unit, divisor: 1 };
  const power = most < 1 ? 0 : Math.min(BINARY.length - 1, Math.floor(Math.log2(most) / 10));
  return { unit: `${BINARY[power]}${unit}`, divisor: 1024 ** power };
}

const figure = (value: number) => String(Number(value.toPrecision(4)));

/** The history as plots, with a line a GPU that says its least, mean and most. */
export function renderHistory(history: ShownHistory, options: HistoryTextOptions): string {
  const from = Date.parse(history.from), to = Date.parse(history.to);
  const metrics = [...new Set(history.series.map(({ metric }) => metric))];
  const range = formatPlotRange(from, to, options.offset_ms);
  const step = history.step_s === 0 ? "samples" : `steps of ${duration(history.step_s)}`;
  const blocks = metrics.map((metric) => metricBlock(metric, history, { from, to }, options));
  const head = `${range}, ${step}`;
  const text = [head, ...blocks.map((lines) => lines.join("\n"))].join("\n\n") + "\n";
  return options.unicode ? text : toAscii(text);
}

function duration(seconds: number): string {
  const [unit, length] = seconds % 86_400 === 0
    ? ["d", 86_400] as const
    : seconds % 3600 === 0
    ? ["h", 3600] as const
    : seconds % 60 === 0
    ? ["min", 60] as const
    : ["s", 1] as const;
  return `${seconds / length} ${unit}`;
}

function metricBlock(
  metric: string,
  history: ShownHistory,
  { from, to }: { from: number; to: number },
  options: HistoryTextOptions,
): string[] {
  const { color, columns } = options;
  const style = styleFor(color);
  const series = history.series.filter((each) => each.metric === metric && each.points.length > 0);
  if (series.length === 0) return [`${style.bold(metric)}: nothing is known in this time`];
  const most = series.reduce(
    (most, { points }) => points.reduce((most, { max }) => Math.max(most, max), most),
    0,
  );
  const { unit, divisor } = unitOf(metric, most);
  const shown = series.map((each, position) => {
    const gpu = history.gpus.find(({ id }) => id === each.gpu);
    return {
      ...each,
      name: gpu?.name,
      mark: MARKS[gpu?.index ?? -1] ?? MARKS[35 - position] ?? "*",
    };
  });
  const lines = plot(
    shown.map(({ mark, points }) => ({
      mark,
      points: points.map(({ at, mean }) => ({ at: Date.parse(at), value: mean / divisor })),
    })),
    {
      ...options,
      from,
      to,
      gap_ms: 1000 * history.gap_s,
      rows: ROWS,
      ...(unit === "%" ? { least: 0, most: 100 } : {}),
    },
  );
  const marked = usesMarks(shown.length, options);
  const legend = shown.map(({ gpu, name, mark, points }, position) => {
    const known = points.reduce(
      ({ min, sum, max }, point) => ({
        min: Math.min(min, point.min),
        sum: sum + point.mean,
        max: Math.max(max, point.max),
      }),
      { min: Infinity, sum: 0, max: -Infinity },
    );
    const sign = seriesColor(marked ? mark : "━━", position, color);
    const [min, mean, max] = [known.min, known.sum / points.length, known.max]
      .map((value) => figure(value / divisor));
    const text = `  ${mark} ${printable(name ?? "GPU")} (${gpu}): ` +
      `least ${min}, mean ${mean}, most ${max} ${unit}`;

    return marked ? cutToWidth(text, columns, "…") : `${sign}${cutToWidth(text, columns - 2, "…")}`;
  });
  return [`${style.bold(metric)}${unit === "" ? "" : ` (${unit})`}`, ...lines, ...legend];
}

/** The history as comma-separated values (RFC 4180, with a header): a row for each point. */
export function historyCsv({ series }: ShownHistory): string {
  const rows = series.flatMap(({ gpu, metric, points }) =>
    points.map(({ at, mean, min, max }) => [at, gpu, metric, mean, min, max])
  );
  return [["at", "gpu", "metric", "mean", "min", "max"], ...rows]
    .map((row) => `${row.map(csvField).join(",")}\r\n`).join("");
}
