/**
 * The transfers between devices as matrices.
 *
 * @module
 */

import { decisivePeak, type Peaks } from "../peaks/peak.ts";
import { STAGING_PREFIX } from "./path_names.ts";

/** What a matrix is made of: the entries of a report, whatever else it holds. */
export interface MatrixSource {
  context: { devices: readonly { id: string; name: string }[] };
  benchmarks: readonly {
    name: string;
    unit: string;
    convention: string;
    device: string;
    peer: string | null;
    state: string;
    reason: string | null;
    shape: string | null;
    median: number | null;
    /** What the pair's links carry, and the median over it; left out or null where it is not known. */
    peaks?: Peaks | null;
    peak_ratio?: number | null;
    candidates: Readonly<Record<string, number | null>>;
    failures: Readonly<Record<string, string>>;
  }[];
}

/**
 * One figure of every pair of devices. Rows are sources and columns destinations, both in the order of
 * `devices`; cells are null where nothing was measured, and on the diagonal.
 */
export interface PairMatrix {
  /** Name of the benchmark. */
  benchmark: string;
  unit: string;
  convention: string;
  /** Ids of the devices, and their names. */
  devices: string[];
  names: string[];
  /** Medians of the best path. */
  values: (number | null)[][];
  /** The best path. */
  paths: (string | null)[][];
  /** Best path over the best staging through the host, which every pair can do. */
  staging_ratios: (number | null)[][];
  /** What the links between the pair carry at most, in the matrix's unit. */
  peaks: (number | null)[][];
  /** The best path over that. */
  peak_ratios: (number | null)[][];
  /** Why there is no figure. */
  reasons: (string | null)[][];
  /** Path -> why it was refused. */
  refused: (Readonly<Record<string, string>> | null)[][];
}

type Entry = MatrixSource["benchmarks"][number];

/** The median of the best staging path; null where none was measured. */
function stagingOf(
  { candidates, shape, median }: Pick<Entry, "candidates" | "shape" | "median">,
): number | null {
  // The reported path was sampled longer than those that it has beaten.
  if (shape?.startsWith(STAGING_PREFIX)) return median;
  const medians = Object.entries(candidates)
    .filter(([name]) => name.startsWith(STAGING_PREFIX))
    .flatMap(([, median]) => median ?? []);
  return medians.length === 0 ? null : Math.max(...medians);
}

/** The best path of a pair over its best staging through the host; null where either was not measured. */
export function stagingRatio(
  entry: Pick<Entry, "candidates" | "shape" | "median">,
): number | null {
  const staging = stagingOf(entry);
  return entry.median === null || staging === null ? null : entry.median / staging;
}

/**
 * The matrix of a benchmark of pairs in a report: `transfer.peer`, `transfer.peer_duplex`, `sync.relay`.
 * A pair that was measured from one end alone, as both directions at once are, has the same figure in both
 * cells.
 */
export function peerMatrix(report: MatrixSource, benchmark = "transfer.peer"): PairMatrix {
  const entries = report.benchmarks.filter(({ name, peer }) => name === benchmark && peer !== null);
  const known = report.context.devices.filter(({ id }) =>
    entries.some(({ device, peer }) => device === id || peer === id)
  );
  const isOneSided = !entries.some((entry) =>
    entries.some((other) => other.device === entry.peer && other.peer === entry.device)
  );
  const find = (from: string, to: string) =>
    entries.find(({ device, peer }) => device === from && peer === to) ??
      (isOneSided ? entries.find(({ device, peer }) => device === to && peer === from) : undefined);
  const cells = <T>(of: (entry: Entry) => T): (T | null)[][] =>
    known.map((from) =>
      known.map((to) => {
        const entry = find(from.id, to.id);
        return entry === undefined ? null : of(entry);
      })
    );
  return {
    benchmark,
    unit: entries[0]?.unit ?? "",
    convention: entries[0]?.convention ?? "",
    devices: known.map(({ id }) => id),
    names: known.map(({ name }) => name),
    values: cells(({ median }) => median),
    paths: cells(({ shape }) => shape),
    staging_ratios: cells(stagingRatio),
    peaks: cells(({ peaks = null, unit }) => decisivePeak(peaks, unit)?.value ?? null),
    peak_ratios: cells(({ peak_ratio }) => peak_ratio ?? null),
    reasons: cells(({ reason }) => reason),
    refused: cells(({ failures }) => failures),
  };
}

/** Benchmarks of pairs, in the order in which they are shown. */
const PAIR_BENCHMARKS = ["transfer.peer", "transfer.peer_duplex", "sync.relay"];

/** The matrices that a report has. */
export function peerMatrices(report: MatrixSource): PairMatrix[] {
  return PAIR_BENCHMARKS.map((name) => peerMatrix(report, name))
    .filter(({ devices }) => devices.length > 0);
}
