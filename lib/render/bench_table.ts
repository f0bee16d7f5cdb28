/**
 * The results of a run as a table for people.
 *
 * @module
 */

import { type Result, type Suite, SUITES } from "../bench/benchmark.ts";
import { type BenchDevice, type BenchEntry, type BenchReport, entryOf } from "../bench/report.ts";
import { bar } from "./bar.ts";
import { arrangeEntries, type Arrangement, type Unmeasured, unmeasured } from "./bench_arrange.ts";
import {
  type Layout,
  layoutFor,
  rowLine,
  rowOf,
  shortened,
  shown,
  type TableFrame,
} from "./bench_columns.ts";
import type { DeviceLabel } from "./bench_devices.ts";
import { figureOf, formatFigure, shareOfPeak } from "./bench_figures.ts";
import { pairMatrixLines } from "./bench_pairs_table.ts";
import { type Staircase, stepFigures } from "./bench_sweeps.ts";
import { styleFor } from "./style.ts";
import { labelled, printable, wrap } from "./text.ts";
import { formatBytes } from "./units.ts";

export { formatFigure };

/** How to show the table. */
export interface BenchTableOptions extends Partial<TableFrame> {}

/** Text without a terminal to fit in is wrapped here. */
const PROSE_COLUMNS = 100;

/** Heading of a device's part of the table. */
export function deviceHeading(device: BenchDevice): string {
  const details = [
    device.id === "host" ? undefined : device.id,
    device.kind === "software" ? "software" : undefined,
    device.api_version === null ? undefined : `Vulkan ${device.api_version}`,
    device.driver ?? undefined,
  ].filter((detail) => detail !== undefined);
  const name = printable(device.name);
  return details.length === 0 ? name : `${name} (${printable(details.join(", "))})`;
}

/** How a result ended, in short: `4539 GB/s`, `unsupported: …`. */
export function shortResult({ unit, outcome }: Result): string {
  return outcome.state === "ok"
    ? `${formatFigure(outcome.measured.summary.median)} ${unit}`
    : `${outcome.state}: ${printable(outcome.reason)}`;
}

function prose(label: string, text: string, frame: TableFrame, labelWidth = 13): string[] {
  const columns = Math.min(frame.columns, PROSE_COLUMNS);
  return labelled(label, shown(text, frame), { indent: 2, labelWidth, columns });
}

/** Of more titles than this, the first ones are named. */
const MOST_TITLES = 6, NAMED_TITLES = 2;

/** Titles one after the other, each once; of many, the first, and how many more. */
function listed(titles: readonly string[]): string {
  const all = [...new Set(titles.map(printable))];
  const named = all.length > MOST_TITLES ? all.slice(0, NAMED_TITLES) : all;
  const separator = named.some((title) => title.includes(",")) ? "; " : ", ";
  const rest = all.length - named.length;
  return named.join(separator) + (rest > 0 ? ` and ${rest} more` : "");
}

function unmeasuredLines({ state, reason, entries }: Unmeasured, frame: TableFrame): string[] {
  const titles = listed(entries.map((entry) => entry.title));
  const isBad = state === "failed" || state === "implausible";
  return prose(state, `${titles}: ${reason}`, frame)
    .map((line) => isBad ? frame.style.red(line) : frame.style.dim(line));
}

/** A remark on some figures. */
interface Remark {
  text: string;
  titles: string[];
}

/** Remarks that differ in their numbers alone, as one; the numbers are in the other outputs. */
function mergedRemarks(remarks: readonly Remark[]): Remark[] {
  const alike = Map.groupBy(remarks, ({ text }) => text.replaceAll(/\d+(\.\d+)?/g, "…"));
  return [...alike].map(([text, group]) => {
    const [first] = group;
    const titles = group.flatMap((remark) => remark.titles);
    return group.length === 1 && first ? first : { text, titles };
  });
}

/** What a reader should know of figures. */
function remarkLines(entries: readonly BenchEntry[], suite: Suite, frame: TableFrame): string[] {
  const remarks = entries.filter((entry) => figureOf(entry) !== null).flatMap((entry) => {
    // Latencies, and what the host does, have no other clock.
    const isUnusual = entry.clock === "host" && entry.better === "higher" && suite !== "host";
    const texts = [...isUnusual ? ["by the host's clock"] : [], ...entry.notes ?? []];
    return texts.map((text): Remark => ({
      text: printable(text),
      titles: [entry.title],
    }));
  });
  return mergedRemarks(remarks).flatMap(({ text, titles }) =>
    prose("note", `${listed(titles)}: ${text}`, frame).map(frame.style.dim)
  );
}

/** Room for a step's size, and for the figure of each access. */
const SIZE_WIDTH = 12, STEP_WIDTH = 9;

