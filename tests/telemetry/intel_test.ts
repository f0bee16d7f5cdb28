/** What is read of Intel's GPUs: real dumps, small trees of files, and answers of the kernel. */

import assert from "node:assert/strict";
import type { CounterValues } from "../../ffi/perf_event.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { i915, i915Driver } from "../../lib/telemetry/i915.ts";
import type { IntelCalls } from "../../lib/telemetry/intel/calls.ts";
import { NEEDS_PERFMON } from "../../lib/telemetry/intel/memory.ts";
import { FIRST_LOOK, type TelemetryDriver } from "../../lib/telemetry/driver.ts";
import { METRIC_NAMES } from "../../lib/telemetry/metrics.ts";
import { IDLE_MS, openSampler } from "../../lib/telemetry/sampler.ts";
import { xe, xeDriver } from "../../lib/telemetry/xe.ts";
import { drmNode, DUMPS, pciFunction, Tree, type TreeFiles } from "../sysfs/tree.ts";
import { openOnly, RecordingSysroot } from "./fake_amd.ts";
import { i915Regions, xeEngines, xeRegions } from "./intel/answers.ts";

const GiB = 2 ** 30;
const CARD = "pci0000:00/0000:00:01.0/0000:03:00.0";
const INTEGRATED = "pci0000:00/0000:00:02.0";
const UNITS = "sys/bus/event_source/devices";

/** A GPU with the files of its device, by their paths below it. */
function intelGpu(driver: "i915" | "xe", at: string, more: TreeFiles): Tree {
  const files = pciFunction({
    at,
    class: "0x030000",
    vendor: "0x8086",
    device: "0xe20b",
    driver,
    more: { "power/runtime_status": "active", ...more },
  });
  return new Tree({ ...files, ...drmNode(at, "card0", 0), ...drmNode(at, "renderD128", 128) });
}

/** Calls that a test answers. */
interface Scripted extends IntelCalls {
  /** What the counters say at each reading, one after the other; then the unit is gone. */
  readings: CounterValues[];
  /** Configs of the counters that were opened last. */
  opened: readonly bigint[];
  /** How many nodes and groups are open. */
  open: number;
}

function scripted(answers: {
  regions?: Uint8Array | string;
  engines?: Uint8Array | string;
  readings?: CounterValues[];
  refuse?: (config: bigint) => { code: number; reason: string } | undefined;
  mayKnowUse?: boolean;
}): Scripted {
  const none = "not asked for in this test";
  const calls: Scripted = {
    readings: answers.readings ?? [],
    opened: [],
    open: 0,
    openNode(path) {
      assert.equal(path, "/dev/dri/renderD128");
      calls.open++;
      return {
        i915Regions: () => answers.regions ?? none,
        xeRegions: () => answers.regions ?? none,
        xeEngines: () => answers.engines ?? none,
        [Symbol.dispose]: () => void calls.open--,
      };
    },
    openCounters(type, configs, cpu) {
      assert.deepEqual([type, cpu], [27, 4]);
      for (const [counter, config] of configs.entries()) {
        const refusal = answers.refuse?.(config);
        if (refusal !== undefined) return { counter, ...refusal };
      }
      calls.opened = configs;
      calls.open++;
      return { read: () => calls.readings.shift(), [Symbol.dispose]: () => void calls.open-- };
    },
    mayKnowUse: () => answers.mayKnowUse ?? true,
  };
  return calls;
}

/** One value after the other of a GPU's metrics. */
function openTree(driver: TelemetryDriver, tree: Tree, now: () => number = () => 0) {
  return openOnly(driver, tree.sysroot, now).reader;
}

const I915_UNIT: TreeFiles = {
  [`${UNITS}/i915/type`]: "27",
  [`${UNITS}/i915/cpumask`]: "4",
  [`${UNITS}/i915/events/rcs0-busy`]: "config=0x0",
  [`${UNITS}/i915/events/rcs0-busy.unit`]: "ns",
  [`${UNITS}/i915/events/rcs0-wait`]: "config=0x1",
  [`${UNITS}/i915/events/bcs0-busy`]: "config=0x1000",
  [`${UNITS}/i915/events/vcs0-busy`]: "config=0x2000",
  [`${UNITS}/i915/events/vcs1-busy`]: "config=0x2010",
  [`${UNITS}/i915/events/rc6-residency`]: "config=0x100002",
};

