/**
 * The files of one GPU's settings: read without waking it, with what this user may write.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import { DeviceFiles } from "../sysfs/device_files.ts";
import { hwmonName } from "../sysfs/hwmon_directory.ts";
import { readPaddedText } from "./padded_text.ts";
import type { SettingId, SettingState, SettingValue } from "./setting.ts";
import { SETTINGS } from "./setting.ts";
import type { ControlContext } from "./surface.ts";

/** Facts of a setting that differ from those of one that is not known at all. */
export type StateFacts = Partial<Omit<SettingState, "id" | "unit" | "writable">>;

/** A setting with these facts; of a value that is missing, `value_absent` has to say why. */
export function settingState(
  id: SettingId,
  writable: boolean | null,
  facts: StateFacts,
): SettingState {
  return {
    id,
    unit: SETTINGS[id].unit,
    value: null,
    value_absent: null,
    default: null,
    range: null,
    choices: null,
    writable,
    why_not: null,
    refused_by: null,
    source: "",
    note: null,
    ...facts,
  };
}

/** The files. Attributes are named by their paths below the device's directory. */
export class ControlFiles {
  readonly context: ControlContext;
  readonly #device: DeviceFiles;
  /** The driver's hwmon directory below the device's: `hwmon/hwmon3`; undefined where there is none. */
  readonly hwmon: string | undefined;

  /** Takes the device's directory: `/sys/bus/pci/devices/0000:06:00.0`. */
  constructor(context: ControlContext, directory: string) {
    this.context = context;
    const real = context.sysroot.resolve(directory) ?? directory;
    this.#device = new DeviceFiles(context.sysroot, real, context.wake);
    const hwmon = hwmonName(context.sysroot, real);
    this.hwmon = hwmon === undefined ? undefined : `hwmon/${hwmon}`;
  }

  /** The files of a GPU; undefined where it has no directory. */
  static of(gpu: Gpu, context: ControlContext): ControlFiles | undefined {
    const directory = gpu.pci_slot !== null
      ? `/sys/bus/pci/devices/${gpu.pci_slot}`
      : gpu.drm_node !== null
      ? `/sys/class/drm/${gpu.drm_node.slice(gpu.drm_node.lastIndexOf("/") + 1)}/device`
      : undefined;
    return directory === undefined ? undefined : new ControlFiles(context, directory);
  }

  /** Whether the GPU sleeps, and must not be woken. */
  get asleep(): boolean {
    return this.#device.asleep;
  }

  /** The whole path, without links: as steps name it. */
  path(attribute: string): string {
    return `${this.#device.directory}/${attribute}`;
  }

  /** Text of an attribute; undefined where it cannot be read. */
  text(attribute: string): string | undefined {
    return this.#device.text(attribute);
  }

  /** Text of an attribute in which NULs may stand between parts: `pp_od_clk_voltage`. */
  paddedText(attribute: string): string | undefined {
    if (this.asleep) return undefined;
    return readPaddedText(this.context.sysroot, this.path(attribute));
  }

  /** Integer of an attribute; undefined where it is none. */
  integer(attribute: string): number | undefined {
    return this.#device.integer(attribute);
  }

  /** Whether there is such a file. */
  has(attribute: string): boolean {
    return this.#device.has(attribute);
  }

  /** Names in a directory. */
  list(directory: string): string[] {
    return this.#device.list(directory);
  }

  /** Why an attribute has no such value. */
  whyNot(attribute: string, what: string): string {
    return this.#device.whyNot(attribute, what);
  }

  /**
   * The state of a setting that is written to these attributes.
   *
   * @param refused why it cannot be set, whatever this user's rights.
   */
  state(
    id: SettingId,
    attributes: readonly string[],
    facts: StateFacts & { value: SettingValue | null },
    refused?: string,
  ): SettingState {
    if (refused !== undefined) {
      return settingState(id, false, { why_not: refused, refused_by: "driver", ...facts });
    }
    const reasons = attributes.map((attribute) => {
      const why = this.context.whyNotWritable(this.path(attribute));
      return typeof why === "string" ? `${attribute}: ${why} (sudo)` : why;
    });
    const why = reasons.find((reason) => typeof reason === "string");
    return why !== undefined && why !== null
      ? settingState(id, false, { why_not: why, refused_by: "rights", ...facts })
      : settingState(id, reasons.includes(null) ? null : true, facts);
  }
}

/** Steps without those that are not needed. */
export function present<T>(items: readonly (T | undefined)[]): T[] {
  return items.filter((item) => item !== undefined);
}
