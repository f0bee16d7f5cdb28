/**
 * Which hwmon directory of a device is its driver's own.
 *
 * @module
 */

import type { Sysroot } from "./sysroot.ts";

/**
 * The name of the hwmon directory that stands for a device, `hwmon3`: the one that is called as the driver is,
 * which amdgpu's, radeon's, nouveau's, i915's and xe's are; else the first that is not of a part (`i915_gt0`).
 *
 * @param directory the device's: `/sys/bus/pci/devices/0000:03:00.0`.
 * @returns undefined where there is none.
 */
export function hwmonName(sysroot: Sysroot, directory: string): string | undefined {
  const driver = sysroot.linkName(`${directory}/driver`);
  const found = sysroot.list(`${directory}/hwmon`).filter((name) => /^hwmon\d+$/.test(name))
    .map((name) => ({ name, title: sysroot.text(`${directory}/hwmon/${name}/name`) ?? "" }));
  const own = found.find(({ title }) => title === driver) ??
    found.find(({ title }) => !/_gt\d+$/.test(title));
  return own?.name;
}
