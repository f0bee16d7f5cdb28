import assert from "node:assert/strict";
import { join } from "node:path";
import { openLibrary } from "../../ffi/library.ts";
import type { TelemetryReader } from "../../lib/telemetry/driver.ts";
import { METRIC_NAMES, type Reading } from "../../lib/telemetry/metrics.ts";
import { claimsNvidia, nvidiaDriver } from "../../lib/telemetry/nvidia.ts";
import { NvmlShare } from "../../lib/telemetry/nvml_share.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { compilerTest } from "../fakes/cc.ts";
import { type FakeLibrary, fakeLibrary, type FakeOptions } from "../fakes/library.ts";
import { describedGpu, temporaryDirectory } from "./described_gpu.ts";

const H200 = `
device
name NVIDIA H200
uuid GPU-b15a0a1c-4b3d-0f21-9c5e-8a7b6c5d4e3f
pci 0000:06:00.0
memory 150754820096 600000000 4194304
bar1 274877906944
temperature 34
thresholds 95 87
memory_temperature 41
utilization 12 3
encoder 5
decoder 7
power_mw 76543
power_limit 690000 700000
power_limits 650000 200000 700000
energy_mj 1234567
clocks 1095 3201 1980 3201
video_clock 1545
fans none
pstate 0
event_reasons 0x4
pcie 5 16 5 16
pcie_kbs 2000 3500
mig 0 0
ecc 1 1
ecc_errors 3 1
remapped 2 1
link0 1 6 2 0000:07:00.0
link1 1 6 2 0000:07:00.0
link2 0 6 2 0000:07:00.0
nvlink_tx 1000 1000 3000
nvlink_rx 500 500 500
`;
const GPU = describedGpu({
  vendor: "nvidia",
  driver: "nvidia",
  pci_slot: "0000:06:00.0",
  uuid: "GPU-b15a0a1c-4b3d-0f21-9c5e-8a7b6c5d4e3f",
});

/** A reader of the fake's GPU at 0000:06:00.0, and a clock that the test sets. */
class Bench implements Disposable {
  readonly fake: FakeLibrary;
  readonly share: NvmlShare;
  readonly reader: TelemetryReader;
  /** Milliseconds. */
  time = 0;

  constructor(description: string, options: FakeOptions = {}) {
    this.fake = fakeLibrary("nvml", description, options);
    this.share = new NvmlShare({ sonames: [this.fake.path] });
    const opened = nvidiaDriver(this.share).open(GPU, {
      sysroot: new Sysroot(),
      now: () => this.time,
    });
    if (typeof opened === "string") throw new Error(opened);
    this.reader = opened;
  }

  /** Reads a second later. */
  next(): Reading {
    this.time += 1000;
    return this.reader.read();
  }

  [Symbol.dispose](): void {
    this.reader[Symbol.dispose]();
    this.fake[Symbol.dispose]();
  }
}

/** One reading of a GPU that is described like this. */
function reading(description: string, options: FakeOptions = {}): Reading {
  using bench = new Bench(description, options);
  return bench.next();
}

/** The description with a key given another value, or none. */
function but(key: string, value?: string): string {
  const line = new RegExp(`^${key} .*\n`, "m");
  return H200.replace(line, value === undefined ? "" : `${key} ${value}\n`);
}

compilerTest("nvidia reads everything that NVML tells, each in the unit of its name", () => {
  const { values, sources, absent } = reading(H200);
  assert.deepEqual(values, {
    utilization_pct: 12,
    memory_utilization_pct: 3,
    encode_utilization_pct: 5,
    decode_utilization_pct: 7,
    vram_total_bytes: 150754820096,
    vram_used_bytes: 4194304,
    visible_vram_total_bytes: 150754820096,
    temperature_c: 34,
    temperature_memory_c: 41,
    temperature_slowdown_c: 87,
    power_w: 76.543,
    energy_j: 1234.567,
    power_cap_w: 650,
    power_cap_min_w: 200,
    power_cap_max_w: 700,
    power_cap_default_w: 700,
    core_clock_mhz: 1095,
    core_clock_max_mhz: 1980,
    memory_clock_mhz: 3201,
    memory_clock_max_mhz: 3201,
    video_clock_mhz: 1545,
    performance_state: "P0",
    throttle_reasons: ["sw_power_cap"],
    pcie_link_gen: 5,
    pcie_link_width: 16,
    pcie_link_gen_max: 5,
    pcie_link_width_max: 16,
    peer_links_active_count: 2,
    ecc_corrected_count: 3,
    ecc_uncorrected_count: 1,
    retired_pages_count: 3,
  });
  assert.equal(sources.power_w, "nvml:nvmlDeviceGetPowerUsage");
  assert.equal(sources.temperature_memory_c, "nvml:nvmlDeviceGetFieldValues(82)");
  assert.deepEqual(Object.keys(sources).sort(), Object.keys(values).sort());
  assert.equal(absent.fan_pct, "nvmlDeviceGetNumFans gives 0: other fans cool it");
});

