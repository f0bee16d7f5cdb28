/**
 * What a device can do at most, and where that is known from.
 *
 * @module
 */

/** A theoretical peak. */
export interface PeakFigure {
  /** In {@linkcode PeakFigure.unit}. */
  value: number;
  /** As of the benchmark: `GB/s`, `TFLOP/s`, `TOP/s`. */
  unit: string;
  /** `132 SMs x 128 lanes x 2 operations x 1.980 GHz`. */
  formula: string;
  /** Where the factors, or the value itself, are from. */
  source: string;
}

/** The peaks that a figure is held against. */
export interface Peaks {
  /** At the clock that the maker promises at most. */
  rated: PeakFigure | null;
  /** At the clock that was seen while the figure was measured. */
  observed: PeakFigure | null;
  /**
   * What the board's datasheet says, where {@linkcode Peaks.rated} is by another formula and the two differ;
   * nothing is held against it. Left out where there is none.
   */
  datasheet?: PeakFigure;
}

/** Peaks, and why those that are null are not known. */
export interface KnownPeaks extends Peaks {
  reason: string | null;
}

/** Clocks that were seen during a run, in MHz; null where they are not known. */
export interface SeenClocks {
  core_mhz: number | null;
  memory_mhz: number | null;
}

/**
 * The peaks of one device.
 *
 * @param key of the benchmark: `memory_bandwidth`, `fp32`, `matrix.fp16.fp32`, `link.peer`.
 * @param clocks that were seen during the run.
 * @param peer id of the other device, for a transfer between two; null otherwise.
 */
export type PeakSource = (key: string, clocks: SeenClocks, peer?: string | null) => KnownPeaks;

/** Peaks that are not known, and why. */
export function unknownPeaks(reason: string): KnownPeaks {
  return { rated: null, observed: null, reason };
}

/** `1.980 GHz`. */
export function gigahertz(mhz: number): string {
  return `${(mhz / 1000).toFixed(3)} GHz`;
}

/** The peak that counts for a figure in `unit`: at the clock that was seen, else the rated one. */
export function decisivePeak(peaks: Peaks | null, unit: string): PeakFigure | null {
  return [peaks?.observed, peaks?.rated].find((peak) => peak?.unit === unit) ?? null;
}
