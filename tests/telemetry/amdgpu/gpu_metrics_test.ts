/** The tables of `gpu_metrics`: real ones, one of each version made by hand, and broken ones. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeGpuMetrics,
  type GpuMetricsTable,
} from "../../../lib/telemetry/amdgpu/gpu_metrics.ts";
import { layoutsOf } from "../../../lib/telemetry/amdgpu/gpu_metrics_layouts.ts";
import { DUMPS } from "../../sysfs/tree.ts";
import { type At, attributeBlob, blob } from "./metrics_blob.ts";

function decode(bytes: Uint8Array): GpuMetricsTable {
  const result = decodeGpuMetrics(bytes);
  assert.ok(result.state === "ok", result.state === "unknown" ? result.reason : "");
  return result.table;
}

function reasonOf(bytes: Uint8Array): string {
  const result = decodeGpuMetrics(bytes);
  assert.equal(result.state, "unknown");
  return result.state === "unknown" ? result.reason : "";
}

const REAL = {
  rx9070: Deno.readFileSync(`${DUMPS}rx9070/sys/devices/pci0000:00/0000:03:00.0/gpu_metrics`),
  phoenix: Deno.readFileSync(`${DUMPS}phoenix/sys/devices/pci0000:00/0000:64:00.0/gpu_metrics`),
  strixpoint: Deno.readFileSync(
    `${DUMPS}strixpoint/sys/devices/pci0000:00/0000:c1:00.0/gpu_metrics`,
  ),
};

Deno.test("decodeGpuMetrics() reads the v1.3 of a real card: °C, W, percent, mV", () => {
  assert.deepEqual(decode(REAL.rx9070), {
    version: "1.3",
    gfx_activity_pct: 25,
    memory_activity_pct: 0,
    video_activity_pct: 0,
    temperature_c: 48,
    temperature_hotspot_c: 52,
    temperature_memory_c: 72,
    power_w: 49,
    core_clock_mhz: 900,
    memory_clock_mhz: 1124,
    video_clock_mhz: 25,
    fan_rpm: 1944,
    voltage_v: 0.79,
    throttling: { kind: "reasons", reasons: [] },
    pcie_link_gen: 4, // 160 x 0.1 GT/s
    pcie_link_width: 16,
  });
});

Deno.test("decodeGpuMetrics() reads the v2.1 of a real processor: 1/100 °C, 1/100 percent, mW", () => {
  assert.deepEqual(decode(REAL.phoenix), {
    version: "2.1",
    gfx_activity_pct: 0.79,
    video_activity_pct: 0,
    temperature_c: 25, // 0x09c4
    power_w: 3.401,
    core_clock_mhz: 800,
    memory_clock_mhz: 400,
    video_clock_mhz: 800,
    throttling: { kind: "reasons", reasons: [] },
  });
});

Deno.test("decodeGpuMetrics() reads the v3.0 of a real processor: 1/100 °C, whole percent, mW", () => {
  assert.deepEqual(decode(REAL.strixpoint), {
    version: "3.0",
    gfx_activity_pct: 3,
    video_activity_pct: 0,
    temperature_c: 38.12, // 0x0ee4
    power_w: 9.839, // 0x266f
    core_clock_mhz: 849,
    memory_clock_mhz: 836,
    video_clock_mhz: 800,
    throttling: {
      kind: "counters",
      counters: {
        PROCHOT: 28,
        SPL: 1868,
        FPPT: 92382,
        SPPT: 257,
        THM_CORE: 1795,
        THM_GFX: 0,
        THM_SOC: 0,
      },
    },
  });
});

/** `sizeof` of each struct; those of 1.3, 2.1 and 3.0 are of the dumps' tables. */
const SIZES: Record<string, number[]> = {
  "1.0": [80],
  "1.1": [96],
  "1.2": [104],
  "1.3": [120],
  "1.4": [288],
  "1.5": [360],
  "1.6": [384, 1664],
  "1.7": [2208],
  "1.8": [3872],
  "2.0": [120],
  "2.1": [120],
  "2.2": [128],
  "2.3": [152],
  "2.4": [168],
  "3.0": [264],
};