compilerTest("nvidia has a value or a reason for every metric but those that take long", () => {
  for (const options of [{}, { variant: "old" }, { variant: "new" }] as const) {
    for (const description of [H200, "device\npci 0000:06:00.0\n"]) {
      const { values, absent } = reading(description, options);
      const missing = METRIC_NAMES.filter((name) => !(name in values) && !(name in absent));
      assert.deepEqual(missing, ["pcie_rx_bytes_per_s", "pcie_tx_bytes_per_s"]);
      const both = METRIC_NAMES.filter((name) => name in values && name in absent);
      assert.deepEqual(both, []);
    }
  }
});

compilerTest("nvidia makes nothing up for a GPU that tells nothing", () => {
  const { values, absent } = reading("device\npci 0000:06:00.0\n");
  assert.deepEqual(values, {});
  const refused = "NVML_ERROR_NOT_SUPPORTED (Not Supported)";
  assert.equal(absent.power_w, `nvmlDeviceGetPowerUsage: ${refused}`);
  assert.equal(absent.fan_pct, `nvmlDeviceGetFanSpeed_v2: ${refused}`);
  assert.equal(absent.throttle_reasons, `nvmlDeviceGetCurrentClocksEventReasons: ${refused}`);
  assert.equal(absent.peer_links_active_count, `nvmlDeviceGetNvLinkState: ${refused}`);
});

compilerTest("nvidia does not take a driver that refuses everything for a lost GPU", () => {
  using bench = new Bench("device\npci 0000:06:00.0\n");
  bench.next();
  assert.equal(bench.reader.lost(), undefined);
});

compilerTest("nvidia tells no throttling as an empty list, not as unknown", () => {
  assert.deepEqual(reading(but("event_reasons", "0")).values.throttle_reasons, []);
});

compilerTest("nvidia says that utilisation is missing because of MIG mode", () => {
  const mig = `${but("mig", "1 1")}fail nvmlDeviceGetUtilizationRates 3\n`;
  const { values, absent } = reading(mig);
  assert.equal(values.utilization_pct, undefined);
  assert.match(absent.utilization_pct ?? "", /NOT_SUPPORTED .*the GPU is in MIG mode/);
  assert.match(absent.memory_utilization_pct ?? "", /the GPU is in MIG mode/);
  const other = `${H200}fail nvmlDeviceGetUtilizationRates 3\n`;
  assert.doesNotMatch(reading(other).absent.utilization_pct ?? "", /MIG/);
});

compilerTest("nvidia has no memory of a GPU that shares the host's", () => {
  for (const memory of [undefined, "0 0 0"]) {
    const { values, absent } = reading(but("memory", memory));
    for (
      const name of ["vram_total_bytes", "vram_used_bytes", "visible_vram_total_bytes"] as const
    ) {
      assert.equal(values[name], undefined);
      assert.notEqual(absent[name], undefined);
    }
  }
  assert.match(
    reading(but("memory", "0 0 0")).absent.vram_total_bytes ?? "",
    /no total: the GPU uses the host's memory/,
  );
});

compilerTest("nvidia tells that an older driver's used memory has the reserved in it", () => {
  const { values, sources } = reading(H200, { variant: "old" });
  assert.equal(values.vram_used_bytes, 604194304);
  assert.equal(
    sources.vram_used_bytes,
    "nvml:nvmlDeviceGetMemoryInfo (with what the driver reserves)",
  );
});

compilerTest("nvidia takes the enforced power limit where the one that was set is not told", () => {
  const { values, sources } = reading(but("power_limits"));
  assert.equal(values.power_cap_w, 690);
  assert.equal(sources.power_cap_w, "nvml:nvmlDeviceGetEnforcedPowerLimit");
  assert.equal(values.power_cap_min_w, undefined);
});

compilerTest("nvidia reads the temperature by either function", () => {
  assert.equal(reading(H200, { variant: "old" }).values.temperature_c, 34);
  assert.equal(reading(H200, { variant: "new" }).values.temperature_c, 34);
});

