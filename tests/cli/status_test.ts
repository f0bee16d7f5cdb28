import assert from "node:assert/strict";
import { needsSecondLook } from "../../lib/telemetry/looker.ts";
import { FIRST_LOOK } from "../../lib/telemetry/driver.ts";
import { DUMPS, pciFunction, Tree } from "../sysfs/tree.ts";
import { gpuSample, lookAt } from "../render/status_samples.ts";
import { capture } from "./capture.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

const status = (dump: string, ...args: string[]) =>
  capture(["status", "--sysroot", `${DUMPS}${dump}`, ...args]);

Deno.test("mvgal status shows a GPU's figures in 80 columns", async () => {
  const { status: code, stdout, stderr } = await status("vega56");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^GPU 0 {2}AMD Radeon RX Vega {2}pci:0000:0b:00\.0 +auto$/m);
  assert.match(stdout, /^busy \.+ +0 % {2}26 of 1590 MHz$/m);
  assert.match(stdout, /^mem {2}#\.+ +0 % {2}15\.8 MiB of 8\.0 GiB$/m);
  assert.match(stdout, /temp 38 C .*power 8\.0 of 260\.0 W/);
  for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(stdout, /\x1b/);
});

Deno.test("mvgal status says why a value is not known", async () => {
  assert.match((await status("rtx4080")).stdout, /unsupported\nNVIDIA's driver tells it through/);
  assert.match((await status("b580")).stdout, /^busy unknown: /m);
});

Deno.test("mvgal status uses Unicode where the locale does", async () => {
  const env = { LANG: "de_DE.UTF-8" };
  const { stdout } = await capture(["status", "--sysroot", `${DUMPS}vega56`], { env });
  assert.match(stdout, /temp 38 °C/);
  assert.match(stdout, /^mem {2}▏·+/m);
});

Deno.test("mvgal status --json prints one object on one line", async () => {
  const { stdout } = await status("rx7900xtx", "--json");
  assert.match(stdout, /^[^\n]+\n$/);
  const document = JSON.parse(stdout);
  assert.equal(document.schema, "mvgal.status/1");
  assert.match(document.at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.equal(typeof document.interval_ms, "number");
  const [gpu] = document.gpus;
  assert.deepEqual(
    [gpu.id, gpu.utilization_pct, gpu.temperature_c, gpu.power_w, gpu.power_cap_w, gpu.fan_rpm],
    ["pci:0000:03:00.0", 3, 53, 68, 290, 0],
  );
  assert.deepEqual([gpu.vram_used_bytes, typeof gpu.absent.vram_used_bytes], [null, "string"]);
  assert.ok(!("processes" in document) && !("health" in document));
});

Deno.test("mvgal status --processes says what it could not look at", async () => {
  const { stdout } = await status("vega56", "--json", "--processes");
  const document = JSON.parse(stdout);
  assert.deepEqual(document.processes, []);
  assert.match(document.partial, /has no directory proc/);
  const text = (await status("vega56", "--processes")).stdout;
  assert.match(text, /^Not all: open files of all processes not looked at/m);
  assert.match(text, /^Shares and rates are over \d+ ms\.$/m);
});

Deno.test("mvgal status without a GPU succeeds", async () => {
  using empty = new Tree();
  const { status: code, stdout } = await capture(["status", "--sysroot", empty.directory]);
  assert.deepEqual([code, stdout], [0, "No GPU found: mvgal info says where it looked.\n"]);
  const json = await capture(["status", "--json", "--sysroot", empty.directory]);
  const { gpus, interval_ms } = JSON.parse(json.stdout);
  assert.deepEqual([gpus, interval_ms], [[], null]);
});

Deno.test("mvgal status --gpu chooses", async () => {
  assert.match((await status("vega56", "--gpu", "amd")).stdout, /^GPU 0 /);
  const nobody = await status("vega56", "--gpu", "nvidia");
  assert.equal(nobody.status, 1);
  assert.match(nobody.stderr, /^mvgal: no GPU is 'nvidia': [^\n]+\n$/);
});

Deno.test("mvgal status --health returns 1 where no GPU is known to be well", async () => {
  const well = await status("vega56", "--health");
  assert.equal(well.status, 0);
  assert.match(well.stdout, /^GPU 0 .* ok$/m);
  const blind = await status("rtx4080", "--health", "--json");
  assert.equal(blind.status, 1);
  assert.equal(JSON.parse(blind.stdout).health.worst, "unknown");
  using empty = new Tree();
  const none = await capture(["status", "--health", "--sysroot", empty.directory]);
  assert.equal(none.status, 1);
});

/** What `mvgal status --health` says of a card whose one sensor says so much, in m°C. */
async function healthAt(temperature: number, ...args: string[]) {
  using tree = new Tree(pciFunction({
    at: "pci0000:00/0000:01:00.0",
    class: "0x030000",
    vendor: "0x1002",
    device: "0x687f",
    driver: "amdgpu",
    more: {
      "hwmon/hwmon1/name": "amdgpu",
      "hwmon/hwmon1/temp1_input": String(temperature),
      "hwmon/hwmon1/temp1_label": "edge",
    },
  }));
  return await capture(["status", "--health", "--sysroot", tree.directory, ...args]);
}

Deno.test("mvgal status --health finds what is wrong in one look", async () => {
  const { status: code, stdout } = await healthAt(99_000);
  assert.equal(code, 1);
  assert.match(stdout, /^GPU 0 .* critical$/m);
  assert.match(stdout, /99/);
});

Deno.test("mvgal status --health --strict returns 1 for a warning, and 0 for a GPU that is well", async () => {
  assert.equal((await healthAt(85_000)).status, 0);
  assert.equal((await healthAt(85_000, "--strict")).status, 1);
  assert.equal((await healthAt(50_000, "--strict")).status, 0);
});

Deno.test("mvgal status refuses what cannot be meant with one line", async () => {
  const cases: [string[], RegExp][] = [
    [["--interval", "99"], /--interval '99' is no whole number of milliseconds from 100/],
    [["--interval", "abc"], /--interval 'abc'/],
    [["--interval", "1e3"], /--interval '1e3'/],
    [["--interval", "99999999999"], /--interval '99999999999'/],
    [["--watch", "--once"], /--watch and --once exclude each other/],
    [["--strict"], /--strict judges one look's health: give it with --health/],
    [["--strict", "--health", "--watch"], /without --watch/],
    [["-i"], /argument missing/],
  ];
  for (const [args, message] of cases) {
    const { status: code, stdout, stderr } = await status("vega56", ...args);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(stderr, /^mvgal: [^\n]+\n$/);
    assert.match(stderr, message);
  }
});

Deno.test("mvgal-status is mvgal status, with the options that it had", async () => {
  const env = { MVGAL_SYSROOT: `${DUMPS}vega56` };
  const program = "mvgal-status";
  assert.match((await capture(["-1"], { program, env })).stdout, /^GPU 0 {2}AMD Radeon RX Vega/);
  assert.match((await capture(["--help"], { program })).stdout, /\n {2}mvgal-status --watch\n/);
});

Deno.test("needsSecondLook() asks for one where programs, or what needs two readings, are shown", () => {
  assert.equal(needsSecondLook(lookAt([gpuSample()])), false);
  assert.equal(needsSecondLook(lookAt([gpuSample()], [])), true);
  assert.equal(needsSecondLook(lookAt([], [])), false);
  assert.equal(needsSecondLook(lookAt([gpuSample({ absent: { power_w: FIRST_LOOK } })])), true);
  assert.equal(needsSecondLook(lookAt([gpuSample({ absent: { power_w: "no sensor" } })])), false);
  assert.equal(needsSecondLook(lookAt([gpuSample({ absent: { energy_j: FIRST_LOOK } })])), false);
});

/** `mvgal status --watch` on a dump, as a process of its own. */
function watching(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", MAIN, "status", "--watch", "--interval", "100"],
      ...["--sysroot", `${DUMPS}vega56`, ...args],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Reads until so many lines have come. */
async function readLines(child: Deno.ChildProcess, count: number): Promise<string[]> {
  let text = "";
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  while (text.split("\n").length <= count) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
  }
  reader.releaseLock();
  return text.split("\n").slice(0, count);
}

Deno.test("mvgal status --watch --json prints an object a look, until a signal ends it", async () => {
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    const child = watching("--json");
    const looks = (await readLines(child, 3)).map((line) => JSON.parse(line));
    assert.deepEqual(looks.map(({ schema }) => schema), Array(3).fill("mvgal.status/1"));
    assert.equal(looks[0].interval_ms, null);
    assert.ok(looks[1].interval_ms > 0);
    child.kill(signal);
    const [status, said] = await Promise.all([child.status, new Response(child.stderr).text()]);
    assert.deepEqual([status.code, status.signal, said], [code, null, ""]);
  }
});

Deno.test("mvgal status --watch prints text where there is no screen", async () => {
  const child = watching();
  const lines = await readLines(child, 16);
  child.kill("SIGTERM");
  await Promise.all([child.status, child.stderr.cancel()]);
  assert.match(lines[0] ?? "", /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.ok(lines.filter((line) => line.startsWith("GPU 0 ")).length >= 2);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(lines.join(""), /\x1b/);
});

Deno.test("mvgal status --watch ends quietly where its reader goes away", async () => {
  const shell =
    `"$0" run -A "$1" status --watch --json -i 100 --sysroot "$2" | head -n 1 >/dev/null; ` +
    `echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", shell, Deno.execPath(), MAIN, `${DUMPS}vega56`],
  }).output();
  assert.equal(new TextDecoder().decode(stdout), "0\n");
  assert.equal(new TextDecoder().decode(stderr), "");
});
