/** What amdgpu's files say of a GPU: the real dumps by hand, and the pitfalls of each file. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { unknownFacts } from "../../lib/gpu/gpu.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { amdgpu } from "../../lib/telemetry/amdgpu.ts";
import { type GpuMetrics, METRIC_NAMES, type Reading } from "../../lib/telemetry/metrics.ts";
import { DUMPS, pciFunction, Tree, type TreeFiles } from "../sysfs/tree.ts";
import { blob } from "./amdgpu/metrics_blob.ts";
import { DEVICE, fakeAmd, openOnly, RecordingSysroot } from "./fake_amd.ts";

/** Values as they are in the files of each dump, read off them by hand. */
const DUMPED: Record<string, Partial<GpuMetrics>> = {
  rx580: {
    utilization_pct: 11,
    gfx_utilization_pct: 11,
    memory_utilization_pct: 2,
    vram_used_bytes: 536870912,
    vram_total_bytes: 4294967296,
    visible_vram_used_bytes: 150302720,
    visible_vram_total_bytes: 268435456,
    gtt_used_bytes: 92377088,
    gtt_total_bytes: 8342712320,
    temperature_c: 44,
    temperature_slowdown_c: 94,
    power_w: 41.045,
    power_cap_w: 155,
    power_cap_min_w: 0,
    power_cap_max_w: 201,
    power_cap_default_w: 155,
    core_clock_mhz: 798.08,
    core_clock_min_mhz: 300,
    core_clock_max_mhz: 1366,
    memory_clock_mhz: 1750,
    memory_clock_max_mhz: 1750,
    fan_rpm: 595,
    fan_pct: 35 / 2.55,
    voltage_v: 0.975,
    pcie_link_gen: 3, // pp_dpm_pcie: the dump has no current_link_speed
    pcie_link_width: 16,
    pcie_link_gen_max: 3,
    pcie_link_width_max: 16,
    performance_state: "auto",
  },
  vega56: {
    utilization_pct: 0,
    gfx_utilization_pct: 0,
    vram_used_bytes: 16613376,
    vram_total_bytes: 8573157376,
    visible_vram_used_bytes: 16613376,
    visible_vram_total_bytes: 268435456,
    gtt_used_bytes: 12337152,
    gtt_total_bytes: 8342863872,
    temperature_c: 38,
    temperature_hotspot_c: 38,
    temperature_memory_c: 39,
    temperature_slowdown_c: 85,
    power_w: 8,
    power_cap_w: 260,
    power_cap_min_w: 0,
    power_cap_max_w: 390,
    power_cap_default_w: 260,
    core_clock_mhz: 26,
    core_clock_min_mhz: 852,
    core_clock_max_mhz: 1590,
    memory_clock_mhz: 167,
    memory_clock_max_mhz: 920,
    fan_rpm: 5,
    fan_pct: 0,
    voltage_v: 0.762,
    pcie_link_gen: 3, // both states are starred, and say the same
    pcie_link_width: 16,
    pcie_link_gen_max: 3,
    pcie_link_width_max: 16,
    performance_state: "auto",
  },
  rx6600: {
    utilization_pct: 0,
    gfx_utilization_pct: 0,
    temperature_c: 28,
    temperature_hotspot_c: 28,
    temperature_memory_c: 26,
    temperature_slowdown_c: 100,
    power_w: 3,
    power_cap_w: 120,
    power_cap_min_w: 94,
    power_cap_max_w: 120,
    power_cap_default_w: 100,
    core_clock_mhz: 20,
    core_clock_min_mhz: 500,
    core_clock_max_mhz: 2700,
    memory_clock_mhz: 96,
    memory_clock_max_mhz: 925,
    fan_rpm: 1395,
    fan_pct: 0,
    voltage_v: 1,
    pcie_link_gen: 3, // not the 16 GT/s x16 of the GPU's own files
    pcie_link_width: 8,
    pcie_link_gen_max: 3,
    pcie_link_width_max: 8,
  },
  rx7900xtx: {
    utilization_pct: 3,
    gfx_utilization_pct: 3,
    temperature_c: 53,
    temperature_hotspot_c: 61,
    temperature_memory_c: 68,
    temperature_slowdown_c: 100,
    power_w: 68,
    power_cap_w: 290,
    power_cap_min_w: 261,
    power_cap_max_w: 333,
    power_cap_default_w: 290,
    core_clock_mhz: 31,
    core_clock_min_mhz: 500,
    core_clock_max_mhz: 2219,
    memory_clock_mhz: 1249,
    memory_clock_max_mhz: 1249,
    fan_rpm: 0, // it stands still, which is not unknown
    fan_pct: 0,
    voltage_v: 0.686,
    pcie_link_gen: 4,
    pcie_link_width: 16,
    pcie_link_gen_max: 4,
    pcie_link_width_max: 16,
    performance_state: "auto",
  },
  rx9070: {
    utilization_pct: 25,
    gfx_utilization_pct: 25,
    memory_utilization_pct: 0, // of gpu_metrics v1.3, as the next two and the reasons
    encode_utilization_pct: 0,
    video_clock_mhz: 25,
    throttle_reasons: [],
    temperature_c: 48,
    temperature_hotspot_c: 52,
    temperature_memory_c: 72,
    temperature_slowdown_c: 110,
    power_w: 49,
    power_cap_w: 200,
    power_cap_min_w: 0,
    power_cap_max_w: 245,
    power_cap_default_w: 220,
    core_clock_mhz: 900,
    core_clock_min_mhz: 500,
    core_clock_max_mhz: 2070,
    memory_clock_mhz: 1124,
    memory_clock_max_mhz: 1258,
    fan_rpm: 1944,
    fan_pct: 117 / 2.55,
    voltage_v: 0.79,
    pcie_link_gen: 4, // not the 32 GT/s of the GPU's own files
    pcie_link_width: 16,
    pcie_link_gen_max: 4,
    pcie_link_width_max: 16,
    performance_state: "manual",
  },
  phoenix: {
    utilization_pct: 0,
    gfx_utilization_pct: 0,
    encode_utilization_pct: 0,
    vram_used_bytes: 1272893440,
    vram_total_bytes: 4294967296,
    visible_vram_used_bytes: 1272893440,
    visible_vram_total_bytes: 4294967296,
    gtt_used_bytes: 211398656,
    gtt_total_bytes: 31433977856,
    temperature_c: 25,
    power_w: 3.103, // power1_average, not power1_input
    core_clock_mhz: 800,
    core_clock_min_mhz: 800,
    core_clock_max_mhz: 2700,
    memory_clock_mhz: 400, // pp_dpm_mclk: hwmon has no mclk here
    memory_clock_max_mhz: 800,
    video_clock_mhz: 800,
    voltage_v: 0.814,
    throttle_reasons: [],
    pcie_link_gen: 4,
    pcie_link_width: 16,
    pcie_link_gen_max: 4,
    pcie_link_width_max: 16,
    performance_state: "auto",
  },
  strixpoint: {
    utilization_pct: 3,
    gfx_utilization_pct: 3,
    encode_utilization_pct: 0,
    vram_used_bytes: 514580480,
    vram_total_bytes: 536870912,
    visible_vram_used_bytes: 514580480,
    visible_vram_total_bytes: 536870912,
    gtt_used_bytes: 3946811392,
    gtt_total_bytes: 16441004032,
    temperature_c: 38,
    power_w: 9.087,
    core_clock_mhz: 848,
    core_clock_min_mhz: 600,
    core_clock_max_mhz: 2900,
    memory_clock_mhz: 836, // gpu_metrics v3.0: pp_dpm_mclk has no star
    memory_clock_max_mhz: 1000,
    video_clock_mhz: 800,
    // No voltage: in0_input says 0.
    pcie_link_gen: 4,
    pcie_link_width: 16,
    pcie_link_gen_max: 4,
    pcie_link_width_max: 16,
    performance_state: "auto",
  },
};

