/**
 * Reads a GPU of which its driver shows sensors and little else.
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
import { Hwmon, type SensorKind } from "./hwmon.ts";
import { METRIC_NAMES, type NumberMetric, type Reading } from "./metrics.ts";
import { ASLEEP, PciDevice } from "./pci_device.ts";
import { PcieLink } from "./pcie_link.ts";

/** Where a sensor's value goes: the first sensor of a kind, and which of its files. */
export type SensorMetric = readonly [metric: NumberMetric, kind: SensorKind, attribute: string];

/** A kernel driver of which sensors are read. */
export interface SensorDriver {
  /** `radeon`, `nouveau`. */
  name: string;
  /** Its sensors have no labels: there is one of each kind. */
  sensors: readonly SensorMetric[];
  /** Notes what else it tells in files of the device. */
  putFiles?(into: ReadingBuilder, device: PciDevice, files: DeviceFiles): void;
}

class SensorReader implements TelemetryReader {
  readonly #gpu: Gpu;
  readonly #device: PciDevice;
  readonly #driver: SensorDriver;
  readonly #hwmon: Hwmon | undefined;
  readonly #link: PcieLink;

  constructor(gpu: Gpu, device: PciDevice, driver: SensorDriver) {
    this.#gpu = gpu;
    this.#device = device;
    this.#driver = driver;
    const hwmon = device.hwmonDirectory();
    this.#hwmon = hwmon === undefined ? undefined : Hwmon.open(device.sysroot, hwmon);
    this.#link = new PcieLink(device);
  }

  read(): Reading {
    const { name, sensors, putFiles } = this.#driver;
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
    for (const [metric, kind, attribute] of sensors) {
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
    putFiles?.(into, this.#device, files);
    into.lack(METRIC_NAMES, `the driver ${name} tells it in no file`);
    return into.reading;
  }

  lost(): string | undefined {
    return this.#device.lost();
  }

  [Symbol.dispose](): void {
    // Nothing is held open between looks.
  }
}

/** Makes a telemetry driver of a kernel driver's sensors. */
export function sensorDriver(driver: SensorDriver): TelemetryDriver {
  return {
    name: driver.name,
    claims: (gpu) => gpu.driver === driver.name && gpu.pci_slot !== null,
    open(gpu: Gpu, context: TelemetryContext): TelemetryReader | string {
      const device = PciDevice.open(gpu, context.sysroot);
      if (typeof device === "string") return device;
      if (device.files().asleep) return `${gpu.id}: ${ASLEEP}`;
      return new SensorReader(gpu, device, driver);
    },
  };
}
