/**
 * AMD GPUs with the kernel driver amdgpu, from its files alone.
 *
 * Source: the kernel's `Documentation/gpu/amdgpu/` (`driver-misc.rst`, `thermal.rst`, `ras.rst`). Each file
 * is asked before the table `gpu_metrics`, which old GPUs fill with zeros in part.
 *
 * @module
 */

import { parsePcieStates } from "../discovery/amdgpu.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { DeviceFiles } from "../sysfs/device_files.ts";
import { BusyJudge } from "./amdgpu/busy.ts";
import { currentMhz, dpmRange, parseDpmLevels } from "./amdgpu/dpm.ts";
import { decodeGpuMetrics, type GpuMetricsResult } from "./amdgpu/gpu_metrics.ts";
import { putMemory } from "./amdgpu/memory.ts";
import { putSensors, SENSOR_METRICS } from "./amdgpu/sensors.ts";
import { SlowFiles } from "./amdgpu/slow.ts";
import { TableNotes } from "./amdgpu/table.ts";
import {
  ReadingBuilder,
  type TelemetryContext,
  type TelemetryDriver,
  type TelemetryReader,
} from "./driver.ts";
import { Hwmon } from "./hwmon.ts";
import { METRIC_NAMES, type MetricName, type Reading } from "./metrics.ts";
import { ASLEEP, PciDevice } from "./pci_device.ts";
import { PcieLink } from "./pcie_link.ts";

/** Metrics that {@linkcode TelemetryReader.readSlow} looks for. */
const SLOW: ReadonlySet<MetricName> = new Set<MetricName>([
  "pcie_rx_bytes_per_s",
  "pcie_tx_bytes_per_s",
  "ecc_corrected_count",
  "ecc_uncorrected_count",
  "retired_pages_count",
]);

const FAST = METRIC_NAMES.filter((name) => !SLOW.has(name));

/** Reads one GPU. */
class AmdgpuReader implements TelemetryReader {
  readonly #gpu: Gpu;
  readonly #device: PciDevice;
  readonly #hwmon: Hwmon | undefined;
  readonly #now: () => number;
  readonly #link: PcieLink;
  readonly #slow: SlowFiles;
  readonly #busy: BusyJudge;
  readonly #table = new TableNotes();

  constructor(gpu: Gpu, device: PciDevice, now: () => number) {
    this.#gpu = gpu;
    this.#device = device;
    this.#now = now;
    const hwmon = device.hwmonDirectory();
    this.#hwmon = hwmon === undefined ? undefined : Hwmon.open(device.sysroot, hwmon);
    this.#link = new PcieLink(device);
    this.#slow = new SlowFiles(device, now);
    this.#busy = new BusyJudge(gpu.device_id);
  }

