import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { openHostLibrary } from "../../ffi/host.ts";
import { type Effort, type Outcome } from "../../lib/bench/benchmark.ts";
import {
  chooseArraySize,
  parseCacheSize,
  readAvailableBytes,
  readLastLevelCacheBytes,
} from "../../lib/bench/host/array_size.ts";
import { HOST_BENCHMARKS } from "../../lib/bench/host/benchmarks.ts";
import { readCgroupLimits } from "../../lib/bench/host/cgroup.ts";
import { fmaPeak } from "../../lib/bench/host/peaks.ts";
import {
  chooseCpus,
  countCores,
  parseCpuinfo,
  parseCpuList,
  type Processors,
  readProcessors,
} from "../../lib/bench/host/processor.ts";
import {
  type HostFacts,
  HostTarget,
  type Kernels,
  readHostFacts,
} from "../../lib/bench/host/target.ts";
import { measure } from "../../lib/bench/measure.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";

const GIB = 2 ** 30, MIB = 2 ** 20;

/** A sysroot that holds the given files; removed when disposed. */
function sysrootOf(files: Record<string, string>): Sysroot & Disposable {
  const directory = Deno.makeTempDirSync();
  for (const [path, text] of Object.entries(files)) {
    Deno.mkdirSync(join(directory, dirname(path)), { recursive: true });
    Deno.writeTextFileSync(join(directory, path), text);
  }
  return Object.assign(new Sysroot(directory), {
    [Symbol.dispose]: () => Deno.removeSync(directory, { recursive: true }),
  });
}

Deno.test("parseCpuList() reads lists of ranges and refuses what is none", () => {
  assert.deepEqual(parseCpuList("0"), [0]);
  assert.deepEqual(parseCpuList("0-3,8,10-11"), [0, 1, 2, 3, 8, 10, 11]);
  for (const text of ["", "a", "3-1", "0-", "0,,1", "0-99999999", "-1", "0 1"]) {
    assert.equal(parseCpuList(text), null, text);
  }
});

const X86 = "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t\t: 2\n" +
  "model name\t: AMD EPYC 9655\n\n";
const ARM = "processor\t: 0\nBogoMIPS\t: 2000.00\nCPU implementer\t: 0x41\nCPU part\t: 0xd4f\n\n";

Deno.test("parseCpuinfo() reads x86 and Arm processors", () => {
  assert.deepEqual(parseCpuinfo(X86 + X86.replace(": 0", ": 1")), {
    name: "AMD EPYC 9655",
    model: { maker: "x86", vendor: "AuthenticAMD", family: 26, model: 2 },
  });
  assert.deepEqual(parseCpuinfo(ARM), {
    name: null,
    model: { maker: "arm", implementer: 0x41, part: 0xd4f },
  });
});

Deno.test("parseCpuinfo() gives no model where cores differ, or where it cannot be read", () => {
  assert.equal(parseCpuinfo(ARM + ARM.replace("0xd4f", "0xd80")).model, null);
  assert.equal(parseCpuinfo("processor\t: 0\ncpu family\t: six\n").model, null);
  assert.deepEqual(parseCpuinfo(""), { name: null, model: null });
});

Deno.test("readProcessors() reads the CPUs that the process may use", () => {
  const topology = "/sys/devices/system/cpu";
  using sysroot = sysrootOf({
    "/proc/self/status": "Name:\tdeno\nCpus_allowed:\t7\nCpus_allowed_list:\t0-2\n",
    "/proc/cpuinfo": X86,
    [`${topology}/cpu0/topology/core_cpus_list`]: "0,2\n",
    [`${topology}/cpu2/topology/thread_siblings_list`]: "0,2\n",
  });
  const processors = readProcessors(sysroot);
  assert.deepEqual(processors.allowed, [0, 1, 2]);
  assert.deepEqual([...processors.cores], [[0, "0,2"], [2, "0,2"]]);
  assert.equal(processors.name, "AMD EPYC 9655");
});

/** Two cores of two threads each: 0 and 2, 1 and 3. */
const SMT: Processors = {
  name: null,
  model: null,
  allowed: [0, 1, 2, 3],
  cores: new Map([[0, "0,2"], [1, "1,3"], [2, "0,2"], [3, "1,3"]]),
};

