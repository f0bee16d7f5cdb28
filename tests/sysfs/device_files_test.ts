import assert from "node:assert/strict";
import { DeviceFiles, isAsleep, readPowerState } from "../../lib/sysfs/device_files.ts";
import { Tree } from "./tree.ts";

const DEVICE = "/sys/devices/gpu";

function gpuTree(status: string): Tree {
  return new Tree({
    "sys/devices/gpu/power/runtime_status": status,
    "sys/devices/gpu/vendor": "0x1002",
    "sys/devices/gpu/gpu_busy_percent": "7",
    "sys/devices/gpu/current_link_speed": "16.0 GT/s PCIe",
    "sys/devices/gpu/hwmon/hwmon3/name": "amdgpu",
    "sys/devices/gpu/hwmon/hwmon3/temp1_input": "40000",
  });
}

Deno.test("DeviceFiles reads everything of a device that is awake", () => {
  using tree = gpuTree("active");
  const files = new DeviceFiles(tree.sysroot, DEVICE);
  assert.equal(files.integer("gpu_busy_percent"), 7);
  assert.equal(files.integer("hwmon/hwmon3/temp1_input"), 40000);
});

for (const status of ["suspended", "suspending"]) {
  Deno.test(`DeviceFiles reads of a device that is ${status} only what the kernel has in memory`, () => {
    using tree = gpuTree(status);
    const files = new DeviceFiles(tree.sysroot, DEVICE);
    assert.equal(files.text("vendor"), "0x1002");
    assert.equal(files.text("hwmon/hwmon3/name"), "amdgpu");
    assert.equal(files.text("power/runtime_status"), status);
    assert.equal(files.integer("gpu_busy_percent"), undefined);
    assert.equal(files.text("current_link_speed"), undefined);
    assert.equal(files.integer("hwmon/hwmon3/temp1_input"), undefined);
    assert.match(files.whyNot("gpu_busy_percent", "percentage"), /sleeps.*--wake/);
  });
}

Deno.test("DeviceFiles reads everything of a sleeping device with wake", () => {
  using tree = gpuTree("suspended");
  assert.equal(new DeviceFiles(tree.sysroot, DEVICE, true).integer("gpu_busy_percent"), 7);
});

Deno.test("DeviceFiles.whyNot() tells a missing file from one that makes no sense", () => {
  using tree = gpuTree("active");
  const files = new DeviceFiles(tree.sysroot, DEVICE);
  assert.equal(files.whyNot("numa_node", "NUMA node"), "no file numa_node");
  assert.match(files.whyNot("vendor", "NUMA node"), /holds no NUMA node/);
});

Deno.test("readPowerState() takes a missing, failed or unheard-of state for no answer", () => {
  using tree = gpuTree("error");
  assert.equal(readPowerState(tree.sysroot, DEVICE), undefined);
  assert.equal(readPowerState(tree.sysroot, "/sys/devices/none"), undefined);
  using unsupported = gpuTree("unsupported");
  assert.equal(readPowerState(unsupported.sysroot, DEVICE), "unsupported");
});

Deno.test("isAsleep() takes a device of unknown state to be awake", () => {
  assert.equal(isAsleep(undefined), false);
  assert.equal(isAsleep(null), false);
  assert.equal(isAsleep("unsupported"), false);
  assert.equal(isAsleep("resuming"), false);
});