/** Staircases of one device and unit side by side: a row for each size, a column for each access. */
function staircaseLines(stairs: readonly Staircase[], frame: TableFrame): string[] {
  const { style, unicode } = frame;
  const columns = Math.min(frame.columns, PROSE_COLUMNS);
  const most = Math.max(1, Math.floor((columns - SIZE_WIDTH - 8) / STEP_WIDTH));
  const visible = stairs.slice(0, most);
  const [first] = visible;
  if (first === undefined) return [];
  const rest = columns - 2 - SIZE_WIDTH - visible.length * STEP_WIDTH - 3;
  const width = Math.min(20, Math.max(0, rest));
  const head = visible.map(({ title }) => shortened(title, STEP_WIDTH - 1, frame));
  const figures = stepFigures(visible);
  const largest = figures.reduce((top, { values }) => Math.max(top, values[0] ?? 0), 0);
  return [
    style.dim(
      `  ${"working set".padEnd(SIZE_WIDTH)}${
        head.map((title) => title.padStart(STEP_WIDTH)).join("")
      }  ${shown(first.unit, frame)}`,
    ),
    ...figures.map(({ bytes, values }) => {
      const texts = values.map((value) =>
        (value === null ? "-" : formatFigure(value)).padStart(STEP_WIDTH)
      );
      const share = largest > 0 ? (values[0] ?? 0) / largest : 0;
      const { filled } = bar(share, width, { unicode, ofWhole: false });
      const size = formatBytes(bytes).replace(".0 ", " ");
      return `  ${size.padStart(SIZE_WIDTH - 1)} ${texts.join("")}  ${filled}`.trimEnd();
    }),
  ];
}

/** One suite of one device. */
function suiteLines(
  suite: Suite,
  entries: readonly BenchEntry[],
  stairs: readonly Staircase[],
  layout: Layout,
  frame: TableFrame,
): string[] {
  if (entries.length === 0 && stairs.length === 0) return [];
  const largest = new Map<string, number>();
  for (const entry of entries) {
    largest.set(entry.unit, Math.max(largest.get(entry.unit) ?? 0, figureOf(entry) ?? 0));
  }
  const steps = stairs.flatMap((staircase) => staircase.steps.map(({ entry }) => entry))
    .filter((entry) => !entries.includes(entry));
  const rows = entries.map((entry) => rowOf(entry, largest.get(entry.unit) ?? 0))
    .filter((row) => row !== undefined);
  return [
    ` ${frame.style.dim(suite)}`,
    ...rows.map((row) => rowLine(row, layout, frame)),
    ...[...Map.groupBy(stairs, ({ unit }) => unit).values()]
      .flatMap((group) => staircaseLines(group, frame)),
    ...unmeasured([...entries, ...steps]).flatMap((group) => unmeasuredLines(group, frame)),
    ...remarkLines(entries, suite, frame),
  ];
}

function deviceLines(
  { id, device, tag }: DeviceLabel,
  { plain, staircases }: Arrangement,
  layout: Layout,
  frame: TableFrame,
): string[] {
  const own = plain.filter((entry) => entry.device === id);
  const stairs = staircases.filter((staircase) => staircase.device.id === id);
  if (own.length === 0 && stairs.length === 0) return [];
  const heading = device === null ? tag : deviceHeading(device);
  const lines = SUITES.flatMap((suite) =>
    suiteLines(
      suite,
      own.filter((entry) => entry.suite === suite),
      stairs.filter((staircase) => staircase.suite === suite),
      layout,
      frame,
    )
  );
  const headings = wrap(shown(heading, frame), frame.columns);
  return [
    ...headings.map((line, i) => frame.style.bold(i === 0 ? line : `  ${line}`)),
    ...lines,
    "",
  ];
}

/** What the two kinds of bars are. */
function legendLines(entries: readonly BenchEntry[], frame: TableFrame): string[] {
  const measured = entries.filter((entry) => figureOf(entry) !== null);
  const withPeak = measured.filter((entry) => shareOfPeak(entry) !== null).length;
  const sample = (ofWhole: boolean) => bar(1, 1, { unicode: frame.unicode, ofWhole }).filled;
  const parts = [
    withPeak > 0 ? `${sample(true)} share of the theoretical peak` : undefined,
    withPeak < measured.length
      ? `${sample(false)} no peak known, against the largest of its suite`
      : undefined,
  ].filter((part) => part !== undefined);
  return parts.length === 0
    ? []
    : prose("bars", parts.join("; "), frame, 6).map((line) => frame.style.dim(line.slice(2)));
}

function tableOf(
  known: readonly BenchDevice[],
  entries: readonly BenchEntry[],
  options: BenchTableOptions,
): string {
  const frame: TableFrame = {
    columns: Infinity,
    unicode: true,
    style: styleFor(false),
    ...options,
  };
  const arrangement = arrangeEntries(known, entries);
  const layout = layoutFor(arrangement.plain, frame);
  const lines = [
    ...arrangement.devices.flatMap((device) => deviceLines(device, arrangement, layout, frame)),
    ...arrangement.matrices.flatMap((matrix, i) => [
      ...pairMatrixLines(matrix, frame, arrangement.matrices[i - 1]),
      "",
    ]),
    ...legendLines(arrangement.plain, frame),
  ];
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => `${line}\n`).join("");
}

/**
 * The table: for each device its figures with their spread and their share of the peak, then the matrices
 * of pairs.
 *
 * @param how the width in columns, by default without limit, or that and more.
 */
export function benchTable(
  devices: readonly BenchDevice[],
  results: readonly Result[],
  how: number | BenchTableOptions = {},
): string {
  const options = typeof how === "number" ? { columns: how } : how;
  return tableOf(devices, results.map(entryOf), options);
}

/** The table of a report, as {@linkcode benchTable} makes it of results. */
export function benchReportTable(report: BenchReport, options: BenchTableOptions = {}): string {
  return tableOf(report.context.devices ?? [], report.benchmarks ?? [], options);
}
