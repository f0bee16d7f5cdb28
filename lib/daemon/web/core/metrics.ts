/**
 * The metrics that are shown, and how. Pure.
 *
 * @module
 */

import { formatBytes } from "../../../render/units.ts";
import type { GpuSample, MetricName, NumberMetric } from "../../../telemetry/metrics.ts";
import { formatNumber, formatRate } from "./format.ts";

/** How one metric is written. */
interface Shown {
  label: string;
  text(value: number): string;
}

function unit(label: string, name: string, decimals = 0): Shown {
  return { label, text: (value) => `${formatNumber(value, decimals)} ${name}` };
}

const bytes = (label: string): Shown => ({ label, text: formatBytes });
const rate = (label: string): Shown => ({ label, text: formatRate });
const plain = (label: string): Shown => ({ label, text: (value) => formatNumber(value, 0) });

/** Every metric that is a number. */
export const SHOWN: Record<NumberMetric, Shown> = {
  utilization_pct: unit("Utilization", "%"),
  gfx_utilization_pct: unit("Graphics engines", "%"),
  compute_utilization_pct: unit("Compute engines", "%"),
  copy_utilization_pct: unit("Copy engines", "%"),
  decode_utilization_pct: unit("Video decoding", "%"),
  encode_utilization_pct: unit("Video encoding", "%"),
  memory_utilization_pct: unit("Memory busy", "%"),
  vram_used_bytes: bytes("Memory used"),
  vram_total_bytes: bytes("Memory"),
  visible_vram_used_bytes: bytes("Memory that the CPU sees, used"),
  visible_vram_total_bytes: bytes("Memory that the CPU sees"),
  gtt_used_bytes: bytes("Host memory used"),
  gtt_total_bytes: bytes("Host memory that it may use"),
  temperature_c: unit("Temperature", "°C"),
  temperature_hotspot_c: unit("Temperature, hot spot", "°C"),
  temperature_memory_c: unit("Temperature, memory", "°C"),
  temperature_slowdown_c: unit("Slows down at", "°C"),
  power_w: unit("Power", "W"),
  energy_j: unit("Energy", "J"),
  power_cap_w: unit("Power cap", "W"),
  power_cap_min_w: unit("Power cap, least", "W"),
  power_cap_max_w: unit("Power cap, most", "W"),
  power_cap_default_w: unit("Power cap, default", "W"),
  core_clock_mhz: unit("Core clock", "MHz"),
  core_clock_min_mhz: unit("Core clock, least", "MHz"),
  core_clock_max_mhz: unit("Core clock, most", "MHz"),
  memory_clock_mhz: unit("Memory clock", "MHz"),
  memory_clock_max_mhz: unit("Memory clock, most", "MHz"),
  video_clock_mhz: unit("Video clock", "MHz"),
  fan_pct: unit("Fan", "%"),
  fan_rpm: unit("Fan", "RPM"),
  voltage_v: unit("Voltage", "V", 3),
  pcie_link_gen: plain("PCIe generation"),
  pcie_link_width: plain("PCIe lanes"),
  pcie_link_gen_max: plain("PCIe generation, most"),
  pcie_link_width_max: plain("PCIe lanes, most"),
  pcie_rx_bytes_per_s: rate("PCIe received"),
  pcie_tx_bytes_per_s: rate("PCIe sent"),
  peer_links_active_count: plain("Peer links up"),
  peer_rx_bytes_per_s: rate("Peer links received"),
  peer_tx_bytes_per_s: rate("Peer links sent"),
  ecc_corrected_count: plain("Memory errors corrected"),
  ecc_uncorrected_count: plain("Memory errors not corrected"),
  retired_pages_count: plain("Memory pages retired"),
};

/** Whether a name is one of a metric that is a number. */
export function isNumberMetric(name: string): name is NumberMetric {
  return Object.hasOwn(SHOWN, name);
}

/** A metric for people: its text, or why there is none. */
export type Told = { known: true; text: string; source: string | null } | {
  known: false;
  why: string;
};

/** Why a metric of a sample is not known. */
export function whyUnknown(sample: GpuSample, name: MetricName): string {
  return sample.absent[name] ?? sample.reason ?? "no reason was given";
}

/** A number of a sample with its unit, or why it is not known. */
export function tell(sample: GpuSample, name: NumberMetric): Told {
  // A service of another version may not have it at all.
  const value: number | null | undefined = sample[name];
  return typeof value !== "number"
    ? { known: false, why: whyUnknown(sample, name) }
    : { known: true, text: SHOWN[name].text(value), source: sample.sources[name] ?? null };
}

/** Part over whole, from 0 to 1; null where one of them is not known, or there is no whole. */
export function shareOf(
  part: number | null | undefined,
  whole: number | null | undefined,
): number | null {
  if (typeof part !== "number" || typeof whole !== "number" || whole <= 0) return null;
  return Math.min(1, Math.max(0, part / whole));
}

/** The name of a GPU for people, never empty. */
export function nameOf({ index, name }: Pick<GpuSample, "index" | "name">): string {
  return `${index}: ${name ?? "unknown GPU"}`;
}
