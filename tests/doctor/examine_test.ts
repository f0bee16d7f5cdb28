import assert from "node:assert/strict";
import type { DoctorCheck } from "../../lib/doctor/check.ts";
import { CHECKS, examine } from "../../lib/doctor/examine.ts";
import { parseIdentity, parseMissing } from "../../lib/doctor/live_host.ts";
import { readsWithoutWaking } from "../../lib/sysfs/device_files.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { drmNode, DUMPS, pciFunction, Tree } from "../sysfs/tree.ts";
import { contextOf } from "./described_host.ts";

/** A root that notes which files are opened. */
class NotingSysroot extends Sysroot {
  readonly opened = new Set<string>();

  override bytes(path: string, limit?: number): Uint8Array | undefined {
    this.opened.add(this.resolve(path) ?? path);
    return super.bytes(path, limit);
  }
}

Deno.test("CHECKS have ids of their own, in the form of names", () => {
  const ids = CHECKS.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
});

Deno.test("CHECKS and rules of health are all in the documents", async () => {
  const { HEALTH_RULES } = await import("../../lib/telemetry/health.ts");
  const text = (name: string) =>
    Deno.readTextFileSync(new URL(`../../docs/${name}.md`, import.meta.url));
  for (const { id } of CHECKS) assert.ok(text("doctor").includes(`| \`${id}\``), id);
  for (const { id } of HEALTH_RULES) assert.ok(text("health").includes(`| \`${id}\``), id);
  const { THRESHOLD_NAMES, DEFAULT_THRESHOLDS } = await import(
    "../../lib/telemetry/health/thresholds.ts"
  );
  for (const name of THRESHOLD_NAMES) {
    const row = new RegExp(`^\\| \`${name}\` +\\| +(\\S+)`, "m").exec(text("health"))?.[1];
    assert.equal(row, `${DEFAULT_THRESHOLDS[name]}`, name);
  }
});

Deno.test("examine() gives every dump outcomes with texts of one line", () => {
  for (const { name } of Deno.readDirSync(DUMPS)) {
    if (name === "LICENSE") continue;
    const { checks, problem_count } = examine(contextOf(new Sysroot(`${DUMPS}${name}`)));
    assert.equal(checks.length, CHECKS.length);
    assert.equal(problem_count, 0, name);
    for (const { outcomes } of checks) {
      assert.ok(outcomes.length > 0);
      for (const { text } of outcomes) assert.match(text, /^\S.*\S$/);
    }
  }
});

Deno.test("examine() opens no file that wakes a GPU that sleeps", () => {
  const at = "pci0000:00/0000:01:00.0";
  using tree = new Tree({
    ...pciFunction({
      at,
      class: "0x030000",
      vendor: "0x1002",
      device: "0x73ff",
      driver: "amdgpu",
      more: {
        "power/runtime_status": "suspended",
        "power/control": "auto",
        mem_info_vram_total: "8573157376",
        mem_info_vis_vram_total: "268435456",
        mem_info_vram_used: "1",
        gpu_busy_percent: "0",
        current_link_width: "16",
        current_link_speed: "16.0 GT/s PCIe",
        resource: "0x0 0x0 0x0",
      },
    }),
    ...drmNode(at, "card0", 0),
    "usr/lib/libc.so.6": "",
  });
  const sysroot = new NotingSysroot(tree.directory);
  const report = examine(contextOf(sysroot, {}));
  assert.equal(report.gpu_count, 1);
  const device = `/sys/devices/${at}/`;
  const waking = [...sysroot.opened].filter((path) =>
    path.startsWith(device) && !readsWithoutWaking(path.slice(device.length)) ||
    path.startsWith("/dev/")
  );
  assert.deepEqual(waking, []);
  assert.ok([...sysroot.opened].some((path) => path.startsWith(device)));
});

Deno.test("examine() counts checks, not outcomes, and goes on after one that throws", () => {
  const check = (id: string, run: DoctorCheck["run"]): DoctorCheck => ({
    id,
    title: id,
    applies: () => null,
    run,
  });
  const outcome = (state: "ok" | "warning" | "problem") => ({
    state,
    subject: null,
    text: "text",
    fix: null,
  });
  const report = examine(contextOf(new Sysroot(`${DUMPS}rx580`)), [
    check("a", () => [outcome("problem"), outcome("problem"), outcome("ok")]),
    check("b", () => {
      throw new Error("two\n lines");
    }),
    check("c", () => [outcome("ok"), outcome("warning")]),
  ]);
  assert.deepEqual([report.problem_count, report.warning_count], [1, 1]);
  assert.deepEqual(report.checks.map(({ state }) => state), ["problem", "skipped", "warning"]);
  assert.equal(report.checks[1]?.outcomes[0]?.text, "unexpected: two lines");
});

Deno.test("parseIdentity() reads the effective ids and capabilities of a status file", () => {
  const status = [
    "Name:\tmvgal",
    "Uid:\t1000\t1001\t1000\t1000",
    "Gid:\t100\t101\t100\t100",
    "Groups:\t44 105 101 ",
    "CapEff:\t0000004000080000",
  ].join("\n");
  assert.deepEqual(parseIdentity(status), {
    uid: 1001,
    groups: [101, 44, 105],
    capabilities: (1n << 38n) | (1n << 19n),
  });
  assert.equal(parseIdentity("Name:\tx"), undefined);
});

Deno.test("parseMissing() reads what ldd says is not found", () => {
  const text =
    "\tlinux-vdso.so.1 (0x1)\n\tlibLLVM.so.19 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x2)\n";
  assert.deepEqual(parseMissing(text), ["libLLVM.so.19"]);
});
