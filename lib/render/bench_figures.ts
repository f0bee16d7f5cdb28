/**
 * Figures of benchmarks in words, and what of an entry may be shown as a figure.
 *
 * Reports are read back from files too, of other versions and other hands: a property may be missing, and a
 * number may be one that nobody can have measured.
 *
 * @module
 */

import type { PeakFigure } from "../bench/peaks/peak.ts";
import type { BenchEntry } from "../bench/report.ts";
import type { Summary } from "../bench/statistics.ts";

/** NVML's word for a clock that is low since nothing runs: the moments between samples are idle. */
const IDLE = "gpu_idle";

/** What held the clock back, of the reasons that were read: that there was nothing to do is none. */
export function heldBack(reasons: readonly string[] | null | undefined): string[] {
  return (reasons ?? []).filter((reason) => reason !== IDLE);
}

/** A number with four significant digits, without an exponent: `4539`, `65.84`, `0.5971`. */
export function formatFigure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  const digits = Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 9));
}

/** A share in percent: `95 %`, `0.4 %`, `<0.1 %`. */
export function formatShare(share: number): string {
  const percent = 100 * share;
  if (percent > 0 && percent < 0.1) return "<0.1 %";
  return `${percent < 9.95 && percent !== 0 ? percent.toFixed(1) : formatWhole(percent)} %`;
}

function formatWhole(value: number): string {
  return value < 1e15 ? String(Math.round(value)) : value.toPrecision(3);
}

/** Beyond this, arithmetic with a number ends in infinity. No figure is nearly so large. */
const LARGEST = 1e100;

/** A number that is one: not missing, not NaN, not infinite nor nearly so. */
export function finite(value: number | null | undefined): number | null {
  return typeof value === "number" && Math.abs(value) < LARGEST ? value : null;
}

/** The figure of an entry; null where it has none that counts. */
export function figureOf(entry: BenchEntry): number | null {
  return entry.state === "ok" ? finite(entry.median) : null;
}

/** The statistics of an entry that has a figure. */
export function statisticsOf(entry: BenchEntry): Summary | null {
  return figureOf(entry) === null ? null : entry.statistics ?? null;
}

function usable(peak: PeakFigure | null | undefined): PeakFigure | null {
  return peak && (finite(peak.value) ?? 0) > 0 ? peak : null;
}

/** The peak at the clock that the maker promises; null where it is not known. */
export function ratedPeak(entry: BenchEntry): PeakFigure | null {
  return usable(entry.peaks?.rated);
}

/** The peak at the clock that was seen; null where it is not known. */
export function observedPeak(entry: BenchEntry): PeakFigure | null {
  return usable(entry.peaks?.observed);
}

/** The figure over its peak, as the report says; null where either is not known. */
export function shareOfPeak(entry: BenchEntry): number | null {
  return figureOf(entry) === null ? null : finite(entry.peak_ratio);
}

/** Median absolute deviation over the median: `±0.1 %`; empty where it is not known. */
function formatDeviation(entry: BenchEntry): string {
  const statistics = statisticsOf(entry);
  const share = statistics === null ? null : finite(statistics.mad / Math.abs(statistics.median));
  return share === null ? "" : `±${share < 9.995 ? (100 * share).toFixed(1) : ">999"} %`;
}

/**
 * `±0.1 %`; of latencies `p99 12.3`, as their tail tells more than their spread. Empty where it is not
 * known.
 */
export function formatSpread(entry: BenchEntry): string {
  const statistics = statisticsOf(entry);
  if (statistics === null || entry.better === "higher") return formatDeviation(entry);
  const p99 = finite(statistics.p99);
  return p99 === null ? "" : `p99 ${formatFigure(p99)}`;
}

/** The parameters of an entry as `name=value`. */
export function parameterWords(entry: Pick<BenchEntry, "parameters">): string[] {
  return Object.entries(entry.parameters ?? {}).map(([name, value]) =>
    `${name}=${typeof value === "number" ? finite(value) ?? "?" : value}`
  );
}