Deno.test("layoutsOf() lays out each version as the kernel's compiler does", () => {
  for (const [version, sizes] of Object.entries(SIZES)) {
    assert.deepEqual(layoutsOf(version).map((layout) => layout.size), sizes, version);
  }
  assert.deepEqual(layoutsOf("1.9"), []);
  assert.deepEqual(layoutsOf("__proto__"), []);
});

/** Members by hand: offsets are counted in the header, not taken from the code. */
const CARD: At[] = [
  [16, 2, 97], // gfx
  [18, 2, 41], // umc
  [20, 2, 12], // mm
  [4, 2, 61], // edge
  [6, 2, 75], // hotspot
  [8, 2, 80], // mem
  [22, 2, 203], // power
  [54, 2, 2105], // gfxclk
  [58, 2, 1000], // uclk
  [60, 2, 666], // vclk0
  [68, 4, 0], // throttle_status
  [72, 2, 1500], // fan
  [74, 2, 8], // width
  [76, 2, 80], // speed
];

const CARD_VALUES = {
  gfx_activity_pct: 97,
  memory_activity_pct: 41,
  video_activity_pct: 12,
  temperature_c: 61,
  temperature_hotspot_c: 75,
  temperature_memory_c: 80,
  power_w: 203,
  core_clock_mhz: 2105,
  memory_clock_mhz: 1000,
  video_clock_mhz: 666,
  fan_rpm: 1500,
  throttling: { kind: "reasons", reasons: [] },
  pcie_link_gen: 3,
  pcie_link_width: 8,
};

Deno.test("decodeGpuMetrics() reads v1.1 and v1.2", () => {
  assert.deepEqual(decode(blob("1.1", 96, CARD)), { version: "1.1", ...CARD_VALUES });
  assert.deepEqual(decode(blob("1.2", 104, CARD)), { version: "1.2", ...CARD_VALUES });
});

Deno.test("decodeGpuMetrics() reads v1.0, whose clock comes first and whose link is in bytes", () => {
  const table = decode(blob("1.0", 80, [
    [16, 2, 61],
    [18, 2, 75],
    [28, 2, 97],
    [34, 2, 203],
    [54, 2, 2105],
    [58, 2, 1000],
    [68, 4, 0],
    [72, 2, 1500],
    [74, 1, 16],
    [75, 1, 160],
  ]));
  assert.deepEqual(table, {
    version: "1.0",
    gfx_activity_pct: 97,
    temperature_c: 61,
    temperature_hotspot_c: 75,
    power_w: 203,
    core_clock_mhz: 2105,
    memory_clock_mhz: 1000,
    fan_rpm: 1500,
    throttling: { kind: "reasons", reasons: [] },
    pcie_link_gen: 4,
    pcie_link_width: 16,
  });
});

Deno.test("decodeGpuMetrics() names the reasons of v1.3 and v2.2, and leaves the bits of one chip alone", () => {
  const set = 2 ** 36 + 2 ** 1 + 2 ** 16;
  for (const bytes of [blob("1.3", 120, [[112, 8, set]]), blob("2.2", 128, [[120, 8, set]])]) {
    assert.deepEqual(decode(bytes).throttling, {
      kind: "reasons",
      reasons: ["PPT1", "TDC_GFX", "TEMP_HOTSPOT"],
    });
  }
  assert.deepEqual(decode(blob("1.1", 96, [[68, 4, 0x80]])).throttling, {
    kind: "opaque",
    bits: 0x80,
  });
});

/** Members that all versions for MI300 have at the same place. */
const MI300: At[] = [[4, 2, 66], [6, 2, 71], [10, 2, 550], [12, 2, 88], [14, 2, 33]];
const MI300_VALUES = {
  temperature_hotspot_c: 66,
  temperature_memory_c: 71,
  power_w: 550,
  gfx_activity_pct: 88,
  memory_activity_pct: 33,
};

