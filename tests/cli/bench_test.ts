import assert from "node:assert/strict";
import { join } from "node:path";
import type { BenchList } from "../../lib/bench/listing.ts";
import { REGISTRY } from "../../lib/bench/registry.ts";
import type { BenchReport } from "../../lib/bench/report.ts";
import { allDevicesTest, softwareEnvironment } from "../vulkan_devices.ts";

const MAIN = join(import.meta.dirname ?? ".", "..", "..", "main.ts");

const NO_VULKAN = { VK_DRIVER_FILES: "/nonexistent.json", VK_ICD_FILENAMES: "/nonexistent.json" };

function command(args: string[], env: Record<string, string>): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, "bench", ...args],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function bench(args: string[], env: Record<string, string>) {
  const { code, stdout, stderr } = await command(args, env).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

allDevicesTest("mvgal bench --json - prints one document with both devices", async () => {
  const { code, stdout, stderr } = await bench(
    ["sync", "compute", "--quick", "--json", "-"],
    softwareEnvironment(),
  );
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout) as BenchReport;
  assert.equal(report.schema, "mvgal.bench/1");
  const names = report.context.devices.map((device) => device.name);
  assert.ok(names.some((name) => name.includes("llvmpipe")), names.join());
  assert.ok(names.some((name) => name.includes("SwiftShader")), names.join());
  for (const entry of report.benchmarks) {
    assert.ok(["ok", "unsupported"].includes(entry.state), `${entry.name}: ${entry.reason}`);
    if (entry.state !== "ok") continue;
    assert.ok((entry.median ?? 0) > 0);
    assert.ok((entry.statistics?.n ?? 0) >= 10, entry.name);
    assert.equal(entry.samples.length, entry.statistics?.n);
  }
  const fp64 = report.benchmarks.filter((entry) => entry.name === "compute.fp64");
  assert.deepEqual(fp64.map((entry) => entry.state).sort(), ["ok", "unsupported"]);
  assert.match(stderr, /\[ ?1\/\d+\] \S+ compute\.fp32: [\d.]+ TFLOP\/s/);
});

allDevicesTest("mvgal bench scheduling measures beside the other device", async () => {
  const { code, stdout, stderr } = await bench(["scheduling", "--quick"], softwareEnvironment());
  assert.equal(code, 0, stderr);
  assert.match(stdout, /beside busy devices +[\d.]+ [µu]s +p99 [\d.]+/);
  assert.match(stdout, /unsupported .*: the device has one graphics queue\s+only/);
});

Deno.test("mvgal bench without a Vulkan driver says where it looked, and succeeds", async () => {
  const { code, stdout } = await bench(["memory"], NO_VULKAN);
  assert.equal(code, 0);
  assert.match(stdout, /No GPU was measured/);
  assert.match(stdout, /\n {2}pci +/);
  assert.match(stdout, /mesa-vulkan-drivers/);
});

Deno.test("mvgal bench all without a Vulkan driver measures the host", async () => {
  const { code, stdout, stderr } = await bench(["all", "--quick"], NO_VULKAN);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /memory copy, one core +[\d.]+ GB\/s/);
  assert.match(stdout, /No GPU was measured/);
});

Deno.test("mvgal bench --gpu refuses a selector that fits nothing", async () => {
  const { code, stdout, stderr } = await bench(["sync", "--gpu", "pci:ffff:ff:1f.7"], NO_VULKAN);
  assert.notEqual(code, 0);
  assert.equal(stdout, "");
  assert.match(stderr, /^mvgal: .*\n$/);
});

Deno.test("mvgal bench --json refuses a place that is not there, before it measures", async () => {
  const { code, stderr } = await bench(["all", "--json", "/no/such/place/x.json"], NO_VULKAN);
  assert.equal(code, 2);
  assert.equal(
    stderr,
    "mvgal: --json /no/such/place/x.json: there is no directory /no/such/place\n",
  );
});

Deno.test("mvgal bench refuses an unknown suite with a suggestion", async () => {
  const { code, stderr } = await bench(["memry"], NO_VULKAN);
  assert.equal(code, 2);
  assert.match(stderr, /memry/);
  assert.equal(stderr.trim().split("\n").length, 1);
});

Deno.test("Ctrl-C ends mvgal bench and prints what was measured", async () => {
  const child = command(["host", "--quick"], NO_VULKAN).spawn();
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let progress = "";
  while (!progress.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) break;
    progress += value;
  }
  child.kill("SIGINT");
  const [{ code }, stdout] = await Promise.all([
    child.status,
    new Response(child.stdout).text(),
    (async () => {
      while (!(await reader.read()).done);
    })(),
  ]);
  assert.equal(code, 130);
  assert.match(stdout, /skipped [^:]*: interrupted/);
});

/** A quick benchmark that needs no device. */
const CHEAP = ["host.copy_one_core", "--quick"];

Deno.test("mvgal bench --list shows every benchmark, and why it cannot be run here", async () => {
  const { code, stdout } = await bench(["--list"], NO_VULKAN);
  assert.equal(code, 0);
  for (const { name } of REGISTRY) assert.ok(stdout.includes(`  ${name}`), name);
  const json = await bench(["memory.*", "--list", "--json", "-"], NO_VULKAN);
  const list = JSON.parse(json.stdout) as BenchList;
  assert.equal(list.schema, "mvgal.bench-list/1");
  assert.ok(list.benchmarks.length > 0);
  assert.ok(list.benchmarks.every(({ suite }) => suite === "memory"));
});

