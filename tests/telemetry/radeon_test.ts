/** What radeon's files say of a GPU. */

import assert from "node:assert/strict";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { METRIC_NAMES } from "../../lib/telemetry/metrics.ts";
import { radeon } from "../../lib/telemetry/radeon.ts";
import { DUMPS } from "../sysfs/tree.ts";
import { DEVICE, fakeAmd, openOnly, RecordingSysroot } from "./fake_amd.ts";

Deno.test("radeon reads the dump hd7870 as its files say", () => {
  const { reader } = openOnly(radeon, new Sysroot(`${DUMPS}hd7870`));
  using _reader = reader;
  const { values, sources, absent } = reader.read();
  assert.deepEqual(values, {
    temperature_c: 27,
    temperature_slowdown_c: 120,
    fan_pct: 20, // 51 of 255
    core_clock_mhz: 300,
    pcie_link_gen: 3,
    pcie_link_width: 1,
  });
  assert.equal(sources.temperature_c, "hwmon:temp1_input");
  for (const name of METRIC_NAMES) {
    assert.equal(name in values, !(name in absent), name);
  }
  assert.equal(absent.utilization_pct, "the driver radeon tells it in no file");
  assert.equal(reader.lost(), undefined);
});

Deno.test("radeon knows no slowdown where the driver says 0 °C", () => {
  const files = { name: "radeon", temp1_input: "40000", temp1_crit: "0" };
  const hwmon = Object.entries(files).map(([file, text]) => [`hwmon/hwmon0/${file}`, text]);
  using tree = fakeAmd(Object.fromEntries(hwmon), "0x6818", "radeon");
  const { values, absent } = openOnly(radeon, tree.sysroot).reader.read();
  assert.equal(values.temperature_c, 40);
  assert.equal(values.temperature_slowdown_c, undefined);
  assert.match(absent.temperature_slowdown_c ?? "", /^temp1_crit .* sets no threshold/);
});

Deno.test("radeon takes its performance state from the way in which it manages power", () => {
  const state = (files: Record<string, string>) => {
    using tree = fakeAmd(files, "0x6818", "radeon");
    const { values, sources } = openOnly(radeon, tree.sysroot).reader.read();
    return [values.performance_state, sources.performance_state];
  };
  const files = { power_profile: "low", power_dpm_force_performance_level: "high" };
  assert.deepEqual(state({ power_method: "dpm", ...files }), [
    "high",
    "sysfs:power_dpm_force_performance_level",
  ]);
  assert.deepEqual(state({ power_method: "profile", ...files }), ["low", "sysfs:power_profile"]);
  assert.deepEqual(state({ power_method: "profile" }), [undefined, undefined]);
});

Deno.test("radeon opens no file of a GPU that fell asleep since", () => {
  using tree = fakeAmd(
    { power_method: "dpm", "hwmon/hwmon0/name": "radeon", "hwmon/hwmon0/temp1_input": "27000" },
    "0x6818",
    "radeon",
  );
  const sysroot = new RecordingSysroot(tree.directory);
  const { reader } = openOnly(radeon, sysroot);
  assert.equal(reader.read().values.temperature_c, 27);
  tree.add({ [`${DEVICE}/power/runtime_status`]: "suspended" });
  sysroot.opened.length = 0;
  const { values, absent } = reader.read();
  assert.deepEqual(values, {});
  assert.match(absent.temperature_c ?? "", /sleeps/);
  assert.deepEqual(sysroot.opened.filter((path) => !path.endsWith("/runtime_status")), []);
});
