/**
 * How well two runs agree, figure by figure.
 *
 * @module
 */

import type { Parameters } from "./benchmark.ts";
import { pairEntries } from "./compare.ts";
import type { BenchEntry, BenchReport } from "./report.ts";

/** A figure whose samples vary by less than this (CV) in both runs has to come out again. */
export const STEADY_CV = 0.01;

/** By what share the medians of two runs may differ. */
export const AGREEMENT = 0.02;

/** A figure of both runs. */
export interface RepeatedFigure {
  name: string;
  device: string;
  peer: string | null;
  parameters: Parameters;
  unit: string;
  /** Medians of the first and of the second run. */
  first: number;
  second: number;
  /** The second over the first. */
  ratio: number;
  /** The larger coefficient of variation of the two runs. */
  cv: number;
  /** Whether the ratio is within {@linkcode AGREEMENT} of 1. */
  agrees: boolean;
}

/** The figure's coefficient of variation where the device's own clock timed it; undefined elsewhere. */
function deviceCv({ state, clock, median, statistics }: BenchEntry): number | undefined {
  return state === "ok" && clock === "device" && median !== null ? statistics?.cv : undefined;
}

/**
 * The figures that the device's clock timed, with samples that vary by less than {@linkcode STEADY_CV} in
 * both runs.
 *
 * @returns in the second run's order; what only one run has is left out.
 */
export function repeatedFigures(first: BenchReport, second: BenchReport): RepeatedFigure[] {
  return pairEntries(first, second).flatMap(([old, now]): RepeatedFigure[] => {
    const cv = Math.max(deviceCv(old) ?? Infinity, deviceCv(now) ?? Infinity);
    if (cv >= STEADY_CV || old.median === null || now.median === null) return [];
    const { name, device, peer, parameters, unit } = now;
    const ratio = now.median / old.median;
    const agrees = Math.abs(ratio - 1) <= AGREEMENT;
    const [first, second] = [old.median, now.median];
    return [{ name, device, peer, parameters, unit, first, second, ratio, cv, agrees }];
  });
}
