/**
 * The charts of a GPU's past: which metrics are drawn together.
 *
 * @module
 */

import type { GpuSample } from "../../../telemetry/metrics.ts";
import type { RememberedMetric } from "../core/trend.ts";

/** One chart. */
export interface Chart {
  title: string;
  /** The first is drawn through, the second dashed. */
  metrics: readonly [RememberedMetric, RememberedMetric?];
  /** What is at the top of it; null for as much as the figures need. */
  most: (sample: GpuSample) => number | null;
  isBinary?: boolean;
}

/** All of them. */
export const CHARTS: readonly Chart[] = [
  {
    title: "Utilization",
    metrics: ["utilization_pct", "memory_utilization_pct"],
    most: () => 100,
  },
  {
    title: "Memory used",
    metrics: ["vram_used_bytes"],
    most: ({ vram_total_bytes }) => vram_total_bytes,
    isBinary: true,
  },
  { title: "Power", metrics: ["power_w", "power_cap_w"], most: () => null },
  { title: "Temperature", metrics: ["temperature_c", "temperature_hotspot_c"], most: () => null },
  { title: "Clocks", metrics: ["core_clock_mhz", "memory_clock_mhz"], most: () => null },
  {
    title: "PCIe traffic",
    metrics: ["pcie_rx_bytes_per_s", "pcie_tx_bytes_per_s"],
    most: () => null,
    isBinary: true,
  },
  { title: "Fan", metrics: ["fan_pct"], most: () => 100 },
];

/** The metrics of all charts. */
export const CHARTED: readonly RememberedMetric[] = CHARTS.flatMap(({ metrics }) =>
  metrics.filter((name) => name !== undefined)
);

/** Ranges that can be chosen, in ms. */
export const RANGES = [
  { id: "5m", title: "5 min", ms: 300_000 },
  { id: "1h", title: "1 hour", ms: 3_600_000 },
  { id: "1d", title: "1 day", ms: 86_400_000 },
  { id: "1mo", title: "1 month", ms: 30 * 86_400_000 },
] as const;
