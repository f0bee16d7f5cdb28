/** `mvgal bench` on devices that a Vulkan layer makes fail: real drivers, real processes. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { BenchEntry, BenchReport } from "../../lib/bench/report.ts";
import { compilerTest } from "../fakes/cc.ts";
import { type FaultLayer, faultLayer } from "../fakes/fault_layer.ts";
import { openSoftwareInstance, SOFTWARE_DRIVERS, softwareEnvironment } from "../vulkan_devices.ts";
import { reportIn, runBench } from "./bench_process.ts";

const FAILING = "llvmpipe", SOUND = "SwiftShader";

/** A test that needs the layer and software drivers; skipped by name where something is missing. */
function faultTest(
  name: string,
  drivers: readonly string[],
  fn: (layer: FaultLayer) => Promise<void>,
): void {
  const missing = drivers.filter((driver) => !SOFTWARE_DRIVERS.has(driver));
  if (missing.length > 0) {
    const reason = `${missing.join(", ")} not installed`;
    Deno.test({ name: `${name} (skipped: ${reason})`, ignore: true, fn: () => {} });
    return;
  }
  compilerTest(name, async () => {
    using layer = faultLayer();
    await fn(layer);
  }, { headers: ["vulkan/vk_layer.h"] });
}

/** Environment with the failing device alone. */
function failingAlone(): Record<string, string> {
  const driver = SOFTWARE_DRIVERS.get(FAILING) ?? "";
  return { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver };
}

/** The entries of the device whose name contains `name`, in order. */
function entriesOf(report: BenchReport, name: string): BenchEntry[] {
  const device = report.context.devices.find((each) => each.name.includes(name));
  assert.ok(device !== undefined, `the report has no ${name}`);
  return report.benchmarks.filter((entry) => entry.device === device.id);
}

/** The id that mvgal gives to a software device. */
function idOf(name: string): string {
  using instance = openSoftwareInstance();
  return `vulkan:${instance.physicalDevices().find((each) => each.name.includes(name))?.index}`;
}

