/**
 * Decodes amdgpu's `gpu_metrics`, a binary table in one of many versions.
 *
 * Source: the kernel's `drivers/gpu/drm/amd/include/kgd_pp_interface.h` (see `gpu_metrics_layouts.ts`),
 * and for units `Documentation/gpu/amdgpu/thermal.rst` and the tables of real GPUs, compared with hwmon.
 * The driver fills a table with ones before it sets members, so all ones mean "unsupported". Firmware
 * leaves zeros where there is no sensor: 0 °C, 0 W and 0 V are no value either, nor is what no sensor can say.
 *
 * @module
 */

import { linkGeneration, linkWidth } from "../../discovery/pci_link.ts";
import { isPlausible, type SensorKind } from "../hwmon.ts";
import { percentage } from "./busy.ts";
import { type Layout, layoutsOf } from "./gpu_metrics_layouts.ts";
import { parseAttributes, type RawValues, readUnsigned } from "./metrics_attributes.ts";
import { throttleNames } from "./throttle.ts";

/** What a table tells of throttling. */
export type Throttling =
  /** The reasons now. */
  | { kind: "reasons"; reasons: string[] }
  /** Time or updates spent throttled, by reason, counted up: compare two looks. */
  | { kind: "counters"; counters: Record<string, number> }
  /** Bits whose meaning depends on the chip, some of them set. */
  | { kind: "opaque"; bits: number };

/** One table in common units. A value that the version has not, or the GPU does not support, is left out. */
export interface GpuMetricsTable {
  /** `1.3`. */
  version: string;
  gfx_activity_pct?: number;
  memory_activity_pct?: number;
  /** Of the engines for video, in the mean. */
  video_activity_pct?: number;
  /** At the edge, or of the graphics part of a processor. */
  temperature_c?: number;
  temperature_hotspot_c?: number;
  temperature_memory_c?: number;
  power_w?: number;
  /** Since the driver was loaded. */
  energy_j?: number;
  /** Of the fastest part, where a GPU has several. */
  core_clock_mhz?: number;
  memory_clock_mhz?: number;
  video_clock_mhz?: number;
  fan_rpm?: number;
  voltage_v?: number;
  throttling?: Throttling;
  pcie_link_gen?: number;
  pcie_link_width?: number;
  /** Both directions together. */
  pcie_bytes_per_s?: number;
  /** Links that are up. */
  xgmi_links_active_count?: number;
  /** Counted up, over all links. */
  xgmi_read_bytes?: number;
  xgmi_write_bytes?: number;
}

/** A decoded table, or one line: why there is none. */
export type GpuMetricsResult =
  | { state: "ok"; table: GpuMetricsTable }
  | { state: "unknown"; reason: string };

/** The members of a table by name, whatever its version. */
class Members {
  readonly #raw: (name: string) => RawValues | undefined;

  constructor(raw: (name: string) => RawValues | undefined) {
    this.#raw = raw;
  }

  /** The supported values of a member. */
  bigs(name: string): bigint[] {
    const raw = this.#raw(name);
    if (raw === undefined) return [];
    const ones = (1n << BigInt(8 * raw.bytes)) - 1n;
    return raw.values.filter((value) => value !== ones);
  }

  all(name: string): number[] {
    return this.bigs(name).map(Number);
  }

