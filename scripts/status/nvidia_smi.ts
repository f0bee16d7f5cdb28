/**
 * What nvidia-smi calls each metric, and how it rounds it. Pure.
 *
 * Source: `nvidia-smi --help-query-gpu`.
 *
 * @module
 */

import { EVENT_REASONS } from "../../ffi/nvml_abi.ts";
import type { MetricName } from "../../lib/telemetry/metrics.ts";

/** A metric and the field in which nvidia-smi shows it. */
export interface SmiField {
  metric: MetricName;
  field: string;
  /** Our unit in one of nvidia-smi's: 2^20 bytes in its MiB. */
  scale: number;
  /** The step in which nvidia-smi prints, in its unit. */
  step: number;
  /**
   * Whether the value changes from one moment to the next: then one reading that fits is enough, and it may
   * lie as far outside the two of nvidia-smi as these are from one another.
   */
  changes: boolean;
}

const still = { scale: 1, step: 0, changes: false };
const moving = { scale: 1, step: 1, changes: true };

/** The metrics that nvidia-smi shows as a number. */
export const SMI_FIELDS: readonly SmiField[] = [
  { metric: "utilization_pct", field: "utilization.gpu", ...moving },
  { metric: "memory_utilization_pct", field: "utilization.memory", ...moving },
  { metric: "encode_utilization_pct", field: "utilization.encoder", ...moving },
  { metric: "decode_utilization_pct", field: "utilization.decoder", ...moving },
  { metric: "vram_total_bytes", field: "memory.total", ...still, scale: 1048576, step: 1 },
  { metric: "vram_used_bytes", field: "memory.used", ...moving, scale: 1048576 },
  { metric: "temperature_c", field: "temperature.gpu", ...moving },
  { metric: "temperature_memory_c", field: "temperature.memory", ...moving },
  { metric: "power_w", field: "power.draw", ...moving, step: 0.01 },
  { metric: "power_cap_w", field: "power.limit", ...still, step: 0.01 },
  { metric: "power_cap_min_w", field: "power.min_limit", ...still, step: 0.01 },
  { metric: "power_cap_max_w", field: "power.max_limit", ...still, step: 0.01 },
  { metric: "power_cap_default_w", field: "power.default_limit", ...still, step: 0.01 },
  { metric: "core_clock_mhz", field: "clocks.current.sm", ...moving },
  { metric: "memory_clock_mhz", field: "clocks.current.memory", ...moving },
  { metric: "video_clock_mhz", field: "clocks.current.video", ...moving },
  { metric: "core_clock_max_mhz", field: "clocks.max.sm", ...still },
  { metric: "memory_clock_max_mhz", field: "clocks.max.memory", ...still },
  { metric: "fan_pct", field: "fan.speed", ...moving },
  { metric: "pcie_link_gen", field: "pcie.link.gen.current", ...moving, step: 0 },
  { metric: "pcie_link_width", field: "pcie.link.width.current", ...moving, step: 0 },
  { metric: "pcie_link_gen_max", field: "pcie.link.gen.max", ...still },
  { metric: "pcie_link_width_max", field: "pcie.link.width.max", ...still },
  {
    metric: "ecc_corrected_count",
    field: "ecc.errors.corrected.volatile.total",
    ...still,
  },
  {
    metric: "ecc_uncorrected_count",
    field: "ecc.errors.uncorrected.volatile.total",
    ...still,
  },
];

/** The metrics that nvidia-smi shows as text, and how we would say the same. */
export const SMI_TEXTS: readonly {
  metric: "performance_state" | "throttle_reasons";
  field: string;
  read(cell: string): string;
}[] = [
  { metric: "performance_state", field: "pstate", read: (cell) => cell },
  { metric: "throttle_reasons", field: "clocks_event_reasons.active", read: reasonNames },
];

/** The reasons in a mask, `0x0000000000000004`, by the names that we give them. */
function reasonNames(cell: string): string {
  const mask = BigInt(cell);
  return Array.from({ length: 64 }, (_, bit) => bit)
    .filter((bit) => (mask >> BigInt(bit)) & 1n)
    .map((bit) => EVENT_REASONS[bit] ?? `bit ${bit}`)
    .join("+") || "none";
}

/** Rows of `--format=csv,noheader,nounits`, cell by cell under the names that were asked for. */
export function parseSmiRows(text: string, fields: readonly string[]): Map<string, string>[] {
  return text.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const cells = line.split(",").map((cell) => cell.trim());
    return new Map(fields.map((field, at) => [field, cells[at] ?? ""]));
  });
}

/** The number in a cell; null where nvidia-smi has none: `[N/A]`, `[Not Supported]`. */
export function smiNumber(cell: string | undefined): number | null {
  return cell !== undefined && /^-?\d+(\.\d+)?$/.test(cell) ? Number(cell) : null;
}

/** The field that nvidia-smi refuses to know, from its message; undefined for another message. */
export function unknownField(message: string): string | undefined {
  return /Field "([^"]+)" is not a valid field to query/.exec(message)?.[1];
}
