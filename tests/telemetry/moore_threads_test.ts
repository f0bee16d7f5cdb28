import assert from "node:assert/strict";
import { join } from "node:path";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import type { TelemetryReader } from "../../lib/telemetry/driver.ts";
import { METRIC_NAMES, type Reading } from "../../lib/telemetry/metrics.ts";
import { mooreThreadsDriver } from "../../lib/telemetry/moore_threads.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary, type FakeOptions } from "../fakes/library.ts";
import { describedGpu, temporaryDirectory } from "./described_gpu.ts";

const S4000 = `
device
pci 0000:3a:00.0
link 4 8 5 16
power_mw 96660
power_limit 400000 450000
fans 40 105
fan_rpm 1500 2900
mtlinks 1 0 2
utilization 63
engines 3 7 55 81
temperature 47
threshold 105 95
memory_temperature 52
clocks 1700 1750 7000 7001 1200
memory 51539607552 1073741824 4096
memory_utilization 12
ecc_errors 5 1
retired 2 1
codec 11 22
voltage_mv 875
pstate 2
`;
const GPU = describedGpu({
  vendor: "mthreads",
  driver: "mtgpu",
  pci_slot: "0000:3a:00.0",
  uuid: "399282A8-ba01-1475-893c-2eeca9e302f5",
  pcie_link_gen_max: 4,
  pcie_link_width_max: 16,
});
const CONTEXT = { sysroot: new Sysroot(), now: () => 0 };

/** Readings of the fake's GPU. */
function readings(
  description: string,
  { count = 1, gpu = GPU, ...options }: FakeOptions & { count?: number; gpu?: Gpu } = {},
): { all: Reading[]; lost: string | undefined } {
  using fake = fakeLibrary("mtml", description, options);
  const driver = mooreThreadsDriver({ sonames: [fake.path] });
  const reader = driver.open(gpu, CONTEXT);
  if (typeof reader === "string") throw new Error(reader);
  const all = Array.from({ length: count }, () => reader.read());
  const lost = reader.lost();
  reader[Symbol.dispose]();
  reader[Symbol.dispose]();
  assert.equal(driver.share.users, 0);
  assert.ok(!Deno.readTextFileSync("/proc/self/maps").includes(fake.path));
  return { all, lost };
}

/** The first reading. */
function reading(description: string, options: FakeOptions & { gpu?: Gpu } = {}): Reading {
  const [first] = readings(description, options).all;
  assert.ok(first !== undefined);
  return first;
}

compilerTest("mtgpu reads everything that MTML tells, each in the unit of its name", () => {
  const { values, sources } = reading(S4000);
  assert.deepEqual(values, {
    utilization_pct: 63,
    memory_utilization_pct: 12,
    compute_utilization_pct: 81,
    gfx_utilization_pct: 55,
    encode_utilization_pct: 11,
    decode_utilization_pct: 22,
    vram_total_bytes: 51539607552,
    vram_used_bytes: 1073741824,
    gtt_used_bytes: 4096,
    temperature_c: 47,
    temperature_memory_c: 52,
    temperature_slowdown_c: 95,
    power_w: 96.66,
    power_cap_w: 400,
    power_cap_default_w: 450,
    core_clock_mhz: 1700,
    core_clock_max_mhz: 1750,
    memory_clock_mhz: 7000,
    memory_clock_max_mhz: 7001,
    video_clock_mhz: 1200,
    voltage_v: 0.875,
    performance_state: "P2",
    fan_pct: 105,
    fan_rpm: 2900,
    pcie_link_gen: 4,
    pcie_link_width: 8,
    // The device could do 5, the slot cannot.
    pcie_link_gen_max: 4,
    pcie_link_width_max: 16,
    peer_links_active_count: 2,
    ecc_corrected_count: 5,
    ecc_uncorrected_count: 1,
    retired_pages_count: 3,
  });
  assert.equal(sources.power_w, "mtml:mtmlDeviceGetPowerUsage");
});

compilerTest("mtgpu has a value or a reason for every metric", () => {
  for (const options of [{}, { variant: "old" }, { variant: "new" }] as const) {
    for (const description of [S4000, "device\npci 0000:3a:00.0\n"]) {
      const { values, absent } = reading(description, options);
      for (const name of METRIC_NAMES) {
        assert.ok((name in values) !== (name in absent), name);
      }
    }
  }
  assert.equal(
    reading("device\npci 0000:3a:00.0\n").absent.utilization_pct,
    "mtmlGpuGetUtilization: MTML_ERROR_NOT_SUPPORTED (Not Supported)",
  );
});

