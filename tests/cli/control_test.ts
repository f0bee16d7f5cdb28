import assert from "node:assert/strict";
import { UsageError } from "../../lib/cli/command.ts";
import { DUMPS } from "../sysfs/tree.ts";
import { capture } from "./capture.ts";
import { Host } from "./control_dump.ts";

const dump = (name: string, group: string, ...args: string[]) =>
  capture([group, ...args, "--sysroot", `${DUMPS}${name}`]);

Deno.test("mvgal power show tells the cap, its range and its default", async () => {
  const { status, stdout, stderr } = await dump("vega56", "power", "show");
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^GPU 0: AMD Radeon RX Vega {2}pci:0000:0b:00\.0$/m);
  assert.match(stdout, /^ {2}Power cap +260 W \(1 to 390 W; default 260 W\)$/m);
});

Deno.test("mvgal power|clocks|fan|profile|park show say why there is nothing to set", async () => {
  assert.match((await dump("hd7870", "power", "show")).stdout, /radeon sets no power cap/);
  assert.match((await dump("a380-xe", "fan", "show")).stdout, /xe sets no fan/);
  assert.match((await dump("rtx4080", "clocks", "show")).stdout, /NVML tells of this host/);
  assert.match(
    (await dump("phoenix", "park", "show")).stdout,
    /Kept awake by +power\/control is on/,
  );
});

Deno.test("mvgal power show refuses what it would pass over", async () => {
  for (const args of [["power", "show", "5"], ["clocks", "show", "--max", "9"]]) {
    const [group = "", ...rest] = args;
    const { status, stdout, stderr } = await dump("vega56", group, ...rest);
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, /^mvgal: show takes no values: [^\n]+\n$/);
  }
  assert.equal((await dump("vega56", "power", "show", "--for", "10m")).status, 2);
});

Deno.test("mvgal fan show --json prints one document with snake_case states", async () => {
  const document = JSON.parse((await dump("rx9070", "fan", "show", "--json")).stdout);
  assert.equal(document.schema, "mvgal.settings/1");
  const [gpu] = document.gpus;
  assert.equal(gpu.id, "pci:0000:03:00.0");
  const curve = gpu.settings.find((setting: { id: string }) => setting.id === "fan_curve");
  assert.equal(curve.value, "40:25,50:40,60:60,70:80,80:100");
  // Of a dump it is not known who may write.
  assert.equal(curve.writable, null);
});

Deno.test("mvgal profile set --dry-run prints the ordered writes, and how they are read and taken back", async () => {
  const { status, stdout } = await dump("vega56", "profile", "set", "compute", "--dry-run");
  assert.equal(status, 0);
  assert.equal(
    stdout,
    `pci:0000:0b:00.0
  Profile: BOOTUP_DEFAULT -> COMPUTE
    write /sys/devices/pci0000:00/0000:0b:00.0/power_dpm_force_performance_level "manual"
      reads back "manual", now "auto"
      taken back by "auto"
    write /sys/devices/pci0000:00/0000:0b:00.0/pp_power_profile_mode "5"
      reads back "5", now "0"
      taken back by "0"
`,
  );
});

Deno.test("mvgal power set refuses a value out of range, and exits with 1", async () => {
  const { status, stdout, stderr } = await dump("vega56", "power", "set", "500", "--dry-run");
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(stderr, /^mvgal: pci:0000:0b:00\.0: power cap: 500 W is outside .* 1 to 390 W\n$/);
});

for (
  const [args, why] of [
    [["power", "set", "200"], /never written: add --dry-run/],
    [["power", "set", "--dry-run"], /nothing to set: give <watts>/],
    [["clocks", "set", "--dry-run"], /nothing to set: give --min, --max/],
    [["power", "set", "much", "--dry-run"], /'much' is no number of W/],
    [["power", "set", "200", "--for", "10", "--dry-run"], /--for '10' is no time/],
    [["power", "reset", "200", "--dry-run"], /reset takes no values/],
    [["power", "increase"], /'increase' is invalid .* show, set, reset/],
  ] as const
) {
  Deno.test(`mvgal ${args.join(" ")} on a dump is wrong usage`, async () => {
    const { status, stderr } = await capture([...args, "--sysroot", `${DUMPS}vega56`]);
    assert.equal(status, 2, stderr);
    assert.match(stderr, why);
  });
}

Deno.test("mvgal power set shows, asks, sets, and keeps the value before in the journal", async () => {
  using host = new Host("vega56");
  host.answers = [true];
  assert.equal(await host.run("power", ["set", "215"]), 0);
  assert.equal(host.cap, "215000000");
  assert.deepEqual(host.questions, ["Make this change? [y/N]"]);
  assert.match(host.stdout, /Power cap: 260 W -> 215 W\n.*\n.*now "260000000"/);
  assert.match(host.stdout, /done, and read back\n$/);
  assert.equal(host.journal.entries()[0]?.changes[0]?.from, 260);
  assert.equal(host.watchers, 0);
});

