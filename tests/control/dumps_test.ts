/** The ordered writes of changes, on a copy of each dump; written by hand from the dumps' files. */

import assert from "node:assert/strict";
import type { SettingId, SettingValue } from "../../lib/control/setting.ts";
import { CopiedDump, writes } from "./emulated_gpu.ts";

type Wanted = Partial<Record<SettingId, SettingValue | null>>;

interface Case {
  dump: string;
  wanted: Wanted;
  writes: readonly string[];
}

const OD = "pp_od_clk_voltage", LEVEL = "power_dpm_force_performance_level";
const FAN = "gpu_od/fan_ctrl";

const CASES: readonly Case[] = [
  { dump: "vega56", wanted: { power_cap_w: 215 }, writes: ["hwmon/hwmon4/power1_cap = 215000000"] },
  { dump: "vega56", wanted: { power_cap_w: 260 }, writes: [] },
  { dump: "vega56", wanted: { power_cap_w: null }, writes: [] },
  {
    dump: "rx6600",
    wanted: { power_cap_w: null },
    writes: ["hwmon/hwmon4/power1_cap = 100000000"],
  },
  {
    dump: "vega56",
    wanted: { core_clock_max_mhz: 1138 },
    writes: [`${LEVEL} = manual`, "pp_dpm_sclk = 0 1 2"],
  },
  {
    dump: "rx580",
    wanted: { memory_clock_max_mhz: 1000 },
    writes: [`${LEVEL} = manual`, "pp_dpm_mclk = 0 1"],
  },
  { dump: "rx580", wanted: { core_clock_max_mhz: null }, writes: [] },
  {
    dump: "rx6600",
    wanted: { core_clock_min_mhz: 2650, core_clock_max_mhz: 2800 },
    writes: [`${OD} = s 0 2650`, `${OD} = s 1 2800`, `${OD} = c`],
  },
  {
    // The least is above what the most is now: the most goes first.
    dump: "rx6600",
    wanted: { core_clock_min_mhz: 2750, core_clock_max_mhz: 2800 },
    writes: [`${OD} = s 1 2800`, `${OD} = s 0 2750`, `${OD} = c`],
  },
  {
    dump: "rx7900xtx",
    wanted: { memory_clock_max_mhz: 1300 },
    writes: [`${OD} = m 1 1300`, `${OD} = c`],
  },
  { dump: "rx7900xtx", wanted: { core_clock_max_mhz: null }, writes: [`${OD} = r`, `${OD} = c`] },
  {
    dump: "rx9070",
    wanted: { core_clock_offset_mhz: -100 },
    writes: [`${OD} = s -100`, `${OD} = c`],
  },
  {
    // An APU takes edits at level manual alone.
    dump: "phoenix",
    wanted: { core_clock_max_mhz: 2000 },
    writes: [`${LEVEL} = manual`, `${OD} = s 1 2000`, `${OD} = c`],
  },
  {
    dump: "strixpoint",
    wanted: { core_clock_min_mhz: 800 },
    writes: [`${LEVEL} = manual`, `${OD} = s 0 800`, `${OD} = c`],
  },
  {
    dump: "vega56",
    wanted: { profile: "compute" },
    writes: [`${LEVEL} = manual`, "pp_power_profile_mode = 5"],
  },
  { dump: "rx9070", wanted: { profile: "WINDOW_3D" }, writes: ["pp_power_profile_mode = 7"] },
  {
    dump: "rx9070",
    wanted: { performance_level: null, profile: null },
    writes: ["pp_power_profile_mode = 0", `${LEVEL} = auto`],
  },
  {
    // 3D_FULL_SCREEN now; the driver takes the way back at manual alone, too.
    dump: "rx580",
    wanted: { performance_level: null, profile: null },
    writes: [`${LEVEL} = manual`, "pp_power_profile_mode = 0", `${LEVEL} = auto`],
  },
  { dump: "vega56", wanted: { performance_level: "high" }, writes: [`${LEVEL} = high`] },
  {
    dump: "vega56",
    wanted: { fan_pct: 60 },
    writes: ["hwmon/hwmon4/pwm1_enable = 1", "hwmon/hwmon4/pwm1 = 153"],
  },
  { dump: "rx580", wanted: { fan_pct: 100 }, writes: ["hwmon/hwmon4/pwm1 = 255"] },
  { dump: "rx580", wanted: { fan_pct: null }, writes: ["hwmon/hwmon4/pwm1_enable = 2"] },
  { dump: "hd7870", wanted: { fan_pct: null }, writes: ["hwmon/hwmon3/pwm1_enable = 2"] },
  { dump: "vega56", wanted: { fan_pct: null }, writes: [] },
  {
    dump: "rx9070",
    wanted: { fan_curve: "30:20,50:40,60:60,75:80,80:100" },
    writes: [`${FAN}/fan_curve = 0 30 20`, `${FAN}/fan_curve = 3 75 80`, `${FAN}/fan_curve = c`],
  },
  { dump: "rx9070", wanted: { fan_curve: null }, writes: [`${FAN}/fan_curve = r`] },
  { dump: "rx7900xtx", wanted: { fan_curve: null }, writes: [] },
  {
    dump: "rx7900xtx",
    wanted: { fan_pct: 50 },
    writes: [
      `${FAN}/fan_curve = 0 25 50`,
      `${FAN}/fan_curve = 1 44 50`,
      `${FAN}/fan_curve = 2 63 50`,
      `${FAN}/fan_curve = 3 81 50`,
      `${FAN}/fan_curve = 4 100 50`,
      `${FAN}/fan_curve = c`,
    ],
  },
  {
    dump: "rx7900xtx",
    wanted: { fan_acoustic_limit_rpm: 2000, fan_target_temperature_c: 75 },
    writes: [
      `${FAN}/fan_target_temperature = 75`,
      `${FAN}/fan_target_temperature = c`,
      `${FAN}/acoustic_limit_rpm_threshold = 2000`,
      `${FAN}/acoustic_limit_rpm_threshold = c`,
    ],
  },
  {
    dump: "rx9070",
    wanted: { fan_zero_rpm: 0 },
    writes: [`${FAN}/fan_zero_rpm_enable = 0`, `${FAN}/fan_zero_rpm_enable = c`],
  },
  {
    dump: "a380-xe",
    wanted: { core_clock_min_mhz: 600, core_clock_max_mhz: 2000 },
    writes: ["tile0/gt0/freq0/min_freq = 600", "tile0/gt0/freq0/max_freq = 2000"],
  },
  {
    // 1100 to 1300 now: going down, the least first.
    dump: "tigerlake",
    wanted: { core_clock_min_mhz: 300, core_clock_max_mhz: 900 },
    writes: ["tile0/gt0/freq0/min_freq = 300", "tile0/gt0/freq0/max_freq = 900"],
  },
  {
    dump: "tigerlake",
    wanted: { core_clock_min_mhz: null, core_clock_max_mhz: null },
    writes: ["tile0/gt0/freq0/min_freq = 100"],
  },
  {
    dump: "b580",
    wanted: { profile: "power_saving" },
    writes: [
      "tile0/gt0/freq0/power_profile = power_saving",
      "tile0/gt1/freq0/power_profile = power_saving",
    ],
  },
  { dump: "vega56", wanted: { autosuspend: "auto" }, writes: ["power/control = auto"] },
  { dump: "b580", wanted: { autosuspend: null }, writes: ["power/control = on"] },
];

