/**
 * What bounds a device: the roofs of its roofline, measured and theoretical.
 *
 * The model: S. Williams, A. Waterman, D. Patterson, "Roofline: an insightful visual performance model for
 * multicore architectures", CACM 52(4), 2009.
 *
 * @module
 */

import type { PeakFigure } from "../bench/peaks/peak.ts";
import type { BenchEntry } from "../bench/report.ts";
import type { Arrangement } from "./bench_arrange.ts";
import type { DeviceLabel } from "./bench_devices.ts";
import { figureOf, ratedPeak } from "./bench_figures.ts";
import { isDrawable } from "./svg_scale.ts";
import { formatBytes } from "./units.ts";

/** A measured roof. */
export interface Roof {
  title: string;
  /** In bytes or operations a second. */
  rate: number;
  /** In {@linkcode Roof.unit}. */
  figure: number;
  unit: string;
  /** The theoretical roof that it is held against; null where none is known. */
  peak: PeakFigure | null;
}

/** A theoretical roof, and the benchmarks that are held against it. */
export interface PeakRoof {
  titles: string[];
  /** In bytes or operations a second. */
  rate: number;
  peak: PeakFigure;
}

/** The roofs of a device. Neither list of measured ones is empty. */
export interface Roofline {
  device: DeviceLabel;
  /** The memory's, then that of the fastest cache where a sweep shows one. */
  bandwidths: Roof[];
  bandwidthPeaks: PeakRoof[];
  computes: Roof[];
  computePeaks: PeakRoof[];
}

/** Units of bandwidth and of arithmetic, in bytes or operations a second. */
const BYTES: Readonly<Record<string, number>> = { "GB/s": 1e9, "TB/s": 1e12 };
const OPERATIONS: Readonly<Record<string, number>> = {
  "GFLOP/s": 1e9,
  "TFLOP/s": 1e12,
  "GOP/s": 1e9,
  "TOP/s": 1e12,
};

/** What a kernel can make of memory: copies by other engines, and gathers, are not what bounds it. */
const KERNELS = /^(memory|host)\.(read|write|copy|triad)$/;

/** How much faster than memory a cache has to be to have a roof of its own. */
const CACHE_GAIN = 1.25;

function roofOf(entry: BenchEntry, units: Readonly<Record<string, number>>): Roof | undefined {
  const figure = figureOf(entry);
  const factor = units[entry.unit];
  if (factor === undefined || !isDrawable(figure)) return undefined;
  const { title, unit } = entry;
  return { title, figure, unit, rate: figure * factor, peak: ratedPeak(entry) };
}

/** The same for peaks that are the same. */
export function peakKey({ value, unit, formula, source }: PeakFigure): string {
  return JSON.stringify([value, unit, formula, source]);
}

function peakRoofs(
  entries: readonly BenchEntry[],
  units: Readonly<Record<string, number>>,
): PeakRoof[] {
  const found = new Map<string, PeakRoof>();
  for (const entry of entries) {
    const peak = ratedPeak(entry);
    const factor = peak === null ? undefined : units[peak.unit];
    if (peak === null || factor === undefined || !isDrawable(peak.value)) continue;
    const key = peakKey(peak);
    const known = found.get(key);
    if (known === undefined) {
      found.set(key, { titles: [entry.title], rate: peak.value * factor, peak });
    } else if (!known.titles.includes(entry.title)) known.titles.push(entry.title);
  }
  return [...found.values()].sort((a, b) => b.rate - a.rate);
}

function best(roofs: readonly Roof[]): Roof | undefined {
  return roofs.toSorted((a, b) => b.rate - a.rate)[0];
}

function measured(
  entries: readonly BenchEntry[],
  units: Readonly<Record<string, number>>,
): Roof[] {
  return entries.flatMap((entry) => roofOf(entry, units) ?? []);
}

/** The fastest step of a device's sweeps, where that is a cache's and not the memory's. */
function cacheRoof({ staircases }: Arrangement, id: string, memory: Roof): Roof[] {
  const steps = staircases.filter(({ device }) => device.id === id)
    .flatMap(({ title, steps }) =>
      steps.flatMap(({ bytes, entry }) => {
        const roof = roofOf(entry, BYTES);
        const size = formatBytes(bytes).replace(".0 ", " ");
        return roof ? [{ ...roof, title: `cache, ${title} of ${size}` }] : [];
      })
    );
  const fastest = best(steps);
  return fastest !== undefined && fastest.rate > memory.rate * CACHE_GAIN ? [fastest] : [];
}

/** The roofs of a device; undefined where either memory or arithmetic was not measured. */
export function rooflineOf(arrangement: Arrangement, device: DeviceLabel): Roofline | undefined {
  const own = arrangement.plain.filter((entry) => entry.device === device.id);
  const kernels = own.filter(({ name }) => KERNELS.test(name));
  const memory = best(measured(kernels, BYTES));
  const computes = measured(own, OPERATIONS).sort((a, b) => b.rate - a.rate);
  if (memory === undefined || computes.length === 0) return undefined;
  return {
    device,
    bandwidths: [
      {
        ...memory,
        title: memory.title.startsWith("memory") ? memory.title : `memory ${memory.title}`,
      },
      ...cacheRoof(arrangement, device.id, memory),
    ],
    bandwidthPeaks: peakRoofs(kernels, BYTES),
    computes,
    computePeaks: peakRoofs(own, OPERATIONS),
  };
}