const XE_UNIT: TreeFiles = {
  [`${UNITS}/xe_0000_03_00.0/type`]: "27",
  [`${UNITS}/xe_0000_03_00.0/cpumask`]: "4",
  [`${UNITS}/xe_0000_03_00.0/events/engine-active-ticks`]: "event=0x02",
  [`${UNITS}/xe_0000_03_00.0/events/engine-total-ticks`]: "event=0x03",
  [`${UNITS}/xe_0000_03_00.0/format/event`]: "config:0-11",
  [`${UNITS}/xe_0000_03_00.0/format/engine_instance`]: "config:12-19",
  [`${UNITS}/xe_0000_03_00.0/format/engine_class`]: "config:20-27",
  [`${UNITS}/xe_0000_03_00.0/format/gt`]: "config:60-63",
};

Deno.test("xe reads the dump b580 as its files say", () => {
  const { reader } = openOnly(xe, new Sysroot(`${DUMPS}b580`));
  using _reader = reader;
  const { values, sources, absent } = reader.read();
  assert.deepEqual(values, {
    temperature_c: 54, // pkg; not 58 of pcie
    temperature_slowdown_c: 100,
    temperature_memory_c: 56, // vram, not one of its twelve channels
    fan_rpm: 1235, // of 1116, 1235 and 0
    power_cap_w: 190,
    energy_j: 11031.745544, // card; not summed up with pkg
    core_clock_mhz: 0, // gated
    core_clock_min_mhz: 400,
    core_clock_max_mhz: 2850,
    video_clock_mhz: 0,
    throttle_reasons: [],
  });
  assert.equal(sources.energy_j, "hwmon:energy1_input");
  assert.equal(absent.power_w, FIRST_LOOK);
  // The card's own files say 2.5 GT/s x1, the link inside the card.
  assert.match(absent.pcie_link_gen ?? "", /link inside the card/);
  for (const name of METRIC_NAMES) assert.equal(name in values, !(name in absent), name);
});

Deno.test("xe reads the dump a380-xe, whose sensors are all of its chip, as its files say", () => {
  const { reader } = openOnly(xe, new Sysroot(`${DUMPS}a380-xe`));
  using _reader = reader;
  const { values, sources } = reader.read();
  assert.deepEqual(values, {
    temperature_c: 56,
    temperature_memory_c: 54,
    voltage_v: 0.605,
    fan_rpm: 945,
    power_cap_w: 55,
    energy_j: 59540.97052,
    core_clock_mhz: 0,
    core_clock_min_mhz: 300,
    core_clock_max_mhz: 2450,
    throttle_reasons: [],
  });
  assert.equal(sources.power_cap_w, "hwmon:power2_max");
});