compilerTest("mtgpu takes 0 for no value where 0 cannot be one", () => {
  const { values } = reading(
    S4000.replace("voltage_mv 875", "voltage_mv 0").replace("memory 51539607552", "memory 0")
      .replace("memory_temperature 52", "memory_temperature 0")
      .replace("power_limit 400000", "power_limit 0").replace("codec 11", "codec 0")
      .replace("link 4 8", "link 0 0"),
  );
  for (
    const name of [
      "voltage_v",
      "vram_total_bytes",
      "temperature_memory_c",
      "power_cap_w",
      "pcie_link_gen",
    ] as const
  ) {
    assert.equal(values[name], undefined, name);
  }
  assert.equal(values.encode_utilization_pct, 0, "an idle encoder is 0 % busy");
});

compilerTest("mtgpu says what to do where library and driver do not fit together", () => {
  const { all, lost } = readings(`${S4000}fail mtmlGpuGetUtilization 9\n`);
  assert.match(
    all[0]?.absent.utilization_pct ?? "",
    /MTML_ERROR_DRIVER_TOO_OLD .*: libmtml and the kernel driver are of different releases/,
  );
  assert.equal(lost, undefined);
});

compilerTest("mtgpu tells fans that are not there from fans that stand still", () => {
  assert.match(
    reading(S4000.replace("fans 40 105", "fans none")).absent.fan_pct ?? "",
    /gives 0: other fans cool it/,
  );
  assert.equal(reading(S4000.replace("fans 40 105", "fans 0 0")).values.fan_pct, 0);
});

compilerTest("mtgpu tells when the GPU no longer answers, and when it does again", () => {
  const { all, lost } = readings(`${S4000}fail * 2 60\n`, { count: 4 });
  assert.deepEqual(all[3]?.values, {});
  assert.match(all[3]?.absent.temperature_c ?? "", /MTML_ERROR_DRIVER_FAILURE/);
  assert.match(lost ?? "", /MTML_ERROR_DRIVER_FAILURE/);
  const once = readings(`${S4000}fail mtmlGpuGetTemperature 2 0 1\n`, { count: 2 });
  assert.equal(once.all[0]?.values.temperature_c, undefined);
  assert.equal(once.all[1]?.values.temperature_c, 47);
  assert.equal(once.lost, undefined);
});

compilerTest(
  "mtgpu asks again for a part of the device that was refused when it was opened",
  () => {
    for (
      const [call, metric] of [
        ["mtmlDeviceInitGpu", "temperature_c"],
        ["mtmlDeviceInitMemory", "vram_used_bytes"],
        ["mtmlDeviceInitVpu", "encode_utilization_pct"],
      ] as const
    ) {
      // At the opening, and at the first reading.
      const { all } = readings(`${S4000}fail ${call} 999 0 2\n`, { count: 2 });
      assert.match(all[0]?.absent[metric] ?? "", new RegExp(`^${call}: MTML_ERROR_UNKNOWN`));
      assert.equal(all[1]?.absent[metric], undefined);
      assert.notEqual(all[1]?.values[metric], undefined, metric);
    }
  },
);

compilerTest("mtgpu shares one MTML among readers", () => {
  using fake = fakeLibrary("mtml", S4000);
  const driver = mooreThreadsDriver({ sonames: [fake.path] });
  const open = () => driver.open(GPU, CONTEXT) as TelemetryReader;
  const [one, other] = [open(), open()];
  assert.equal(driver.share.users, 2);
  one[Symbol.dispose]();
  assert.equal(other.read().values.temperature_c, 47);
  other[Symbol.dispose]();
  assert.equal(driver.share.users, 0);
});

compilerTest("mtgpu says in one line why a GPU cannot be read", () => {
  using fake = fakeLibrary("mtml", S4000);
  const driver = mooreThreadsDriver({ sonames: [fake.path] });
  const other = describedGpu({ vendor: "mthreads", pci_slot: "0000:99:00.0" });
  assert.match(String(driver.open(other, CONTEXT)), /MTML_ERROR_NOT_FOUND/);
  assert.match(
    String(driver.open(describedGpu({ vendor: "mthreads" }), CONTEXT)),
    /no PCI address/,
  );
  assert.equal(driver.share.users, 0);
  using directory = temporaryDirectory();
  const dump = { ...CONTEXT, sysroot: new Sysroot(directory.path) };
  assert.match(String(driver.open(GPU, dump)), /through libmtml alone/);
  fake.describe("fail mtmlLibraryInit 1\n");
  assert.equal(driver.open(GPU, CONTEXT), "mtmlLibraryInit: MTML_ERROR_DRIVER_NOT_LOADED");
});