compilerTest("nvidia takes 0 °C of the memory for no sensor, and blanks for no value", () => {
  assert.match(
    reading(but("memory_temperature", "0")).absent.temperature_memory_c ?? "",
    /no sensor/,
  );
  const blank = reading(
    but("energy_mj", "9223372036854775794").replace("power_mw 76543", "power_mw 2147483634"),
  );
  assert.match(blank.absent.energy_j ?? "", /9223372036854775794, which stands for no value/);
  assert.match(blank.absent.power_w ?? "", /2147483634, which stands for no value/);
  const memory = reading(but("memory", "150754820096 0 9223372036854775794"));
  assert.equal(memory.values.vram_used_bytes, undefined);
});

compilerTest("nvidia shows the fastest fan, beyond 100 too, and clamps shares of time", () => {
  const { values } = reading(
    but("fans", "0 104 33").replace("utilization 12 3", "utilization 655 101") +
      "fan_rpm 0 3300 900\n",
  );
  assert.equal(values.fan_pct, 104);
  assert.equal(values.fan_rpm, 3300);
  assert.equal(values.utilization_pct, 100);
  assert.equal(values.memory_utilization_pct, 100);
  assert.equal(reading(but("fans", "55"), { variant: "old" }).values.fan_pct, 55);
});

compilerTest("nvidia finds links that the driver did not tell of when the GPU was opened", () => {
  for (const code of [3, 999]) {
    // All calls of the opening fail: NOT_SUPPORTED would say that there is no link, UNKNOWN says nothing.
    using bench = new Bench(`${H200}fail nvmlDeviceGetNvLinkState ${code} 0 18\n`);
    assert.equal(bench.next().values.peer_links_active_count, undefined);
    bench.time += 60_000;
    assert.equal(bench.next().values.peer_links_active_count, 2, `${code}`);
    assert.notEqual(bench.next().values.peer_tx_bytes_per_s, undefined);
  }
});

compilerTest("nvidia gives NVLink traffic as a rate between readings", () => {
  // One number is read when the reader starts.
  using bench = new Bench(but("nvlink_tx", "1000 1000 3000 2000 4000 4000"));
  const first = bench.next();
  assert.equal(first.values.peer_tx_bytes_per_s, undefined);
  assert.match(first.absent.peer_tx_bytes_per_s ?? "", /this is the first/);
  assert.equal(bench.next().values.peer_tx_bytes_per_s, 2000 * 1024);
  const fell = bench.next();
  assert.equal(fell.values.peer_tx_bytes_per_s, undefined);
  assert.match(fell.absent.peer_tx_bytes_per_s ?? "", /count anew/);
  bench.time += 1000;
  assert.equal(bench.next().values.peer_tx_bytes_per_s, 1000 * 1024);
  // Nothing went over the links: 0 is a measured value.
  assert.equal(bench.next().values.peer_tx_bytes_per_s, 0);
});

compilerTest("nvidia adds links up where the driver does not", () => {
  const alone = but("nvlink_tx", "0 0 0 1 2 3 11 22 33").replace(
    "nvlink_rx 500 500 500",
    "nvlink_rx 0 0 0 5 5 5 6 6 6\nnvlink_alone 1",
  );
  using bench = new Bench(alone);
  bench.next();
  const { values } = bench.next();
  assert.equal(values.peer_tx_bytes_per_s, 60 * 1024);
  assert.equal(values.peer_rx_bytes_per_s, 3 * 1024);
});

compilerTest("nvidia makes no rate across a reading that failed", () => {
  using bench = new Bench(
    but("nvlink_tx", "1000 1000 900000000 900001000") + "fail nvlink_tx 999 2 1\n",
  );
  bench.next();
  assert.match(bench.next().absent.peer_tx_bytes_per_s ?? "", /NVML_ERROR_UNKNOWN/);
  assert.equal(bench.next().values.peer_tx_bytes_per_s, undefined);
  assert.equal(bench.next().values.peer_tx_bytes_per_s, 1000 * 1024);
});

compilerTest("nvidia reads the throughput of PCIe off the thread that reads the rest", async () => {
  using directory = temporaryDirectory();
  const mark = join(directory.path, "go");
  using bench = new Bench(`${H200}pcie_wait ${mark}\n`);
  let settled = false;
  const slow = bench.reader.readSlow?.();
  assert.ok(slow !== undefined);
  slow.finally(() => settled = true);
  // The library does not come back, and the rest is read meanwhile.
  assert.equal(bench.next().values.temperature_c, 34);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(settled, false);
  assert.equal(bench.reader.readSlow?.(), slow, "a second one is not started");
  Deno.writeTextFileSync(mark, "");
  const { values, sources } = await slow;
  assert.deepEqual(values, { pcie_rx_bytes_per_s: 3500000, pcie_tx_bytes_per_s: 2000000 });
  assert.equal(sources.pcie_rx_bytes_per_s, "nvml:nvmlDeviceGetPcieThroughput");
});

