import assert from "node:assert/strict";
import fc from "fast-check";
import { parseFanCurve, parseFanValue } from "../../lib/control/amdgpu/fan_ctrl.ts";
import {
  hasStates,
  hasVoltage,
  overdriveOn,
  overdriveOption,
  parseOverdrive,
  restoringEdits,
} from "../../lib/control/amdgpu/overdrive.ts";
import { activeProfile, parseProfileModes } from "../../lib/control/amdgpu/profile_mode.ts";
import { parseStartTime } from "../../lib/control/clock.ts";
import { parseDuration } from "../../lib/control/duration.ts";
import { readPaddedText } from "../../lib/control/padded_text.ts";
import { pickValue } from "../../lib/control/pick.ts";
import {
  checkValue,
  formatCurve,
  parseCurve,
  parseSettingValue,
} from "../../lib/control/setting.ts";
import { settingState } from "../../lib/control/files.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { DUMPS } from "../sysfs/tree.ts";

const NAMES = [
  "BOOTUP_DEFAULT",
  "3D_FULL_SCREEN",
  "POWER_SAVING",
  "VIDEO",
  "VR",
  "COMPUTE",
  "CUSTOM",
];

function dumped(dump: string, path: string): string {
  const text = readPaddedText(new Sysroot(`${DUMPS}${dump}`), path);
  if (text === undefined) throw new Error(`${dump} has no ${path}`);
  return text;
}

const PCI = {
  vega56: "/sys/devices/pci0000:00/0000:0b:00.0",
  rx580: "/sys/devices/pci0000:00/0000:09:00.0",
  rx6600: "/sys/devices/pci0000:00/0000:12:00.0",
  rx7900xtx: "/sys/devices/pci0000:00/0000:03:00.0",
  rx9070: "/sys/devices/pci0000:00/0000:03:00.0",
  phoenix: "/sys/devices/pci0000:00/0000:64:00.0",
} as const;

for (
  const [dump, active, more] of [
    ["vega56", "BOOTUP_DEFAULT", []],
    ["rx580", "3D_FULL_SCREEN", []],
    ["rx6600", "3D_FULL_SCREEN", []],
    ["rx7900xtx", "BOOTUP_DEFAULT", ["WINDOW_3D"]],
    ["rx9070", "3D_FULL_SCREEN", ["WINDOW_3D"]],
  ] as const
) {
  Deno.test(`parseProfileModes() reads the table of ${dump}`, () => {
    const text = dumped(dump, `${PCI[dump]}/pp_power_profile_mode`);
    const modes = parseProfileModes(text);
    assert.deepEqual(modes.map(({ name }) => name), [...NAMES, ...more]);
    assert.deepEqual(modes.map(({ index }) => index), [...modes.keys()]);
    assert.equal(activeProfile(text)?.name, active);
  });
}

Deno.test("parseProfileModes() reads the table of an APU, of names alone", () => {
  // renoir_ppt.c: "%2d %14s%s\n"
  const text = " 0 BOOTUP_DEFAULT \n 1 3D_FULL_SCREEN*\n 3          VIDEO \n 4             VR \n" +
    " 5        COMPUTE \n 6         CUSTOM \n";
  assert.deepEqual(parseProfileModes(text).map(({ index }) => index), [0, 1, 3, 4, 5, 6]);
  assert.deepEqual(activeProfile(text), { index: 1, name: "3D_FULL_SCREEN", active: true });
});

Deno.test("parseProfileModes() reads the table with a column a profile", () => {
  // smu_v13_0_7_ppt.c: "%d %-14s%s" a profile, then a row a coefficient.
  const header = " ".repeat(30) +
    [...NAMES, "WINDOW3D"].map((name, i) => `${i} ${name.padEnd(14)}${i === 2 ? "* " : "  "}`).join(
      "",
    );
  const row = (name: string) => name.padEnd(30) + "0".padEnd(18).repeat(8);
  const text = [header, row("Gfx_ActiveHystLimit"), row("Fclk_PD_Data_limit_a"), row("FPS")].join(
    "\n",
  );
  assert.deepEqual(parseProfileModes(text).map(({ name }) => name), [...NAMES, "WINDOW3D"]);
  assert.deepEqual(activeProfile(text), { index: 2, name: "POWER_SAVING", active: true });
});