Deno.test("decodeGpuMetrics() reads v1.4: energy in 15.259 µJ, PCIe in GB/s, four video engines", () => {
  const table = decode(blob("1.4", 288, [
    ...MI300,
    [16, 2, 40],
    [18, 2, 0],
    [24, 8, 65536 * 1234],
    [40, 4, 0],
    [48, 2, 16],
    [50, 2, 320],
    [72, 8, 3],
    [104, 8, 10],
    [112, 8, 5],
    [168, 8, 7],
    [240, 2, 2100],
    [242, 2, 132],
    [264, 2, 29],
    [280, 2, 1300],
  ]));
  assert.deepEqual(table, {
    version: "1.4",
    ...MI300_VALUES,
    video_activity_pct: 20, // two engines are unsupported, one of the other two idles
    energy_j: 1234,
    throttling: { kind: "reasons", reasons: [] },
    pcie_link_gen: 5,
    pcie_link_width: 16,
    pcie_bytes_per_s: 3e9,
    xgmi_read_bytes: 15 * 1024,
    xgmi_write_bytes: 7 * 1024,
    core_clock_mhz: 2100,
    video_clock_mhz: 29,
    memory_clock_mhz: 1300,
  });
});

Deno.test("decodeGpuMetrics() reads v1.5, whose 32 JPEG engines move the rest", () => {
  const table = decode(blob("1.5", 360, [
    ...MI300,
    [88, 8, 65536 * 7],
    [112, 2, 16],
    [114, 2, 320],
    [136, 8, 2],
    [312, 2, 2000],
    [352, 2, 900],
  ]));
  assert.deepEqual(table, {
    version: "1.5",
    ...MI300_VALUES,
    energy_j: 7,
    pcie_link_gen: 5,
    pcie_link_width: 16,
    pcie_bytes_per_s: 2e9,
    core_clock_mhz: 2000,
    memory_clock_mhz: 900,
  });
});

Deno.test("decodeGpuMetrics() tells the two layouts of v1.6 apart by their size, and PCIe is in Mb/s", () => {
  const late = decode(blob("1.6", 1664, [
    ...MI300,
    [16, 8, 65536 * 9],
    [36, 4, 1],
    [40, 4, 2],
    [44, 4, 3],
    [48, 4, 4],
    [52, 4, 5],
    [88, 8, 8],
    [264, 2, 1900],
    [304, 2, 1100],
    [408, 2, 50], // vcn_busy of the first partition
    [408 + 168, 2, 10], // and of the second
  ]));
  assert.deepEqual(late, {
    version: "1.6",
    ...MI300_VALUES,
    video_activity_pct: 30,
    energy_j: 9,
    throttling: {
      kind: "counters",
      counters: { PROCHOT: 1, PPT: 2, SOCKET_THM: 3, VR_THM: 4, HBM_THM: 5 },
    },
    pcie_bytes_per_s: 1e6,
    core_clock_mhz: 1900,
    memory_clock_mhz: 1100,
  });
  const early = decode(blob("1.6", 384, [...MI300, [88, 8, 65536 * 9], [336, 2, 1900]]));
  assert.equal(early.energy_j, 9);
  assert.equal(early.core_clock_mhz, 1900);
  assert.equal(reasonOf(blob("1.6", 312, MI300)), "unknown gpu_metrics v1.6 of 312 bytes");
});

Deno.test("decodeGpuMetrics() reads v1.7 and v1.8, which count the xGMI links that are up", () => {
  const members: At[] = [
    ...MI300,
    [24, 8, 65536 * 3],
    [48, 4, 17],
    [96, 8, 5],
    [264, 2, 1],
    [266, 2, 1],
    [268, 2, 0],
    [270, 2, 2],
    [296, 2, 2300],
    [336, 2, 1500],
  ];
  const expected = {
    ...MI300_VALUES,
    energy_j: 3,
    throttling: { kind: "counters", counters: { PPT: 17 } },
    xgmi_links_active_count: 2,
    core_clock_mhz: 2300,
    memory_clock_mhz: 1500,
    video_activity_pct: 64,
  };
  assert.deepEqual(decode(blob("1.7", 2208, [...members, [440, 2, 64]])), {
    version: "1.7",
    ...expected,
  });
  assert.deepEqual(decode(blob("1.8", 3872, [...members, [456, 2, 64]])), {
    version: "1.8",
    ...expected,
  });
});