/** Runs some quick benchmarks on two devices, one of which fails after its first one. */
async function failInMidRun(layer: FaultLayer, fault: "lose" | "hang") {
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-faults-" });
  try {
    const marker = join(directory, "now");
    const done = ` ${idOf(FAILING)} memory.read: `;
    const faults = layer.environment({ device: FAILING, fault, marker });
    const args = [
      "memory.read",
      "memory.read_?mib",
      "compute.int32",
      "scheduling.busy_devices",
      "sync.relay",
      "--quick",
      "--json",
      "-",
    ];
    const run = await runBench(args, { ...softwareEnvironment(), ...faults }, (line) => {
      if (line.includes(done)) Deno.writeTextFileSync(marker, "");
    });
    return { ...run, report: reportIn(run) };
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** That one benchmark of the failing device failed, for a reason, and what followed was skipped. */
function assertLost(report: BenchReport, reason: RegExp): void {
  const own = entriesOf(report, FAILING);
  assert.equal(own[0]?.state, "ok", "the first benchmark ran before the fault");
  const failed = own.filter(({ state }) => state === "failed");
  assert.equal(failed.length, 1, failed.map((entry) => entry.reason).join());
  assert.match(failed[0]?.reason ?? "", reason);
  const later = own.slice(own.findIndex(({ state }) => state === "failed") + 1);
  assert.ok(later.length > 0);
  for (const entry of later) {
    assert.equal(entry.state, "skipped", entry.name);
    assert.equal(entry.reason, `the device was lost in ${failed[0]?.name}`);
    assert.deepEqual([entry.median, entry.samples], [null, []]);
  }
  for (const entry of entriesOf(report, SOUND)) {
    if (entry.peer !== null) {
      assert.match(entry.reason ?? "", /^vulkan:\d+ was lost in /, entry.name);
    } else if (entry.name === "scheduling.busy_devices") {
      assert.match(entry.reason ?? "", /none that still answers/);
    } else {
      assert.equal(entry.state, "ok", `${entry.name}: ${entry.reason}`);
      assert.ok(entry.samples.length >= 10, entry.name);
    }
  }
}

const BOTH = [FAILING, SOUND];

faultTest("mvgal bench goes on with the other device where one is lost", BOTH, async (layer) => {
  const { code, stderr, report } = await failInMidRun(layer, "lose");
  assertLost(report, /^vk\w+: VK_ERROR_DEVICE_LOST$/);
  assert.equal(code, 1);
  for (const line of stderr) assert.match(line, /^\[ *\d+\/\d+\] /);
});

faultTest("mvgal bench leaves a device alone that hangs, and ends", BOTH, async (layer) => {
  const { code, stderr, report } = await failInMidRun(layer, "hang");
  assertLost(report, /: no answer within \d+ s: .*VK_TIMEOUT$/);
  assert.equal(code, 1);
  // The layer speaks up where anything is destroyed that the device may still use.
  for (const line of stderr) assert.match(line, /^\[ *\d+\/\d+\] /);
});

faultTest("mvgal bench takes smaller buffers where memory runs out", [FAILING], async (layer) => {
  const args = ["memory.read", "memory.copy", "memory.read_*", "compute.int32"];
  const env = {
    ...failingAlone(),
    // Two thirds of what the buffers of software devices take.
    ...layer.environment({ device: FAILING, memoryLimit: 90e6 }),
  };
  const run = await runBench([...args, "--quick", "--json", "-"], env);
  const report = reportIn(run);
  const found = new Map(report.benchmarks.map((entry) => [entry.name, entry]));
  for (const name of ["memory.read", "memory.copy"]) {
    assert.equal(found.get(name)?.state, "ok", found.get(name)?.reason ?? "");
    const notes = found.get(name)?.notes.join() ?? "";
    assert.match(notes, /memory did not suffice: the working set is half the usual one/);
  }
  assert.equal(found.get("memory.read_1mib")?.state, "ok");
  assert.equal(found.get("memory.read_128mib")?.state, "failed", "what takes all cannot be halved");
  assert.match(found.get("memory.read_128mib")?.reason ?? "", /VK_ERROR_OUT_OF_DEVICE_MEMORY/);
  assert.equal(found.get("compute.int32")?.state, "ok");
  assert.equal(run.code, 1);
});

for (const timestamps of ["no_bits", "no_period"] as const) {
  const name =
    `mvgal bench times by the host's clock where there are no timestamps (${timestamps})`;
  faultTest(name, BOTH, async (layer) => {
    const env = {
      ...softwareEnvironment(),
      ...layer.environment({ device: FAILING, timestamps }),
    };
    const { code, stdout, stderr } = await runBench(["memory.fill", "--quick"], env);
    assert.equal(code, 0, stderr.join("\n"));
    const sections = stdout.split(/\n\n/);
    const said = (device: string) => sections.find((text) => text.startsWith(device)) ?? "";
    assert.match(said(FAILING), /fill +[\d.]+ GB\/s/);
    assert.match(said(FAILING), /fill: by the host's clock/);
    assert.match(said(SOUND), /fill +[\d.]+ GB\/s/);
    assert.doesNotMatch(said(SOUND), /host's clock/);
  });
}

faultTest(
  "mvgal bench --compare finds a planted slowdown, and it alone",
  [FAILING],
  async (layer) => {
    const directory = Deno.makeTempDirSync({ prefix: "mvgal-faults-" });
    try {
      const [before, after] = [join(directory, "before.json"), join(directory, "after.json")];
      // Shaders are slowed down, commands that copy and fill are not.
      const slowed = ["memory.read_1mib", "compute.int32"],
        same = ["memory.fill", "memory.copy_buffer"];
      const args = [...slowed, ...same, "--quick"];
      const first = await runBench([...args, "--json", before], failingAlone());
      assert.equal(first.code, 0, first.stderr.join("\n"));
      // What else the host does must not decide the test: 16 times slower, and a wide threshold.
      const env = { ...failingAlone(), ...layer.environment({ device: FAILING, slow: 16 }) };
      const compare = ["--compare", before, "--threshold", "60%", "--json", after];
      const { code, stdout } = await runBench([...args, ...compare], env);
      assert.equal(code, 1);
      const report = JSON.parse(Deno.readTextFileSync(after)) as BenchReport;
      const changes = new Map(report.comparison?.changes.map((change) => [change.name, change]));
      for (const name of slowed) {
        assert.deepEqual([changes.get(name)?.verdict, changes.get(name)?.fails], ["worse", true]);
        assert.match(stdout, new RegExp(`^! .* ${name} .* worse \\(again: [\\d.]+\\)$`, "m"));
      }
      for (const name of same) assert.equal(changes.get(name)?.fails, false, name);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
);
