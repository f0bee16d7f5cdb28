/** Drivers of which there is no dump: trees as the kernel documents them. */

import assert from "node:assert/strict";
import { openControl } from "../../lib/control/drivers.ts";
import { makePlan } from "../../lib/control/plan.ts";
import {
  type Change,
  type SettingId,
  SETTINGS,
  type SettingValue,
} from "../../lib/control/setting.ts";
import type { ControlContext } from "../../lib/control/surface.ts";
import { discover } from "../../lib/discovery/mod.ts";
import { drmNode, pciFunction, Tree, type TreeFiles } from "../sysfs/tree.ts";
import { writes } from "./emulated_gpu.ts";

const AT = "pci0000:00/0000:00:01.0/0000:0a:00.0";

/** One GPU of a driver, with these files below its directory. */
function tree(driver: string, vendor: string, more: TreeFiles): Tree {
  return new Tree({
    ...pciFunction({ at: AT, class: "0x030000", vendor, device: "0x56a0", driver, more }),
    ...drmNode(AT, "card0", 0),
  });
}

function open(of: Tree) {
  const sysroot = of.sysroot;
  const context: ControlContext = {
    sysroot,
    wake: false,
    nvml: undefined,
    whyNotWritable: () => undefined,
  };
  const [gpu] = discover({ sysroot }).gpus;
  if (gpu === undefined) throw new Error("no GPU");
  const surface = openControl(gpu, context);
  return {
    surface,
    plan: (wanted: Partial<Record<SettingId, SettingValue | null>>) => {
      const changes = new Map(
        Object.entries(wanted).map(([id, value]): [SettingId, Change] => [
          id as SettingId,
          value === null ? { kind: "reset" } : { kind: "set", value },
        ]),
      );
      const [first = "power_cap_w"] = changes.keys();
      return makePlan(gpu.id, SETTINGS[first].group, surface, changes);
    },
  };
}

const I915: TreeFiles = {
  "drm/card0/gt_min_freq_mhz": "300",
  "drm/card0/gt_max_freq_mhz": "2000",
  "drm/card0/gt_boost_freq_mhz": "2400",
  "drm/card0/gt_RPn_freq_mhz": "300",
  "drm/card0/gt_RP0_freq_mhz": "2400",
  "hwmon/hwmon2/name": "i915",
  "hwmon/hwmon2/power1_max": "100000000",
  "hwmon/hwmon2/power1_rated_max": "120000000",
};

/** Radeon VII: as `vega20_print_clock_levels` writes it. */
const VEGA20: TreeFiles = {
  "pp_od_clk_voltage": `OD_SCLK:
0:        808Mhz
1:       1801Mhz
OD_MCLK:
1:       1000Mhz
OD_VDDC_CURVE:
0:        808Mhz        724mV
1:       1304Mhz        806mV
2:       1801Mhz       1077mV
OD_RANGE:
SCLK:     808Mhz       2200Mhz
MCLK:     801Mhz       1200Mhz
VDDC_CURVE_SCLK[0]:     808Mhz       2200Mhz
VDDC_CURVE_VOLT[0]:     738mV        1218mV
VDDC_CURVE_SCLK[1]:     808Mhz       2200Mhz
VDDC_CURVE_VOLT[1]:     738mV        1218mV
VDDC_CURVE_SCLK[2]:     808Mhz       2200Mhz
VDDC_CURVE_VOLT[2]:     738mV        1218mV`,
  "power_dpm_force_performance_level": "auto",
  "pp_dpm_sclk": "0: 701Mhz *\n1: 809Mhz\n2: 1801Mhz",
};

Deno.test("amdgpuControl sets clocks beside a voltage curve, and the way back has the curve", () => {
  using files = tree("amdgpu", "0x1002", VEGA20);
  const { plan } = open(files);
  const OD = "pp_od_clk_voltage";
  assert.deepEqual(writes(plan({ core_clock_max_mhz: 2000 })), [`${OD} = s 1 2000`, `${OD} = c`]);
  const reset = plan({ core_clock_min_mhz: null, core_clock_max_mhz: null });
  assert.deepEqual(writes(reset), [`${OD} = r`, `${OD} = c`]);
  assert.deepEqual(reset.steps[0]?.undo.map((action) => "text" in action && action.text), [
    "s 0 808",
    "s 1 1801",
    "m 1 1000",
    "vc 1 1304 806",
    "vc 2 1801 1077",
    "c",
  ]);
});