/** Each fast metric is known with a source, or absent with a reason. */
function assertWhole(reading: Reading): void {
  const slow = /^(pcie_[rt]x_|ecc_|retired_)/;
  for (const name of METRIC_NAMES) {
    const known = name in reading.values;
    assert.equal(name in reading.sources, known, name);
    if (!slow.test(name)) assert.equal(name in reading.absent, !known, name);
  }
}

for (const [dump, values] of Object.entries(DUMPED)) {
  Deno.test(`amdgpu reads the dump ${dump} as its files say`, () => {
    const { reader } = openOnly(amdgpu, new Sysroot(`${DUMPS}${dump}`));
    using _reader = reader;
    const reading = reader.read();
    assert.deepEqual(reading.values, values);
    assertWhole(reading);
    assert.equal(reader.lost(), undefined);
  });
}

Deno.test("amdgpu says by which file it knows, and why it does not know", () => {
  const { reader } = openOnly(amdgpu, new Sysroot(`${DUMPS}rx9070`));
  const { sources, absent } = reader.read();
  assert.equal(sources.power_w, "hwmon:power1_average");
  assert.equal(sources.pcie_link_gen, "sysfs:pp_dpm_pcie");
  assert.equal(sources.throttle_reasons, "gpu_metrics:v1.3");
  assert.equal(absent.vram_used_bytes, "no file mem_info_vram_used");
  assert.match(absent.energy_j ?? "", /v1\.3 gives energy in a unit that the driver does not tell/);
  assert.match(absent.decode_utilization_pct ?? "", /see encode_utilization_pct/);
  const strix = openOnly(amdgpu, new Sysroot(`${DUMPS}strixpoint`)).reader.read();
  assert.match(strix.absent.voltage_v ?? "", /in0_input says 0 V/);
  assert.match(strix.absent.power_cap_w ?? "", /no file power1_cap/);
});

