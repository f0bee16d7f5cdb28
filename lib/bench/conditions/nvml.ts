/**
 * Conditions of NVIDIA GPUs, by the management library of their driver.
 *
 * @module
 */

import { type Nvml, type NvmlDevice, openNvml } from "../../../ffi/nvml.ts";
import { parsePciAddress, type PciAddress } from "../../gpu/pci_address.ts";
import type { ConditionsReading, ConditionsSource } from "./conditions.ts";

/** NVML and the GPUs that it shows. Dispose it (`using`) after the sources made from it. */
export class NvmlGpus implements Disposable {
  readonly nvml: Nvml;
  readonly #devices = new Map<PciAddress, NvmlDevice>();

  /** Takes an open NVML, which it closes. A GPU that does not answer is left out. */
  constructor(nvml: Nvml) {
    this.nvml = nvml;
    const count = nvml.deviceCount();
    for (let index = 0; index < count; index++) {
      const device = attempt(() => nvml.device(index));
      const slot = device && attempt(() => parsePciAddress(nvml.pciInfo(device).busId));
      if (device !== undefined && slot !== undefined) this.#devices.set(slot, device);
    }
  }

  /**
   * Opens NVML.
   *
   * @returns the GPUs, or why there is no NVML.
   */
  static open(options?: { sonames?: readonly string[] }): NvmlGpus | string {
    try {
      const opened = openNvml(options);
      return opened.state === "ok" ? new NvmlGpus(opened.nvml) : opened.reason;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** The GPU at an address; undefined where NVML shows none there. */
  find(slot: PciAddress | null): NvmlDevice | undefined {
    return slot === null ? undefined : this.#devices.get(slot);
  }

  [Symbol.dispose](): void {
    this.nvml[Symbol.dispose]();
  }
}

/** What `ask` gives; undefined where it throws. */
export function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

/** The conditions of one GPU. What NVML refuses once is not asked again. */
export function nvmlConditions(nvml: Nvml, device: NvmlDevice): ConditionsSource {
  const absent: Record<string, string> = {};
  const ask = <T>(quantity: keyof ConditionsReading, call: () => T): T | null => {
    if (quantity in absent) return null;
    try {
      return call();
    } catch (error) {
      absent[quantity] = error instanceof Error ? error.message : String(error);
      return null;
    }
  };
  return {
    name: "nvml",
    clocksHold: true,
    absent,
    read: () => ({
      core_mhz: ask("core_mhz", () => nvml.clock(device, "sm", "now")),
      memory_mhz: ask("memory_mhz", () => nvml.clock(device, "memory", "now")),
      power_w: ask("power_w", () => nvml.powerUsage(device) / 1000),
      temperature_c: ask("temperature_c", () => nvml.temperature(device)),
      throttle_reasons: ask("throttle_reasons", () => nvml.clockEventReasons(device)),
    }),
  };
}
