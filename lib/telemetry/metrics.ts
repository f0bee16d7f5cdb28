/**
 * What a GPU is doing: one record of metrics, the same for every vendor.
 *
 * Plain data, without I/O. The names are those of the JSON documents, with the unit at the end. A value
 * that is not known is `null`, and {@linkcode GpuSample.absent} says why.
 *
 * @module
 */

import type { GpuId, PowerState } from "../gpu/gpu.ts";

/** The metrics of one GPU at one time. */
export interface GpuMetrics {
  /** How busy the GPU was since the sample before, or over the driver's own interval, of 100. */
  utilization_pct: number | null;
  /** Of the engines for graphics. Engines overlap: they do not sum up to the whole. */
  gfx_utilization_pct: number | null;
  /** Of the engines for computing alone. */
  compute_utilization_pct: number | null;
  /** Of the engines that copy. */
  copy_utilization_pct: number | null;
  /** Of the engines that decode video. From AMD's VCN 4 on, one engine does both: see encode. */
  decode_utilization_pct: number | null;
  /** Of the engines that encode video. */
  encode_utilization_pct: number | null;
  /** Share of time in which the memory was read or written. */
  memory_utilization_pct: number | null;
  /** The GPU's own memory, or the part of the host's set aside for it. */
  vram_used_bytes: number | null;
  vram_total_bytes: number | null;
  /** Of it, what the processor can address. */
  visible_vram_used_bytes: number | null;
  visible_vram_total_bytes: number | null;
  /** The host's memory that the GPU can use (AMD's GTT, Intel's system region). */
  gtt_used_bytes: number | null;
  gtt_total_bytes: number | null;
  /** At the edge of the chip, or the one sensor that stands for it. */
  temperature_c: number | null;
  /** The hottest place of the chip (AMD's junction). */
  temperature_hotspot_c: number | null;
  temperature_memory_c: number | null;
  /** From where on the driver slows the GPU down. */
  temperature_slowdown_c: number | null;
  /** Power of the GPU, or of the whole card where the driver knows that one. */
  power_w: number | null;
  /** Energy since the driver was loaded. */
  energy_j: number | null;
  power_cap_w: number | null;
  power_cap_min_w: number | null;
  power_cap_max_w: number | null;
  power_cap_default_w: number | null;
  core_clock_mhz: number | null;
  /** The lowest and highest that it may have now. */
  core_clock_min_mhz: number | null;
  core_clock_max_mhz: number | null;
  memory_clock_mhz: number | null;
  memory_clock_max_mhz: number | null;
  video_clock_mhz: number | null;
  /** Speed that the fan is told to have; may pass 100. */
  fan_pct: number | null;
  fan_rpm: number | null;
  voltage_v: number | null;
  /** Why the clock is lower than it could be, by the driver's own names; empty for no reason. */
  throttle_reasons: string[] | null;
  /** The link now, and the best that both ends can do. */
  pcie_link_gen: number | null;
  pcie_link_width: number | null;
  pcie_link_gen_max: number | null;
  pcie_link_width_max: number | null;
  /** Bytes that the GPU receives and sends over PCIe. */
  pcie_rx_bytes_per_s: number | null;
  pcie_tx_bytes_per_s: number | null;
  /** NVLinks or xGMI links that are up. */
  peer_links_active_count: number | null;
  /** Bytes that the GPU receives and sends over them. */
  peer_rx_bytes_per_s: number | null;
  peer_tx_bytes_per_s: number | null;
  /** Errors in memory that were corrected, and that were not, since the driver was loaded. */
  ecc_corrected_count: number | null;
  ecc_uncorrected_count: number | null;
  /** Pages or rows of memory that were taken out of use. */
  retired_pages_count: number | null;
  /** NVIDIA's performance state, AMD's performance level: `P0`, `auto`. */
  performance_state: string | null;
}

/** A name of a metric. */
export type MetricName = keyof GpuMetrics;

/** Names of metrics that are numbers. */
export type NumberMetric = {
  [N in MetricName]: GpuMetrics[N] extends number | null ? N : never;
}[MetricName];

/** What one look gave. A metric that is in none of the three maps was not looked for. */
export interface Reading {
  /** What is known. */
  values: Partial<GpuMetrics>;
  /** Where each known value came from: `hwmon:temp1_input`, `nvml:nvmlDeviceGetPowerUsage`. */
  sources: Partial<Record<MetricName, string>>;
  /** Why others are not known. */
  absent: Partial<Record<MetricName, string>>;
}

/** One GPU at one time. */
export interface GpuSample extends GpuMetrics {
  id: GpuId;
  /** Position in the listing. */
  index: number;
  name: string | null;
  /** Whether its driver answers: a GPU that fell off the bus, or was unbound, is `lost`. */
  state: "ok" | "asleep" | "lost" | "unsupported";
  /** Why it is not `ok`; null where it is. */
  reason: string | null;
  power_state: PowerState | null;
  sources: Partial<Record<MetricName, string>>;
  absent: Partial<Record<MetricName, string>>;
}

/** Metrics of which nothing is known. */
export function unknownMetrics(): GpuMetrics {
  return {
    utilization_pct: null,
    gfx_utilization_pct: null,
    compute_utilization_pct: null,
    copy_utilization_pct: null,
    decode_utilization_pct: null,
    encode_utilization_pct: null,
    memory_utilization_pct: null,
    vram_used_bytes: null,
    vram_total_bytes: null,
    visible_vram_used_bytes: null,
    visible_vram_total_bytes: null,
    gtt_used_bytes: null,
    gtt_total_bytes: null,
    temperature_c: null,
    temperature_hotspot_c: null,
    temperature_memory_c: null,
    temperature_slowdown_c: null,
    power_w: null,
    energy_j: null,
    power_cap_w: null,
    power_cap_min_w: null,
    power_cap_max_w: null,
    power_cap_default_w: null,
    core_clock_mhz: null,
    core_clock_min_mhz: null,
    core_clock_max_mhz: null,
    memory_clock_mhz: null,
    memory_clock_max_mhz: null,
    video_clock_mhz: null,
    fan_pct: null,
    fan_rpm: null,
    voltage_v: null,
    throttle_reasons: null,
    pcie_link_gen: null,
    pcie_link_width: null,
    pcie_link_gen_max: null,
    pcie_link_width_max: null,
    pcie_rx_bytes_per_s: null,
    pcie_tx_bytes_per_s: null,
    peer_links_active_count: null,
    peer_rx_bytes_per_s: null,
    peer_tx_bytes_per_s: null,
    ecc_corrected_count: null,
    ecc_uncorrected_count: null,
    retired_pages_count: null,
    performance_state: null,
  };
}

/** The names of all metrics. */
export const METRIC_NAMES = Object.keys(unknownMetrics()) as readonly MetricName[];

/**
 * `temperature_slowdown_c` for comparing with, in °C: Infinity where the driver tells none. 0 and what is below
 * is none.
 */
export function slowdownLimit(celsius: number | null): number {
  return celsius !== null && celsius > 0 ? celsius : Infinity;
}