Deno.test("chooseCpus() takes all CPUs, or one of each core first as far as a quota lasts", () => {
  assert.deepEqual(chooseCpus(SMT, null), [0, 1, 2, 3]);
  assert.deepEqual(chooseCpus({ ...SMT, allowed: [0, 2, 3] }, 2), [0, 3]);
  assert.deepEqual(chooseCpus(SMT, 3.9), [0, 1, 2]);
  assert.deepEqual(chooseCpus(SMT, 0.5), [0]);
  assert.deepEqual(chooseCpus(SMT, 64), [0, 1, 2, 3]);
  assert.deepEqual(chooseCpus({ ...SMT, allowed: [] }, null), []);
});

Deno.test("countCores() counts cores, not threads, and does not guess", () => {
  assert.equal(countCores(SMT, [0, 1, 2, 3]), 2);
  assert.equal(countCores(SMT, [0, 2]), 1);
  assert.equal(countCores(SMT, [0, 7]), null);
});

Deno.test("readCgroupLimits() takes the tightest limit of version 2's groups", () => {
  using sysroot = sysrootOf({
    "/proc/self/cgroup": "0::/user/session\n",
    "/sys/fs/cgroup/user/cpu.max": "150000 100000\n",
    "/sys/fs/cgroup/user/memory.max": "1000000\n",
    "/sys/fs/cgroup/user/memory.current": "600000\n",
    "/sys/fs/cgroup/user/memory.stat": "anon 5\ninactive_file 100000\nactive_file 9\n",
    "/sys/fs/cgroup/user/session/cpu.max": "max 100000\n",
    "/sys/fs/cgroup/user/session/memory.max": "max\n",
  });
  assert.deepEqual(readCgroupLimits(sysroot), { cpus: 1.5, memoryBytes: 500_000 });
});

Deno.test("readCgroupLimits() finds a container's limits though its path is the host's", () => {
  using sysroot = sysrootOf({
    "/proc/self/cgroup": "0::/system.slice/docker-1234.scope\n",
    "/sys/fs/cgroup/cpu.max": "200000 100000\n",
  });
  assert.deepEqual(readCgroupLimits(sysroot), { cpus: 2, memoryBytes: null });
});

Deno.test("readCgroupLimits() reads version 1's groups", () => {
  using sysroot = sysrootOf({
    "/proc/self/cgroup": "9:name=systemd:/\n4:memory:/job\n1:cpu,cpuacct:/job\n",
    "/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "50000\n",
    "/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n",
    "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
    "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": "4096\n",
    "/sys/fs/cgroup/memory/job/memory.usage_in_bytes": "8192\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
  });
  assert.deepEqual(readCgroupLimits(sysroot), { cpus: 0.5, memoryBytes: 0 });
});

Deno.test("readCgroupLimits() takes damaged files for no limit", () => {
  using sysroot = sysrootOf({
    "/proc/self/cgroup": "nonsense\n0::relative\n0::/a\n",
    "/sys/fs/cgroup/cpu.max": "100000 0\n",
    "/sys/fs/cgroup/a/cpu.max": "-\n",
    "/sys/fs/cgroup/a/memory.max": "lots\n",
  });
  assert.deepEqual(readCgroupLimits(sysroot), { cpus: null, memoryBytes: null });
  using empty = sysrootOf({});
  assert.deepEqual(readCgroupLimits(empty), { cpus: null, memoryBytes: null });
});

Deno.test("parseCacheSize() reads kernel sizes and nothing else", () => {
  assert.equal(parseCacheSize("48K"), 49152);
  assert.equal(parseCacheSize("32M"), 32 * MIB);
  for (const text of ["", "48", "48 K", "K", "-1K", "1T"]) {
    assert.equal(parseCacheSize(text), undefined, text);
  }
});

/** The files of one cache of a CPU. */
function cache(cpu: number, index: number, level: number, type: string, size: string, of: string) {
  const directory = `/sys/devices/system/cpu/cpu${cpu}/cache/index${index}`;
  return {
    [`${directory}/level`]: `${level}\n`,
    [`${directory}/type`]: `${type}\n`,
    [`${directory}/size`]: `${size}\n`,
    [`${directory}/shared_cpu_list`]: `${of}\n`,
  };
}

Deno.test("readLastLevelCacheBytes() adds each last-level cache once", () => {
  using sysroot = sysrootOf({
    ...cache(0, 0, 1, "Data", "48K", "0"),
    ...cache(0, 3, 3, "Unified", "32768K", "0-1"),
    ...cache(1, 3, 3, "Unified", "32768K", "0-1"),
    ...cache(2, 2, 2, "Unified", "1024K", "2"),
    ...cache(2, 3, 3, "Unified", "96M", "2-3"),
    ...cache(2, 4, 4, "Instruction", "1G", "2"),
  });
  assert.equal(readLastLevelCacheBytes(sysroot, [0, 1]), 32 * MIB);
  assert.equal(readLastLevelCacheBytes(sysroot, [0, 1, 2]), 128 * MIB);
  assert.equal(readLastLevelCacheBytes(sysroot, [0, 3]), null);
  assert.equal(readLastLevelCacheBytes(sysroot, []), null);
});

