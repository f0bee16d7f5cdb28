import assert from "node:assert/strict";
import { join } from "node:path";
import { sysfsConditions } from "../../../lib/bench/conditions/sysfs.ts";
import { Sysroot } from "../../../lib/sysfs/sysroot.ts";
import { DUMPS, Tree } from "../../sysfs/tree.ts";

const dump = (name: string) => new Sysroot(join(DUMPS, name));

Deno.test("sysfsConditions() reads amdgpu's clocks, power and temperature from a real dump", () => {
  const source = sysfsConditions(
    { pci_slot: "0000:03:00.0", driver: "amdgpu" },
    dump("rx7900xtx"),
  );
  const reading = source?.read();
  const read = (file: string) =>
    dump("rx7900xtx").integer(`/sys/devices/pci0000:00/0000:03:00.0/hwmon/hwmon8/${file}`) ?? NaN;
  assert.equal(reading?.temperature_c, read("temp1_input") / 1000);
  assert.equal(reading?.power_w, read("power1_average") / 1e6);
  assert.equal(reading?.core_mhz, read("freq1_input") / 1e6);
  assert.equal(reading?.memory_mhz, read("freq2_input") / 1e6);
  assert.equal(reading?.throttle_reasons, null);
  assert.match(source?.absent["throttle_reasons"] ?? "", /amdgpu/);
  assert.equal(source?.clocksHold, false);
});

Deno.test("sysfsConditions() reads xe's clock and the sensor of the package from a real dump", () => {
  const at = "/sys/devices/pci0000:00/0000:09:00.0";
  const source = sysfsConditions({ pci_slot: "0000:09:00.0", driver: "xe" }, dump("b580"));
  const reading = source?.read();
  const clock = dump("b580").integer(`${at}/tile0/gt0/freq0/act_freq`);
  assert.equal(reading?.core_mhz, clock || null, "0 is a clock that stands still");
  const pkg = dump("b580").integer(`${at}/hwmon/hwmon2/temp2_input`) ?? NaN;
  assert.equal(reading?.temperature_c, pkg / 1000);
  assert.deepEqual(reading?.throttle_reasons, []);
});

const XE = {
  "sys/bus/pci/devices/0000:03:00.0/tile0/gt0/freq0/act_freq": "0",
  "sys/bus/pci/devices/0000:03:00.0/tile0/gt0/freq0/throttle/reason_pl1": "1",
  "sys/bus/pci/devices/0000:03:00.0/tile0/gt0/freq0/throttle/reason_thermal": "0",
  "sys/bus/pci/devices/0000:03:00.0/hwmon/hwmon0/energy1_input": "1000000",
};

Deno.test("sysfsConditions() makes power of an energy counter, but not when it wraps", () => {
  using tree = new Tree(XE);
  let now = 0;
  const gpu = { pci_slot: "0000:03:00.0", driver: "xe" };
  const source = sysfsConditions(gpu, tree.sysroot, () => now);
  const energy = (microjoules: string) =>
    tree.add({ "sys/bus/pci/devices/0000:03:00.0/hwmon/hwmon0/energy1_input": microjoules });
  assert.equal(source?.read().power_w, null, "one reading is no power");
  now = 500;
  energy("51000000");
  assert.equal(source?.read().power_w, 100);
  now = 1000;
  energy("5");
  assert.equal(source?.read().power_w, null);
});

Deno.test("sysfsConditions() names what throttles, and has null for a clock that stands still", () => {
  using tree = new Tree(XE);
  const reading = sysfsConditions({ pci_slot: "0000:03:00.0", driver: "xe" }, tree.sysroot)?.read();
  assert.deepEqual(reading?.throttle_reasons, ["pl1"]);
  assert.equal(reading?.core_mhz, null);
});

Deno.test("sysfsConditions() is undefined where there is nothing to read", () => {
  using tree = new Tree();
  assert.equal(sysfsConditions({ pci_slot: null, driver: null }, tree.sysroot), undefined);
  const gpu = { pci_slot: "0000:03:00.0", driver: "nouveau" };
  assert.equal(sysfsConditions(gpu, tree.sysroot), undefined);
});
