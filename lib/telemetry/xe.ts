/**
 * Intel's GPUs with the kernel driver xe.
 *
 * A card's sensors have labels: `card`, `pkg` (the chip), `vram`. Reading most of them wakes a GPU that
 * sleeps, and open counters of engines keep it awake.
 *
 * Source: the kernel's `Documentation/ABI/testing/sysfs-driver-intel-xe-hwmon` and
 * `drivers/gpu/drm/xe/{xe_hwmon,xe_gt_freq,xe_query,xe_pmu}.c`.
 *
 * @module
 */

import { parseXeEngines, parseXeRegions } from "../../ffi/drm_query.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import type { TelemetryContext, TelemetryDriver } from "./driver.ts";
import { type IntelCalls, intelCalls } from "./intel/calls.ts";
import { xeEvents } from "./intel/engine_counters.ts";
import { xeGts } from "./intel/gt_files.ts";
import { type IntelKernelDriver, IntelReader } from "./intel/reader.ts";
import { putFans, putPowerCap, putSensor } from "./intel/sensors.ts";
import { ASLEEP, PciDevice } from "./pci_device.ts";

const XE: IntelKernelDriver = {
  name: "xe",
  // An integrated GPU has a counter of its package, or none.
  energyLabels: ["card", "pkg", undefined],
  gts: xeGts,
  events({ sysroot, address }, node) {
    const engines = typeof node === "string" ? node : node.xeEngines();
    return xeEvents(
      sysroot,
      address,
      typeof engines === "string" ? engines : parseXeEngines(engines),
    );
  },
  regions(node, mayKnowUse) {
    const bytes = node.xeRegions();
    return typeof bytes === "string" ? bytes : parseXeRegions(bytes, mayKnowUse);
  },
  putSensors(into, hwmon) {
    const chip = hwmon?.sensor("temp", "pkg");
    putSensor(into, "temperature_c", chip, "input", "no sensor pkg");
    putSensor(into, "temperature_slowdown_c", chip, "crit", "no sensor pkg");
    const vram = hwmon?.sensor("temp", "vram");
    putSensor(into, "temperature_memory_c", vram, "input", "no sensor vram");
    putSensor(into, "voltage_v", hwmon?.sensor("in", "pkg"), "input", "no sensor pkg");
    putFans(into, hwmon);
    const card = hwmon?.sensor("power", "card"), pkg = hwmon?.sensor("power", "pkg");
    putPowerCap(into, [[card, "max"], [card, "cap"], [pkg, "max"], [pkg, "cap"]]);
  },
};

/** Makes the driver. */
export function xeDriver(
  callsOf: (sysroot: Sysroot) => IntelCalls = intelCalls,
): TelemetryDriver {
  return {
    name: "xe",
    claims: (gpu) => gpu.driver === "xe" && gpu.pci_slot !== null,
    open(gpu, { sysroot, now }: TelemetryContext) {
      const device = PciDevice.open(gpu, sysroot);
      if (typeof device === "string") return device;
      if (device.files().asleep) return `${gpu.id}: ${ASLEEP}`;
      return new IntelReader(gpu, device, XE, callsOf(sysroot), now);
    },
  };
}

/** The driver as it is on a host. */
export const xe: TelemetryDriver = xeDriver();
