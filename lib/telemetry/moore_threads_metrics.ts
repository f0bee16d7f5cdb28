/**
 * What MTML tells of one GPU at one time: from its units to ours.
 *
 * @module
 */

import { type Answer, noValue } from "../../ffi/answer.ts";
import type { MtmlDevice } from "../../ffi/mtml.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { type AnswerReading, fastestFan } from "./answer_reading.ts";
import { clampPercent } from "./driver.ts";
import type { MetricName } from "./metrics.ts";

/** Why MTML never has these. */
const NEVER: Partial<Record<MetricName, string>> = {
  copy_utilization_pct: "MTML does not tell how busy copying is",
  visible_vram_used_bytes: "MTML does not tell what the processor can address",
  visible_vram_total_bytes: "MTML does not tell what the processor can address",
  gtt_total_bytes: "MTML does not tell how much of the host's memory the GPU may use",
  temperature_hotspot_c: "MTML does not tell the hottest place of the chip",
  energy_j: "MTML does not count energy",
  power_cap_min_w: "MTML does not tell the range of the power limit",
  power_cap_max_w: "MTML does not tell the range of the power limit",
  core_clock_min_mhz: "MTML does not tell the lowest clock",
  throttle_reasons: "MTML does not tell why clocks are low",
  pcie_rx_bytes_per_s: "MTML does not count what goes over PCIe",
  pcie_tx_bytes_per_s: "MTML does not count what goes over PCIe",
  peer_rx_bytes_per_s: "MTML does not count what goes over MtLink",
  peer_tx_bytes_per_s: "MTML does not count what goes over MtLink",
};

const same = (value: number): number => value;
const thousandth = (value: number): number => value / 1000;
/** Of what 0 would be no reading, but the lack of one. */
const positive = (value: number): number | undefined => value > 0 ? value : undefined;
const milli = (value: number): number | undefined => value > 0 ? value / 1000 : undefined;

/** Reads them. */
export function readMooreThreadsMetrics(device: MtmlDevice, gpu: Gpu, to: AnswerReading): void {
  readUtilization(device, to);
  to.put("vram_total_bytes", device.memory("Total"), positive);
  to.put("vram_used_bytes", device.memory("Used"), same);
  to.put("gtt_used_bytes", device.memory("UsedSystem"), same);
  to.put("temperature_c", device.temperature(), same);
  to.put("temperature_memory_c", device.memoryTemperature(), positive);
  to.put("temperature_slowdown_c", device.slowdownTemperature(), positive);
  to.put("power_w", device.powerUsage(), thousandth);
  to.put("power_cap_w", device.powerLimit(), milli);
  to.put("power_cap_default_w", device.defaultPowerLimit(), milli);
  to.put("core_clock_mhz", device.clock("now"), same);
  to.put("core_clock_max_mhz", device.clock("max"), positive);
  to.put("memory_clock_mhz", device.memoryClock("now"), same);
  to.put("memory_clock_max_mhz", device.memoryClock("max"), positive);
  to.put("video_clock_mhz", device.videoClock(), same);
  to.put("voltage_v", device.voltage(), milli);
  const state = device.performanceState();
  to.put("performance_state", state, (value) => value >= 0 ? `P${value}` : undefined);
  readFans(device, to);
  readLinks(device, gpu, to);
  to.put("ecc_corrected_count", device.eccErrors("corrected"), same);
  to.put("ecc_uncorrected_count", device.eccErrors("uncorrected"), same);
  to.put("retired_pages_count", device.retiredPages(), same);
  for (const [name, reason] of Object.entries(NEVER)) {
    to.builder.lack([name as MetricName], reason);
  }
}

function readUtilization(device: MtmlDevice, to: AnswerReading): void {
  to.put("utilization_pct", device.utilization(), clampPercent);
  to.put("memory_utilization_pct", device.memoryUtilization(), clampPercent);
  to.put("compute_utilization_pct", device.engineUtilization("compute"), clampPercent);
  // Three engines draw, and work at the same time: the busiest stands for them.
  const drawing = (["threeD", "twoD", "geometry"] as const)
    .map((engine) => device.engineUtilization(engine));
  to.put("gfx_utilization_pct", drawing.reduce(busiest), clampPercent);
  const codec = device.codecUtilization();
  to.put("encode_utilization_pct", codec, ({ encode }) => clampPercent(encode));
  to.put("decode_utilization_pct", codec, ({ decode }) => clampPercent(decode));
}

function busiest(one: Answer<number>, other: Answer<number>): Answer<number> {
  if (!one.ok || !other.ok) return one.ok ? other : one;
  return other.value > one.value ? other : one;
}

function readFans(device: MtmlDevice, to: AnswerReading): void {
  const counted = device.fanCount();
  const count = to.hear(counted);
  if (count === undefined || count === 0) {
    const none = noValue("mtmlDeviceCountFan", "gives 0: other fans cool it");
    const why = counted.ok ? none : counted;
    to.put("fan_pct", why, same);
    to.put("fan_rpm", why, same);
    return;
  }
  to.put("fan_pct", fastestFan(count, (fan) => device.fanPercent(fan)), same);
  to.put("fan_rpm", fastestFan(count, (fan) => device.fanRpm(fan)), same);
}

function readLinks(device: MtmlDevice, gpu: Gpu, to: AnswerReading): void {
  const pci = device.pci();
  // The device tells what it can do itself; what the slot can do is known from the listing.
  const both = (own: number, slot: number | null) =>
    own > 0 ? Math.min(own, slot ?? own) : undefined;
  const none = "mtmlDeviceGetPciInfo gives no link";
  to.put("pcie_link_gen", pci, ({ generation }) => positive(generation), none);
  to.put("pcie_link_width", pci, ({ width }) => positive(width), none);
  to.put(
    "pcie_link_gen_max",
    pci,
    ({ maxGeneration }) => both(maxGeneration, gpu.pcie_link_gen_max),
    none,
  );
  to.put(
    "pcie_link_width_max",
    pci,
    ({ maxWidth }) => both(maxWidth, gpu.pcie_link_width_max),
    none,
  );
  to.put("peer_links_active_count", device.activeLinks(), same);
}