Deno.test("mvgal power set changes nothing where the answer is no, or nobody can be asked", async () => {
  using host = new Host("vega56");
  host.answers = [false];
  assert.equal(await host.run("power", ["set", "215"]), 1);
  await assert.rejects(
    host.run("power", ["set", "215"]),
    (error) => error instanceof UsageError && /add --yes/.test(error.message),
  );
  assert.equal(host.cap, "260000000");
  assert.deepEqual(host.journal.entries(), []);
});

Deno.test("mvgal power set --for starts what takes it back, and says until when", async () => {
  using host = new Host("vega56");
  assert.equal(await host.run("power", ["set", "215"], { yes: true, for: "10m", json: true }), 0);
  assert.equal(host.watchers, 1);
  const document = JSON.parse(host.stdout);
  assert.equal(document.schema, "mvgal.settings-change/1");
  assert.equal(document.state, "applied");
  // The test's clock is at 1000 s of 2026.
  assert.equal(document.gpus[0].until, "2026-01-01T00:26:40.000Z");
  assert.equal(host.journal.entries()[0]?.deadline?.uptime_s, 1600);
  assert.equal(host.cap, "215000000");
});

Deno.test("mvgal power set takes an earlier change back first, which did not stay", async () => {
  using host = new Host("vega56");
  await host.run("power", ["set", "215"], { yes: true, for: "10m" });
  await host.run("power", ["set", "200"], { yes: true, for: "10m" });
  assert.match(host.stdout, /the earlier change is taken back first: .*is 260000000 again/);
  assert.equal(host.cap, "200000000");
  assert.equal(host.journal.entries()[0]?.changes[0]?.from, 260);
});

Deno.test("mvgal fan set asks whether to keep it, and takes it back where nobody answers", async () => {
  using host = new Host("vega56");
  host.answers = [true, false];
  assert.equal(await host.run("fan", ["set", "60"]), 1);
  assert.equal(host.questions.length, 2);
  assert.match(host.questions[1] ?? "", /taken back in 15 s/);
  assert.match(host.stdout, /taken back\n$/);
  assert.equal(host.pwmMode, "2");
  assert.deepEqual(host.journal.entries(), []);
  // Were mvgal killed while it asks, this would take it back.
  assert.equal(host.watchers, 1);
});

Deno.test("mvgal fan set keeps what is confirmed", async () => {
  using host = new Host("vega56");
  host.answers = [true, true];
  assert.equal(await host.run("fan", ["set", "60"]), 0);
  assert.equal(host.pwmMode, "1");
  assert.equal(host.journal.entries()[0]?.confirmed, true);
});

Deno.test("mvgal fan set asks nothing with --yes or --for", async () => {
  using host = new Host("vega56");
  assert.equal(await host.run("fan", ["set", "60"], { yes: true }), 0);
  assert.deepEqual(host.questions, []);
  assert.equal(await host.run("fan", ["reset"], { yes: true }), 0);
  assert.equal(host.pwmMode, "2");
});

Deno.test("mvgal power reset says where there is nothing to do", async () => {
  using host = new Host("vega56");
  assert.equal(await host.run("power", ["reset"]), 0);
  assert.match(host.stdout, /nothing to do/);
  assert.deepEqual(host.questions, []);
});

Deno.test("mvgal park set says what keeps the GPU awake all the same", async () => {
  using host = new Host("vega56");
  assert.equal(await host.run("park", ["set"], { yes: true }), 0);
  const control = "sys/devices/pci0000:00/0000:0b:00.0/power/control";
  assert.equal(host.read(control), "auto\n");
  assert.equal(await host.run("park", ["reset"], { yes: true }), 0);
  assert.equal(host.read(control), "on\n");
});

Deno.test("mvgal power show tells which change is to be taken back", async () => {
  using host = new Host("vega56");
  await host.run("power", ["set", "215"], { yes: true, for: "10m" });
  await host.run("power", ["show"]);
  assert.match(host.stdout, /To be taken back +at 2026-01-01T00:26:40\.000Z/);
});

Deno.test("mvgal __revert-settings is in no help", async () => {
  const { stdout } = await capture(["--help"]);
  assert.doesNotMatch(stdout, /revert-settings/);
  for (const group of ["power", "clocks", "fan", "profile", "park"]) {
    assert.match(stdout, new RegExp(`^  ${group} `, "m"));
    const help = await capture([group, "--help"]);
    assert.equal(help.status, 0);
    assert.match(help.stdout, /Examples:/);
  }
});