compilerTest("nvidia says why there is no throughput of PCIe", async () => {
  using bench = new Bench(but("pcie_kbs"));
  const slow = await bench.reader.readSlow?.();
  assert.match(slow?.absent.pcie_tx_bytes_per_s ?? "", /NVML_ERROR_NOT_SUPPORTED/);
});

/** Whether the fake is initialised, asked through a handle of its own. */
function initialised(fake: FakeLibrary): Disposable & { asked(): boolean } {
  const beside = openLibrary([fake.path], {
    nvmlDeviceGetCount_v2: { parameters: ["buffer"], result: "i32" },
  });
  if (beside.state !== "ok") throw new Error(beside.reason);
  return {
    asked: () => beside.library.symbols.nvmlDeviceGetCount_v2(new Uint32Array(1)) === 0,
    [Symbol.dispose]: () => beside.library[Symbol.dispose](),
  };
}

compilerTest(
  "nvidia keeps NVML open while a slow reading is under way, and no longer",
  async () => {
    using directory = temporaryDirectory();
    const mark = join(directory.path, "go");
    const bench = new Bench(`${H200}pcie_wait ${mark}\n`);
    {
      using library = initialised(bench.fake);
      const slow = bench.reader.readSlow?.();
      bench.reader[Symbol.dispose]();
      assert.equal(bench.share.users, 1);
      assert.ok(library.asked());
      Deno.writeTextFileSync(mark, "");
      await slow;
      assert.equal(bench.share.users, 0);
      assert.ok(!library.asked());
    }
    assert.ok(!Deno.readTextFileSync("/proc/self/maps").includes(bench.fake.path));
    bench.fake[Symbol.dispose]();
  },
);

compilerTest(
  "NvmlShare opens NVML when it is first wanted and closes it with the last reader",
  () => {
    using fake = fakeLibrary("nvml", H200);
    const share = new NvmlShare({ sonames: [fake.path] });
    const driver = nvidiaDriver(share);
    const context = { sysroot: new Sysroot(), now: () => 0 };
    const mapped = () => Deno.readTextFileSync("/proc/self/maps").includes(fake.path);
    assert.ok(!mapped(), "a driver opens nothing");
    const [one, other] = [driver.open(GPU, context), driver.open(GPU, context)];
    assert.ok(typeof one !== "string" && typeof other !== "string");
    assert.equal(share.users, 2);
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    assert.equal(share.users, 1, "a reader counts once");
    assert.equal(other.read().values.temperature_c, 34);
    other[Symbol.dispose]();
    assert.equal(share.users, 0);
    assert.ok(!mapped(), "an open NVML keeps every GPU awake");
    const again = driver.open(GPU, context);
    assert.ok(typeof again !== "string");
    assert.equal(again.read().values.temperature_c, 34);
    again[Symbol.dispose]();
  },
);

compilerTest("nvidia says in one line why a GPU cannot be read, and leaves NVML closed", () => {
  const context = { sysroot: new Sysroot(), now: () => 0 };
  const open = (description: string, gpu = GPU) => {
    using fake = fakeLibrary("nvml", description);
    const share = new NvmlShare({ sonames: [fake.path] });
    const opened = nvidiaDriver(share).open(gpu, context);
    assert.equal(share.users, 0);
    assert.ok(typeof opened === "string");
    assert.ok(!opened.includes("\n"));
    return opened;
  };
  assert.match(open("fail nvmlInit_v2 9\n"), /NVML_ERROR_DRIVER_NOT_LOADED/);
  assert.match(open("device\npci 0000:01:00.0\n"), /ByPciBusId_v2: NVML_ERROR_NOT_FOUND.*ByUUID/);
  assert.match(open("", describedGpu({ vendor: "nvidia" })), /no PCI address, UUID or index/);
  const none = nvidiaDriver(new NvmlShare({ sonames: ["libmvgal-none.so.1"] }));
  assert.match(String(none.open(GPU, context)), /libmvgal-none\.so\.1: /);
});

compilerTest("nvidia finds a GPU without a PCI address by UUID or index", () => {
  using fake = fakeLibrary("nvml", H200);
  const driver = nvidiaDriver(new NvmlShare({ sonames: [fake.path] }));
  const context = { sysroot: new Sysroot(), now: () => 0 };
  for (const facts of [{ uuid: GPU.uuid }, { id: "nvml:0" }]) {
    const reader = driver.open(describedGpu({ vendor: "nvidia", ...facts }), context);
    assert.ok(typeof reader !== "string");
    assert.equal(reader.read().values.temperature_c, 34);
    reader[Symbol.dispose]();
  }
});

