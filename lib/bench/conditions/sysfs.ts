/**
 * Conditions of GPUs whose kernel drivers show them in sysfs: amdgpu, i915, xe, and what has an hwmon.
 *
 * Source of the formats: the kernel's `Documentation/hwmon/sysfs-interface.rst`,
 * `Documentation/gpu/amdgpu/thermal.rst`, `drivers/gpu/drm/i915/gt/intel_gt_sysfs_pm.c`,
 * `drivers/gpu/drm/xe/xe_gt_freq.c` and `xe_gt_throttle.c`.
 *
 * @module
 */

import type { Gpu } from "../../gpu/gpu.ts";
import { hwmonName } from "../../sysfs/hwmon_directory.ts";
import type { Sysroot } from "../../sysfs/sysroot.ts";
import type { ConditionsReading, ConditionsSource } from "./conditions.ts";

/** Labels of the temperature sensor that stands for the GPU, best first: amdgpu's and xe's. */
const GPU_SENSORS = ["edge", "pkg"];

type Read<T> = () => T | null;

/** The files of a GPU, each with its directory. */
class Files {
  readonly sysroot: Sysroot;
  /** `/sys/bus/pci/devices/0000:03:00.0`. */
  readonly device: string;
  /** Of its sensors; undefined where it has none. */
  readonly hwmon: string | undefined;
  /** `drm/card0` below the device; undefined where it has none. */
  readonly card: string | undefined;

  constructor(sysroot: Sysroot, slot: string) {
    this.sysroot = sysroot;
    this.device = `/sys/bus/pci/devices/${slot}`;
    const hwmon = hwmonName(sysroot, this.device);
    this.hwmon = hwmon && `${this.device}/hwmon/${hwmon}`;
    const card = sysroot.list(`${this.device}/drm`).find((name) => /^card\d+$/.test(name));
    this.card = card && `${this.device}/drm/${card}`;
  }

  /** Reads an integer again and again, divided by `unit`; undefined where it cannot be read now. */
  number(path: string, unit: number): Read<number> | undefined {
    if (this.sysroot.integer(path) === undefined) return undefined;
    return () => {
      const value = this.sysroot.integer(path);
      return value === undefined ? null : value / unit;
    };
  }

  /** The same for a sensor of hwmon with a label. */
  labelled(kind: string, label: string, unit: number): Read<number> | undefined {
    const input = this.sensors(kind)
      .find((name) => this.sysroot.text(`${this.hwmon}/${name}_label`) === label);
    return input === undefined ? undefined : this.number(`${this.hwmon}/${input}_input`, unit);
  }

  /** Names of sensors, `temp1`. */
  sensors(kind: string): string[] {
    if (this.hwmon === undefined) return [];
    return this.sysroot.list(this.hwmon)
      .filter((name) => name.startsWith(kind) && /^[a-z]+\d+_input$/.test(name))
      .map((name) => name.slice(0, -"_input".length));
  }

  /** The flags of a directory that are set, by their names without `prefix`. */
  flags(directory: string, prefix: string): Read<string[]> | undefined {
    const names = this.sysroot.list(directory)
      .filter((name) => name.startsWith(prefix) && name !== `${prefix}status`);
    if (names.length === 0) return undefined;
    return () =>
      names.filter((name) => this.sysroot.integer(`${directory}/${name}`) === 1)
        .map((name) => name.slice(prefix.length));
  }
}

function temperature(files: Files): Read<number> | undefined {
  const inputs = files.sensors("temp");
  for (const label of GPU_SENSORS) {
    const found = files.labelled("temp", label, 1000);
    if (found !== undefined) return found;
  }
  const [first] = inputs;
  return first === undefined ? undefined : files.number(`${files.hwmon}/${first}_input`, 1000);
}

/** Power in W: as the sensor averages it, or from the energy between two readings. */
function power(files: Files, now: () => number): Read<number> | undefined {
  if (files.hwmon === undefined) return undefined;
  for (const name of ["power1_average", "power1_input"]) {
    const direct = files.number(`${files.hwmon}/${name}`, 1e6);
    if (direct !== undefined) return direct;
  }
  const energy = files.number(`${files.hwmon}/energy1_input`, 1e6);
  if (energy === undefined) return undefined;
  let last: { joules: number; at: number } | undefined;
  return () => {
    const joules = energy(), at = now(), before = last;
    if (joules === null) return null;
    last = { joules, at };
    // The counter is updated every millisecond or so, and may wrap.
    if (before === undefined || at - before.at < 10 || joules < before.joules) return null;
    return (joules - before.joules) / ((at - before.at) / 1000);
  };
}

/** 0 says that the clock is gated just now, not how fast it is when it runs. */
function running(read: Read<number> | undefined): Read<number> | undefined {
  return read && (() => read() || null);
}

/** What a driver shows beyond hwmon. */
function driverFiles(driver: string | null, files: Files): {
  core: Read<number> | undefined;
  memory?: Read<number> | undefined;
  throttle?: Read<string[]> | undefined;
} {
  const { device, card } = files;
  switch (driver) {
    case "amdgpu":
      return {
        core: files.labelled("freq", "sclk", 1e6),
        memory: files.labelled("freq", "mclk", 1e6),
      };
    case "xe":
      return {
        core: files.number(`${device}/tile0/gt0/freq0/act_freq`, 1),
        throttle: files.flags(`${device}/tile0/gt0/freq0/throttle`, "reason_"),
      };
    case "i915":
      return {
        core: files.number(`${card}/gt/gt0/rps_act_freq_mhz`, 1) ??
          files.number(`${card}/gt_act_freq_mhz`, 1),
        throttle: files.flags(`${card}/gt/gt0`, "throttle_reason_"),
      };
    default:
      return { core: undefined };
  }
}

/**
 * The conditions of one GPU, from files alone.
 *
 * @param now a monotonic clock in milliseconds.
 * @returns undefined where there is nothing to read.
 */
export function sysfsConditions(
  gpu: Pick<Gpu, "pci_slot" | "driver">,
  sysroot: Sysroot,
  now: () => number = () => performance.now(),
): ConditionsSource | undefined {
  if (gpu.pci_slot === null) return undefined;
  const files = new Files(sysroot, gpu.pci_slot);
  const of = driverFiles(gpu.driver, files);
  const reads = {
    core_mhz: running(of.core),
    memory_mhz: running(of.memory),
    power_w: power(files, now),
    temperature_c: temperature(files),
    throttle_reasons: of.throttle,
  };
  const missing = Object.entries(reads).filter(([, read]) => read === undefined);
  if (missing.length === Object.keys(reads).length) return undefined;
  const driver = gpu.driver ?? "no driver";
  return {
    name: `sysfs (${driver})`,
    clocksHold: false,
    absent: Object.fromEntries(missing.map(([name]) => [name, `${driver} has no file of it`])),
    read: (): ConditionsReading => ({
      core_mhz: reads.core_mhz?.() ?? null,
      memory_mhz: reads.memory_mhz?.() ?? null,
      power_w: reads.power_w?.() ?? null,
      temperature_c: reads.temperature_c?.() ?? null,
      throttle_reasons: reads.throttle_reasons?.() ?? null,
    }),
  };
}