Deno.test("mvgal bench measures what is named, and nothing else", async () => {
  const { code, stdout, stderr } = await bench([...CHEAP, "--json", "-"], NO_VULKAN);
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout) as BenchReport;
  assert.deepEqual(report.benchmarks.map(({ name }) => name), ["host.copy_one_core"]);
  assert.deepEqual(report.context.selection, ["host.copy_one_core"]);
});

Deno.test("mvgal bench --expect exits with 1 and one line for what is missed or unmeasured", async () => {
  const expecting = (...conditions: string[]) =>
    bench([...CHEAP, ...conditions.flatMap((each) => ["--expect", each])], NO_VULKAN);
  const met = await expecting("host.*>=1MB/s");
  assert.equal(met.code, 0, met.stderr);
  assert.match(met.stdout, /expected host\.\*>=1MB\/s: met: host\.copy_one_core on host: /);
  const { code, stderr } = await expecting("host.copy_one_core>=900TB/s", "memory.copy>=0.85peak");
  assert.equal(code, 1);
  assert.match(stderr, /^expected host\.copy_one_core>=900TB\/s: missed: .* on host: \S+ GB\/s$/m);
  assert.match(stderr, /^expected memory\.copy>=0\.85peak: unmeasured: /m);
});

Deno.test("mvgal bench --expect refuses a malformed condition before it measures", async () => {
  for (const condition of ["host.copy_one_core", "host.copy_one_core>=1TFLOP/s", "host.x>=1"]) {
    const { code, stdout, stderr } = await bench([...CHEAP, "--expect", condition], NO_VULKAN);
    assert.equal(code, 2, condition);
    assert.equal(stdout, "");
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  }
});

Deno.test("mvgal bench --compare fails a planted slowdown, and passes a speed-up", async () => {
  const directory = await Deno.makeTempDir({ prefix: "mvgal-bench-" });
  try {
    const path = join(directory, "old.json");
    const first = await bench([...CHEAP, "--json", path], NO_VULKAN);
    assert.equal(first.code, 0, first.stderr);
    const measured = JSON.parse(await Deno.readTextFile(path)) as BenchReport;
    const scaled = (factor: number): BenchReport => ({
      ...measured,
      benchmarks: measured.benchmarks.map((entry) => ({
        ...entry,
        median: (entry.median ?? 0) * factor,
        samples: entry.samples.map((sample) => sample * factor),
      })),
    });
    await Deno.writeTextFile(path, JSON.stringify(scaled(20)));
    const slower = await bench([...CHEAP, "--compare", path], NO_VULKAN);
    assert.equal(slower.code, 1, slower.stderr);
    assert.match(slower.stdout, /^! +host +host\.copy_one_core .* worse \(again: [\d.]+\)$/m);
    await Deno.writeTextFile(path, JSON.stringify(scaled(0.05)));
    const args = [...CHEAP, "--compare", path, "--json", "-", "--expect", "host.*>=2x"];
    const faster = await bench(args, NO_VULKAN);
    assert.equal(faster.code, 0, faster.stderr);
    const report = JSON.parse(faster.stdout) as BenchReport;
    assert.equal(report.comparison?.changes[0]?.verdict, "better");
    assert.equal(report.expectations?.[0]?.state, "met");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("mvgal bench --compare refuses what is no report, before it measures", async () => {
  const { code, stderr } = await bench([...CHEAP, "--compare", MAIN], NO_VULKAN);
  assert.equal(code, 2);
  assert.match(stderr, /^mvgal: --compare .*: it is not JSON\n$/);
});

Deno.test("mvgal bench refuses two reports on stdout, and charts there", async () => {
  for (const args of [["--json", "-", "--csv", "-"], ["--svg", "-"], ["--html", "/no/x.html"]]) {
    assert.equal((await bench([...CHEAP, ...args], NO_VULKAN)).code, 2, args.join(" "));
  }
});

Deno.test("mvgal bench writes JSON, CSV, a page and charts of one run", async () => {
  const directory = await Deno.makeTempDir({ prefix: "mvgal-bench-" });
  try {
    const [json, csv, html, svg] = ["a.json", "a.csv", "a.html", "charts"]
      .map((name) => join(directory, name));
    const paths = ["--json", json, "--csv", csv, "--html", html, "--svg", svg]
      .map((word) => word ?? "");
    const { code, stderr } = await bench([...CHEAP, "--parallel", ...paths], NO_VULKAN);
    assert.equal(code, 0, stderr);
    const read = (path: string | undefined) => Deno.readTextFileSync(path ?? "");
    assert.equal((JSON.parse(read(json)) as BenchReport).context.parallel, true);
    assert.match(read(csv), /host\.copy_one_core/);
    assert.match(read(html), /^<!doctype html>/i);
    for (const { name } of Deno.readDirSync(svg ?? "")) assert.match(name, /\.svg$/);
    const left = Array.from(Deno.readDirSync(directory), ({ name }) => name).sort();
    assert.deepEqual(left, ["a.csv", "a.html", "a.json", "charts"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
