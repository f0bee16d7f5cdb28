/**
 * The JSON document of a run, in the manner of Google Benchmark: a `context` and `benchmarks`.
 *
 * @module
 */

import type { Parameters, Result, Suite } from "./benchmark.ts";
import type { Summary } from "./statistics.ts";

/** Name and version of the document's form. */
export const BENCH_SCHEMA = "mvgal.bench/1";

/** A device of the run. */
export interface BenchDevice {
  /** A GPU's id, or `host`. */
  id: string;
  name: string;
  kind: string;
  /** PCI address, UUID and driver of a GPU, where known. */
  pci_slot: string | null;
  uuid: string | null;
  driver: string | null;
  api_version: string | null;
}

/** Under which circumstances was measured. */
export interface BenchContext {
  date: string;
  mvgal_version: string;
  effort: "quick" | "full";
  /** What was asked for: suites and the GPU selector. */
  suites: Suite[];
  gpu_selector: string | null;
  os: string;
  kernel: string;
  cpu_count: number;
  devices: BenchDevice[];
  /** Why a source of devices gave none, by the source's name. */
  sources: Record<string, string>;
}

/** One benchmark in the document. Without a figure, the figure's properties are null. */
export interface BenchEntry {
  name: string;
  suite: Suite;
  title: string;
  device: string;
  /** The other device of a transfer between two. */
  peer: string | null;
  parameters: Parameters;
  peak: string | null;
  unit: string;
  better: "higher" | "lower";
  convention: string;
  state: Result["outcome"]["state"];
  reason: string | null;
  shape: string | null;
  clock: "device" | "host" | null;
  median: number | null;
  statistics: Summary | null;
  samples: number[];
  /** Median of each shape that was tried. */
  candidates: Record<string, number | null>;
  /** Shape -> why it does not count. */
  failures: Record<string, string>;
}

/** The document. */
export interface BenchReport {
  schema: typeof BENCH_SCHEMA;
  context: BenchContext;
  benchmarks: BenchEntry[];
}

function entryOf(result: Result): BenchEntry {
  const { outcome, ...description } = result;
  const measured = "measured" in outcome ? outcome.measured : undefined;
  return {
    ...description,
    state: outcome.state,
    reason: "reason" in outcome ? outcome.reason : null,
    shape: measured?.shape ?? null,
    clock: measured?.clock ?? null,
    median: measured?.summary.median ?? null,
    statistics: measured?.summary ?? null,
    samples: measured?.samples ?? [],
    candidates: measured?.candidates ?? {},
    failures: measured?.failures ?? {},
  };
}

/** The document of a run. */
export function benchReport(context: BenchContext, results: readonly Result[]): BenchReport {
  return { schema: BENCH_SCHEMA, context, benchmarks: results.map(entryOf) };
}