for (const { dump, wanted, writes: expected } of CASES) {
  const what = JSON.stringify(wanted).replaceAll('"', "");
  Deno.test(`makePlan() orders the writes of ${what} on ${dump}`, () => {
    using copy = new CopiedDump(dump);
    assert.deepEqual(writes(copy.plan(wanted)), expected);
  });
}

const REFUSED: readonly { dump: string; wanted: Wanted; why: RegExp }[] = [
  { dump: "vega56", wanted: { power_cap_w: 391 }, why: /391 W is outside .* 1 to 390 W$/ },
  // 0 would be "the default" to the driver.
  { dump: "vega56", wanted: { power_cap_w: 0 }, why: /0 W is outside/ },
  { dump: "rx6600", wanted: { power_cap_w: 93 }, why: /93 W is outside .* 94 to 120 W$/ },
  { dump: "vega56", wanted: { power_cap_w: 215.5 }, why: /no multiple of 1 W/ },
  { dump: "vega56", wanted: { power_cap_w: NaN }, why: /outside/ },
  { dump: "phoenix", wanted: { power_cap_w: 20 }, why: /no file power1_cap/ },
  { dump: "b580", wanted: { power_cap_w: 100 }, why: /gives no range/ },
  {
    dump: "vega56",
    wanted: { core_clock_max_mhz: 1000 },
    why: /none of what the driver takes: 852, 991/,
  },
  { dump: "rx6600", wanted: { core_clock_max_mhz: 2901 }, why: /outside .* 500 to 2900 MHz$/ },
  {
    dump: "rx6600",
    wanted: { core_clock_min_mhz: 2800 },
    why: /above the most, 2700 MHz: set both$/,
  },
  { dump: "vega56", wanted: { profile: "CUSTOM" }, why: /none of what the driver takes/ },
  {
    dump: "vega56",
    wanted: { profile: "VR", performance_level: "high" },
    why: /at performance level manual alone/,
  },
  { dump: "rx6600", wanted: { profile: "VR" }, why: /no file power_dpm_force_performance_level/ },
  { dump: "vega56", wanted: { fan_pct: 101 }, why: /101 % is outside/ },
  { dump: "vega56", wanted: { fan_curve: "40:20,80:100" }, why: /no such setting|no fan curve/ },
  { dump: "rx9070", wanted: { fan_pct: 14 }, why: /outside .* 15 to 100 %$/ },
  { dump: "rx9070", wanted: { fan_curve: "40:25,80:100" }, why: /2 points, and this GPU has 5/ },
  {
    dump: "rx9070",
    wanted: { fan_curve: "20:25,50:40,60:60,70:80,80:100" },
    why: /20:25 is outside/,
  },
  { dump: "a380-xe", wanted: { core_clock_max_mhz: 2500 }, why: /300 to 2450 MHz$/ },
  { dump: "a380-xe", wanted: { fan_pct: 50 }, why: /xe sets no fan/ },
  { dump: "hd7870", wanted: { power_cap_w: 100 }, why: /radeon sets no power cap/ },
  { dump: "vega56", wanted: { autosuspend_delay_ms: 100 }, why: /uses no delay/ },
];