const HWMON = "hwmon/hwmon3";

Deno.test("amdgpu reads its own sensors, and none that others hang below its GPU", () => {
  using tree = fakeAmd({
    "hwmon/hwmon0/name": "corsairpsu",
    "hwmon/hwmon0/power1_input": "500000000",
    "hwmon/hwmon1/name": "amdgpu",
    "hwmon/hwmon1/power1_average": "33000000",
  });
  assert.equal(openOnly(amdgpu, tree.sysroot).reader.read().values.power_w, 33);
});

Deno.test("amdgpu takes power1_input where there is no average", () => {
  using tree = fakeAmd({
    [`${HWMON}/name`]: "amdgpu",
    [`${HWMON}/power1_input`]: "750000000",
    [`${HWMON}/power1_cap`]: "0",
  });
  const reading = openOnly(amdgpu, tree.sysroot).reader.read();
  assert.equal(reading.values.power_w, 750);
  assert.equal(reading.sources.power_w, "hwmon:power1_input");
  assert.match(reading.absent.power_cap_w ?? "", /power1_cap says 0 W, which is no cap/);
});

Deno.test("amdgpu knows no power of a die that says 0 W and has no cap", () => {
  const power = (files: Record<string, string>) => {
    const hwmon = Object.entries(files).map(([file, text]) => [`${HWMON}/power1_${file}`, text]);
    using tree = fakeAmd({ [`${HWMON}/name`]: "amdgpu", ...Object.fromEntries(hwmon) });
    return openOnly(amdgpu, tree.sysroot).reader.read();
  };
  // An MI250's second die.
  const second = power({ average: "0", cap: "0", cap_max: "0", cap_min: "0", cap_default: "0" });
  assert.equal(second.values.power_w, undefined);
  assert.match(second.absent.power_w ?? "", /^power1 says 0 W.* measures no power$/);
  assert.equal(power({ average: "0" }).values.power_w, undefined);
  // Whole watts: less than one.
  assert.equal(power({ average: "0", cap: "100000000" }).values.power_w, 0);
  assert.equal(power({ average: "90000000", cap: "0" }).values.power_w, 90);
  assert.equal(power({ average: "x" }).absent.power_w?.startsWith("power1_average cannot"), true);
  assert.equal(power({ cap: "1000000" }).absent.power_w, "no file power1_input");
});

