/**
 * AMD GPUs before GCN 1.2 with the kernel driver radeon, from its files alone.
 *
 * The driver shows a temperature, the fan, in newer kernels the clock, and which of its two ways of
 * managing power it uses. It tells no load and no memory in files.
 *
 * Source: the kernel's `drivers/gpu/drm/radeon/radeon_pm.c`.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import type { DeviceFiles } from "../sysfs/device_files.ts";
import {
  ReadingBuilder,
  type TelemetryContext,
  type TelemetryDriver,
  type TelemetryReader,
} from "./driver.ts";
import { Hwmon } from "./hwmon.ts";
import { METRIC_NAMES, type Reading } from "./metrics.ts";
import { ASLEEP, PciDevice } from "./pci_device.ts";
import { PcieLink } from "./pcie_link.ts";

/** What sensors tell, by metric. The driver gives its sensors no labels: there is one of each kind. */
const SENSORS = [
  ["temperature_c", "temp", "input"],
  ["temperature_slowdown_c", "temp", "crit"],
  ["fan_pct", "pwm", "input"],
  ["fan_rpm", "fan", "input"],
  ["core_clock_mhz", "freq", "input"],
  ["voltage_v", "in", "input"],
] as const;

/** Reads one GPU. */
class RadeonReader implements TelemetryReader {
  readonly #gpu: Gpu;
  readonly #device: PciDevice;
  readonly #hwmon: Hwmon | undefined;
  readonly #link: PcieLink;

  constructor(gpu: Gpu, device: PciDevice) {
    this.#gpu = gpu;
    this.#device = device;
    const hwmon = device.hwmonDirectory();
    this.#hwmon = hwmon === undefined ? undefined : Hwmon.open(device.sysroot, hwmon);
    this.#link = new PcieLink(device);
  }

  read(): Reading {
    const into = new ReadingBuilder();
    const files = this.#device.files();
    into.put(
      "vram_total_bytes",
      this.#gpu.vram_total_bytes,
      this.#gpu.sources.vram_total_bytes ?? "inventory",
      "the driver has no file for it",
    );
    if (files.asleep) {
      into.lack(METRIC_NAMES, ASLEEP);
      return into.reading;
    }
    for (const [metric, kind, attribute] of SENSORS) {
      const sensor = this.#hwmon?.sensor(kind);
      const found = sensor?.read(attribute);
      into.put(
        metric,
        found?.value,
        found?.source ?? "",
        () => sensor?.whyNot(attribute) ?? `the driver shows no sensor of the kind ${kind}`,
      );
    }
    this.#link.put(into);
    this.#putPowerState(into, files);
    into.lack(METRIC_NAMES, "the driver radeon tells it in no file");
    return into.reading;
  }

  /** `dpm` is managed by levels, the older `profile` by the name of a profile. */
  #putPowerState(into: ReadingBuilder, files: DeviceFiles): void {
    const file = files.text("power_method") === "profile"
      ? "power_profile"
      : "power_dpm_force_performance_level";
    const text = this.#device.has(file) ? files.text(file) ?? "" : "";
    into.put(
      "performance_state",
      /^[a-z]+$/.test(text) ? text : undefined,
      `sysfs:${file}`,
      () => this.#device.whyNot(file, "performance level"),
    );
  }

  lost(): string | undefined {
    return this.#device.lost();
  }

  [Symbol.dispose](): void {
    // Nothing is held open between looks.
  }
}

/** The driver. */
export const radeon: TelemetryDriver = {
  name: "radeon",
  claims: (gpu) => gpu.driver === "radeon" && gpu.pci_slot !== null,
  open(gpu: Gpu, context: TelemetryContext): TelemetryReader | string {
    const device = PciDevice.open(gpu, context.sysroot);
    if (typeof device === "string") return device;
    if (device.files().asleep) return `${gpu.id}: ${ASLEEP}`;
    return new RadeonReader(gpu, device);
  },
};
