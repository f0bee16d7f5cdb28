/**
 * A report as comma-separated values (RFC 4180, with a header): a row for each benchmark.
 *
 * @module
 */

import type { Spread } from "../bench/conditions/conditions.ts";
import type { BenchEntry, BenchReport } from "../bench/report.ts";
import { stagingRatio } from "../bench/transfer/matrix.ts";
import {
  figureOf,
  finite,
  observedPeak,
  ratedPeak,
  shareOfPeak,
  statisticsOf,
} from "./bench_figures.ts";

/** A field; null and undefined are empty. */
type Field = string | number | boolean | null | undefined;

/**
 * One field, quoted where it has to be. Text that spreadsheets would take for a formula has an apostrophe
 * before it, as they show it themselves: names come from devices and drivers.
 */
export function csvField(field: Field): string {
  if (field === null || field === undefined) return "";
  if (typeof field !== "string") {
    return typeof field === "number" ? String(finite(field) ?? "") : String(field);
  }
  const text = /^[=+\-@\t\r]/.test(field) ? `'${field}` : field;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function joined(record: Readonly<Record<string, unknown>> | undefined | null): string {
  return Object.entries(record ?? {}).map(([key, value]) => `${key}: ${value}`).join("; ");
}

/** Fields of a row by the column's name. The columns stay where they are; new ones go to the end. */
function fieldsOf(entry: BenchEntry, { context }: BenchReport): Record<string, Field> {
  const device = context.devices?.find(({ id }) => id === entry.device);
  const peer = context.devices?.find(({ id }) => id === entry.peer);
  const statistics = statisticsOf(entry);
  const summary = entry.conditions?.summary;
  const middle = (spread: Spread | null | undefined) => spread?.median;
  return {
    date: context.date,
    name: entry.name,
    suite: entry.suite,
    title: entry.title,
    device: entry.device,
    device_name: device?.name,
    driver: device?.driver,
    peer: entry.peer,
    peer_name: peer?.name,
    state: entry.state,
    reason: entry.reason,
    median: figureOf(entry),
    unit: entry.unit,
    better: entry.better,
    convention: entry.convention,
    shape: entry.shape,
    clock: entry.clock,
    n: statistics?.n,
    mad: statistics?.mad,
    min: statistics?.min,
    max: statistics?.max,
    p5: statistics?.p5,
    p95: statistics?.p95,
    p99: statistics?.p99,
    mean: statistics?.mean,
    cv: statistics?.cv,
    ci95_low: statistics?.ci95_low,
    ci95_high: statistics?.ci95_high,
    outliers: statistics?.outliers,
    peak_rated: ratedPeak(entry)?.value,
    peak_observed: observedPeak(entry)?.value,
    peak_ratio: shareOfPeak(entry),
    peak_source: ratedPeak(entry)?.source,
    core_mhz: middle(summary?.core_mhz),
    memory_mhz: middle(summary?.memory_mhz),
    power_w: middle(summary?.power_w),
    temperature_c: middle(summary?.temperature_c),
    throttle_reasons: summary?.throttle_reasons?.join(" "),
    notes: entry.notes?.join("; "),
    refused: joined(entry.failures),
    effort: context.effort,
    data: context.data,
    mvgal_version: context.mvgal_version,
    over_staging: overStaging(entry),
    peak_datasheet: entry.peaks?.datasheet?.value,
    datasheet_ratio: finite(entry.datasheet_ratio),
    took_ms: finite(entry.took_ms),
  };
}

/** Of a pair, the figure over that of staging through the host. Older reports may lack the paths. */
function overStaging(entry: BenchEntry): number | null {
  if (!entry.peer) return null;
  const { shape, candidates = {} } = entry;
  return finite(stagingRatio({ shape, candidates, median: figureOf(entry) }));
}

/** Names of all columns: those of every report, then a column for each parameter of this one. */
function columnsOf(rows: readonly Record<string, Field>[], benchmarks: readonly BenchEntry[]): {
  columns: string[];
  parameters: string[];
} {
  const parameters = new Set(benchmarks.flatMap((entry) => Object.keys(entry.parameters ?? {})));
  return { columns: Object.keys(rows[0] ?? {}), parameters: [...parameters].sort() };
}

/**
 * The report as CSV. Figures have all their digits; what is not known is empty.
 *
 * Without benchmarks there is nothing but an empty header.
 */
export function benchCsv(report: BenchReport): string {
  const benchmarks = report.benchmarks ?? [];
  const rows = benchmarks.map((entry) => fieldsOf(entry, report));
  const { columns, parameters } = columnsOf(rows, benchmarks);
  const header = [...columns, ...parameters.map((name) => `parameter_${name}`)];
  const lines = rows.map((row, i) => [
    ...columns.map((column) => row[column]),
    ...parameters.map((name) => benchmarks[i]?.parameters?.[name]),
  ]);
  return [header, ...lines].map((line) => `${line.map(csvField).join(",")}\r\n`).join("");
}
