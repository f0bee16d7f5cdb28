/**
 * Tables of figures for the page of a report.
 *
 * @module
 */

import type { BenchEntry } from "../bench/report.ts";
import type { DeviceLabel } from "./bench_devices.ts";
import {
  figureOf,
  finite,
  formatFigure,
  formatShare,
  formatSpread,
  heldBack,
  observedPeak,
  parameterWords,
  ratedPeak,
  shareOfPeak,
  statisticsOf,
} from "./bench_figures.ts";
import type { PairMatrix } from "./bench_pairs.ts";
import { type Staircase, stepFigures } from "./bench_sweeps.ts";
import { type Content, type Markup, markup } from "./markup.ts";
import { formatBytes } from "./units.ts";

/** A column: its heading, and whether it holds numbers. */
export interface Column {
  title: string;
  isNumber?: boolean;
  /** A column that cannot be sorted by. */
  isFixed?: boolean;
}

/** A cell: what it shows, and what it is sorted by where that is something else. */
export interface Cell {
  content: Content;
  key?: number | null;
}

function cellMarkup({ content, key }: Cell, column: Column | undefined, isHead: boolean): Markup {
  const kind = column?.isNumber ? markup` class="num"` : null;
  if (isHead) return markup`<th scope="row"${kind}>${content}</th>`;
  const value = key === undefined ? null : markup` data-v="${finite(key)}"`;
  return markup`<td${kind}${value}>${content}</td>`;
}

/** Whether there is nothing to see in a cell. */
function isEmpty(cell: Cell | undefined): boolean {
  return cell === undefined || cell.content === null || cell.content === undefined ||
    cell.content === "";
}

/** Columns and rows without the columns that nothing stands in. */
function withoutEmpty(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): { columns: Column[]; rows: Cell[][] } {
  const isUsed = (_: unknown, i: number) => i === 0 || !rows.every((row) => isEmpty(row[i]));
  return { columns: columns.filter(isUsed), rows: rows.map((row) => row.filter(isUsed)) };
}

/**
 * A table that can be sorted. The first cell of each row is its heading; columns that nothing stands in are
 * left out.
 */
export function sortableTable(
  caption: { title: string; remark?: string },
  allColumns: readonly Column[],
  allRows: readonly (readonly Cell[])[],
): Markup {
  const { columns, rows } = withoutEmpty(allColumns, allRows);
  const heads = columns.map(({ title, isNumber, isFixed }) => {
    const kind = isNumber ? markup` class="num"` : null;
    const words = isFixed ? title : markup`<button type="button">${title}</button>`;
    return markup`<th scope="col"${kind}>${words}</th>`;
  });
  const lines = rows.map((row) =>
    markup`<tr>${row.map((cell, i) => cellMarkup(cell, columns[i], i === 0))}</tr>\n`
  );
  return markup`<div class="panel scroll"><table><caption><strong>${caption.title}</strong>${
    caption.remark === undefined ? null : markup`, ${caption.remark}`
  }</caption>
<thead><tr>${heads}</tr></thead>
<tbody>${lines}</tbody></table></div>
`;
}

/** A bar for a share of a peak. */
export function shareBar(share: number): Markup {
  const width = Math.min(100, Math.max(0, 100 * share)).toFixed(1);
  return markup`<span class="whole"><span class="bar" style="--p:${width}%"></span>${
    formatShare(share)
  }</span>`;
}

/** Dots in one strip of samples at most. */
const DOTS = 48;

/** The samples in order as a strip of dots, the median as a line; nothing for less than two. */
export function sampleStrip(entry: BenchEntry): Markup | null {
  const samples = (entry.samples ?? []).filter((sample) => finite(sample) !== null);
  const middle = figureOf(entry);
  if (samples.length < 2 || middle === null) return null;
  const step = Math.max(1, samples.length / DOTS);
  const shown = Array.from(
    { length: Math.min(DOTS, samples.length) },
    (_, i) => samples[Math.floor(i * step)] ?? middle,
  );
  const low = Math.min(middle, ...shown), high = Math.max(middle, ...shown);
  const y = (value: number) => {
    const share = high > low ? (value - low) / (high - low) : 0.5;
    return Number((20 - 18 * (Number.isFinite(share) ? share : 0.5)).toFixed(1));
  };
  const x = (i: number) => Number((2 + (116 * i) / Math.max(1, shown.length - 1)).toFixed(1));
  const dots = shown.map((value, i) => `M${x(i)} ${y(value)}h0`).join("");
  const least = samples.reduce((a, b) => Math.min(a, b), Infinity);
  const most = samples.reduce((a, b) => Math.max(a, b), -Infinity);
  const words = `${samples.length} samples from ${formatFigure(least)} to ${formatFigure(most)}`;
  return markup`<svg class="spark" viewBox="0 0 120 22" role="img" aria-label="${words}"><line x1="0" x2="120" y1="${
    y(middle)
  }" y2="${y(middle)}"/><path d="${dots}"/></svg>`;
}

