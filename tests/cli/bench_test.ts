import assert from "node:assert/strict";
import { join } from "node:path";
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
  assert.match(stdout, /beside busy devices +[\d.]+ µs +p99 [\d.]+, max [\d.]+/);
  assert.match(stdout, /unsupported: the device has one compute queue only/);
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
  const child = command(["host"], NO_VULKAN).spawn();
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
  assert.match(stdout, /skipped: interrupted/);
});