Deno.test("decodeGpuMetrics() reads the attributes of v1.9, and skips those that it does not know", () => {
  const table = decode(attributeBlob([
    { unit: 2, type: 2, id: 0, values: [55] }, // temperature_hotspot, u16
    { unit: 3, type: 4, id: 3, values: [430] }, // curr_socket_power, u32
    { unit: 0, type: 0, id: 900, values: [1, 2, 3] }, // of a later kernel
    { unit: 10, type: 2, id: 4, values: [77] }, // average_gfx_activity
    { unit: 0, type: 6, id: 7, values: [65536 * 11] }, // energy_accumulator, u64
    { unit: 1, type: 2, id: 33, values: [1800, 0xffff, 1900] }, // current_gfxclk
    { unit: 10, type: 2, id: 42, values: [10, 30] }, // vcn_busy of one partition
    { unit: 10, type: 2, id: 42, values: [0xffff, 20] }, // and of another
    { unit: 2, type: 2, id: 37, values: [99] }, // current_uclk in °C: not believed
    { unit: 0, type: 4, id: 11, values: [5] }, // ppt_residency_acc
    { unit: 0, type: 2, id: 31, values: [1, 1, 0] }, // xgmi_link_status
  ]));
  assert.deepEqual(table, {
    version: "1.9",
    temperature_hotspot_c: 55,
    power_w: 430,
    gfx_activity_pct: 77,
    energy_j: 11,
    core_clock_mhz: 1900,
    video_activity_pct: 20,
    throttling: { kind: "counters", counters: { PPT: 5 } },
    xgmi_links_active_count: 2,
  });
});

Deno.test("decodeGpuMetrics() refuses a v1.9 that is cut, or has an unknown type", () => {
  const whole = attributeBlob([{ unit: 2, type: 2, id: 0, values: [55, 56] }]);
  const cut = whole.slice(0, whole.length - 2);
  new DataView(cut.buffer).setUint16(0, cut.length, true);
  assert.equal(reasonOf(cut), "gpu_metrics v1.9 of 18 bytes: it ends in attribute 0 of 1");
  assert.match(
    reasonOf(attributeBlob([{ unit: 2, type: 9, id: 0, values: [] }])),
    /v1\.9 of 16 bytes: attribute 0 has the unknown type 9/,
  );
});

Deno.test("decodeGpuMetrics() reads v2.0, v2.3 and v2.4", () => {
  const v20 = decode(
    blob("2.0", 120, [[16, 2, 4150], [40, 2, 5025], [44, 2, 15000], [80, 2, 400]]),
  );
  assert.deepEqual(v20, {
    version: "2.0",
    temperature_c: 41.5,
    gfx_activity_pct: 50.25,
    power_w: 15,
    core_clock_mhz: 400,
  });
  const members: At[] = [[4, 2, 4150], [28, 2, 5025], [30, 2, 100], [40, 2, 15000], [64, 2, 350]];
  const expected = {
    temperature_c: 41.5,
    gfx_activity_pct: 50.25,
    video_activity_pct: 1,
    power_w: 15,
    core_clock_mhz: 350, // average_gfxclk_frequency, where there is no current one
  };
  assert.deepEqual(decode(blob("2.3", 152, members)), { version: "2.3", ...expected });
  assert.deepEqual(decode(blob("2.4", 168, [...members, [156, 2, 875]])), {
    version: "2.4",
    ...expected,
    voltage_v: 0.875,
  });
});

Deno.test("decodeGpuMetrics() gives no value for all ones, whatever the version", () => {
  for (const [version, sizes] of Object.entries(SIZES)) {
    for (const size of sizes) {
      assert.deepEqual(decode(blob(version, size)), { version }, `${version} of ${size}`);
    }
  }
});

Deno.test("decodeGpuMetrics() gives no 0 °C, 0 W, 0 V and 0 J, which firmware leaves without a sensor", () => {
  for (const [version, sizes] of Object.entries(SIZES)) {
    for (const size of sizes) {
      const bytes = blob(version, size).fill(0, 4);
      for (const [name, value] of Object.entries(decode(bytes))) {
        if (/_(c|w|v|j)$/.test(name)) assert.fail(`${version}: ${name} is ${value}`);
      }
    }
  }
});