Deno.test("activeProfile() knows none where no profile or several have a star", () => {
  assert.equal(activeProfile(" 0 A \n 1 B \n"), undefined);
  assert.equal(activeProfile(" 0 A*\n 1 B*\n"), undefined);
});

Deno.test("parseOverdrive() reads states with voltages", () => {
  const parsed = parseOverdrive(dumped("vega56", `${PCI.vega56}/pp_od_clk_voltage`));
  assert.deepEqual(parsed.tables.get("OD_SCLK")?.at(-1), {
    index: 7,
    value: 1590,
    voltage_mv: 1200,
  });
  assert.equal(parsed.tables.get("OD_MCLK")?.length, 4);
  assert.deepEqual(parsed.ranges.get("SCLK"), { min: 852, max: 2400 });
  assert.deepEqual(parsed.ranges.get("VDDC"), { min: 800, max: 1200 });
  assert.equal(restoringEdits(parsed)[0], "s 0 852 800");
  assert.equal(restoringEdits(parsed).at(-2), "m 3 920 950");
  assert.equal(restoringEdits(parsed).at(-1), "c");
});

Deno.test("parseOverdrive() reads ranges, offsets and negative numbers, over the NULs between parts", () => {
  const path = `${PCI.rx6600}/pp_od_clk_voltage`;
  // The kernel left NULs in it: as plain text it is none.
  assert.equal(new Sysroot(`${DUMPS}rx6600`).text(path), undefined);
  const parsed = parseOverdrive(dumped("rx6600", path));
  assert.deepEqual(parsed.tables.get("OD_SCLK")?.map(({ value }) => value), [2600, 2700]);
  assert.equal(parsed.tables.get("OD_VDDGFX_OFFSET")?.[0]?.value, -100);
  assert.deepEqual(parsed.ranges.get("MCLK"), { min: 674, max: 950 });
  assert.equal(hasVoltage(parsed), true);
  // The memory's least clock, 97, is outside of its range: nobody can write it.
  assert.deepEqual(restoringEdits(parsed), ["s 0 2600", "s 1 2700", "m 1 925", "vo -100", "c"]);
  const rx9070 = parseOverdrive(dumped("rx9070", `${PCI.rx9070}/pp_od_clk_voltage`));
  assert.deepEqual(rx9070.ranges.get("SCLK_OFFSET"), { min: -500, max: 1000 });
  assert.deepEqual(restoringEdits(rx9070), ["m 0 97", "m 1 1259", "s 0", "vo 0", "c"]);
  const phoenix = parseOverdrive(dumped("phoenix", `${PCI.phoenix}/pp_od_clk_voltage`));
  assert.equal(hasVoltage(phoenix), false);
});

/** As `navi10_print_clk_levels` (`navi10_ppt.c`) writes it. */
const NAVI10 = `OD_SCLK:
0: 800Mhz
1: 2100Mhz
OD_MCLK:
1: 875MHz
OD_VDDC_CURVE:
0: 800MHz 711mV
1: 1450MHz 780mV
2: 2100MHz 1191mV
OD_RANGE:
SCLK:     800Mhz       2150Mhz
MCLK:     625Mhz        950Mhz
VDDC_CURVE_SCLK[0]:     800Mhz       2150Mhz
VDDC_CURVE_VOLT[0]:     750mV        1200mV
VDDC_CURVE_SCLK[1]:     800Mhz       2150Mhz
VDDC_CURVE_VOLT[1]:     750mV        1200mV
VDDC_CURVE_SCLK[2]:     800Mhz       2150Mhz
VDDC_CURVE_VOLT[2]:     750mV        1200mV
`;