Deno.test("i915Control caps the boost clock too, which would pass the most clock", () => {
  using files = tree("i915", "0x8086", I915);
  const { plan } = open(files);
  assert.deepEqual(writes(plan({ core_clock_max_mhz: 1500 })), [
    "drm/card0/gt_max_freq_mhz = 1500",
    "drm/card0/gt_boost_freq_mhz = 1500",
  ]);
  assert.deepEqual(writes(plan({ core_clock_max_mhz: 2400 })), [
    "drm/card0/gt_max_freq_mhz = 2400",
  ]);
  assert.deepEqual(writes(plan({ core_clock_min_mhz: 2100, core_clock_max_mhz: 2200 })), [
    "drm/card0/gt_max_freq_mhz = 2200",
    "drm/card0/gt_min_freq_mhz = 2100",
    "drm/card0/gt_boost_freq_mhz = 2200",
  ]);
  assert.throws(() => plan({ core_clock_max_mhz: 2401 }), { message: /300 to 2400 MHz$/ });
  assert.deepEqual(writes(plan({ core_clock_min_mhz: null, core_clock_max_mhz: null })), [
    "drm/card0/gt_max_freq_mhz = 2400",
  ]);
});

Deno.test("i915Control sets the power limit up to the card's rated one", () => {
  using files = tree("i915", "0x8086", I915);
  const { plan } = open(files);
  assert.deepEqual(writes(plan({ power_cap_w: 80 })), ["hwmon/hwmon2/power1_max = 80000000"]);
  assert.deepEqual(writes(plan({ power_cap_w: null })), ["hwmon/hwmon2/power1_max = 120000000"]);
  assert.throws(() => plan({ power_cap_w: 121 }), { message: /1 to 120 W$/ });
});

Deno.test("i915Control sets the limit of the GPU, and none of its parts", () => {
  using files = tree("i915", "0x8086", {
    ...I915,
    "hwmon/hwmon1/name": "i915_gt0",
    "hwmon/hwmon1/energy1_input": "900000000",
  });
  const { plan } = open(files);
  assert.deepEqual(writes(plan({ power_cap_w: 80 })), ["hwmon/hwmon2/power1_max = 80000000"]);
});

Deno.test("i915Control takes a power limit of 0 for one that is off, and puts it back", () => {
  using files = tree("i915", "0x8086", { ...I915, "hwmon/hwmon2/power1_max": "0" });
  const { plan, surface } = open(files);
  const state = surface.settings.find(({ id }) => id === "power_cap_w");
  assert.equal(state?.value, null);
  assert.equal(state?.value_absent, "power1_max says 0 W, which is no limit");
  const { steps } = plan({ power_cap_w: 80 });
  assert.deepEqual(steps.map(({ undo }) => undo.map((action) => "text" in action && action.text)), [
    ["0"],
  ]);
});

Deno.test("amdgpuControl sets no cap of a die that has none: its files say 0", () => {
  const files = ["cap", "cap_min", "cap_max", "cap_default"].map((name) => [
    `hwmon/hwmon2/power1_${name}`,
    "0",
  ]);
  using of = tree("amdgpu", "0x1002", {
    "hwmon/hwmon2/name": "amdgpu",
    ...Object.fromEntries(files),
  });
  const { plan, surface } = open(of);
  const state = surface.settings.find(({ id }) => id === "power_cap_w");
  assert.deepEqual([state?.value, state?.default, state?.range], [null, null, null]);
  assert.equal(state?.value_absent, "power1_cap says 0 W, which is no limit");
  assert.throws(() => plan({ power_cap_w: 100 }), { message: /power1_cap_max says none/ });
});

Deno.test("xeControl sets every GT of a kind, and the card's power before the chip's", () => {
  const gt = (path: string, rp0: string) => ({
    [`${path}/min_freq`]: "400",
    [`${path}/max_freq`]: rp0,
    [`${path}/rpn_freq`]: "400",
    [`${path}/rp0_freq`]: rp0,
  });
  using files = tree("xe", "0x8086", {
    ...gt("tile0/gt0/freq0", "2400"),
    ...gt("tile0/gt1/freq0", "1500"),
    ...gt("tile1/gt0/freq0", "2400"),
    "hwmon/hwmon2/name": "xe",
    "hwmon/hwmon2/power1_label": "card",
    "hwmon/hwmon2/power1_max": "190000000",
    "hwmon/hwmon2/power1_rated_max": "200000000",
    "hwmon/hwmon2/power2_label": "pkg",
    "hwmon/hwmon2/power2_max": "150000000",
  });
  const { plan } = open(files);
  assert.deepEqual(writes(plan({ core_clock_max_mhz: 2000 })), [
    "tile0/gt0/freq0/max_freq = 2000",
    "tile1/gt0/freq0/max_freq = 2000",
  ]);
  assert.deepEqual(writes(plan({ power_cap_w: 180 })), ["hwmon/hwmon2/power1_max = 180000000"]);
});