/** What the device did meanwhile: `1785 MHz, 541 W, 47 °C`. */
function conditionWords(entry: BenchEntry): Content {
  const summary = entry.conditions?.summary;
  if (!summary) return null;
  const parts = [
    [finite(summary.core_mhz?.median), "MHz"],
    [finite(summary.power_w?.median), "W"],
    [finite(summary.temperature_c?.max), "°C"],
  ] as const;
  const words = parts.flatMap(([value, unit]) =>
    value === null ? [] : [`${Math.round(value)} ${unit}`]
  );
  const throttled = heldBack(summary.throttle_reasons);
  const warning = throttled.length === 0
    ? null
    : markup`<div class="small bad">held back: ${throttled.join(", ")}</div>`;
  return words.length === 0 && warning === null
    ? null
    : markup`<span class="whole">${words.join(", ")}</span>${warning}`;
}

/** More shapes than this are in the JSON report alone. */
const CANDIDATES = 6;

function candidateWords(entry: BenchEntry): string {
  const tried = Object.entries(entry.candidates ?? {}).flatMap(([shape, value]) => {
    const figure = finite(value);
    return figure === null ? [] : [{ shape, figure }];
  });
  const sign = entry.better === "higher" ? -1 : 1;
  const sorted = tried.sort((a, b) => sign * (a.figure - b.figure));
  const words = sorted.slice(0, CANDIDATES)
    .map(({ shape, figure }) => `${formatFigure(figure)} ${shape}`);
  const more = sorted.length - CANDIDATES;
  return [...words, ...more > 0 ? [`and ${more} more`] : []].join("; ");
}

function statisticsWords(entry: BenchEntry): string {
  const statistics = statisticsOf(entry);
  if (statistics === null) return "";
  const named = {
    "p5": statistics.p5,
    "p95": statistics.p95,
    "p99": statistics.p99,
    "min": statistics.min,
    "max": statistics.max,
    "95 % interval from": statistics.ci95_low,
    "to": statistics.ci95_high,
  };
  const words = Object.entries(named).flatMap(([name, value]) => {
    const figure = finite(value);
    return figure === null ? [] : [`${name} ${formatFigure(figure)}`];
  });
  const cv = finite(statistics.cv);
  return [...words, ...cv === null ? [] : [`CV ${(100 * cv).toFixed(2)} %`]].join(", ");
}

/** Everything else that is known of a figure, folded away. */
function detailsOf(entry: BenchEntry): Markup {
  const rated = ratedPeak(entry), observed = observedPeak(entry);
  const outliers = finite(entry.statistics?.outliers);
  const rows: [string, string | null | undefined][] = [
    ["counted", entry.convention],
    ["clock", entry.clock === null ? null : `the ${entry.clock}'s`],
    ["statistics", statisticsWords(entry)],
    ["outliers", outliers === null || outliers === 0 ? null : String(outliers)],
    ["parameters", parameterWords(entry).join(", ")],
    ["rated peak", rated && `${formatFigure(rated.value)} ${rated.unit} = ${rated.formula}`],
    ["source", rated?.source],
    ["seen peak", observed && `${formatFigure(observed.value)} ${observed.unit}`],
    ["no peak", entry.peak_reason],
    ["shapes", candidateWords(entry)],
    [
      "left out",
      Object.entries(entry.failures ?? {}).map(([shape, why]) => `${shape}: ${why}`).join("; "),
    ],
    ["kernel", entry.shader_sha256 && `SPIR-V ${entry.shader_sha256.slice(0, 16)}`],
  ];
  const shown = rows.map(([name, words]) => words ? markup`<dt>${name}<dd>${words}` : null);
  return markup`<details><summary>more</summary><dl>${shown}</dl></details>`;
}

const FIGURE_COLUMNS: readonly Column[] = [
  { title: "Median", isNumber: true },
  { title: "Unit" },
  { title: "Of peak" },
  { title: "Spread", isNumber: true },
  { title: "n", isNumber: true },
  { title: "Samples", isFixed: true },
];

