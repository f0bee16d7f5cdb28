/**
 * The schemas of the metrics of a GPU, with their units.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { METRIC_NAMES, type NumberMetric } from "../../../telemetry/metrics.ts";
import { numberOrNull, textOrNull } from "./value.ts";

/** What each of those that are numbers is, and in which unit. */
const NUMBERS: Readonly<Record<NumberMetric, string>> = {
  utilization_pct: "How busy it was since the look before, % of 100",
  gfx_utilization_pct: "Of the engines for graphics, % of 100; engines overlap",
  compute_utilization_pct: "Of the engines for computing alone, % of 100",
  copy_utilization_pct: "Of the engines that copy, % of 100",
  decode_utilization_pct: "Of the engines that decode video, % of 100",
  encode_utilization_pct: "Of the engines that encode video, % of 100",
  memory_utilization_pct: "Share of time in which its memory was read or written, % of 100",
  vram_used_bytes: "Of its own memory, or what was set aside for it, bytes in use",
  vram_total_bytes: "Size of its own memory, or of what was set aside for it, bytes",
  visible_vram_used_bytes: "Of what the processor can address, bytes in use",
  visible_vram_total_bytes: "What the processor can address, bytes",
  gtt_used_bytes: "Of the host's memory that it can use, bytes in use",
  gtt_total_bytes: "The host's memory that it can use, bytes",
  temperature_c: "At the edge of the chip, or by its one sensor, °C",
  temperature_hotspot_c: "The hottest place of the chip, °C",
  temperature_memory_c: "Of its memory, °C",
  temperature_slowdown_c: "From where on the driver slows it down, °C",
  power_w: "Power of the GPU, or of the whole card where the driver knows that, W",
  energy_j: "Since the driver was loaded, J",
  power_cap_w: "The cap on its power now, W",
  power_cap_min_w: "The lowest cap that the driver takes, W",
  power_cap_max_w: "The highest cap that the driver takes, W",
  power_cap_default_w: "The cap that it has when nobody set one, W",
  core_clock_mhz: "MHz",
  core_clock_min_mhz: "The lowest that it may have now, MHz",
  core_clock_max_mhz: "The highest that it may have now, MHz",
  memory_clock_mhz: "MHz",
  memory_clock_max_mhz: "The highest that it may have, MHz",
  video_clock_mhz: "MHz",
  fan_pct: "The speed that the fan is told to have, %; may pass 100",
  fan_rpm: "Revolutions a minute",
  voltage_v: "V",
  pcie_link_gen: "Generation of the PCIe link now",
  pcie_link_width: "PCIe lanes now",
  pcie_link_gen_max: "The best generation that both ends can do",
  pcie_link_width_max: "The most lanes that both ends have",
  pcie_rx_bytes_per_s: "Received over PCIe, bytes per second",
  pcie_tx_bytes_per_s: "Sent over PCIe, bytes per second",
  peer_links_active_count: "NVLink or xGMI links that are up",
  peer_rx_bytes_per_s: "Received over them, bytes per second",
  peer_tx_bytes_per_s: "Sent over them, bytes per second",
  ecc_corrected_count: "Errors in memory that were corrected since the driver was loaded",
  ecc_uncorrected_count: "Errors in memory that were not corrected since the driver was loaded",
  retired_pages_count: "Pages or rows of memory that were taken out of use",
};

/** The metrics: a shape for an object. */
export const metrics = {
  ...(Object.fromEntries(
    Object.entries(NUMBERS).map(([name, description]) => [name, numberOrNull(description)]),
  ) as Record<NumberMetric, ReturnType<typeof numberOrNull>>),
  throttle_reasons: z.array(z.string()).nullable().openapi({
    description: "Why the clock is lower than it could be, by the driver's names; empty for none",
  }),
  performance_state: textOrNull("NVIDIA's performance state, AMD's performance level: P0, auto"),
};

/** The name of a metric. */
export const metricName = z.enum(METRIC_NAMES);