Deno.test("mtgpu claims GPUs of Moore Threads that no virtual machine has", () => {
  const { claims } = mooreThreadsDriver();
  assert.ok(claims(GPU));
  assert.ok(claims(describedGpu({ vendor: "mthreads" })));
  assert.ok(!claims(describedGpu({ vendor: "mthreads", driver: "vfio-pci" })));
  assert.ok(!claims(describedGpu({ vendor: "nvidia", driver: "mtgpu" })));
});

/** A driver on a host without the library, where the command is a shell script. */
class Command implements Disposable {
  readonly #directory = temporaryDirectory();
  readonly reader: TelemetryReader;
  readonly other: TelemetryReader;

  constructor(script: string, limit = 10_000) {
    const { path } = this.#directory;
    const program = join(path, "mthreads-gmi");
    Deno.writeTextFileSync(program, `#!/bin/sh\necho run >> ${path}/runs\n${script}`, {
      mode: 0o755,
    });
    const driver = mooreThreadsDriver({
      sonames: ["libmvgal-none.so.2"],
      gmi: { program, limit },
    });
    const [one, other] = [driver.open(GPU, CONTEXT), driver.open(GPU, CONTEXT)];
    if (typeof one === "string" || typeof other === "string") throw new Error(String(one));
    this.reader = one;
    this.other = other;
  }

  /** How often it was run. */
  get runs(): number {
    return Deno.readTextFileSync(join(this.#directory.path, "runs")).split("\n").length - 1;
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

const QUERY = join(import.meta.dirname ?? ".", "..", "fixtures", "telemetry", "mthreads_gmi");

Deno.test("mtgpu asks the command where there is no library, and never in read()", async () => {
  using command = new Command(`[ "$1" = -q ] && cat ${QUERY}/query.json\n`);
  assert.deepEqual(command.reader.read(), { values: {}, sources: {}, absent: {} });
  const [slow] = await Promise.all([command.reader.readSlow?.(), command.other.readSlow?.()]);
  assert.equal(command.runs, 1, "readers share a run");
  assert.deepEqual(slow?.values, {
    utilization_pct: 7,
    memory_utilization_pct: 0,
    vram_total_bytes: 81920 * 1048576,
    vram_used_bytes: 1024 * 1048576,
    temperature_c: 27,
    power_w: 96.66,
    power_cap_w: 950,
  });
  assert.equal(slow?.sources.power_w, "mthreads-gmi");
  assert.match(slow?.absent.core_clock_mhz ?? "", /does not show it/);
  for (const name of METRIC_NAMES) {
    assert.ok((name in (slow?.values ?? {})) !== (name in (slow?.absent ?? {})), name);
  }
});

Deno.test("mtgpu takes the command's table where its query shows nothing", async () => {
  using command = new Command(`[ "$1" = -q ] && exit 1\ncat ${QUERY}/table.csv\n`);
  assert.equal((await command.reader.readSlow?.())?.values.temperature_c, 31);
});

Deno.test("mtgpu says why the command shows nothing", async () => {
  const absent = async (script: string, limit?: number) => {
    using command = new Command(script, limit);
    const slow = await command.reader.readSlow?.();
    assert.deepEqual(slow?.values, {});
    return slow?.absent.temperature_c ?? "";
  };
  assert.equal(
    await absent("echo 'driver not loaded' >&2\nexit 3\n"),
    "mthreads-gmi -q: exit status 3: driver not loaded",
  );
  assert.equal(await absent("echo hello\n"), "mthreads-gmi --query-gpu: no GPU in what it prints");
  assert.equal(await absent("exec sleep 60\n", 50), "mthreads-gmi -q: no answer within 0.05 s");
  assert.equal(
    await absent(`sed 's/3a:00/3c:00/;s/399282a8/499282a8/' ${QUERY}/query.json\n`),
    "mthreads-gmi does not show this GPU",
  );
});

Deno.test("mtgpu names both where there is neither library nor command", () => {
  const driver = mooreThreadsDriver({
    sonames: ["libmvgal-none.so.2"],
    gmi: { program: "/nonexistent/mthreads-gmi" },
  });
  assert.match(
    String(driver.open(GPU, CONTEXT)),
    /^libmvgal-none\.so\.2: .*; mthreads-gmi is not there either/,
  );
});
