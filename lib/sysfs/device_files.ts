/**
 * The attributes of one device, read without waking it.
 *
 * @module
 */

import type { PowerState } from "../gpu/gpu.ts";
import type { Sysroot } from "./sysroot.ts";

/**
 * Attributes that the kernel answers from memory while the device sleeps. Everything else is taken to
 * resume it: drivers do so in most of their attributes (`pm_runtime_get_sync` in amdgpu, i915, xe), and
 * so does the PCI core for `config`, `rom`, `vpd` and, in newer kernels, for the link's speed and width.
 *
 * Source: `drivers/pci/pci-sysfs.c`, `drivers/base/power/sysfs.c`, `drivers/gpu/drm/drm_sysfs.c`;
 * `mem_info_*_total` and `product_name` are fields of amdgpu's (`amdgpu_vram_mgr.c`,
 * `amdgpu_fru_eeprom.c`); hwmon's `name` is the driver's constant.
 */
const ANSWERED_FROM_MEMORY = new Set([
  "boot_vga",
  "class",
  "d3cold_allowed",
  "dev",
  "device",
  "driver_override",
  "enable",
  "irq",
  "local_cpulist",
  "local_cpus",
  "mem_info_vis_vram_total",
  "mem_info_vram_total",
  "modalias",
  "name",
  "numa_node",
  "power_state",
  "product_name",
  "resource",
  "revision",
  "sriov_drivers_autoprobe",
  "sriov_numvfs",
  "sriov_offset",
  "sriov_stride",
  "sriov_totalvfs",
  "sriov_vf_device",
  "status",
  "subsystem_device",
  "subsystem_vendor",
  "uevent",
  "vendor",
]);

/** Whether an attribute, by its path below the device's directory, can be read while the device sleeps. */
export function readsWithoutWaking(attribute: string): boolean {
  return attribute.startsWith("power/") ||
    ANSWERED_FROM_MEMORY.has(attribute.slice(attribute.lastIndexOf("/") + 1));
}

const POWER_STATES: readonly string[] = [
  "active",
  "suspended",
  "suspending",
  "resuming",
  "unsupported",
];

function isPowerState(text: string): text is PowerState {
  return POWER_STATES.includes(text);
}

/**
 * The runtime power management state of the device in a directory; undefined where the kernel does not
 * say, or says `error`. Reading it never wakes the device.
 */
export function readPowerState(sysroot: Sysroot, directory: string): PowerState | undefined {
  const text = sysroot.text(`${directory}/power/runtime_status`);
  return text !== undefined && isPowerState(text) ? text : undefined;
}

/** Whether a read that needs the hardware would have to wake a device in this state. */
export function isAsleep(state: PowerState | null | undefined): boolean {
  return state === "suspended" || state === "suspending";
}

/** A device's directory in sysfs. While the device sleeps, attributes that wake it read as missing. */
export class DeviceFiles {
  readonly sysroot: Sysroot;
  /** The directory, links resolved: `/sys/devices/pci0000:00/0000:00:02.0`. */
  readonly directory: string;
  readonly powerState: PowerState | undefined;
  /** Whether attributes that need the hardware are off limits. */
  readonly asleep: boolean;

  /** Reads the power state once. With `wake`, nothing is off limits. */
  constructor(sysroot: Sysroot, directory: string, wake = false) {
    this.sysroot = sysroot;
    this.directory = directory;
    this.powerState = readPowerState(sysroot, directory);
    this.asleep = !wake && isAsleep(this.powerState);
  }

  #readable(attribute: string): boolean {
    return !this.asleep || readsWithoutWaking(attribute);
  }

  /** {@linkcode Sysroot.text} of an attribute of the device. */
  text(attribute: string): string | undefined {
    if (!this.#readable(attribute)) return undefined;
    return this.sysroot.text(`${this.directory}/${attribute}`);
  }

  /** {@linkcode Sysroot.integer} of an attribute of the device. */
  integer(attribute: string): number | undefined {
    if (!this.#readable(attribute)) return undefined;
    return this.sysroot.integer(`${this.directory}/${attribute}`);
  }

  /** Names in a directory below the device's. */
  list(name: string): string[] {
    return this.sysroot.list(`${this.directory}/${name}`);
  }

  /** Whether there is such an entry. It is not opened. */
  has(name: string): boolean {
    return this.sysroot.kind(`${this.directory}/${name}`) !== undefined;
  }

  /** {@linkcode Sysroot.linkName} of a link in the device's directory. */
  linkName(name: string): string | undefined {
    return this.sysroot.linkName(`${this.directory}/${name}`);
  }

  /**
   * Why an attribute could not be used: the device sleeps, the file is missing, or what it holds is no
   * such value.
   */
  whyNot(attribute: string, whatItShouldBe: string): string {
    if (!this.#readable(attribute)) {
      return `the GPU sleeps, and reading ${attribute} would wake it (--wake allows it)`;
    }
    return this.has(attribute)
      ? `${attribute} cannot be read or holds no ${whatItShouldBe}`
      : `no file ${attribute}`;
  }
}