  read(): Reading {
    const into = new ReadingBuilder();
    const files = this.#device.files();
    putMemory(into, this.#device, files);
    if (files.asleep) {
      into.lack(FAST, ASLEEP);
      return into.reading;
    }
    const busy = this.#putLoad(into, files);
    putSensors(into, this.#hwmon);
    if (this.#hwmon === undefined) into.lack(SENSOR_METRICS, "no hwmon directory");
    this.#putLevels(into, files);
    this.#putLink(into, files);
    this.#table.put(into, this.#readTable(busy === "refused"), this.#now());
    this.#putPeers(into);
    into.lack(
      ["compute_utilization_pct", "copy_utilization_pct"],
      "the driver tells it of processes only",
    );
    into.lack(FAST, "the driver does not tell");
    return into.reading;
  }

  readSlow(): Promise<Reading> {
    return this.#slow.read();
  }

  lost(): string | undefined {
    return this.#device.lost();
  }

  [Symbol.dispose](): void {
    // Nothing is held open between looks.
  }

  /** An integer of a file of the device's. */
  #integer(files: DeviceFiles, name: string): number | undefined {
    return this.#device.has(name) ? files.integer(name) : undefined;
  }

  #text(files: DeviceFiles, name: string): string {
    return this.#device.has(name) ? files.text(name) ?? "" : "";
  }

  /** Says whether the figure of load was refused: another of the same firmware is no better then. */
  #putLoad(into: ReadingBuilder, files: DeviceFiles): "refused" | "taken" {
    const load = (
      name: MetricName & `${string}_pct`,
      file: string,
      judged: number | string | undefined,
    ) =>
      into.put(
        name,
        typeof judged === "number" ? judged : undefined,
        `sysfs:${file}`,
        () => typeof judged === "string" ? judged : this.#device.whyNot(file, "percentage"),
      );
    const judge = new BusyJudge(null);
    const busy = this.#busy.judge(this.#integer(files, "gpu_busy_percent"));
    load("utilization_pct", "gpu_busy_percent", busy);
    load("gfx_utilization_pct", "gpu_busy_percent", busy);
    const memory = judge.judge(this.#integer(files, "mem_busy_percent"));
    load("memory_utilization_pct", "mem_busy_percent", memory);
    const video = judge.judge(this.#integer(files, "vcn_busy_percent"));
    load("encode_utilization_pct", "vcn_busy_percent", video);
    into.lack(
      ["decode_utilization_pct"],
      "the driver tells the load of the engine for video as a whole: see encode_utilization_pct",
    );
    return typeof busy === "string" ? "refused" : "taken";
  }

  #putLevels(into: ReadingBuilder, files: DeviceFiles): void {
    const core = parseDpmLevels(this.#text(files, "pp_dpm_sclk"));
    const memory = parseDpmLevels(this.#text(files, "pp_dpm_mclk"));
    const video = parseDpmLevels(this.#text(files, "pp_dpm_vclk"));
    const whyNot = (file: string) => () => this.#device.whyNot(file, "clock levels");
    const range = dpmRange(core);
    into.put("core_clock_min_mhz", range?.min_mhz, "sysfs:pp_dpm_sclk", whyNot("pp_dpm_sclk"));
    into.put("core_clock_max_mhz", range?.max_mhz, "sysfs:pp_dpm_sclk", whyNot("pp_dpm_sclk"));
    into.put(
      "memory_clock_max_mhz",
      dpmRange(memory)?.max_mhz,
      "sysfs:pp_dpm_mclk",
      whyNot("pp_dpm_mclk"),
    );
    // hwmon has spoken already: these stand where it has no sensor.
    into.put("core_clock_mhz", currentMhz(core), "sysfs:pp_dpm_sclk", whyNot("pp_dpm_sclk"));
    into.put("memory_clock_mhz", currentMhz(memory), "sysfs:pp_dpm_mclk", whyNot("pp_dpm_mclk"));
    into.put("video_clock_mhz", currentMhz(video), "sysfs:pp_dpm_vclk", whyNot("pp_dpm_vclk"));
    const level = this.#text(files, "power_dpm_force_performance_level");
    into.put(
      "performance_state",
      /^[a-z_]+$/.test(level) ? level : undefined,
      "sysfs:power_dpm_force_performance_level",
      () => this.#device.whyNot("power_dpm_force_performance_level", "performance level"),
    );
  }

  /** The link by its own files, where they show the slot, and then by the firmware's table of states. */
  #putLink(into: ReadingBuilder, files: DeviceFiles): void {
    this.#link.put(into);
    const states = parsePcieStates(this.#text(files, "pp_dpm_pcie"));
    const [now, ...others] = states.filter((state) => state.current);
    // Stars on states that differ say that one of them is current, and not which.
    const agreed = others.every((state) => state.gen === now?.gen && state.width === now.width)
      ? now
      : undefined;
    const best = states.toSorted((a, b) => a.gen - b.gen || a.width - b.width).at(-1);
    const source = "sysfs:pp_dpm_pcie";
    into.put("pcie_link_gen", agreed?.gen, source, "");
    into.put("pcie_link_width", agreed?.width, source, "");
    into.put("pcie_link_gen_max", best?.gen, source, "");
    into.put("pcie_link_width_max", best?.width, source, "");
  }

  #readTable(withoutLoad: boolean): GpuMetricsResult {
    if (!this.#device.has("gpu_metrics")) {
      return { state: "unknown", reason: "no file gpu_metrics" };
    }
    const bytes = this.#device.sysroot.bytes(this.#device.path("gpu_metrics"));
    if (bytes === undefined) {
      return { state: "unknown", reason: this.#device.whyNot("gpu_metrics", "table") };
    }
    const result = decodeGpuMetrics(bytes);
    if (withoutLoad && result.state === "ok") delete result.table.gfx_activity_pct;
    return result;
  }

  #putPeers(into: ReadingBuilder): void {
    const links = this.#gpu.peer_links;
    into.put(
      "peer_links_active_count",
      links.length > 0 ? links.filter((link) => link.active).length : undefined,
      this.#gpu.sources.peer_links ?? "inventory",
      "no xGMI link is known",
    );
  }
}

/**
 * The driver. A GPU's partitions (MI300's `amdgpu_xcp` devices, whose vendor file is empty) are no PCI
 * devices and not claimed: their GPU is.
 */
export const amdgpu: TelemetryDriver = {
  name: "amdgpu",
  claims: (gpu) => gpu.driver === "amdgpu" && gpu.pci_slot !== null,
  open(gpu: Gpu, context: TelemetryContext): TelemetryReader | string {
    const device = PciDevice.open(gpu, context.sysroot);
    if (typeof device === "string") return device;
    if (device.files().asleep) return `${gpu.id}: ${ASLEEP}`;
    return new AmdgpuReader(gpu, device, context.now);
  },
};