  /** The first supported value of the first of the members that has one. */
  one(...names: readonly string[]): number | undefined {
    for (const name of names) {
      const [value] = this.all(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** A measured value in a unit; 0 says that there is no sensor. */
  measured(name: string, perUnit = 1): number | undefined {
    const value = this.one(name);
    return value === undefined || value === 0 ? undefined : value / perUnit;
  }
}

function fixedMembers(view: DataView, layout: Layout): Members {
  return new Members((name) => {
    const field = layout.fields.get(name);
    if (field === undefined) return undefined;
    const values = Array.from(
      { length: field.count },
      (_, k) => readUnsigned(view, field.offset, k, field.bytes),
    );
    return { bytes: field.bytes, values };
  });
}

const mean = (values: readonly number[]) =>
  values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;

const sum = (values: readonly number[]) =>
  values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0);

const largest = (values: readonly number[]) =>
  values.length === 0 ? undefined : Math.max(...values);

/** Fields with the undefined ones left out. */
type Loose = { [K in keyof GpuMetricsTable]?: GpuMetricsTable[K] | undefined };

function statusBits(of: Members): Throttling | undefined {
  const [independent] = of.bigs("indep_throttle_status");
  if (independent !== undefined) {
    return { kind: "reasons", reasons: throttleNames(independent) };
  }
  const bits = of.one("throttle_status");
  if (bits === undefined) return undefined;
  // No bit is no reason, on every chip.
  return bits === 0 ? { kind: "reasons", reasons: [] } : { kind: "opaque", bits };
}

/** Counters named `prefix` + reason + `suffix`. */
function counters(
  of: Members,
  reasons: readonly string[],
  file: (reason: string) => string,
): Throttling | undefined {
  const known = reasons.flatMap((reason): [string, number][] => {
    const value = of.one(file(reason));
    return value === undefined ? [] : [[reason.toUpperCase(), value]];
  });
  return known.length === 0 ? undefined : { kind: "counters", counters: Object.fromEntries(known) };
}

function pcieLink(of: Members): Loose {
  const speed = of.one("pcie_link_speed"); // 0.1 GT/s
  return {
    pcie_link_gen: speed === undefined ? undefined : linkGeneration(`${speed / 10} GT/s`),
    pcie_link_width: linkWidth(of.one("pcie_link_width")),
  };
}

/** 1.0 to 1.3: graphics cards, and the MI100 and MI200. */
function card(of: Members): Loose {
  return {
    gfx_activity_pct: percentage(of.one("average_gfx_activity")),
    memory_activity_pct: percentage(of.one("average_umc_activity")),
    video_activity_pct: percentage(of.one("average_mm_activity")),
    temperature_c: of.measured("temperature_edge"),
    temperature_hotspot_c: of.measured("temperature_hotspot"),
    temperature_memory_c: of.measured("temperature_mem"),
    power_w: of.measured("average_socket_power"),
    // energy_accumulator is in a unit of the chip's that the driver does not tell.
    core_clock_mhz: of.one("current_gfxclk"),
    memory_clock_mhz: of.one("current_uclk"),
    video_clock_mhz: of.one("current_vclk0"),
    fan_rpm: of.one("current_fan_speed"),
    voltage_v: of.measured("voltage_gfx", 1000),
    throttling: statusBits(of),
    ...pcieLink(of),
  };
}

const MI300_RESIDENCIES = ["prochot", "ppt", "socket_thm", "vr_thm", "hbm_thm"];

/** Bytes a second of one unit of `pcie_bandwidth_inst`; the header contradicts itself from 1.7 on. */
const PCIE_BANDWIDTH_UNIT: Readonly<Record<string, number>> = {
  "1.4": 1e9, // GB/s
  "1.5": 1e9,
  "1.6": 1e6 / 8, // Mb/s
};

/** `AMDGPU_XGMI_LINK_ACTIVE`; 2 says that the status is not to be had. */
const XGMI_ACTIVE = 1;

/** 1.4 to 1.9: MI300 and later. */
function accelerator(of: Members, version: string): Loose {
  const bandwidth = of.one("pcie_bandwidth_inst");
  const unit = PCIE_BANDWIDTH_UNIT[version];
  const status = of.all("xgmi_link_status").filter((value) => value <= XGMI_ACTIVE);
  const partitions = Array.from({ length: 8 }, (_, i) => of.all(`xcp_stats[${i}].vcn_busy`)).flat();
  const video = [...of.all("vcn_activity"), ...of.all("vcn_busy"), ...partitions];
  const energy = of.measured("energy_accumulator", 2 ** 16); // 15.259 µJ, that is 2^-16 J
  const read = sum(of.all("xgmi_read_data_acc"));
  const written = sum(of.all("xgmi_write_data_acc"));
  return {
    gfx_activity_pct: percentage(of.one("average_gfx_activity")),
    memory_activity_pct: percentage(of.one("average_umc_activity")),
    video_activity_pct: percentage(mean(video)),
    temperature_hotspot_c: of.measured("temperature_hotspot"),
    temperature_memory_c: of.measured("temperature_mem"),
    power_w: of.measured("curr_socket_power"),
    energy_j: energy,
    core_clock_mhz: largest(of.all("current_gfxclk")),
    memory_clock_mhz: of.one("current_uclk"),
    video_clock_mhz: largest(of.all("current_vclk0")),
    throttling: counters(of, MI300_RESIDENCIES, (reason) => `${reason}_residency_acc`) ??
      statusBits(of),
    pcie_bytes_per_s: bandwidth === undefined || unit === undefined ? undefined : bandwidth * unit,
    xgmi_links_active_count: status.length === 0
      ? undefined
      : status.filter((value) => value === XGMI_ACTIVE).length,
    xgmi_read_bytes: read === undefined ? undefined : read * 1024,
    xgmi_write_bytes: written === undefined ? undefined : written * 1024,
    ...pcieLink(of),
  };
}

/** 2.x: GPUs in processors; 1/100 °C, 1/100 percent, mW. */
function processor(of: Members): Loose {
  const hundredth = (name: string) => {
    const value = of.one(name);
    return value === undefined ? undefined : percentage(value / 100);
  };
  return {
    gfx_activity_pct: hundredth("average_gfx_activity"),
    video_activity_pct: hundredth("average_mm_activity"),
    temperature_c: of.measured("temperature_gfx", 100),
    power_w: of.measured("average_socket_power", 1000),
    core_clock_mhz: of.one("current_gfxclk", "average_gfxclk_frequency"),
    memory_clock_mhz: of.one("current_uclk", "average_uclk_frequency"),
    video_clock_mhz: of.one("current_vclk", "average_vclk_frequency"),
    voltage_v: of.measured("average_gfx_voltage", 1000),
    throttling: statusBits(of),
  };
}

const V3_RESIDENCIES = ["prochot", "spl", "fppt", "sppt", "thm_core", "thm_gfx", "thm_soc"];

/** 3.0: GPUs in later processors; 1/100 °C, whole percent, mW. */
function laterProcessor(of: Members): Loose {
  return {
    gfx_activity_pct: percentage(of.one("average_gfx_activity")),
    video_activity_pct: percentage(of.one("average_vcn_activity")),
    temperature_c: of.measured("temperature_gfx", 100),
    power_w: of.measured("average_socket_power", 1000),
    core_clock_mhz: of.one("average_gfxclk_frequency"),
    memory_clock_mhz: of.one("average_uclk_frequency"),
    video_clock_mhz: of.one("average_vclk_frequency"),
    throttling: counters(of, V3_RESIDENCIES, (reason) => `throttle_residency_${reason}`),
  };
}

/** Of which kind a sensor of the same would be: it bounds what can be. */
const KINDS: Readonly<Record<string, SensorKind>> = {
  temperature_c: "temp",
  temperature_hotspot_c: "temp",
  temperature_memory_c: "temp",
  power_w: "power",
  energy_j: "energy",
  core_clock_mhz: "freq",
  memory_clock_mhz: "freq",
  video_clock_mhz: "freq",
  fan_rpm: "fan",
  voltage_v: "in",
} satisfies Partial<Record<keyof GpuMetricsTable, SensorKind>>;

/** Whether there is a value, and one that can be. */
function isKnown([name, value]: readonly [string, unknown]): boolean {
  const kind = KINDS[name];
  return value !== undefined &&
    (kind === undefined || typeof value !== "number" || isPlausible(kind, value));
}

function inCommonUnits(version: string, of: Members): GpuMetricsTable {
  const [format, content = 0] = version.split(".").map(Number);
  const loose = format === 3
    ? laterProcessor(of)
    : format === 2
    ? processor(of)
    : content >= 4
    ? accelerator(of, version)
    : card(of);
  return { version, ...Object.fromEntries(Object.entries(loose).filter(isKnown)) };
}

const unknown = (reason: string): GpuMetricsResult => ({ state: "unknown", reason });

/**
 * Decodes a table. It takes any bytes: what is no table of a known version and its size is `unknown`, with
 * the reason, and never guessed at. NULs behind the table, as some dumps have them, do not matter.
 */
export function decodeGpuMetrics(bytes: Uint8Array): GpuMetricsResult {
  if (bytes.length === 0) return unknown("gpu_metrics is empty");
  if (bytes.length < 4) return unknown(`gpu_metrics has ${bytes.length} bytes and no header`);
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = header.getUint16(0, true);
  const version = `${header.getUint8(2)}.${header.getUint8(3)}`;
  if (size > bytes.length) {
    return unknown(`gpu_metrics v${version} of ${size} bytes ends after ${bytes.length}`);
  }
  if (bytes.subarray(size).some((byte) => byte !== 0)) {
    return unknown(`gpu_metrics v${version} of ${size} bytes has others behind it`);
  }
  const table = bytes.subarray(0, size);
  if (version === "1.9") {
    const attributes = parseAttributes(table);
    return typeof attributes === "string"
      ? unknown(`gpu_metrics v1.9 of ${size} bytes: ${attributes}`)
      : { state: "ok", table: inCommonUnits(version, new Members((name) => attributes.get(name))) };
  }
  const layout = layoutsOf(version).find((known) => known.size === size);
  if (layout === undefined) return unknown(`unknown gpu_metrics v${version} of ${size} bytes`);
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  return { state: "ok", table: inCommonUnits(version, fixedMembers(view, layout)) };
}
