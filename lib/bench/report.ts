/**
 * The JSON document of a run, in the manner of Google Benchmark: a `context` and `benchmarks`.
 *
 * @module
 */

import type { DataPattern, Outcome, Parameters, Result, Suite } from "./benchmark.ts";
import type { Conditions } from "./conditions/conditions.ts";
import type { DeviceEnvironment, HostEnvironment } from "./environment.ts";
import { decisivePeak, type Peaks } from "./peaks/peak.ts";
import type { Summary } from "./statistics.ts";
import type { Comparison, ExpectationVerdict } from "./verdicts.ts";
import { type PairMatrix, peerMatrices } from "./transfer/matrix.ts";

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
  /** Of a GPU, what bears on its figures; null for others. */
  environment: DeviceEnvironment | null;
}

/** Under which circumstances was measured. */
export interface BenchContext {
  date: string;
  mvgal_version: string;
  effort: "quick" | "full";
  /** What was asked for: suites and the GPU selector. */
  suites: Suite[];
  /** What was asked for, in words: suites, names and patterns of names. */
  selection: string[];
  gpu_selector: string | null;
  /** What buffers and registers held. */
  data: DataPattern;
  /** How intervals of medians were resampled. */
  bootstrap: { resamplings: number; seed: number };
  /** Whether GPUs of one kind were measured at once: they share links and power. */
  parallel: boolean;
  os: string;
  kernel: string;
  cpu_count: number;
  environment: HostEnvironment;
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
  /** What the figure is held against; null where the benchmark names no peak. */
  peaks: Peaks | null;
  /** Why a peak is not known; null where nothing is missing. */
  peak_reason: string | null;
  /** The median over the observed peak, else over the rated one; null without a peak. */
  peak_ratio: number | null;
  /** The median over what the datasheet says, where that is another figure than the peak. */
  datasheet_ratio?: number;
  /** How long the benchmark took with all that it needed, in milliseconds. */
  took_ms?: number;
  conditions: Conditions | null;
  /** What a reader should know. */
  notes: string[];
  shader_sha256: string | null;
  samples: number[];
  /** Samples of the warm-up: they do not count. */
  warm_up: number[];
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
  /** The benchmarks of pairs of devices as matrices, where there are any. */
  matrices?: PairMatrix[];
  /** Beside another report (`--compare`). */
  comparison?: Comparison;
  /** What came of expectations (`--expect`). */
  expectations?: ExpectationVerdict[];
}

/** A figure over the peak at the clock that was seen, else over the rated one; null without either. */
export function peakRatio(figure: number, unit: string, peaks: Peaks | null): number | null {
  const peak = decisivePeak(peaks, unit);
  return peak === null ? null : figure / peak.value;
}

function statedPeaks({ rated, observed, datasheet }: Peaks): Peaks {
  return { rated, observed, ...(datasheet && { datasheet }) };
}

/** The entry of a result in the document. */
export function entryOf(result: Result): BenchEntry {
  const { outcome, ...description } = result;
  const measured = "measured" in outcome ? outcome.measured : undefined;
  const peaks = measured?.peaks ?? null;
  return {
    ...description,
    state: outcome.state,
    reason: "reason" in outcome ? outcome.reason : null,
    shape: measured?.shape ?? null,
    clock: measured?.clock ?? null,
    median: measured?.summary.median ?? null,
    statistics: measured?.summary ?? null,
    peaks: peaks && statedPeaks(peaks),
    peak_reason: peaks?.reason ?? null,
    peak_ratio: measured === undefined
      ? null
      : peakRatio(measured.summary.median, result.unit, peaks),
    ...(measured !== undefined && peaks?.datasheet?.unit === result.unit && {
      datasheet_ratio: measured.summary.median / peaks.datasheet.value,
    }),
    conditions: measured?.conditions ?? null,
    notes: measured?.notes ?? [],
    shader_sha256: measured?.shader_sha256 ?? null,
    samples: measured?.samples ?? [],
    warm_up: measured?.warm_up ?? [],
    candidates: measured?.candidates ?? {},
    failures: measured?.failures ?? {},
  };
}

function outcomeOf(entry: BenchEntry): Outcome {
  const { state, shape, clock, statistics, peaks } = entry;
  const reason = entry.reason ?? "no reason was given";
  if (shape === null || clock === null || statistics === null) {
    return state === "ok"
      ? { state: "failed", reason: "the report has no figure" }
      : { state, reason };
  }
  const measured = {
    shape,
    clock,
    summary: statistics,
    samples: entry.samples,
    warm_up: entry.warm_up,
    candidates: entry.candidates,
    failures: entry.failures,
    notes: entry.notes,
    conditions: entry.conditions,
    peaks: peaks && { ...peaks, reason: entry.peak_reason },
    shader_sha256: entry.shader_sha256,
  };
  if (state === "ok") return { state, measured };
  return state === "implausible" ? { state, reason, measured } : { state, reason };
}

/** The results that a document was made of. */
export function resultsOf(report: BenchReport): Result[] {
  return report.benchmarks.map((entry) => {
    const { name, suite, title, unit, better, convention, parameters, peak, device, peer } = entry;
    const outcome = outcomeOf(entry);
    return {
      name,
      suite,
      title,
      unit,
      better,
      convention,
      parameters,
      peak,
      device,
      peer,
      ...(entry.took_ms !== undefined && { took_ms: entry.took_ms }),
      outcome,
    };
  });
}

/** The document of a run. */
export function benchReport(context: BenchContext, results: readonly Result[]): BenchReport {
  const benchmarks = results.map(entryOf);
  const matrices = peerMatrices({ context, benchmarks });
  return {
    schema: BENCH_SCHEMA,
    context,
    benchmarks,
    ...(matrices.length === 0 ? {} : { matrices }),
  };
}
