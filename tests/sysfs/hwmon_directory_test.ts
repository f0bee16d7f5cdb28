import assert from "node:assert/strict";
import { hwmonName } from "../../lib/sysfs/hwmon_directory.ts";
import { Tree } from "./tree.ts";

const DEVICE = "sys/devices/pci0000:00/0000:03:00.0";

/** What is found below a device of a driver, of hwmon directories with these names from 0 on. */
function found(driver: string | undefined, names: readonly (string | undefined)[]) {
  const hwmons = names.map((name, i) => [
    `${DEVICE}/hwmon/hwmon${i}/${name === undefined ? "temp1_input" : "name"}`,
    name ?? "40000",
  ]);
  using tree = new Tree({
    [`${DEVICE}/vendor`]: "0x1002",
    ...Object.fromEntries(hwmons),
    ...(driver && { [`${DEVICE}/driver`]: { link: `../../../bus/pci/drivers/${driver}` } }),
  });
  return hwmonName(tree.sysroot, `/${DEVICE}`);
}

Deno.test("hwmonName() takes the directory that is called as the driver is", () => {
  assert.equal(found("amdgpu", ["corsairpsu", "amdgpu"]), "hwmon1");
  assert.equal(found("i915", ["i915_gt0", "i915"]), "hwmon1");
  assert.equal(found("xe", ["xe"]), "hwmon0");
});

Deno.test("hwmonName() takes the first that is of no part where none is called as the driver", () => {
  assert.equal(found("mtgpu", ["mt_hwmon", "other"]), "hwmon0");
  assert.equal(found(undefined, ["i915_gt1", "i915"]), "hwmon1");
  // The name cannot be read.
  assert.equal(found("amdgpu", [undefined]), "hwmon0");
  assert.equal(found("i915", ["i915_gt0"]), undefined);
  assert.equal(found("amdgpu", []), undefined);
});
