/**
 * What NVML tells of one GPU at one time, all that takes microseconds: from its units to ours.
 *
 * @module
 */

import { type Answer, answerOf } from "../../ffi/answer.ts";
import type { NvmlDevice } from "../../ffi/nvml.ts";
import { answer32 } from "../../ffi/nvml_telemetry.ts";
import { isBlank64, NVML_RESULT } from "../../ffi/nvml_telemetry_abi.ts";
import { type AnswerReading, fastestFan } from "./answer_reading.ts";
import { clampPercent } from "./driver.ts";
import type { MetricName } from "./metrics.ts";
import type { OpenNvml } from "./nvml_share.ts";
import type { SeldomAsked } from "./seldom.ts";

/** What is asked. */
type From = Pick<OpenNvml, "nvml" | "telemetry"> & { seldom: Pick<SeldomAsked, "get"> };

/** Why NVML never has these. */
const NEVER: Partial<Record<MetricName, string>> = {
  gfx_utilization_pct: "NVML does not tell graphics from computing: see utilization_pct",
  compute_utilization_pct: "NVML does not tell computing from graphics: see utilization_pct",
  copy_utilization_pct: "NVML does not tell how busy the copy engines are",
  visible_vram_used_bytes:
    "NVML tells how much of the window is mapped, not what is in use behind it",
  gtt_used_bytes: "NVML does not tell how much of the host's memory the GPU uses",
  gtt_total_bytes: "NVML does not tell how much of the host's memory the GPU may use",
  temperature_hotspot_c: "NVML does not tell the hottest place of the chip",
  voltage_v: "NVML does not tell the voltage",
  core_clock_min_mhz: "NVML does not tell the lowest clock that is allowed now",
};

const same = <T>(value: T): T => value;
const thousandth = (value: number): number => value / 1000;

/**
 * Reads them.
 *
 * @param seldom keeps limits, and counts of what is rare.
 */
export function readNvidiaMetrics(
  open: OpenNvml,
  device: NvmlDevice,
  to: AnswerReading,
  seldom: SeldomAsked,
): void {
  const from: From = {
    ...open,
    // What was told of a GPU that does not answer now is not true of it.
    seldom: { get: (name, ask) => to.isAnswering ? seldom.get(name, ask) : ask() },
  };
  readUtilization(from, device, to);
  readMemory(from, device, to);
  readTemperatures(from, device, to);
  readPower(from, device, to);
  readClocks(from, device, to);
  readFans(from, device, to);
  readLink(from, device, to);
  readErrors(from, device, to);
  for (const [name, reason] of Object.entries(NEVER)) {
    to.builder.lack([name as MetricName], reason);
  }
}

function readUtilization({ nvml, telemetry }: From, device: NvmlDevice, to: AnswerReading) {
  const rates = answerOf("nvmlDeviceGetUtilizationRates", () => nvml.utilization(device));
  if (!rates.ok && inMigMode({ nvml }, device)) {
    to.builder.lack(
      ["utilization_pct", "memory_utilization_pct"],
      `${rates.refusal.message}: the GPU is in MIG mode, where NVML tells it of no GPU as a whole`,
    );
  }
  to.put("utilization_pct", rates, ({ gpu }) => clampPercent(gpu));
  to.put("memory_utilization_pct", rates, ({ memory }) => clampPercent(memory));
  to.put("encode_utilization_pct", telemetry.codecUtilization(device, "Encoder"), clampPercent);
  to.put("decode_utilization_pct", telemetry.codecUtilization(device, "Decoder"), clampPercent);
}

function inMigMode({ nvml }: Pick<OpenNvml, "nvml">, device: NvmlDevice): boolean {
  const mode = answerOf("nvmlDeviceGetMigMode", () => nvml.migMode(device));
  return mode.ok && mode.value.current;
}

function readMemory({ nvml, telemetry, seldom }: From, device: NvmlDevice, to: AnswerReading) {
  const memory = answerOf("nvmlDeviceGetMemoryInfo", () => nvml.memory(device));
  const shared = "nvmlDeviceGetMemoryInfo gives no total: the GPU uses the host's memory";
  const total = memory.ok && !isBlank64(memory.value.total) ? memory.value.total : 0;
  const known = (bytes: number) => (total > 0 && !isBlank64(bytes) ? bytes : undefined);
  to.put("vram_total_bytes", memory, (value) => known(value.total), shared);
  to.put("vram_used_bytes", memory, (value) => known(value.used), shared);
  if (memory.ok && memory.value.reserved === null && total > 0) {
    // The older function counts what the driver keeps for itself; the newer one tells it apart.
    to.builder.reading.sources.vram_used_bytes =
      "nvml:nvmlDeviceGetMemoryInfo (with what the driver reserves)";
  }
  to.put(
    "visible_vram_total_bytes",
    seldom.get("bar1", () => telemetry.bar1Total(device)),
    // The window is rounded up to a power of two, and so may be larger than what is behind it.
    (bytes) => (total > 0 && bytes > 0 ? Math.min(bytes, total) : undefined),
    shared,
  );
}

