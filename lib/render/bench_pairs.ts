/**
 * Benchmarks of pairs of devices as matrices: a row for each device that sends, a column for each that
 * receives.
 *
 * @module
 */

import type { BenchEntry } from "../bench/report.ts";
import { peerMatrix } from "../bench/transfer/matrix.ts";
import type { DeviceLabel } from "./bench_devices.ts";
import {
  figureOf,
  finite,
  formatFigure,
  parameterWords,
  ratedPeak,
  shareOfPeak,
} from "./bench_figures.ts";
import { printable } from "./text.ts";

/** A matrix of pairs. */
export interface PairMatrix {
  /** Unique in the report; the benchmark's name, mostly. */
  key: string;
  title: string;
  unit: string;
  better: BenchEntry["better"];
  convention: string;
  /** Of the rows and of the columns. */
  devices: DeviceLabel[];
  /** By row and column; null where the pair was not part of the run, as on the diagonal. */
  cells: (PairCell | null)[][];
  /** The paths that were chosen, in the order of their letters: `a`, `b`. */
  paths: string[];
  /** Pairs whose links carry the same, and their shares of it. */
  shares: LinkShare[];
  refusals: Refusal[];
}

/** What links carry, and how much of it pairs get. */
export interface LinkShare {
  /** `450.0 GB/s (18 NVLinks x 25 GB/s)`. */
  peak: string;
  /** The least and the most of the pairs. */
  low: number;
  high: number;
  /** Indices of row and column. */
  pairs: [from: number, to: number][];
}

/** What came out for one pair. */
export interface PairCell {
  entry: BenchEntry;
  /** In the matrix's unit; null where there is no figure. */
  figure: number | null;
  /** Letter of the path; null without a figure. */
  letter: string | null;
  /** The figure over that of staging through the host; null where that was not measured. */
  overStaging: number | null;
}

/** Why a path was not taken. */
export interface Refusal {
  /** Null for what was wrong with the pair as a whole. */
  path: string | null;
  /** Of the pair as a whole; null for a path. */
  state: BenchEntry["state"] | null;
  reason: string;
  /** Indices of row and column. */
  pairs: [from: number, to: number][];
}

/** `a` to `z`, then `aa`. */
export function letterOf(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letterOf(Math.floor(index / 26) - 1) + last;
}

function refusalsOf(cells: readonly (PairCell | null)[][]): Refusal[] {
  const found = new Map<string, Refusal>();
  const add = (
    path: string | null,
    state: Refusal["state"],
    said: string,
    pair: [number, number],
  ) => {
    const reason = printable(said);
    const key = JSON.stringify([path, state, reason]);
    const known = found.get(key);
    if (known) known.pairs.push(pair);
    else found.set(key, { path, state, reason, pairs: [pair] });
  };
  cells.forEach((row, from) =>
    row.forEach((cell, to) => {
      if (cell === null) return;
      const { entry, figure } = cell;
      if (figure === null) {
        const state = entry.state === "ok" ? "failed" : entry.state;
        add(null, state, entry.reason ?? "no reason was given", [from, to]);
      }
      for (const [path, reason] of Object.entries(entry.failures ?? {})) {
        add(printable(path), null, reason, [from, to]);
      }
    })
  );
  // What is wrong with a pair is more than a path that was not taken.
  return [...found.values()].sort((a, b) => Number(a.path !== null) - Number(b.path !== null));
}

function sharesOf(cells: readonly (PairCell | null)[][]): LinkShare[] {
  const found = new Map<string, LinkShare>();
  cells.forEach((row, from) =>
    row.forEach((cell, to) => {
      const share = cell && shareOfPeak(cell.entry), peak = cell && ratedPeak(cell.entry);
      if (share === null || peak === null) return;
      const text = printable(`${formatFigure(peak.value)} ${peak.unit} (${peak.formula})`);
      const known = found.get(text) ?? { peak: text, low: share, high: share, pairs: [] };
      known.low = Math.min(known.low, share);
      known.high = Math.max(known.high, share);
      known.pairs.push([from, to]);
      found.set(text, known);
    })
  );
  return [...found.values()];
}

function matrixOf(
  key: string,
  entries: readonly BenchEntry[],
  labels: readonly DeviceLabel[],
): PairMatrix | undefined {
  const [first] = entries;
  if (first === undefined) return undefined;
  const taking = new Set(entries.flatMap(({ device, peer }) => [device, peer]));
  const devices = labels.filter(({ id }) => taking.has(id));
  const paths: string[] = [];
  // Some benchmarks measure both directions of a pair together, from one of its ends.
  const isOneSided = !entries.some((entry) =>
    entries.some((other) => other.device === entry.peer && other.peer === entry.device)
  );
  const find = (from: string, to: string) =>
    entries.find(({ device, peer }) => device === from && peer === to);
  const complete = entries.map((entry) => ({
    ...entry,
    candidates: entry.candidates ?? {},
    failures: entry.failures ?? {},
  }));
  const { staging_ratios } = peerMatrix({ context: { devices }, benchmarks: complete }, first.name);
  const cellOf = (entry: BenchEntry, ratio: number | null | undefined): PairCell => {
    const figure = figureOf(entry);
    if (figure === null) return { entry, figure, letter: null, overStaging: null };
    const path = printable(entry.shape ?? "path not named");
    if (!paths.includes(path)) paths.push(path);
    return { entry, figure, letter: letterOf(paths.indexOf(path)), overStaging: finite(ratio) };
  };
  const cells = devices.map((from, row) =>
    devices.map((to, column) => {
      const entry = find(from.id, to.id) ?? (isOneSided ? find(to.id, from.id) : undefined);
      return entry === undefined ? null : cellOf(entry, staging_ratios[row]?.[column]);
    })
  );
  const { title, unit, better, convention } = first;
  const texts = {
    title: printable(title),
    unit: printable(unit),
    convention: printable(convention),
  };
  return {
    key,
    ...texts,
    better,
    devices,
    cells,
    paths,
    shares: sharesOf(cells),
    refusals: refusalsOf(cells),
  };
}

/** The matrices of all benchmarks that have pairs. */
export function pairMatrices(
  entries: readonly BenchEntry[],
  labels: readonly DeviceLabel[],
): PairMatrix[] {
  const paired = entries.filter(({ peer }) => peer);
  const keyOf = (entry: BenchEntry) => [entry.name, entry.unit, ...parameterWords(entry)];
  const groups = [...Map.groupBy(paired, (entry) => JSON.stringify(keyOf(entry))).values()];
  const names = groups.map((group) => group[0]?.name ?? "");
  return groups.flatMap((group, i) => {
    const name = names[i] ?? "";
    // Its parameters are part of the name only where another matrix has the same.
    const alone = names.indexOf(name) === names.lastIndexOf(name);
    const first = group[0];
    const key = alone || first === undefined ? name : keyOf(first).join(" ");
    return matrixOf(key, group, labels) ?? [];
  });
}

/** Pairs in words: `all pairs`, `0>1, 0>2`, `48 of 56 pairs`. */
export function pairWords(pairs: readonly [number, number][], matrix: PairMatrix): string {
  const all = matrix.cells.flat().filter((cell) => cell !== null).length;
  if (pairs.length === all && all > 1) return "all pairs";
  if (pairs.length > 6) return `${pairs.length} of ${all} pairs`;
  return pairs.map(([from, to]) => `${from}>${to}`).join(", ");
}