Deno.test("restoringEdits() brings back the voltage curve of Navi 10", () => {
  const parsed = parseOverdrive(NAVI10);
  assert.deepEqual(parsed.ranges.get("VDDC_CURVE_VOLT[2]"), { min: 750, max: 1200 });
  // The first point is below its range: nobody can have written it.
  assert.deepEqual(restoringEdits(parsed), [
    "s 0 800",
    "s 1 2100",
    "m 1 875",
    "vc 1 1450 780",
    "vc 2 2100 1191",
    "c",
  ]);
});

Deno.test("hasStates() counts rows of clocks, and no points of a voltage curve", () => {
  assert.equal(hasStates(parseOverdrive(NAVI10)), false);
  const vega10 = parseOverdrive(dumped("vega56", `${PCI.vega56}/pp_od_clk_voltage`));
  assert.equal(hasStates(vega10), true);
});

Deno.test("overdriveOption() adds the bit of overdrive to what the driver was loaded with", () => {
  assert.equal(overdriveOn(0xfff7bfff), false);
  assert.equal(overdriveOn(0xfff7ffff), true);
  assert.equal(overdriveOn(undefined), undefined);
  assert.equal(overdriveOption(0xfff7bfff), "amdgpu.ppfeaturemask=0xfff7ffff");
  assert.equal(overdriveOption(0xffffbfff), "amdgpu.ppfeaturemask=0xffffffff");
  assert.equal(overdriveOption(undefined), "amdgpu.ppfeaturemask=0xfff7ffff");
});

Deno.test("parseFanCurve() reads points and ranges", () => {
  const curve = parseFanCurve(dumped("rx9070", `${PCI.rx9070}/gpu_od/fan_ctrl/fan_curve`));
  assert.equal(curve && formatCurve(curve.points), "40:25,50:40,60:60,70:80,80:100");
  assert.deepEqual(curve?.temperature_c, { min: 25, max: 100 });
  assert.deepEqual(curve?.fan_pct, { min: 15, max: 100 });
  assert.equal(parseFanCurve("OD_FAN_CURVE:\n0: 40C 25%\n2: 50C 30%\n"), undefined);
});

Deno.test("parseFanValue() reads a value with its range", () => {
  const path = `${PCI.rx7900xtx}/gpu_od/fan_ctrl/fan_target_temperature`;
  assert.deepEqual(parseFanValue(dumped("rx7900xtx", path)), { value: 83, min: 25, max: 105 });
  assert.equal(parseFanValue("FAN_TARGET_TEMPERATURE:\n83\n"), undefined);
});

Deno.test("pickValue() finds one value in a file's text", () => {
  assert.equal(pickValue("[base]    power_saving\n", "bracketed"), "base");
  assert.equal(pickValue("215000000\n", "text"), "215000000");
  assert.equal(
    pickValue("OD_SCLK:\n0: 500Mhz\n1: 2735Mhz\n", { table: "OD_SCLK", row: 1 }),
    "2735",
  );
  assert.equal(pickValue("OD_SCLK:\n0: 500Mhz\n", { table: "OD_MCLK", row: 0 }), undefined);
});

Deno.test("parseCurve() refuses what does not rise", () => {
  assert.equal(formatCurve(parseCurve("40:25, 50:40%")), "40:25,50:40");
  for (const text of ["", "40", "40:25,40:30", "40:25,50:20", "50:25,40:30", "a:b", "40:25,"]) {
    assert.throws(() => parseCurve(text), { name: "ControlError" }, text);
  }
});

