/**
 * A GPU's PCI device in sysfs, as telemetry drivers that read files need it.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import type { PciAddress } from "../gpu/pci_address.ts";
import { DeviceFiles } from "../sysfs/device_files.ts";
import { hwmonName } from "../sysfs/hwmon_directory.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";

/** Why nothing is known of a GPU that sleeps. */
export const ASLEEP = "the GPU sleeps, and reading it would wake it";

/** The directory of one PCI device. Which files it has is looked up once: a look costs more than a read. */
export class PciDevice {
  readonly sysroot: Sysroot;
  /** `0000:03:00.0`. */
  readonly address: PciAddress;
  /** Links resolved. */
  readonly directory: string;
  readonly #driver: string | undefined;
  readonly #names: ReadonlySet<string>;

  private constructor(sysroot: Sysroot, address: PciAddress, directory: string) {
    this.sysroot = sysroot;
    this.address = address;
    this.directory = directory;
    this.#driver = sysroot.linkName(`${directory}/driver`);
    this.#names = new Set(sysroot.list(directory));
  }

  /** Finds the device of a GPU; one line where there is none. */
  static open(gpu: Pick<Gpu, "id" | "pci_slot">, sysroot: Sysroot): PciDevice | string {
    if (gpu.pci_slot === null) return `${gpu.id} is no PCI device`;
    const directory = sysroot.resolve(`/sys/bus/pci/devices/${gpu.pci_slot}`);
    return directory === undefined
      ? `/sys/bus/pci/devices has no ${gpu.pci_slot}`
      : new PciDevice(sysroot, gpu.pci_slot, directory);
  }

  /** The device's files with the power state of now. */
  files(): DeviceFiles {
    return new DeviceFiles(this.sysroot, this.directory);
  }

  /** Whether the device had such a file when it was opened. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Path of a file below the root. */
  path(name: string): string {
    return `${this.directory}/${name}`;
  }

  /** Why a file gave no value. */
  whyNot(name: string, whatItShouldBe: string): string {
    return this.has(name)
      ? `${name} cannot be read (in suspend or reset it is refused) or holds no ${whatItShouldBe}`
      : `no file ${name}`;
  }

  /** The hwmon directory of the driver for the device itself; undefined where there is none. */
  hwmonDirectory(): string | undefined {
    const name = hwmonName(this.sysroot, this.directory);
    return name && this.path(`hwmon/${name}`);
  }

  /** Why the device no longer answers; undefined while it is there and has the driver that it had. */
  lost(): string | undefined {
    if (this.sysroot.kind(this.directory) !== "directory") {
      return `${this.address} is no longer on the PCI bus`;
    }
    if (this.#driver === undefined) return undefined;
    const driver = this.sysroot.linkName(this.path("driver"));
    if (driver === this.#driver) return undefined;
    return driver === undefined
      ? `${this.#driver} was unbound from ${this.address}`
      : `${this.address} now has the driver ${driver}`;
  }
}