for (const { dump, wanted, why } of REFUSED) {
  const what = JSON.stringify(wanted).replaceAll('"', "");
  Deno.test(`makePlan() refuses ${what} on ${dump}`, () => {
    using copy = new CopiedDump(dump);
    assert.throws(() => copy.plan(wanted), { name: "ControlError", message: why });
  });
}

Deno.test("makePlan() refuses overdrive where its bit is off, with the kernel's option", () => {
  using copy = new CopiedDump("rx6600").featureMask("0xfff7bfff");
  assert.throws(() => copy.plan({ core_clock_max_mhz: 2600 }), {
    message: /bit 0x4000 of amdgpu\.ppfeaturemask\): boot with amdgpu\.ppfeaturemask=0xfff7ffff$/,
  });
  copy.featureMask("0xfff7ffff");
  assert.equal(writes(copy.plan({ core_clock_max_mhz: 2600 })).length, 2);
  // Decimal, as newer kernels print it; other bits stay as they are.
  copy.featureMask("3072");
  assert.throws(() => copy.plan({ core_clock_max_mhz: 2600 }), { message: /=0x00004c00$/ });
});

Deno.test("makePlan() changes an APU's clocks whatever the overdrive bit says", () => {
  using copy = new CopiedDump("phoenix").featureMask("0xfff7bfff");
  assert.equal(writes(copy.plan({ core_clock_max_mhz: 2000 })).length, 3);
});

Deno.test("openControl() says which file may not be written, and makePlan() plans it all the same", () => {
  using copy = new CopiedDump("vega56");
  const denied = { ...copy.context, whyNotWritable: () => "permission denied" };
  Object.assign(copy, { context: denied });
  const plan = copy.plan({ power_cap_w: 215 });
  assert.deepEqual(plan.obstacles, [
    "power cap: hwmon/hwmon4/power1_cap: permission denied (sudo)",
  ]);
  assert.equal(plan.steps.length, 1);
});

Deno.test("openControl() reads nothing of a GPU that sleeps", () => {
  using copy = new CopiedDump("vega56");
  const device = "sys/devices/pci0000:00/0000:0b:00.0";
  Deno.writeTextFileSync(`${copy.directory}/${device}/power/runtime_status`, "suspended\n");
  const power = copy.surface().settings.find(({ id }) => id === "power_cap_w");
  assert.equal(power?.value, null);
  assert.match(power?.value_absent ?? "", /sleeps, and reading .* would wake it/);
  assert.throws(() => copy.plan({ power_cap_w: 215 }), { name: "ControlError" });
  // Whether it may sleep is the kernel's own, and can be read and set.
  assert.deepEqual(writes(copy.plan({ autosuspend: "auto" })), ["power/control = auto"]);
});