Deno.test("readAvailableBytes() reads MemAvailable", () => {
  using sysroot = sysrootOf({ "/proc/meminfo": "MemTotal:  9 kB\nMemAvailable:   1024 kB\n" });
  assert.equal(readAvailableBytes(sysroot), MIB);
  using without = sysrootOf({ "/proc/meminfo": "MemTotal:  9 kB\n" });
  assert.equal(readAvailableBytes(without), null);
});

Deno.test("chooseArraySize() takes four times the caches, and never little", () => {
  const bytes = (cacheBytes: number | null, freeBytes: number | null) => {
    const size = chooseArraySize(cacheBytes, freeBytes);
    return size.state === "ok" ? size.bytes : null;
  };
  assert.equal(bytes(MIB, 64 * GIB), 256 * MIB);
  assert.equal(bytes(GIB, 256 * GIB), 4 * GIB);
  assert.equal(bytes(GIB, null), 4 * GIB);
  assert.equal(bytes(null, 64 * GIB), GIB);
  // Three arrays in a quarter of what is free.
  assert.equal(bytes(64 * MIB, 12 * 200 * MIB), 200 * MIB);
  assert.equal(bytes(64 * MIB, 12 * 127 * MIB), null);
  assert.equal(bytes(null, 12 * 511 * MIB), null);
  assert.equal(bytes(0, 0), null);
});

Deno.test("chooseArraySize() says how much memory it would take", () => {
  const size = chooseArraySize(GIB, GIB);
  assert.ok(size.state === "too little");
  assert.equal(
    size.reason,
    "1024 MiB of memory are free, and arrays that are big beside the caches need 24576 MiB",
  );
});

Deno.test("fmaPeak() multiplies cores, clock, units and lanes", () => {
  const zen5 = { maker: "x86", vendor: "AuthenticAMD", family: 0x1a, model: 2 } as const;
  const peak = fmaPeak(zen5, 2, 4, "avx512", "fp32");
  assert.equal(peak?.value, 2 * 4 * 2 * 16 * 2 / 1000);
  assert.match(peak?.formula ?? "", /^2 cores x 4\.00 GHz observed x 2 units x 16 lanes x 2 /);
  assert.equal(fmaPeak(zen5, 2, 4, "avx2", "fp64")?.value, 2 * 4 * 2 * 4 * 2 / 1000);
  const zen4 = { ...zen5, family: 0x19 };
  assert.equal(fmaPeak(zen4, 1, 1, "avx512", "fp32")?.value, 2 * 8 * 2 / 1000);
  const v2 = { maker: "arm", implementer: 0x41, part: 0xd4f } as const;
  assert.equal(fmaPeak(v2, 1, 1, "neon", "fp32")?.value, 4 * 4 * 2 / 1000);
});

Deno.test("fmaPeak() is null where the units are not known", () => {
  const zen5 = { maker: "x86", vendor: "AuthenticAMD", family: 0x1a, model: 2 } as const;
  assert.equal(fmaPeak(null, 2, 4, "avx512", "fp32"), null);
  assert.equal(fmaPeak(zen5, 2, 4, "sse2", "fp32"), null);
  // Half as wide in a laptop.
  assert.equal(fmaPeak({ ...zen5, model: 0x24 }, 2, 4, "avx512", "fp32"), null);
  const alderLake = { maker: "x86", vendor: "GenuineIntel", family: 6, model: 0x97 } as const;
  assert.equal(fmaPeak(alderLake, 2, 4, "avx2", "fp32"), null);
});

const QUICK: Effort = { minSamples: 2, sampleMs: 0.2, budgetMs: 0, allShapes: true };
const AROUND = { now: () => performance.now(), pause: () => Promise.resolve() };
const BUILT = new URL("../../build/shims", import.meta.url).pathname;

const SMALL_HOST: HostFacts = {
  processors: { name: null, model: null, allowed: [0], cores: new Map([[0, "0"]]) },
  cpus: [0],
  cores: 1,
  cpuQuota: null,
  cacheBytes: null,
  freeBytes: null,
  arraySize: { state: "ok", bytes: 64 * 1024 },
};