Deno.test("decodeGpuMetrics() never shows BC-250's 655 %", () => {
  // 0xfffe is not the mark for "unsupported", and 655.34 % all the same.
  assert.equal(decode(blob("2.2", 128, [[28, 2, 0xfffe]])).gfx_activity_pct, undefined);
  assert.equal(decode(blob("2.2", 128, [[28, 2, 0xffff]])).gfx_activity_pct, undefined);
  assert.equal(decode(blob("2.2", 128, [[28, 2, 10012]])).gfx_activity_pct, 100);
});

Deno.test("decodeGpuMetrics() says which version and size it does not know, and guesses nothing", () => {
  assert.equal(reasonOf(blob("1.3", 124)), "unknown gpu_metrics v1.3 of 124 bytes");
  assert.equal(reasonOf(blob("4.0", 300)), "unknown gpu_metrics v4.0 of 300 bytes");
  assert.equal(reasonOf(new Uint8Array(4)), "unknown gpu_metrics v0.0 of 0 bytes");
  assert.equal(reasonOf(new Uint8Array()), "gpu_metrics is empty");
  assert.equal(reasonOf(Uint8Array.of(120, 0)), "gpu_metrics has 2 bytes and no header");
});

Deno.test("decodeGpuMetrics() refuses a table that is cut, or that has bytes behind it", () => {
  assert.equal(
    reasonOf(REAL.rx9070.subarray(0, 100)),
    "gpu_metrics v1.3 of 120 bytes ends after 100",
  );
  const longer = new Uint8Array(128);
  longer.set(REAL.rx9070);
  longer[127] = 1;
  assert.match(reasonOf(longer), /v1\.3 of 120 bytes has others behind it/);
});

Deno.test("decodeGpuMetrics() does not mind NULs behind the table up to a page", () => {
  const padded = new Uint8Array(4096);
  padded.set(REAL.rx9070);
  assert.deepEqual(decode(padded), decode(REAL.rx9070));
});

Deno.test("decodeGpuMetrics() leaves out what no GPU can have", () => {
  const table = decode(blob("1.3", 120, [
    [4, 2, 65000], // °C, edge
    [6, 2, 60], // hotspot
    [8, 2, 400], // memory
    [22, 2, 65000], // W
    [54, 2, 65000], // MHz, core
    [58, 2, 1000], // memory
    [72, 2, 65000], // rpm
    [106, 2, 60000], // mV
  ]));
  assert.deepEqual(table, {
    version: "1.3",
    temperature_hotspot_c: 60,
    memory_clock_mhz: 1000,
  });
});

/** What must hold of a decoded table, whatever the bytes were. */
function assertSane(bytes: Uint8Array): void {
  const result = decodeGpuMetrics(bytes);
  if (result.state === "unknown") {
    assert.match(result.reason, /gpu_metrics/);
    return;
  }
  for (const [name, value] of Object.entries(result.table)) {
    if (typeof value !== "number") continue;
    assert.ok(Number.isFinite(value) && value >= 0, `${name}: ${value}`);
    if (name.endsWith("_pct")) assert.ok(value <= 100, `${name}: ${value}`);
    if (name.startsWith("temperature_")) assert.ok(value <= 250, `${name}: ${value}`);
    if (name === "power_w") assert.ok(value <= 10_000, `${name}: ${value}`);
  }
}

Deno.test("decodeGpuMetrics() never throws and gives no absurd share, whatever the bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), assertSane));
  // Random members behind a header that is right.
  const headers = Object.entries(SIZES).flatMap(([version, sizes]) =>
    sizes.map((size) => blob(version, size))
  );
  headers.push(blob("1.9", 200));
  fc.assert(fc.property(
    fc.constantFrom(...headers),
    fc.uint8Array({ minLength: 64, maxLength: 64 }),
    (header, noise) => {
      const bytes = header.map((byte, i) => i < 4 ? byte : noise[i % noise.length] ?? 0);
      assertSane(bytes);
    },
  ));
});

Deno.test("decodeGpuMetrics() never throws for a real table that is cut anywhere or has any byte changed", () => {
  for (const bytes of Object.values(REAL)) {
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(decodeGpuMetrics(bytes.subarray(0, length)).state, "unknown");
      const changed = bytes.slice();
      changed[length] = (changed[length] ?? 0) ^ 0xff;
      assertSane(changed);
    }
  }
});