/** What is read of a card's memory with these files. */
function memory(files: Record<string, string>) {
  using tree = fakeAmd(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`mem_info_${name}`, text])),
  );
  return openOnly(amdgpu, tree.sysroot).reader.read();
}

Deno.test("amdgpu tells no use that is more than the memory, of each kind", () => {
  const { values, absent } = memory({
    vram_total: "1000",
    vram_used: "1001",
    vis_vram_total: "1000",
    vis_vram_used: "1000",
    gtt_total: "1000",
    gtt_used: "99999999999999",
  });
  assert.equal(values.vram_total_bytes, 1000);
  assert.equal(values.vram_used_bytes, undefined);
  assert.equal(absent.vram_used_bytes, "mem_info_vram_used is more than mem_info_vram_total");
  assert.equal(values.visible_vram_used_bytes, 1000);
  assert.equal(absent.gtt_used_bytes, "mem_info_gtt_used is more than mem_info_gtt_total");
});

Deno.test("amdgpu tells no memory of a size that none has", () => {
  const { values, absent } = memory({
    vram_total: "9007199254740991",
    vram_used: "9007199254740000",
    vis_vram_total: "-1",
    vis_vram_used: "0",
    gtt_total: "18446744073709551615",
    gtt_used: "5",
  });
  assert.deepEqual(values.vram_total_bytes, undefined);
  assert.match(absent.vram_total_bytes ?? "", /^mem_info_vram_total .* no size of memory$/);
  assert.match(absent.vram_used_bytes ?? "", /^mem_info_vram_used .* no size of memory$/);
  assert.equal(values.visible_vram_total_bytes, undefined);
  assert.equal(values.visible_vram_used_bytes, 0);
  assert.equal(values.gtt_total_bytes, undefined);
  assert.equal(values.gtt_used_bytes, 5);
});

Deno.test("amdgpu knows no memory of its own where the driver says 0 bytes", () => {
  const { values, absent } = memory({
    vram_total: "0",
    vram_used: "0",
    gtt_total: "8",
    gtt_used: "0",
  });
  assert.equal(values.vram_total_bytes, undefined);
  assert.equal(absent.vram_total_bytes, "mem_info_vram_total says 0: there is no such memory");
  assert.equal(absent.vram_used_bytes, absent.vram_total_bytes);
  assert.equal(values.gtt_used_bytes, 0);
});

Deno.test("amdgpu lets the junction stand for a GPU without a sensor at the edge", () => {
  using tree = fakeAmd({
    [`${HWMON}/name`]: "amdgpu",
    [`${HWMON}/temp2_input`]: "51000",
    [`${HWMON}/temp2_label`]: "junction",
    [`${HWMON}/temp3_input`]: "47000",
    [`${HWMON}/temp3_label`]: "mem",
  });
  const { values, sources } = openOnly(amdgpu, tree.sysroot).reader.read();
  assert.equal(values.temperature_c, 51);
  assert.equal(sources.temperature_c, "hwmon:temp2_input");
  assert.equal(values.temperature_memory_c, 47);
});

Deno.test("amdgpu takes the one sensor of an old kernel, which has no label", () => {
  const bare = { [`${HWMON}/name`]: "amdgpu", [`${HWMON}/temp1_input`]: "45000" };
  using tree = fakeAmd({ ...bare, [`${HWMON}/temp1_crit`]: "100000" });
  const { values } = openOnly(amdgpu, tree.sysroot).reader.read();
  assert.equal(values.temperature_c, 45);
  assert.equal(values.temperature_slowdown_c, 100);
  using other = fakeAmd({
    ...bare,
    [`${HWMON}/temp2_input`]: "47000",
    [`${HWMON}/temp2_label`]: "mem",
  });
  assert.equal(openOnly(amdgpu, other.sysroot).reader.read().values.temperature_c, undefined);
});