Deno.test("parseSettingValue() takes a number with or without its unit", () => {
  assert.equal(parseSettingValue("power_cap_w", "215"), 215);
  assert.equal(parseSettingValue("power_cap_w", "215.5 W"), 215.5);
  assert.equal(parseSettingValue("core_clock_max_mhz", "1500MHz"), 1500);
  assert.equal(parseSettingValue("core_clock_offset_mhz", "-100"), -100);
  assert.equal(parseSettingValue("fan_pct", "60%"), 60);
  for (const text of ["", "x", "215 kW", "1e3", "0x10", "Infinity", "215 W W", "--5"]) {
    assert.throws(() => parseSettingValue("power_cap_w", text), { name: "ControlError" }, text);
  }
});

Deno.test("checkValue() accepts exactly the range", () => {
  const state = settingState("power_cap_w", true, { range: { min: 94, max: 120, step: 1 } });
  fc.assert(
    fc.property(fc.oneof(fc.integer(), fc.double(), fc.integer({ min: 90, max: 125 })), (watts) => {
      const inside = watts >= 94 && watts <= 120 && Math.abs(watts - Math.round(watts)) < 1e-6;
      if (inside) assert.equal(checkValue(state, watts), watts);
      else assert.throws(() => checkValue(state, watts));
    }),
  );
});

Deno.test("parseDuration() reads seconds, minutes, hours and days, up to a week", () => {
  assert.equal(parseDuration("30s"), 30);
  assert.equal(parseDuration("10m"), 600);
  assert.equal(parseDuration("1h30m"), 5400);
  assert.equal(parseDuration("7d"), 604800);
  for (const text of ["", "10", "0s", "8d", "m", "1.5h", "10m ", "-1m", "1w"]) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

Deno.test("parseStartTime() passes over a name with spaces and parentheses, and takes no zombie", () => {
  const stat = (state: string, threads = 1) =>
    `42 (a) (b c) ${state} 1 42 42 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 ${threads} 0 987654 1 2`;
  assert.equal(parseStartTime(stat("S")), "987654");
  assert.equal(parseStartTime(stat("Z")), undefined);
  // Its first thread has ended, others have not.
  assert.equal(parseStartTime(stat("Z", 3)), "987654");
});

/** Lines near what the kernel prints, and anything else. */
const anyText = fc.array(fc.oneof(
  fc.constantFrom(
    "OD_SCLK:",
    "OD_MCLK:",
    "OD_VDDC_CURVE:",
    "0: 800MHz 711mV",
    "OD_RANGE:",
    "VDDC_CURVE_VOLT[0]:     750mV        1200mV",
    "SCLK:     500Mhz       2900Mhz",
    "OD_FAN_CURVE:",
    "FAN_CURVE(hotspot temp): 25C 100C",
    "FAN_CURVE(fan speed): 15% 100%",
    "0: 40C 25%",
    " 0 BOOTUP_DEFAULT*:",
  ),
  fc.tuple(fc.integer(), fc.integer(), fc.constantFrom("Mhz", "MHz", "mV", ""))
    .map(([a, b, unit]) => `${a}: ${b}${unit}`),
  fc.string(),
)).map((lines) => lines.join("\n"));

Deno.test("no text makes the parsers throw, and what they give is sound", () => {
  fc.assert(fc.property(anyText, (text) => {
    for (const { index, name } of parseProfileModes(text)) {
      assert.ok(index >= 0 && index <= 99 && /[A-Za-z]/.test(name));
    }
    const { tables, ranges } = parseOverdrive(text);
    for (const rows of tables.values()) {
      for (const { value, voltage_mv } of rows) {
        assert.ok(Number.isSafeInteger(value));
        assert.ok(voltage_mv === null || voltage_mv >= 0);
      }
    }
    for (const { min, max } of ranges.values()) assert.ok(min <= max);
    for (const edit of restoringEdits({ tables, ranges })) {
      assert.match(edit, /^([sm] |v[oc] )?[-\dc ]+$/);
    }
    parseFanCurve(text)?.points.forEach(({ fan_pct }) => assert.ok(fan_pct >= 0));
    parseFanValue(text);
  }));
});