function figureCells(entry: BenchEntry): Cell[] {
  const figure = figureOf(entry), share = shareOfPeak(entry);
  const statistics = statisticsOf(entry);
  const n = finite(statistics?.n);
  const spread = statistics === null
    ? null
    : finite(entry.better === "lower" ? statistics.p99 : statistics.mad / statistics.median);
  return [
    { content: figure === null ? null : formatFigure(figure), key: figure },
    { content: entry.unit },
    { content: share === null ? null : shareBar(share), key: share },
    { content: formatSpread(entry), key: spread },
    { content: n, key: n },
    { content: sampleStrip(entry) },
  ];
}

/** The figures of a suite; undefined where there is none. */
export function suiteTable(
  suite: string,
  entries: readonly BenchEntry[],
  devices: readonly DeviceLabel[],
): Markup | undefined {
  const measured = entries.filter((entry) => figureOf(entry) !== null);
  if (measured.length === 0) return undefined;
  const order = new Map(devices.map(({ id }, i) => [id, i]));
  const tagOf = (id: string) => devices.find((device) => device.id === id)?.tag ?? id;
  const ids = new Set(measured.map(({ device }) => device));
  const hasDevices = ids.size > 1;
  const remark = hasDevices
    ? "medians; the spread is the median absolute deviation, of latencies the 99th percentile"
    : tagOf(measured[0]?.device ?? "");
  const columns: Column[] = [
    { title: "Benchmark" },
    ...hasDevices ? [{ title: "Device" }] : [],
    ...FIGURE_COLUMNS,
    { title: "Clock, power, heat" },
    { title: "Shape" },
    { title: "", isFixed: true },
  ];
  const names = [...new Set(measured.map(({ name }) => name))];
  const rows = names.flatMap((name) =>
    measured.filter((entry) => entry.name === name).map((entry): Cell[] => [
      { content: entry.title },
      ...hasDevices ? [deviceCell(tagOf(entry.device), order.get(entry.device))] : [],
      ...figureCells(entry),
      { content: conditionWords(entry), key: finite(entry.conditions?.summary.core_mhz?.median) },
      {
        content: [
          entry.shape,
          (entry.notes ?? []).map((note) => markup`<div class="small muted">${note}</div>`),
        ],
      },
      { content: detailsOf(entry) },
    ])
  );
  return sortableTable({ title: `Suite ${suite}`, remark }, columns, rows);
}

/** A device by its name, on one line where that is short; sorted by its place. */
function deviceCell(tag: string, place: number | undefined): Cell {
  const content = tag.length > 36 ? tag : markup`<span class="tag">${tag}</span>`;
  return { content, key: place ?? null };
}

/** The pairs of a matrix one by one. */
export function pairTable({ title, convention, cells, devices }: PairMatrix): Markup {
  const columns: Column[] = [
    { title: "From" },
    { title: "To" },
    ...FIGURE_COLUMNS,
    { title: "Over staging", isNumber: true },
    { title: "Path" },
  ];
  const rows = cells.flatMap((row, from) =>
    row.flatMap((cell, to): Cell[][] =>
      cell === null ? [] : [[
        { content: devices[from]?.tag ?? "" },
        { content: devices[to]?.tag ?? "" },
        ...figureCells(cell.entry),
        {
          content: cell.overStaging === null ? null : `${formatFigure(cell.overStaging)} times`,
          key: cell.overStaging,
        },
        { content: cell.figure === null ? cell.entry.state : cell.entry.shape },
      ]]
    )
  );
  return sortableTable({ title, remark: convention }, columns, rows);
}

/** The figures of a device's staircases: a row for each size, a column for each access. */
export function staircaseTable(stairs: readonly Staircase[]): Markup {
  const columns: Column[] = [
    { title: "Working set", isNumber: true },
    ...stairs.map(({ title, unit }): Column => ({ title: `${title}, ${unit}`, isNumber: true })),
  ];
  const rows = stepFigures(stairs).map(({ bytes, values }): Cell[] => [
    { content: formatBytes(bytes) },
    ...values.map((value) => ({
      content: value === null ? null : formatFigure(value),
      key: value,
    })),
  ]);
  const fixed = columns.map((column, i) => ({ ...column, isFixed: i === 0 }));
  return sortableTable({ title: "By working set" }, fixed, rows);
}