Deno.test("amdgpu never shows 655 %, nor a Raven's eternal 100 %, from the file or the table", () => {
  const table = blob("2.1", 120, [[28, 2, 10000]]);
  const cases: [device: string, busy: string, reason: RegExp][] = [
    ["0x13fe", "655", /says 655 %/],
    ["0x15dd", "100", /Raven/],
    ["0x15d8", "100", /Raven/],
  ];
  for (const [device, busy, reason] of cases) {
    using tree = fakeAmd({ gpu_busy_percent: busy, gpu_metrics: table }, device);
    const reading = openOnly(amdgpu, tree.sysroot).reader.read();
    assert.equal(reading.values.utilization_pct, undefined, device);
    assert.match(reading.absent.utilization_pct ?? "", reason);
    assert.match(reading.absent.gfx_utilization_pct ?? "", reason);
  }
  using other = fakeAmd({ gpu_busy_percent: "100" });
  assert.equal(openOnly(amdgpu, other.sysroot).reader.read().values.utilization_pct, 100);
});

Deno.test("amdgpu takes the load from gpu_metrics where there is no file for it", () => {
  using tree = fakeAmd({ gpu_metrics: blob("1.3", 120, [[16, 2, 64], [18, 2, 21]]) });
  const { values, sources } = openOnly(amdgpu, tree.sysroot).reader.read();
  assert.equal(values.utilization_pct, 64);
  assert.equal(values.memory_utilization_pct, 21);
  assert.equal(sources.memory_utilization_pct, "gpu_metrics:v1.3");
});

Deno.test("amdgpu keeps hwmon's power and load where an old gpu_metrics says 0", () => {
  using tree = fakeAmd({
    gpu_busy_percent: "99",
    [`${HWMON}/name`]: "amdgpu",
    [`${HWMON}/power1_input`]: "200000000",
    gpu_metrics: blob("1.0", 80).fill(0, 4),
  }, "0x66a1");
  const { values } = openOnly(amdgpu, tree.sysroot).reader.read();
  assert.equal(values.utilization_pct, 99);
  assert.equal(values.power_w, 200);
});

Deno.test("amdgpu says which gpu_metrics it does not know, and reads the rest", () => {
  for (
    const [bytes, reason] of [
      [blob("1.6", 312), /^unknown gpu_metrics v1\.6 of 312 bytes$/],
      [blob("1.3", 120).subarray(0, 60), /of 120 bytes ends after 60/],
      [new Uint8Array(4096), /^unknown gpu_metrics v0\.0 of 0 bytes$/],
      [new Uint8Array(), /^gpu_metrics is empty$/],
    ] as const
  ) {
    using tree = fakeAmd({ gpu_metrics: bytes, mem_info_vram_used: "4096" });
    const reading = openOnly(amdgpu, tree.sysroot).reader.read();
    assert.match(reading.absent.throttle_reasons ?? "", reason);
    assert.match(reading.absent.energy_j ?? "", reason);
    assert.equal(reading.values.vram_used_bytes, 4096);
    assertWhole(reading);
  }
});

Deno.test("amdgpu names throttling by counters that rise between two looks", () => {
  using tree = fakeAmd({ gpu_metrics: blob("1.6", 1664, [[40, 4, 7], [44, 4, 3]]) });
  const { reader } = openOnly(amdgpu, tree.sysroot);
  assert.match(reader.read().absent.throttle_reasons ?? "", /this is the first/);
  assert.deepEqual(reader.read().values.throttle_reasons, []);
  tree.add({ [`${DEVICE}/gpu_metrics`]: blob("1.6", 1664, [[40, 4, 8], [44, 4, 3]]) });
  assert.deepEqual(reader.read().values.throttle_reasons, ["PPT"]);
  assert.deepEqual(reader.read().values.throttle_reasons, []);
});