Deno.test("nvidia loads no library for a copy of a host's files", () => {
  const share = new NvmlShare({ sonames: ["/nonexistent/libnvidia-ml.so.1"] });
  using directory = temporaryDirectory();
  const context = { sysroot: new Sysroot(directory.path), now: () => 0 };
  assert.match(String(nvidiaDriver(share).open(GPU, context)), /through NVML alone/);
});

Deno.test("claimsNvidia() wants NVIDIA's own driver", () => {
  const nvidia = (facts: object) => claimsNvidia(describedGpu({ vendor: "nvidia", ...facts }));
  assert.ok(nvidia({ driver: "nvidia" }));
  assert.ok(nvidia({ driver: null, seen_by: ["nvml"] }), "WSL");
  assert.ok(!nvidia({ driver: null }));
  assert.ok(!nvidia({ driver: "nouveau" }));
  assert.ok(!nvidia({ driver: "vfio-pci", seen_by: ["pci", "nvml"] }));
  assert.ok(!claimsNvidia(describedGpu({ vendor: "amd", driver: "nvidia" })));
});

compilerTest(
  "a reader tells when the GPU falls off the bus in the midst of it, and when it is back",
  () => {
    using bench = new Bench(`${H200}fail * 15 100 120\n`);
    let lost: string | undefined;
    for (let i = 0; i < 20 && lost === undefined; i++) {
      const { values } = bench.next();
      lost = bench.reader.lost();
      // What was read before that moment is still true; nothing else is there.
      for (const value of [values.temperature_c ?? 34, values.power_w ?? 76.543]) {
        assert.ok(
          value > 0,
        );
      }
    }
    assert.match(lost ?? "", /NVML_ERROR_GPU_IS_LOST \(GPU is lost\)$/);
    const dead = bench.next();
    assert.deepEqual(dead.values, {});
    assert.match(dead.absent.temperature_c ?? "", /GPU_IS_LOST/);
    let back: Reading | undefined;
    for (let i = 0; i < 20 && bench.reader.lost() !== undefined; i++) back = bench.next();
    assert.equal(bench.reader.lost(), undefined);
    assert.equal((back ?? dead).values.retired_pages_count, 3);
  },
);

compilerTest("a reader looks at links anew once the GPU is back", () => {
  // Links are asked for 18 times when the reader starts, and 3 times by the first reading.
  using bench = new Bench(
    `${H200}fail nvmlDeviceGetUtilizationRates 15 1 1\nfail nvmlDeviceGetNvLinkState 999 21\n`,
  );
  assert.equal(bench.next().values.peer_links_active_count, 2);
  assert.match(bench.next().absent.peer_links_active_count ?? "", /GPU_IS_LOST/);
  const back = bench.next();
  assert.equal(bench.reader.lost(), undefined);
  assert.match(back.absent.peer_links_active_count ?? "", /NVML_ERROR_UNKNOWN/);
});

compilerTest("a reader is lost where every call fails, and not where some do", () => {
  // A reader that is being opened asks about 50 times.
  using all = new Bench(`${H200}fail * 999 60\n`);
  for (let i = 0; i < 4; i++) all.next();
  assert.match(all.reader.lost() ?? "", /NVML_ERROR_UNKNOWN/);
  using one = new Bench(`${H200}fail nvmlDeviceGetTemperature 999\n`);
  const { values, absent } = one.next();
  assert.equal(values.temperature_c, undefined);
  assert.match(absent.temperature_c ?? "", /NVML_ERROR_UNKNOWN/);
  assert.equal(one.reader.lost(), undefined);
});

compilerTest("a reader gives right values or none under random failures", () => {
  const gpu = `${but("fans", "10 60")}fan_rpm 900 2500\n`;
  using bench = new Bench(`${gpu}flaky * 999 200\n`);
  const expected = reading(gpu).values;
  let known = 0, unknown = 0;
  for (let i = 0; i < 300; i++) {
    const { values, absent } = bench.next();
    for (const name of METRIC_NAMES) {
      if (name.startsWith("peer_") && name.endsWith("_per_s")) continue;
      if (values[name] === undefined) {
        if (expected[name] !== undefined) {
          unknown++;
          assert.notEqual(absent[name], undefined, name);
        }
        continue;
      }
      known++;
      assert.deepEqual(values[name], expected[name], name);
    }
  }
  assert.ok(known > 1000 && unknown > 500, `${known} known, ${unknown} unknown`);
});
