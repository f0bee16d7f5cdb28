import assert from "node:assert/strict";
import { CHECKS } from "../../lib/doctor/examine.ts";
import { DUMPS, pciFunction, Tree } from "../sysfs/tree.ts";
import { capture } from "./capture.ts";

Deno.test("mvgal doctor shows what it found with the fix, in 80 columns of ASCII", async () => {
  const { status, stdout, stderr } = await capture(["doctor", "--sysroot", `${DUMPS}vega56`]);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(
    stdout,
    /^warning {2}The processor can address all of the GPU's memory resizable_bar$/m,
  );
  assert.match(
    stdout.replaceAll(/\n +/g, " "),
    / fix: turn on "Above 4G Decoding" and "Resizable BAR"/,
  );
  assert.match(stdout, /^0 problems, 1 warning; \d+ checks skipped \(--all shows why\)$/m);
  assert.doesNotMatch(stdout, /\P{ASCII}/u);
  for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
});

Deno.test("mvgal doctor exits with 1 where it found a problem", async () => {
  using tree = new Tree(pciFunction({
    at: "pci0000:00/0000:01:00.0",
    class: "0x030000",
    vendor: "0x1002",
    device: "0x73ff",
  }));
  const { status, stdout } = await capture(["doctor", "--sysroot", tree.directory]);
  assert.equal(status, 1);
  assert.match(stdout, /^problem {2}A driver for each GPU driver_bound$/m);
  const other = await capture(["doctor", "iommu", "--sysroot", tree.directory]);
  assert.equal(other.status, 0);
});

Deno.test("mvgal doctor --json prints one document", async () => {
  const { stdout } = await capture(["doctor", "--json", "--sysroot", `${DUMPS}vega56`]);
  const { schema, gpu_count, problem_count, checks } = JSON.parse(stdout);
  assert.deepEqual([schema, gpu_count, problem_count], ["mvgal.doctor/1", 1, 0]);
  assert.deepEqual(checks.map(({ id }: { id: string }) => id), CHECKS.map(({ id }) => id));
  const bar = checks.find(({ id }: { id: string }) => id === "resizable_bar");
  assert.deepEqual([bar.state, bar.outcomes[0].subject], ["warning", "pci:0000:0b:00.0"]);
});

Deno.test("mvgal doctor takes ids, in the table's order, and shows them also where skipped", async () => {
  const { stdout } = await capture([
    "doctor",
    "dri_access",
    "driver_bound",
    "--sysroot",
    `${DUMPS}vega56`,
  ]);
  assert.match(stdout, /^ok .*driver_bound\n.*\nskipped .*dri_access\n +asks the running host/);
  assert.doesNotMatch(stdout, /resizable_bar/);
});

Deno.test("mvgal doctor --list names every check, and makes none", async () => {
  const { status, stdout } = await capture(["doctor", "--list"]);
  assert.equal(status, 0);
  assert.deepEqual(
    stdout.trimEnd().split("\n").map((line) => line.split(" ")[0]),
    CHECKS.map(({ id }) => id),
  );
});

Deno.test("mvgal doctor refuses an id that is none, with the one that was meant", async () => {
  const { status, stderr } = await capture(["doctor", "vulkan_drivers"]);
  assert.equal(status, 2);
  assert.match(stderr, /no check is called 'vulkan_drivers': did you mean vulkan_driver\?/);
});

Deno.test("mvgal doctor examines this host", async () => {
  const { status, stdout } = await capture(["doctor", "--json"]);
  const { checks, problem_count } = JSON.parse(stdout);
  assert.equal(checks.length, CHECKS.length);
  assert.equal(status, problem_count > 0 ? 1 : 0);
  assert.doesNotMatch(stdout, /unexpected: /);
});
