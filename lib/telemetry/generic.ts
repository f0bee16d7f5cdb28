/**
 * Any GPU with a kernel driver that no other telemetry driver is for: its sensors, its clock by devfreq,
 * and its link.
 *
 * Source: the kernel's `Documentation/hwmon/sysfs-interface.rst` and
 * `Documentation/ABI/testing/sysfs-class-devfreq`.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import { hwmonName } from "../sysfs/hwmon_directory.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import {
  ReadingBuilder,
  type TelemetryContext,
  type TelemetryDriver,
  type TelemetryReader,
} from "./driver.ts";
import { Hwmon } from "./hwmon.ts";
import { METRIC_NAMES, type Reading } from "./metrics.ts";
import { PciDevice } from "./pci_device.ts";
import { PcieLink } from "./pcie_link.ts";

/** What sensors tell, by metric: the first of each kind. */
const SENSORS = [
  ["temperature_c", "temp", "input"],
  ["temperature_slowdown_c", "temp", "crit"],
  ["power_w", "power", "input"],
  ["energy_j", "energy", "input"],
  ["core_clock_mhz", "freq", "input"],
  ["fan_pct", "pwm", "input"],
  ["fan_rpm", "fan", "input"],
  ["voltage_v", "in", "input"],
] as const;

/** What devfreq tells, by metric; in Hz. */
const DEVFREQ = [
  ["core_clock_mhz", "cur_freq"],
  ["core_clock_min_mhz", "min_freq"],
  ["core_clock_max_mhz", "max_freq"],
] as const;

/** Of a GPU in PCI, or in the device tree: `/sys/class/drm/card0/device`. */
function deviceDirectory(gpu: Gpu, sysroot: Sysroot): string | undefined {
  const card = gpu.drm_node?.split("/").at(-1);
  return gpu.pci_slot !== null
    ? sysroot.resolve(`/sys/bus/pci/devices/${gpu.pci_slot}`)
    : card && sysroot.resolve(`/sys/class/drm/${card}/device`);
}

/** Reads one GPU. */
class GenericReader implements TelemetryReader {
  readonly #sysroot: Sysroot;
  readonly #directory: string;
  readonly #name: string;
  readonly #hwmon: Hwmon | undefined;
  readonly #devfreq: string | undefined;
  readonly #link: PcieLink | undefined;

  constructor(gpu: Gpu, directory: string, sysroot: Sysroot) {
    this.#sysroot = sysroot;
    this.#directory = directory;
    this.#name = gpu.driver === null ? "a GPU without a driver" : `the driver ${gpu.driver}`;
    const hwmon = hwmonName(sysroot, directory);
    this.#hwmon = hwmon && Hwmon.open(sysroot, `${directory}/hwmon/${hwmon}`) || undefined;
    const [devfreq] = sysroot.list(`${directory}/devfreq`);
    this.#devfreq = devfreq && `${directory}/devfreq/${devfreq}`;
    const device = PciDevice.open(gpu, sysroot);
    this.#link = typeof device === "string" ? undefined : new PcieLink(device);
  }

  read(): Reading {
    const into = new ReadingBuilder();
    const none = `${this.#name} tells it in no file`;
    for (const [metric, kind, attribute] of SENSORS) {
      const sensor = this.#hwmon?.sensor(kind);
      const found = sensor?.read(attribute);
      const whyNot = () => sensor?.whyNot(attribute) ?? none;
      into.put(metric, found?.value, found?.source ?? "", whyNot);
    }
    for (const [metric, file] of DEVFREQ) {
      const hertz = this.#devfreq && this.#sysroot.integer(`${this.#devfreq}/${file}`);
      const mhz = typeof hertz === "number" ? hertz / 1e6 : undefined;
      into.put(metric, mhz, `devfreq:${file}`, none);
    }
    this.#link?.put(into);
    into.lack(METRIC_NAMES, none);
    return into.reading;
  }

  lost(): string | undefined {
    return this.#sysroot.kind(this.#directory) === "directory"
      ? undefined
      : `${this.#directory} is gone`;
  }

  [Symbol.dispose](): void {
    // Nothing is held open between looks.
  }
}

/** The driver for what no other claims. */
export const generic: TelemetryDriver = {
  name: "generic",
  claims: (gpu) => gpu.pci_slot !== null || gpu.drm_node !== null,
  open(gpu: Gpu, { sysroot }: TelemetryContext): TelemetryReader | string {
    const directory = deviceDirectory(gpu, sysroot);
    if (directory === undefined) return `sysfs has no directory of ${gpu.id}`;
    return new GenericReader(gpu, directory, sysroot);
  },
};
