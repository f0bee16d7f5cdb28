/** hwmon's sensors in the units of people. */

import assert from "node:assert/strict";
import { Hwmon } from "../../lib/telemetry/hwmon.ts";
import { Tree } from "../sysfs/tree.ts";

const AT = "/sys/class/hwmon/hwmon3";

/** A hwmon directory with files. */
function hwmon(files: Record<string, string | Uint8Array>): { tree: Tree; hwmon: Hwmon } {
  const tree = new Tree(
    Object.fromEntries(
      Object.entries(files).map(([name, content]) => [`${AT.slice(1)}/${name}`, content]),
    ),
  );
  const opened = Hwmon.open(tree.sysroot, AT);
  assert.ok(opened);
  return { tree, hwmon: opened };
}

Deno.test("Hwmon.sensor() gives each kind in its unit, with the file as the source", () => {
  const opened = hwmon({
    name: "amdgpu",
    temp1_input: "44500",
    power1_average: "41045000",
    energy1_input: "19000000",
    freq1_input: "798080000",
    in0_input: "975",
    curr1_input: "1500",
    fan1_input: "595",
    pwm1: "51",
  });
  using _tree = opened.tree;
  const read = (kind: Parameters<Hwmon["sensor"]>[0], attribute?: string) =>
    opened.hwmon.sensor(kind)?.read(attribute);
  assert.equal(opened.hwmon.name, "amdgpu");
  assert.deepEqual(read("temp"), { value: 44.5, source: "hwmon:temp1_input" });
  assert.deepEqual(read("power", "average"), { value: 41.045, source: "hwmon:power1_average" });
  assert.deepEqual(read("energy"), { value: 19, source: "hwmon:energy1_input" });
  assert.deepEqual(read("freq"), { value: 798.08, source: "hwmon:freq1_input" });
  assert.deepEqual(read("in"), { value: 0.975, source: "hwmon:in0_input" });
  assert.deepEqual(read("curr"), { value: 1.5, source: "hwmon:curr1_input" });
  assert.deepEqual(read("fan"), { value: 595, source: "hwmon:fan1_input" });
  assert.equal(read("pwm")?.source, "hwmon:pwm1");
  assert.equal(Math.round(read("pwm")?.value ?? NaN), 20);
});

Deno.test("Hwmon.sensor() takes nouveau's pwm1 for percent, which it is", () => {
  const opened = hwmon({ name: "nouveau", pwm1: "51" });
  using _tree = opened.tree;
  assert.equal(opened.hwmon.sensor("pwm")?.read()?.value, 51);
});

Deno.test("Hwmon.sensor() finds a sensor by its label, in the order of the numbers", () => {
  const opened = hwmon({
    name: "xe",
    temp10_input: "10000",
    temp10_label: "vram_ch_10",
    temp2_input: "54000",
    temp2_label: "pkg",
    temp3_input: "50000",
    temp3_label: "vram",
  });
  using _tree = opened.tree;
  assert.equal(opened.hwmon.sensor("temp", "vram")?.name, "temp3");
  assert.equal(opened.hwmon.sensor("temp")?.name, "temp2");
  assert.equal(opened.hwmon.sensor("temp")?.label, "pkg");
  assert.equal(opened.hwmon.sensor("temp", "edge"), undefined);
  assert.equal(opened.hwmon.sensor("fan"), undefined);
});

Deno.test("Sensor.read() gives no value for what none of its kind can be", () => {
  const opened = hwmon({
    name: "x",
    temp1_input: "-274000",
    temp2_input: "999000",
    temp3_input: "4x",
    power1_input: "-5",
    power2_input: "65000000000",
    freq1_input: "65000000000",
    in0_input: "60000",
    pwm1: "256",
    fan1_input: "",
    energy1_input: "18446744073709551615",
  });
  using _tree = opened.tree;
  for (const sensor of opened.hwmon.sensors) {
    assert.equal(sensor.read(), undefined, sensor.name);
    assert.match(sensor.whyNot(), new RegExp(`^${sensor.name}.* cannot be read or holds no`));
  }
  assert.equal(opened.hwmon.sensors.length, 10);
});

Deno.test("Sensor.read() takes 0 °C for a temperature, and for no threshold", () => {
  const opened = hwmon({
    name: "radeon",
    temp1_input: "0",
    temp1_crit: "0",
    temp1_max: "-273000",
    temp1_emergency: "1000",
  });
  using _tree = opened.tree;
  const sensor = opened.hwmon.sensor("temp");
  assert.ok(sensor);
  assert.equal(sensor.read()?.value, 0);
  assert.equal(sensor.read("crit"), undefined);
  assert.equal(sensor.whyNot("crit"), "temp1_crit cannot be read or sets no threshold above 0 °C");
  assert.equal(sensor.read("max"), undefined);
  assert.equal(sensor.read("emergency")?.value, 1);
});

Deno.test("Sensor.readFirst() takes the first attribute with a value, and whyNot() names the file", () => {
  const opened = hwmon({ name: "x", power1_input: "3142000", power1_cap: "oops" });
  using _tree = opened.tree;
  const power = opened.hwmon.sensor("power");
  assert.ok(power);
  assert.equal(power.readFirst("average", "input")?.source, "hwmon:power1_input");
  assert.equal(power.readFirst("average", "cap"), undefined);
  assert.equal(power.whyNot("average"), "no file power1_average");
  assert.match(power.whyNot("cap"), /^power1_cap cannot be read/);
});

Deno.test("Hwmon.open() gives nothing for a directory that is not there", () => {
  using tree = new Tree();
  assert.equal(Hwmon.open(tree.sysroot, AT), undefined);
});
