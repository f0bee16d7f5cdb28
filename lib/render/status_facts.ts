/**
 * What a GPU is doing, in short pieces for people: everything but its bars.
 *
 * @module
 */

import type { GpuSample } from "../telemetry/metrics.ts";
import { showable } from "./display_width.ts";
import { type Charset, type Line, span, type Tone } from "./status_line.ts";
import { formatBytes } from "./units.ts";

/** From where on a temperature stands out, in °C, where the driver does not say when it slows the GPU down. */
const WARM_C = 80, HOT_C = 95;

/** A rate: `1.2 GB/s`. Powers of ten, as links are. */
export function formatRate(bytesPerSecond: number): string {
  const units = ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"];
  let value = bytesPerSecond;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** A figure that may not be known. */
function figure(value: number | null, digits = 0): string {
  return value === null ? "?" : value.toFixed(digits);
}

/** A figure and the most that it can be: `412 of 700`, `412`, `? of 700`. */
export function amongst(value: number | null, most: number | null, digits = 0): string {
  return most === null
    ? figure(value, digits)
    : `${figure(value, digits)} of ${figure(most, digits)}`;
}

/** How a temperature stands out: by the driver's limit where it has one. */
export function temperatureTone(celsius: number, slowdown: number | null): Tone {
  const hot = slowdown === null ? HOT_C : Math.min(HOT_C, slowdown);
  return celsius >= hot ? "bad" : celsius >= Math.min(WARM_C, hot - 5) ? "warn" : "plain";
}

function temperatures(gpu: GpuSample, { unicode }: Charset): Line[] {
  const unit = unicode ? "°C" : "C";
  const named = [
    ["temp", gpu.temperature_c],
    ["hotspot", gpu.temperature_hotspot_c],
    ["mem temp", gpu.temperature_memory_c],
  ] as const;
  return named.flatMap(([name, value]): Line[] => {
    // Every GPU has a temperature: that it is not known is worth a place. The others are not everywhere.
    if (value === null) return name === "temp" ? [[span(`${name} `, "dim"), span("?")]] : [];
    const slowdown = name === "temp" ? gpu.temperature_slowdown_c : null;
    const tone = temperatureTone(value, slowdown);
    return [[span(`${name} `, "dim"), span(`${Math.round(value)} ${unit}`, tone)]];
  });
}

function link(gpu: GpuSample): Line | undefined {
  const { pcie_link_gen: gen, pcie_link_width: width } = gpu;
  const { pcie_link_gen_max: genMax, pcie_link_width_max: widthMax } = gpu;
  if (gen === null && width === null) return undefined;
  const best = (genMax !== null && gen !== genMax) || (widthMax !== null && width !== widthMax)
    ? ` of ${figure(genMax)} x${figure(widthMax)}`
    : "";
  return [span("PCIe ", "dim"), span(`gen ${figure(gen)} x${figure(width)}${best}`)];
}

function traffic(name: string, received: number | null, sent: number | null): Line | undefined {
  if (received === null && sent === null) return undefined;
  const text = (value: number | null) => value === null ? "?" : formatRate(value);
  return [span(`${name} `, "dim"), span(`in ${text(received)}, out ${text(sent)}`)];
}

function engines(gpu: GpuSample): Line | undefined {
  const shares = [
    ["gfx", gpu.gfx_utilization_pct],
    ["compute", gpu.compute_utilization_pct],
    ["copy", gpu.copy_utilization_pct],
    ["decode", gpu.decode_utilization_pct],
    ["encode", gpu.encode_utilization_pct],
    ["memory", gpu.memory_utilization_pct],
  ] as const;
  const known = shares.flatMap(([name, share]) =>
    share === null ? [] : [`${name} ${Math.round(share)} %`]
  );
  return known.length === 0 ? undefined : [span("engines ", "dim"), span(known.join(", "))];
}

function throttle({ throttle_reasons: reasons }: GpuSample, unicode: boolean): Line | undefined {
  if (reasons === null) return undefined;
  const idle = reasons.length === 0;
  const text = idle ? "none" : reasons.map((reason) => showable(reason, unicode)).join(", ");
  return [span("throttle ", "dim"), span(text, idle ? "plain" : "warn")];
}

function errors(gpu: GpuSample): Line | undefined {
  const { ecc_corrected_count: corrected, ecc_uncorrected_count: uncorrected } = gpu;
  if (corrected === null && uncorrected === null) return undefined;
  const text = `${figure(corrected)} corrected, ${figure(uncorrected)} not`;
  return [span("ECC ", "dim"), span(text, uncorrected ? "bad" : corrected ? "warn" : "plain")];
}

function labelled(label: string, text: string | undefined): Line | undefined {
  return text === undefined ? undefined : [span(`${label} `, "dim"), span(text)];
}

/**
 * The pieces, the most wanted first. A temperature, power and clock that are not known show a question mark;
 * what not every GPU has is left out where it is not known.
 *
 * @param options `withClock`: whether the core clock is one of them, where it stands nowhere else.
 */
export function gpuFacts(
  gpu: GpuSample,
  charset: Charset,
  options: { withClock: boolean },
): Line[] {
  const known = <T>(value: T | null, text: (value: T) => string) =>
    value === null ? undefined : text(value);
  const fan = gpu.fan_pct === null && gpu.fan_rpm === null ? undefined : [
    known(gpu.fan_pct, (pct) => `${Math.round(pct)} %`),
    known(gpu.fan_rpm, (rpm) => `${Math.round(rpm)} rpm`),
  ].filter((part) => part !== undefined).join(", ");
  const gtt = gpu.gtt_used_bytes === null
    ? undefined
    : gpu.gtt_total_bytes === null
    ? formatBytes(gpu.gtt_used_bytes)
    : `${formatBytes(gpu.gtt_used_bytes)} of ${formatBytes(gpu.gtt_total_bytes)}`;
  const digits = gpu.power_w !== null && gpu.power_w < 10 ? 1 : 0;
  const throttled = throttle(gpu, charset.unicode);
  const isThrottled = (gpu.throttle_reasons?.length ?? 0) > 0;
  const facts = [
    ...temperatures(gpu, charset),
    isThrottled ? throttled : undefined,
    labelled("power", `${amongst(gpu.power_w, gpu.power_cap_w, digits)} W`),
    options.withClock
      ? labelled("core", `${amongst(gpu.core_clock_mhz, gpu.core_clock_max_mhz)} MHz`)
      : undefined,
    labelled("mem clock", known(gpu.memory_clock_mhz, (mhz) => `${Math.round(mhz)} MHz`)),
    labelled("fan", fan),
    isThrottled ? undefined : throttled,
    link(gpu),
    traffic("bus", gpu.pcie_rx_bytes_per_s, gpu.pcie_tx_bytes_per_s),
    engines(gpu),
    labelled("host memory", gtt),
    labelled("peer links", known(gpu.peer_links_active_count, (count) => `${count} up`)),
    traffic("peers", gpu.peer_rx_bytes_per_s, gpu.peer_tx_bytes_per_s),
    errors(gpu),
    labelled("retired pages", known(gpu.retired_pages_count, String)),
    labelled("core voltage", known(gpu.voltage_v, (volts) => `${volts.toFixed(2)} V`)),
  ];
  return facts.filter((fact) => fact !== undefined);
}