Deno.test("amdgpu gives xGMI's rates between two looks, its links, and the energy", () => {
  const table = (read: number, written: number, energy: number) =>
    blob("1.7", 2208, [
      [24, 8, energy * 65536],
      [136, 8, read],
      [144, 8, 0],
      [200, 8, written],
      [264, 2, 1],
      [266, 2, 0],
    ]);
  let now = 1000;
  using tree = fakeAmd({ gpu_metrics: table(1000, 10, 5) });
  const { reader } = openOnly(amdgpu, tree.sysroot, () => now);
  const first = reader.read();
  assert.equal(first.values.energy_j, 5);
  assert.equal(first.values.peer_links_active_count, 1);
  assert.match(first.absent.peer_rx_bytes_per_s ?? "", /this is the first/);
  tree.add({ [`${DEVICE}/gpu_metrics`]: table(1500, 30, 9) });
  now += 2000;
  const second = reader.read();
  assert.equal(second.values.peer_rx_bytes_per_s, 250 * 1024);
  assert.equal(second.values.peer_tx_bytes_per_s, 10 * 1024);
  assert.equal(second.values.energy_j, 9);
  tree.add({ [`${DEVICE}/gpu_metrics`]: table(0, 30, 9) });
  now += 2000;
  const third = reader.read();
  assert.equal(third.values.peer_rx_bytes_per_s, undefined);
  assert.match(third.absent.peer_rx_bytes_per_s ?? "", /reset/);
  assert.equal(third.values.peer_tx_bytes_per_s, 0);
});

Deno.test("amdgpu does not choose between states of pp_dpm_pcie that are both starred", () => {
  using tree = fakeAmd({
    pp_dpm_pcie: "0: 2.5GT/s, x8 *\n1: 16.0GT/s, x16 *",
    gpu_metrics: blob("1.3", 120, [[74, 2, 8], [76, 2, 160]]),
  });
  const { values, sources } = openOnly(amdgpu, tree.sysroot).reader.read();
  assert.equal(values.pcie_link_width, 8);
  assert.equal(values.pcie_link_gen, 4);
  assert.equal(sources.pcie_link_gen, "gpu_metrics:v1.3");
  assert.equal(values.pcie_link_width_max, 16);
});

/** A card whose GPU is behind a switch of its own, as all recent ones are. */
function cardWithSwitch(slot: { speed: string; width: string }, gpu: TreeFiles): Tree {
  const root = "pci0000:00/0000:00:01.0";
  const link = (speed: string, width: string) => ({
    current_link_speed: speed,
    current_link_width: width,
    max_link_speed: "32.0 GT/s PCIe",
    max_link_width: "16",
  });
  const bridge = (at: string, vendor: string, files: TreeFiles) =>
    pciFunction({ at, class: "0x060400", vendor, device: "0x1478", more: files });
  return new Tree({
    ...bridge(root, "0x8086", link(slot.speed, slot.width)),
    ...bridge(`${root}/0000:01:00.0`, "0x1002", link(slot.speed, slot.width)),
    ...bridge(`${root}/0000:01:00.0/0000:02:00.0`, "0x1002", link("16.0 GT/s PCIe", "16")),
    ...pciFunction({
      at: `${root}/0000:01:00.0/0000:02:00.0/0000:03:00.0`,
      class: "0x030000",
      vendor: "0x1002",
      device: "0x744c",
      driver: "amdgpu",
      more: { ...link("32.0 GT/s PCIe", "16"), "power/runtime_status": "active", ...gpu },
    }),
  });
}

Deno.test("amdgpu reads the link at the card's upstream port, as it is at each look", () => {
  using tree = cardWithSwitch({ speed: "8.0 GT/s PCIe", width: "4" }, {});
  const { reader } = openOnly(amdgpu, tree.sysroot);
  const { values, sources } = reader.read();
  assert.equal(values.pcie_link_gen, 3);
  assert.equal(values.pcie_link_width, 4);
  assert.equal(values.pcie_link_gen_max, 5);
  assert.equal(sources.pcie_link_gen, "sysfs:current_link_speed of 0000:01:00.0");
  tree.add({
    "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/current_link_speed": "2.5 GT/s PCIe",
  });
  assert.equal(reader.read().values.pcie_link_gen, 1);
});