function readTemperatures(
  { nvml, telemetry, seldom }: From,
  device: NvmlDevice,
  to: AnswerReading,
) {
  const now = answer32("nvmlDeviceGetTemperature", () => nvml.temperature(device));
  to.put("temperature_c", now, same);
  const slowdown = seldom.get("slowdown", () => telemetry.slowdownTemperature(device));
  to.put("temperature_slowdown_c", slowdown, (value) => value > 0 ? value : undefined);
}

function readPower({ nvml, telemetry, seldom }: From, device: NvmlDevice, to: AnswerReading) {
  const draw = answer32("nvmlDeviceGetPowerUsage", () => nvml.powerUsage(device));
  to.put("power_w", draw, thousandth);
  to.put("energy_j", telemetry.totalEnergy(device), thousandth);
  const set = telemetry.powerLimit(device);
  // Only where it is never told: a call that failed once would show another limit for one reading.
  const cap = isLacking(set)
    ? answer32("nvmlDeviceGetEnforcedPowerLimit", () => nvml.powerLimit(device))
    : set;
  to.put("power_cap_w", cap, thousandth);
  const limits = seldom.get("power limits", () => telemetry.powerLimits(device));
  to.put("power_cap_min_w", limits, ({ min }) => min / 1000);
  to.put("power_cap_max_w", limits, ({ max }) => max / 1000);
  const normal = seldom.get("power default", () =>
    answer32(
      "nvmlDeviceGetPowerManagementDefaultLimit",
      () => nvml.defaultPowerLimit(device),
    ));
  to.put("power_cap_default_w", normal, thousandth);
}

function readClocks({ nvml, telemetry, seldom }: From, device: NvmlDevice, to: AnswerReading) {
  const clock = (of: "sm" | "memory", when: "now" | "max"): Answer<number> =>
    answer32(
      when === "now" ? "nvmlDeviceGetClockInfo" : "nvmlDeviceGetMaxClockInfo",
      () => nvml.clock(device, of, when),
    );
  to.put("core_clock_mhz", clock("sm", "now"), same);
  to.put("core_clock_max_mhz", seldom.get("core max", () => clock("sm", "max")), same);
  to.put("memory_clock_mhz", clock("memory", "now"), same);
  to.put("memory_clock_max_mhz", seldom.get("memory max", () => clock("memory", "max")), same);
  to.put("video_clock_mhz", telemetry.videoClock(device), same);
  to.put("performance_state", telemetry.performanceState(device), same);
  const reasons = answerOf(
    "nvmlDeviceGetCurrentClocksEventReasons",
    () => nvml.clockEventReasons(device),
  );
  to.put("throttle_reasons", reasons, same);
}

function readFans({ telemetry }: From, device: NvmlDevice, to: AnswerReading) {
  const counted = telemetry.fanCount(device);
  // Drivers that do not count fans know the first one.
  const count = to.hear(counted) ?? 1;
  if (!counted.ok && !isLacking(counted)) {
    to.builder.lack(["fan_pct", "fan_rpm"], counted.refusal.message);
    return;
  }
  if (count === 0) {
    to.builder.lack(["fan_pct", "fan_rpm"], "nvmlDeviceGetNumFans gives 0: other fans cool it");
    return;
  }
  to.put("fan_pct", fastestFan(count, (fan) => telemetry.fanPercent(device, fan)), same);
  to.put("fan_rpm", fastestFan(count, (fan) => telemetry.fanRpm(device, fan)), same);
}

/** Whether the GPU or its driver does not have what was asked for, as against failing this time. */
function isLacking<T>(answer: Answer<T>): boolean {
  if (answer.ok) return false;
  const { code } = answer.refusal;
  return code === NVML_RESULT.notSupported || code === NVML_RESULT.functionNotFound;
}

function readLink({ nvml, seldom }: From, device: NvmlDevice, to: AnswerReading) {
  const link = (when: "now" | "max") =>
    answerOf(
      `nvmlDeviceGet${when === "now" ? "Curr" : "Max"}PcieLinkGeneration`,
      () => nvml.pcieLink(device, when),
    );
  // A GPU on another bus (Tegra, NVLink-C2C) may answer with 0.
  const there = (value: number) => (value > 0 && value < 0xff ? value : undefined);
  const none = "NVML gives no PCIe link: the GPU is on another bus";
  const now = link("now"), most = seldom.get("link max", () => link("max"));
  to.put("pcie_link_gen", now, ({ generation }) => there(generation), none);
  to.put("pcie_link_width", now, ({ width }) => there(width), none);
  to.put("pcie_link_gen_max", most, ({ generation }) => there(generation), none);
  to.put("pcie_link_width_max", most, ({ width }) => there(width), none);
}

function readErrors({ telemetry, seldom }: From, device: NvmlDevice, to: AnswerReading) {
  to.put(
    "ecc_corrected_count",
    seldom.get("corrected", () => telemetry.eccErrors(device, "corrected")),
    same,
  );
  to.put(
    "ecc_uncorrected_count",
    seldom.get("uncorrected", () => telemetry.eccErrors(device, "uncorrected")),
    same,
  );
  to.put("retired_pages_count", seldom.get("retired", () => telemetry.retired(device)), same);
}