/** How every benchmark of the host ends on a target. */
async function outcomes(target: HostTarget): Promise<Record<string, Outcome>> {
  const results: Record<string, Outcome> = {};
  for (const benchmark of HOST_BENCHMARKS) {
    results[benchmark.name] = await measure(benchmark, target, QUICK, AROUND);
  }
  return results;
}

const opened = openHostLibrary([BUILT]);
if (opened.state === "ok") opened.library[Symbol.dispose]();
const notBuilt = opened.state === "absent" ? " (skipped: libmvgal_host.so is not built)" : "";

Deno.test({
  name: `HOST_BENCHMARKS: each measures this host and finds its results right${notBuilt}`,
  ignore: notBuilt !== "",
  fn: async () => {
    const facts = readHostFacts(new Sysroot());
    assert.notEqual(facts.cpus.length, 0);
    // Whether a figure can be true depends on how busy the host is, and is tested below.
    const processors = { ...facts.processors, model: null };
    using target = new HostTarget(
      { ...facts, processors, arraySize: { state: "ok", bytes: MIB } },
      openHostLibrary([BUILT]),
    );
    for (const [name, outcome] of Object.entries(await outcomes(target))) {
      assert.equal(outcome.state, "ok", `${name}: ${JSON.stringify(outcome)}`);
      assert.ok(outcome.state === "ok" && outcome.measured.summary.median > 0, name);
      assert.deepEqual(outcome.state === "ok" && outcome.measured.failures, {}, name);
    }
  },
});

Deno.test("HOST_BENCHMARKS: without the library, only the script engine's copy is measured", async () => {
  using target = new HostTarget(SMALL_HOST, { state: "absent", reason: "/x.so: no such file" });
  for (const [name, outcome] of Object.entries(await outcomes(target))) {
    if (name === "host.copy_one_core") {
      assert.equal(outcome.state, "ok");
    } else {
      assert.ok(outcome.state === "unsupported", name);
      assert.match(outcome.reason, /\/x\.so: no such file.*install a C compiler/);
    }
  }
});

Deno.test("HOST_BENCHMARKS: nothing is measured on a host that tells nothing", async () => {
  using sysroot = sysrootOf({});
  using target = new HostTarget(
    { ...readHostFacts(sysroot), arraySize: { state: "too little", reason: "no memory" } },
    fakeLibrary({}),
  );
  for (const [name, outcome] of Object.entries(await outcomes(target))) {
    assert.equal(outcome.state, "unsupported", name);
  }
});

/** A library whose samples are the given ones. */
function fakeLibrary(
  { fmaWork = 1000, wrong = 0 },
): { state: "ok"; library: Kernels } {
  const sample = { nanoseconds: 1000, work: 1000, checked: 10, wrong };
  const library: Kernels = {
    instructionSets: () => ["avx2", "avx512"],
    fma: () => ({ ...sample, work: fmaWork }),
    clock: () => ({ ...sample, work: 4000 }),
    createArena: () => ({ measure: () => sample, [Symbol.dispose]() {} }),
    [Symbol.dispose]() {},
  };
  return { state: "ok", library };
}

Deno.test("HOST_BENCHMARKS: a wrong result makes a failure", async () => {
  using target = new HostTarget(SMALL_HOST, fakeLibrary({ wrong: 3 }));
  for (const [name, outcome] of Object.entries(await outcomes(target))) {
    if (name === "host.copy_one_core") continue;
    assert.ok(outcome.state === "failed", name);
    assert.match(outcome.reason, /\d+ of \d+ (words|chains) (are|end) wrong/, name);
  }
});

Deno.test("HOST_BENCHMARKS: more multiply-adds than the processor has units for are not believed", async () => {
  const model = { maker: "x86", vendor: "AuthenticAMD", family: 0x1a, model: 2 } as const;
  const facts = { ...SMALL_HOST, processors: { ...SMALL_HOST.processors, model } };
  // At 4 GHz one core does 256 fp32 operations in a nanosecond with avx512, and 128 with avx2.
  const fp32 = async (work: number) => {
    using target = new HostTarget(facts, fakeLibrary({ fmaWork: work * 1000 }));
    return (await outcomes(target))["host.fp32"];
  };
  assert.equal((await fp32(250))?.state, "ok");
  const outcome = await fp32(280);
  assert.ok(outcome?.state === "implausible");
  assert.match(outcome.reason, /0\.280 TFLOP\/s are more than 1 cores x 4\.00 GHz observed/);
});