/** A GPU with all that would wake it. */
const WAKING_FILES: TreeFiles = {
  gpu_busy_percent: "3",
  mem_busy_percent: "1",
  vcn_busy_percent: "0",
  mem_info_vram_used: "4096",
  mem_info_vram_total: "8192",
  mem_info_gtt_used: "1",
  gpu_metrics: blob("1.3", 120),
  pcie_bw: "1 2 256",
  "ras/umc_err_count": "ue: 0\nce: 0",
  "ras/gpu_vram_bad_pages": "",
  pp_dpm_sclk: "0: 500Mhz *",
  pp_dpm_pcie: "0: 8.0GT/s, x8 *",
  power_dpm_force_performance_level: "auto",
  current_link_speed: "8.0 GT/s PCIe",
  current_link_width: "8",
  [`${HWMON}/name`]: "amdgpu",
  [`${HWMON}/temp1_input`]: "40000",
  [`${HWMON}/temp1_label`]: "edge",
  [`${HWMON}/power1_average`]: "10000000",
};

/** What the driver answers without the hardware. */
const HARMLESS =
  /\/(power\/runtime_status|mem_info_(vis_)?vram_total|class|vendor|device|driver)$|\/0000:01:00\.0$|^\/sys\/bus\/pci\/devices/;

Deno.test("amdgpu opens no file that wakes a GPU that fell asleep since", async () => {
  for (const status of ["suspended", "suspending"]) {
    using tree = fakeAmd(WAKING_FILES);
    const sysroot = new RecordingSysroot(tree.directory);
    const { reader } = openOnly(amdgpu, sysroot);
    assert.equal(reader.read().values.utilization_pct, 3);
    tree.add({ [`${DEVICE}/power/runtime_status`]: status });
    sysroot.opened.length = 0;
    const asleep = reader.read();
    const slow = await reader.readSlow?.();
    assert.deepEqual(sysroot.opened.filter((path) => !HARMLESS.test(path)), []);
    assert.deepEqual(asleep.values, { vram_total_bytes: 8192 });
    assert.deepEqual(slow?.values, {});
    assertWhole(asleep);
    for (const { absent } of [asleep, slow]) {
      for (const reason of Object.values(absent)) assert.match(reason, /sleeps/);
    }
  }
});

Deno.test("amdgpu opens no reader of a GPU that sleeps, and no file of it that wakes", () => {
  using tree = fakeAmd({ ...WAKING_FILES, "power/runtime_status": "suspended" });
  const sysroot = new RecordingSysroot(tree.directory);
  const gpu = { ...unknownFacts(), pci_slot: "0000:01:00.0", driver: "amdgpu" };
  const opened = amdgpu.open({ ...GPU, ...gpu }, { sysroot, now: () => 0 });
  assert.match(String(opened), /^pci:0000:01:00\.0: the GPU sleeps/);
  assert.deepEqual(
    sysroot.opened.filter((path) => path.includes("/sys/devices") && !HARMLESS.test(path)),
    [],
  );
});

Deno.test("amdgpu takes a GPU without a power state, or with `unsupported`, for awake", () => {
  for (const status of ["unsupported", "", "error"]) {
    using tree = fakeAmd({ ...WAKING_FILES, "power/runtime_status": status });
    assert.equal(openOnly(amdgpu, tree.sysroot).reader.read().values.utilization_pct, 3);
  }
});