Deno.test("xeControl takes the limit of the chip where the card's is off", () => {
  using files = tree("xe", "0x8086", {
    "hwmon/hwmon2/name": "xe",
    "hwmon/hwmon2/power1_label": "card",
    "hwmon/hwmon2/power1_max": "0",
    "hwmon/hwmon2/power1_cap": "0",
    "hwmon/hwmon2/power1_rated_max": "0",
    "hwmon/hwmon2/power2_label": "pkg",
    "hwmon/hwmon2/power2_max": "120000000",
    "hwmon/hwmon2/power2_rated_max": "190000000",
  });
  const { plan, surface } = open(files);
  const state = surface.settings.find(({ id }) => id === "power_cap_w");
  assert.deepEqual([state?.value, state?.note], [120, "of the pkg"]);
  assert.deepEqual(writes(plan({ power_cap_w: 150 })), ["hwmon/hwmon2/power2_max = 150000000"]);
  // All are off: the card's.
  files.add({ [`sys/devices/${AT}/hwmon/hwmon2/power2_max`]: "0" });
  const off = open(files).surface.settings.find(({ id }) => id === "power_cap_w");
  assert.deepEqual([off?.value, off?.note], [null, "of the card"]);
});

Deno.test("nouveauControl writes pwm1 in per cent", () => {
  using files = tree("nouveau", "0x10de", {
    "hwmon/hwmon2/name": "nouveau",
    "hwmon/hwmon2/pwm1": "40",
    "hwmon/hwmon2/pwm1_enable": "2",
  });
  const { plan, surface } = open(files);
  assert.equal(surface.settings.find(({ id }) => id === "fan_pct")?.value, 40);
  assert.deepEqual(writes(plan({ fan_pct: 60 })), [
    "hwmon/hwmon2/pwm1_enable = 1",
    "hwmon/hwmon2/pwm1 = 60",
  ]);
  assert.throws(() => plan({ power_cap_w: 100 }), { message: /nouveau has no stable interface/ });
});

Deno.test("a fan of a speed beyond the scale has none", () => {
  for (const [driver, text, most] of [["radeon", "300", 255], ["nouveau", "101", 100]] as const) {
    using files = tree(driver, "0x1002", {
      "hwmon/hwmon2/name": driver,
      "hwmon/hwmon2/pwm1": text,
      "hwmon/hwmon2/pwm1_enable": "2",
    });
    const { plan, surface } = open(files);
    const state = surface.settings.find(({ id }) => id === "fan_pct");
    assert.equal(state?.value, null);
    assert.equal(state?.value_absent, `pwm1 says ${text}, of 0 to ${most}`);
    assert.equal(writes(plan({ fan_pct: 100 })).at(-1), `hwmon/hwmon2/pwm1 = ${most}`);
  }
});

Deno.test("radeonControl sets the level and the power state", () => {
  using files = tree("radeon", "0x1002", {
    "power_dpm_force_performance_level": "auto",
    "power_dpm_state": "balanced",
  });
  const { plan } = open(files);
  assert.deepEqual(writes(plan({ performance_level: "high" })), [
    "power_dpm_force_performance_level = high",
  ]);
  assert.deepEqual(writes(plan({ profile: "battery" })), ["power_dpm_state = battery"]);
  assert.throws(() => plan({ performance_level: "profile_peak" }), { message: /auto, low, high$/ });
});

Deno.test("openControl() has no settings of a driver without setters, and says why", () => {
  using files = tree("mtgpu", "0x1ed5", {});
  const { plan } = open(files);
  assert.throws(() => plan({ power_cap_w: 100 }), {
    message:
      /: 'power cap' cannot be set: Moore Threads' driver has no functions that set anything/,
  });
});

Deno.test("parkSurface() lets the other functions of a card sleep before the GPU itself", () => {
  using files = tree("amdgpu", "0x1002", {
    "power/control": "on",
    "power/runtime_status": "active",
    "power/autosuspend_delay_ms": "5000",
  });
  const function_ = (number: number, class_: string) =>
    pciFunction({
      at: AT.replace(/0$/, String(number)),
      class: class_,
      vendor: "0x1002",
      device: "0xab28",
      more: { "power/control": "on" },
    });
  files.add({
    ...function_(1, "0x040300"),
    ...function_(2, "0x0c0330"),
    // Another GPU in the same device is parked by itself.
    ...function_(3, "0x038000"),
  });
  const { plan } = open(files);
  const step = (plan: { steps: readonly { action: object }[] }) =>
    plan.steps.map(({ action }) =>
      Object.values(action).slice(1).join(" ").replace(/^.*(0000:0a)/, "$1")
    );
  assert.deepEqual(step(plan({ autosuspend: "auto", autosuspend_delay_ms: 10000 })), [
    "0000:0a:00.0/power/autosuspend_delay_ms 10000",
    "0000:0a:00.1/power/control auto",
    "0000:0a:00.2/power/control auto",
    "0000:0a:00.0/power/control auto",
  ]);
  assert.deepEqual(step(plan({ autosuspend: null })), []);
});
