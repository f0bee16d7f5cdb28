/**
 * The last minutes of the GPUs, as cards and plots show them. Pure.
 *
 * @module
 */

import type { GpuId } from "../../../gpu/gpu.ts";
import type { StatusDocument } from "../../../render/status_document.ts";
import type { NumberMetric } from "../../../telemetry/metrics.ts";
import type { HistoryView } from "../../service_api.ts";

/** What is remembered of each look. */
export const REMEMBERED = [
  "utilization_pct",
  "memory_utilization_pct",
  "vram_used_bytes",
  "power_w",
  "power_cap_w",
  "temperature_c",
  "temperature_hotspot_c",
  "core_clock_mhz",
  "memory_clock_mhz",
  "fan_pct",
  "pcie_rx_bytes_per_s",
  "pcie_tx_bytes_per_s",
] as const satisfies readonly NumberMetric[];

/** A metric that is remembered. */
export type RememberedMetric = typeof REMEMBERED[number];

/** One look, with what is remembered of it alone. */
export interface Look {
  /** In ms since 1970. */
  at: number;
  gpus: ReadonlyMap<GpuId, Readonly<Record<RememberedMetric, number | null>>>;
}

/** How long looks are remembered, and how long the past on a card is, in ms. */
export const RECENT_MS = 300_000, TREND_MS = 120_000;

function lookOf({ at, gpus }: StatusDocument): Look {
  return {
    at: Date.parse(at),
    gpus: new Map(gpus.map((sample) => [
      sample.id,
      Object.fromEntries(REMEMBERED.map((name) => [name, sample[name] ?? null])) as Record<
        RememberedMetric,
        number | null
      >,
    ])),
  };
}

/** The looks with one more, without those that are too old. Where the clock went back they start anew. */
export function withLook(recent: readonly Look[], document: StatusDocument): Look[] {
  const look = lookOf(document);
  const last = recent.at(-1);
  if (last?.at === look.at) return [...recent];
  if (last !== undefined && look.at < last.at) return [look];
  return [...recent.filter(({ at }) => at > look.at - RECENT_MS), look];
}

/** The looks that a history tells of, the oldest first. */
export function looksOf({ series }: HistoryView): Look[] {
  const nothing = Object.fromEntries(REMEMBERED.map((name) => [name, null])) as Record<
    RememberedMetric,
    null
  >;
  const looks = new Map<number, Map<GpuId, Record<RememberedMetric, number | null>>>();
  for (const { gpu, metric, points } of series) {
    for (const { at, mean } of points) {
      const time = Date.parse(at);
      const gpus = looks.get(time) ?? new Map<GpuId, Record<RememberedMetric, number | null>>();
      looks.set(time, gpus.set(gpu, { ...gpus.get(gpu) ?? nothing, [metric]: mean }));
    }
  }
  return [...looks].map(([at, gpus]) => ({ at, gpus })).sort((a, b) => a.at - b.at);
}

/** The looks with older ones before them. */
export function withPast(recent: readonly Look[], past: readonly Look[]): Look[] {
  const first = recent[0]?.at ?? Infinity;
  return [...past.filter(({ at }) => at < first), ...recent];
}

/** A time in ms since 1970, and what was seen; null where it was not known. */
export interface TrendPoint {
  at: number;
  value: number | null;
}

/** One metric of one GPU over the looks. */
export function trendOf(
  recent: readonly Look[],
  gpu: GpuId,
  metric: RememberedMetric,
): TrendPoint[] {
  return recent.map(({ at, gpus }) => ({ at, value: gpus.get(gpu)?.[metric] ?? null }));
}

/**
 * The path of a line through the points, in a box of `width` by `height` whose right edge is `now`.
 *
 * It is broken where a value is not known, and where looks are missing.
 *
 * @param most the value at the top; 0 is at the bottom.
 * @param gapMs between two points further apart than this nothing is known.
 */
export function trendPath(
  points: readonly TrendPoint[],
  { width, height, now, most, gapMs }: {
    width: number;
    height: number;
    now: number;
    most: number;
    gapMs: number;
  },
): string {
  const parts: string[] = [];
  let before: number | null = null;
  for (const { at, value } of points) {
    if (at < now - TREND_MS) continue;
    if (value === null) {
      before = null;
      continue;
    }
    const x = width * (1 - (now - at) / TREND_MS);
    const y = height * (1 - Math.min(1, Math.max(0, value / most)));
    const isJoined = before !== null && at - before <= gapMs;
    parts.push(`${isJoined ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`);
    // A point alone is a dot, by the round cap of a line of no length.
    if (!isJoined) parts.push("h0");
    before = at;
  }
  return parts.join("");
}