Deno.test("amdgpu is not stopped by files that are refused (EPERM, EBUSY), and goes on after", async () => {
  using tree = fakeAmd(WAKING_FILES);
  const sysroot = new RecordingSysroot(tree.directory);
  const { reader } = openOnly(amdgpu, sysroot);
  sysroot.refused = /gpu_busy|gpu_metrics|_input|mem_info_\w+_used/;
  const refused = reader.read();
  assert.equal(refused.values.utilization_pct, undefined);
  assert.match(
    refused.absent.utilization_pct ?? "",
    /gpu_busy_percent cannot be read \(in suspend/,
  );
  assert.match(refused.absent.temperature_c ?? "", /temp1_input cannot be read/);
  assert.match(refused.absent.throttle_reasons ?? "", /gpu_metrics cannot be read/);
  assert.equal(refused.values.power_w, 10);
  assertWhole(refused);
  sysroot.refused = undefined;
  assert.equal(reader.read().values.utilization_pct, 3);
  assert.equal((await reader.readSlow?.())?.values.pcie_rx_bytes_per_s, 256);
});

Deno.test("amdgpu's readSlow() reads traffic, errors and pages, and errors not at every look", async () => {
  let now = 0;
  using tree = fakeAmd({
    pcie_bw: "11886 2528 256",
    "ras/umc_err_count": "ue: 1\nce: 12",
    "ras/gpu_vram_bad_pages": "0x00000001 : 0x00001000 : R\n0x00000002 : 0x00001000 : P",
  });
  const { reader } = openOnly(amdgpu, tree.sysroot, () => now);
  const first = await reader.readSlow?.();
  assert.deepEqual(first?.values, {
    pcie_rx_bytes_per_s: 3042816,
    pcie_tx_bytes_per_s: 647168,
    ecc_corrected_count: 12,
    ecc_uncorrected_count: 1,
    retired_pages_count: 1,
  });
  assert.equal(first?.sources.pcie_rx_bytes_per_s, "sysfs:pcie_bw (an upper bound)");
  tree.add({
    [`${DEVICE}/pcie_bw`]: "0 0 256",
    [`${DEVICE}/ras/umc_err_count`]: "Query currently inaccessible",
  });
  now = 9_999;
  const second = await reader.readSlow?.();
  assert.equal(second?.values.pcie_rx_bytes_per_s, 0);
  assert.equal(second?.values.ecc_corrected_count, 12);
  now = 10_000;
  const third = await reader.readSlow?.();
  assert.match(third?.absent.ecc_corrected_count ?? "", /cannot ask the GPU for errors just now/);
  assert.equal(third?.values.retired_pages_count, 1);
});

Deno.test("amdgpu's read() does not touch the files that make the reader wait", () => {
  using tree = fakeAmd(WAKING_FILES);
  const sysroot = new RecordingSysroot(tree.directory);
  const { reader } = openOnly(amdgpu, sysroot);
  sysroot.opened.length = 0;
  const reading = reader.read();
  assert.deepEqual(sysroot.opened.filter((path) => /pcie_bw|\/ras\//.test(path)), []);
  assert.equal("pcie_rx_bytes_per_s" in reading.absent, false);
});

/** A record of which only the id matters. */
const GPU = {
  ...unknownFacts(),
  id: "pci:0000:01:00.0",
  index: 0,
  vendor: "amd" as const,
  seen_by: [],
  apis: {},
  enabled: true,
  sources: {},
  absent: {},
};

Deno.test("amdgpu claims GPUs on the PCI bus with its driver, and no partition of one", () => {
  const claims = (driver: string | null, pci_slot: string | null) =>
    amdgpu.claims({ ...GPU, driver, pci_slot });
  assert.equal(claims("amdgpu", "0000:01:00.0"), true);
  assert.equal(claims("radeon", "0000:01:00.0"), false);
  assert.equal(claims("amdgpu", null), false); // MI300X: amdgpu_xcp.3, a platform device
  using tree = new Tree();
  assert.match(
    String(
      amdgpu.open({ ...GPU, pci_slot: "0000:01:00.0" }, { sysroot: tree.sysroot, now: () => 0 }),
    ),
    /^\/sys\/bus\/pci\/devices has no 0000:01:00\.0$/,
  );
});

Deno.test("amdgpu says when its driver was unbound, and when the GPU is gone", () => {
  using tree = fakeAmd({ gpu_busy_percent: "3" });
  // Each look goes through a new root: one of a dump remembers where links lead.
  const { reader } = openOnly(amdgpu, tree.sysroot);
  assert.equal(reader.lost(), undefined);
  Deno.removeSync(join(tree.directory, DEVICE, "driver"));
  assert.equal(reader.lost(), "amdgpu was unbound from 0000:01:00.0");
  Deno.symlinkSync("../../../../bus/pci/drivers/vfio-pci", join(tree.directory, DEVICE, "driver"));
  assert.equal(reader.lost(), "0000:01:00.0 now has the driver vfio-pci");
  Deno.removeSync(join(tree.directory, DEVICE), { recursive: true });
  assert.equal(reader.lost(), "0000:01:00.0 is no longer on the PCI bus");
  const reading = reader.read();
  assert.deepEqual(reading.values, {});
  assertWhole(reading);
});
