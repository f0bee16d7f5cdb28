/**
 * Intel's GPUs with the kernel driver i915.
 *
 * The sensors of the whole GPU have no labels; those of its parts are in hwmon directories of their own
 * (`i915_gt0`), and are left: they are parts of the same. An integrated GPU has no sensors, for they are the
 * processor's.
 *
 * Source: the kernel's `Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon` and
 * `drivers/gpu/drm/i915/{i915_hwmon,i915_query,i915_pmu}.c`.
 *
 * @module
 */

import { parseI915Regions } from "../../ffi/drm_query.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import type { TelemetryContext, TelemetryDriver } from "./driver.ts";
import { type IntelCalls, intelCalls } from "./intel/calls.ts";
import { i915Events } from "./intel/engine_counters.ts";
import { i915Gts } from "./intel/gt_files.ts";
import { type IntelKernelDriver, IntelReader } from "./intel/reader.ts";
import { putFans, putPowerCap, putSensor } from "./intel/sensors.ts";
import { ASLEEP, PciDevice } from "./pci_device.ts";

const I915: IntelKernelDriver = {
  name: "i915",
  energyLabels: [undefined],
  gts: i915Gts,
  events: ({ sysroot, address }) => i915Events(sysroot, address),
  regions(node, mayKnowUse) {
    const bytes = node.i915Regions();
    return typeof bytes === "string" ? bytes : parseI915Regions(bytes, mayKnowUse);
  },
  putSensors(into, hwmon) {
    const chip = hwmon?.sensor("temp");
    putSensor(into, "temperature_c", chip, "input", "the driver shows no sensor of temperature");
    putSensor(into, "temperature_slowdown_c", chip, "crit", "the driver shows no such threshold");
    putSensor(into, "voltage_v", hwmon?.sensor("in"), "input", "the driver shows no voltage");
    putFans(into, hwmon);
    putPowerCap(into, [[hwmon?.sensor("power"), "max"]]);
  },
};

/** Makes the driver. */
export function i915Driver(
  callsOf: (sysroot: Sysroot) => IntelCalls = intelCalls,
): TelemetryDriver {
  return {
    name: "i915",
    claims: (gpu) => gpu.driver === "i915" && gpu.pci_slot !== null,
    open(gpu, { sysroot, now }: TelemetryContext) {
      const device = PciDevice.open(gpu, sysroot);
      if (typeof device === "string") return device;
      if (device.files().asleep) return `${gpu.id}: ${ASLEEP}`;
      return new IntelReader(gpu, device, I915, callsOf(sysroot), now);
    },
  };
}

/** The driver as it is on a host. */
export const i915: TelemetryDriver = i915Driver();