Deno.test("xe reads the dump tigerlake, an integrated GPU without sensors, as its files say", () => {
  const { reader } = openOnly(xe, new Sysroot(`${DUMPS}tigerlake`));
  using _reader = reader;
  const { values, absent } = reader.read();
  assert.deepEqual(values, {
    core_clock_mhz: 0,
    core_clock_min_mhz: 1100,
    core_clock_max_mhz: 1300,
    throttle_reasons: [],
  });
  assert.equal(absent.power_w, "the driver shows no counter of energy");
  assert.match(absent.vram_used_bytes ?? "", /a copy of a host's files has none/);
});

Deno.test("xe tells power by the first counter of energy that moves, and never by two", () => {
  const hwmon = (card: number, pkg: number): TreeFiles => ({
    "hwmon/hwmon2/name": "xe",
    "hwmon/hwmon2/energy1_input": String(card),
    "hwmon/hwmon2/energy1_label": "card",
    "hwmon/hwmon2/energy2_input": String(pkg),
    "hwmon/hwmon2/energy2_label": "pkg",
  });
  const directory = `sys/devices/${CARD}/`;
  const below = (files: TreeFiles) =>
    Object.fromEntries(Object.entries(files).map(([name, text]) => [directory + name, text]));
  const course = (steps: readonly (readonly [ms: number, card: number, pkg: number])[]) => {
    let ms = 0;
    using tree = intelGpu("xe", CARD, hwmon(0, 0));
    using reader = openTree(xe, tree, () => ms);
    return steps.map(([at, card, pkg]) => {
      ms = at;
      tree.add(below(hwmon(card, pkg)));
      const { values, absent, sources } = reader.read();
      return values.power_w === undefined
        ? absent.power_w
        : [values.power_w, sources.power_w, values.energy_j];
    });
  };
  // The card's is 0 for ever: the chip's is believed.
  assert.deepEqual(course([[0, 0, 5e6], [1000, 0, 45e6]]), [
    FIRST_LOOK,
    [40, "hwmon:energy2_input, by its rise", 45],
  ]);
  // Both move: the card's, which holds the chip's.
  assert.deepEqual(course([[0, 1e6, 5e6], [500, 26e6, 20e6]]), [
    FIRST_LOOK,
    [50, "hwmon:energy1_input, by its rise", 26],
  ]);
  // A driver that was reset counts from 0; a look at once has nothing to tell, and spoils nothing.
  assert.deepEqual(course([[0, 0, 5e6], [1000, 0, 1e6], [1000, 0, 1e6], [2000, 0, 2e6]]), [
    FIRST_LOOK,
    "energy2_input was reset",
    FIRST_LOOK,
    [1, "hwmon:energy2_input, by its rise", 2],
  ]);
});

Deno.test("xe takes an idle counter's stand for no power that is known", () => {
  let ms = 0;
  using tree = intelGpu("xe", CARD, {
    "hwmon/hwmon2/energy2_input": "7000000",
    "hwmon/hwmon2/energy2_label": "pkg",
  });
  using reader = openTree(xe, tree, () => ms);
  reader.read();
  ms = 1000;
  assert.match(reader.read().absent.power_w ?? "", /^energy2_input has not moved/);
});

Deno.test("xe counts engines by ticks, by class, GT by GT", () => {
  using tree = intelGpu("xe", CARD, {});
  tree.add(XE_UNIT);
  const calls = scripted({
    // Render and compute of the first GT, two video engines of the second; 5 is VM_BIND, no engine.
    engines: xeEngines([[0, 0, 0], [4, 0, 0], [2, 0, 1], [2, 1, 1], [5, 0, 0]]),
    readings: [
      { enabled_ns: 0, values: [0, 0, 0, 0, 0, 0, 0, 0] },
      { enabled_ns: 1e9, values: [250, 1000, 999, 1000, 500, 1000, 100, 1000] },
    ],
  });
  using reader = openTree(xeDriver(() => calls), tree);
  assert.deepEqual(calls.opened, [
    ...[0x2n, 0x3n, 0x40_0002n, 0x40_0003n],
    ...[1n << 60n | 0x20_0002n, 1n << 60n | 0x20_0003n],
    ...[1n << 60n | 0x20_1002n, 1n << 60n | 0x20_1003n],
  ]);
  const first = reader.read();
  assert.equal(first.absent.utilization_pct, FIRST_LOOK);
  const { values, sources, absent } = reader.read();
  assert.equal(values.gfx_utilization_pct, 25);
  assert.equal(values.compute_utilization_pct, 99.9);
  assert.equal(values.decode_utilization_pct, 30);
  assert.equal(values.utilization_pct, 99.9); // the busiest, no sum
  assert.equal(absent.copy_utilization_pct, "the GPU has no such engine");
  assert.equal(sources.utilization_pct, "perf:xe_0000_03_00.0");
  assert.match(reader.read().absent.utilization_pct ?? "", /can no longer be read$/);
});

Deno.test("i915 counts engines by nanoseconds, those that are there", () => {
  const readings = () => [
    { enabled_ns: 1e9, values: [0, 0, 0] },
    { enabled_ns: 3e9, values: [1e9, 5e8, 9e9] },
  ];
  using tree = intelGpu("i915", INTEGRATED, {});
  tree.add(I915_UNIT);
  const calls = scripted({
    readings: readings(),
    // An engine that was fused off is named, and refused.
    refuse: (config) => config === 0x2010n ? { code: 19, reason: "ENODEV" } : undefined,
  });
  using reader = openTree(i915Driver(() => calls), tree);
  assert.deepEqual(calls.opened, [0x1000n, 0n, 0x2000n]); // bcs0, rcs0, vcs0
  reader.read();
  const { values, sources } = reader.read();
  assert.equal(values.copy_utilization_pct, 50);
  assert.equal(values.gfx_utilization_pct, 25);
  assert.equal(values.decode_utilization_pct, 100); // 450 % is clamped
  assert.equal(sources.utilization_pct, "perf:i915");
});

Deno.test("i915 names the right that its counters need", () => {
  using tree = intelGpu("i915", INTEGRATED, {});
  tree.add(I915_UNIT);
  const calls = scripted({
    refuse: () => ({ code: 13, reason: "not permitted (EACCES): needs CAP_PERFMON" }),
  });
  using reader = openTree(i915Driver(() => calls), tree);
  assert.equal(
    reader.read().absent.gfx_utilization_pct,
    "the counters of i915: not permitted (EACCES): needs CAP_PERFMON",
  );
});

Deno.test("i915 asks no other GPU's unit for a card's engines", () => {
  // Beside a card the integrated GPU has the unit with the plain name.
  using tree = intelGpu("i915", CARD, {});
  tree.add(I915_UNIT);
  using reader = openTree(i915Driver(() => scripted({})), tree);
  assert.match(reader.read().absent.utilization_pct ?? "", /no .* unit i915_0000_03_00\.0 in/);
});

Deno.test("xe tells memory by regions, and its use to those with CAP_PERFMON", () => {
  const regions = xeRegions([
    { kind: 0, total: 16 * GiB, used: GiB, visible: 0, visibleUsed: 0 },
    { kind: 1, total: 12 * GiB, used: 3 * GiB, visible: GiB, visibleUsed: GiB / 2 },
  ]);
  using tree = intelGpu("xe", CARD, {});
  const read = (mayKnowUse: boolean) => {
    using reader = openTree(xeDriver(() => scripted({ regions, mayKnowUse })), tree);
    return reader.read();
  };
  const { values } = read(true);
  assert.equal(values.vram_total_bytes, 12 * GiB);
  assert.equal(values.vram_used_bytes, 3 * GiB);
  assert.equal(values.visible_vram_total_bytes, GiB);
  assert.equal(values.visible_vram_used_bytes, GiB / 2);
  assert.equal(values.gtt_used_bytes, GiB);
  const unprivileged = read(false);
  assert.equal(unprivileged.values.vram_total_bytes, 12 * GiB);
  for (const name of ["vram_used_bytes", "visible_vram_used_bytes", "gtt_used_bytes"] as const) {
    assert.equal(unprivileged.values[name], undefined);
    assert.equal(unprivileged.absent[name], NEEDS_PERFMON);
  }
});

Deno.test("i915 tells the host's memory alone of a GPU without its own", () => {
  const regions = i915Regions([
    { kind: 0, total: 8 * GiB, free: 8 * GiB, visible: 8 * GiB, visibleFree: 8 * GiB },
  ]);
  using tree = intelGpu("i915", INTEGRATED, {});
  using reader = openTree(i915Driver(() => scripted({ regions })), tree);
  const { values, absent } = reader.read();
  assert.equal(values.gtt_total_bytes, 8 * GiB);
  assert.equal(absent.gtt_used_bytes, "the driver does not track it");
  assert.match(absent.vram_total_bytes ?? "", /no memory of its own/);
});

Deno.test("i915 reads clocks of each GT, and sensors of the whole alone", () => {
  using tree = intelGpu("i915", CARD, {
    "drm/card0/gt_act_freq_mhz": "1",
    "drm/card0/gt/gt0/rps_act_freq_mhz": "1850",
    "drm/card0/gt/gt0/rps_min_freq_mhz": "300",
    "drm/card0/gt/gt0/rps_max_freq_mhz": "2450",
    "drm/card0/gt/gt0/throttle_reason_status": "1",
    "drm/card0/gt/gt0/throttle_reason_pl1": "1",
    "drm/card0/gt/gt0/throttle_reason_thermal": "0",
    "drm/card0/gt/gt1/rps_act_freq_mhz": "600",
    "drm/card0/gt/gt1/throttle_reason_status": "1",
    "drm/card0/gt/gt1/throttle_reason_prochot": "1",
    "hwmon/hwmon3/name": "i915_gt0",
    "hwmon/hwmon3/energy1_input": "99",
    "hwmon/hwmon4/name": "i915",
    "hwmon/hwmon4/energy1_input": "8000000",
    "hwmon/hwmon4/power1_max": "55000000",
    "hwmon/hwmon4/power1_rated_max": "75000000",
    "hwmon/hwmon4/temp1_input": "61000",
    "hwmon/hwmon4/fan1_input": "800",
    "hwmon/hwmon4/in0_input": "650",
  });
  using reader = openTree(i915, tree);
  const { values, absent } = reader.read();
  assert.deepEqual(values, {
    temperature_c: 61,
    voltage_v: 0.65,
    fan_rpm: 800,
    power_cap_w: 55,
    power_cap_max_w: 75,
    power_cap_default_w: 75,
    energy_j: 8,
    core_clock_mhz: 1850,
    core_clock_min_mhz: 300,
    core_clock_max_mhz: 2450,
    video_clock_mhz: 600,
    throttle_reasons: ["pl1", "prochot"],
  });
  assert.equal(absent.temperature_memory_c, "the driver i915 does not tell it");
});

Deno.test("i915 reads the files of its card where an old kernel has no others", () => {
  using tree = intelGpu("i915", INTEGRATED, {
    "drm/card0/gt_act_freq_mhz": "350",
    "drm/card0/gt_min_freq_mhz": "300",
    "drm/card0/gt_max_freq_mhz": "1150",
  });
  using reader = openTree(i915, tree);
  const { values, absent } = reader.read();
  assert.equal(values.core_clock_mhz, 350);
  assert.equal(values.core_clock_max_mhz, 1150);
  assert.match(absent.throttle_reasons ?? "", /no files of throttle reasons/);
});

Deno.test("i915 takes a limit of 0 W for none", () => {
  using tree = intelGpu("i915", CARD, { "hwmon/hwmon4/power1_max": "0" });
  using reader = openTree(i915, tree);
  const { values, absent } = reader.read();
  assert.equal(values.power_cap_w, undefined);
  assert.equal(absent.power_cap_w, "power1_max says 0 W, which is no limit");
});

for (const [driver, at] of [[xe, CARD], [i915, INTEGRATED]] as const) {
  Deno.test(`${driver.name} opens no file and no counter of a GPU that sleeps`, () => {
    using tree = intelGpu(driver.name as "xe", at, {
      "hwmon/hwmon2/temp2_input": "50000",
      "hwmon/hwmon2/temp2_label": "pkg",
      "drm/card0/gt_act_freq_mhz": "350",
    });
    const sysroot = new RecordingSysroot(tree.directory);
    const { gpu, reader } = openOnly(driver, sysroot);
    tree.add({ [`sys/devices/${at}/power/runtime_status`]: "suspended" });
    sysroot.opened.length = 0;
    const { values, absent } = reader.read();
    assert.deepEqual(values, {});
    assert.match(absent.temperature_c ?? "", /sleeps/);
    assert.match(String(driver.open(gpu, { sysroot, now: () => 0 })), /sleeps/);
    const others = sysroot.opened.filter((path) => !/runtime_status$|\/driver$/.test(path));
    assert.deepEqual(others.filter((path) => /hwmon|drm|tile/.test(path)), []);
  });
}

Deno.test("a GPU without counters is left alone while its clocks are gated, and read while they are not", () => {
  const clock = (mhz: number): TreeFiles => ({
    "tile0/gt0/freq0/act_freq": String(mhz),
    "tile0/gt0/freq0/min_freq": "300",
    "tile0/gt0/freq0/max_freq": "2000",
    "power/control": "auto",
  });
  const states = (mhz: number) => {
    using tree = intelGpu("xe", CARD, clock(mhz));
    let ms = 0;
    const { gpu } = openOnly(xe, tree.sysroot);
    const calls = scripted({});
    const drivers = [xeDriver(() => calls)];
    using sampler = openSampler({ gpus: [gpu], sysroot: tree.sysroot, drivers, now: () => ms });
    return [0, IDLE_MS, IDLE_MS + 1].map((at) => {
      ms = at;
      return [sampler.sample().gpus[0]?.core_clock_mhz, calls.open];
    });
  };
  assert.deepEqual(states(1200), [[1200, 1], [1200, 1], [1200, 1]]);
  // Left alone it is closed: an open counter would keep it awake.
  assert.deepEqual(states(0), [[0, 1], [0, 0], [null, 0]]);
});
