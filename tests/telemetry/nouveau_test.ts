/** What nouveau's sensors say of a GPU. */

import assert from "node:assert/strict";
import { nouveau } from "../../lib/telemetry/nouveau.ts";
import { pciFunction, Tree } from "../sysfs/tree.ts";
import { AT, DEVICE, openOnly } from "./fake_amd.ts";

Deno.test("nouveau tells what its sensors say, the fan in percent", () => {
  using tree = new Tree(pciFunction({
    at: AT,
    class: "0x030000",
    vendor: "0x10de",
    device: "0x1187",
    driver: "nouveau",
    more: {
      "power/runtime_status": "active",
      "hwmon/hwmon1/name": "nouveau",
      "hwmon/hwmon1/temp1_input": "43000",
      "hwmon/hwmon1/temp1_max": "95000",
      "hwmon/hwmon1/temp1_crit": "105000",
      "hwmon/hwmon1/fan1_input": "1230",
      "hwmon/hwmon1/pwm1": "35",
      "hwmon/hwmon1/in0_input": "875",
      "hwmon/hwmon1/power1_input": "21500000",
    },
  }));
  const { reader } = openOnly(nouveau, tree.sysroot);
  using _reader = reader;
  const { values, absent } = reader.read();
  assert.deepEqual(values, {
    temperature_c: 43,
    temperature_slowdown_c: 95,
    power_w: 21.5,
    fan_pct: 35,
    fan_rpm: 1230,
    voltage_v: 0.875,
  });
  assert.equal(absent.utilization_pct, "the driver nouveau tells it in no file");
  tree.add({ [`${DEVICE}/power/runtime_status`]: "suspended" });
  assert.deepEqual(reader.read().values, {});
});
