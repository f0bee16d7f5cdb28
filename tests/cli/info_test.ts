import assert from "node:assert/strict";
import { DUMPS, pciFunction, Tree } from "../sysfs/tree.ts";
import { capture } from "./capture.ts";

const info = (dump: string, ...args: string[]) =>
  capture(["info", "--sysroot", `${DUMPS}${dump}`, ...args]);

Deno.test("mvgal info shows a block a GPU and the logical device, in 80 columns", async () => {
  const { status, stdout, stderr } = await info("vega56");
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^GPU 0: AMD Radeon RX Vega {2}pci:0000:0b:00\.0$/m);
  assert.match(
    stdout,
    /^ {2}Memory {6}15\.8 MiB of 8\.0 GiB used, 256 MiB visible to the processor$/m,
  );
  assert.match(
    stdout,
    /^ {2}PCIe link {3}gen 3 x16 \(8 GT\/s\) now, gen 3 x16 \(8 GT\/s\) at most$/m,
  );
  assert.match(stdout, /^ {2}State {7}active, 38 °C, 0 % busy$/m);
  assert.match(stdout, /^Logical device$/m);
  for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(stdout, /\x1b/);
});

Deno.test("mvgal info says why a value is not known", async () => {
  const { stdout } = await info("a380-xe");
  assert.match(stdout.replaceAll(/\n +/g, " "), /PCIe link +unknown: the bridges above the GPU/);
  assert.match(stdout.replaceAll(/\n +/g, " "), /Memory +unknown: the xe driver has no file/);
});

Deno.test("mvgal info --json prints one document", async () => {
  const { stdout } = await info("rx6600", "--json");
  const document = JSON.parse(stdout);
  assert.equal(document.schema, "mvgal.inventory/1");
  assert.equal(document.gpu_count, 1);
  assert.equal(document.gpus[0].pcie_link_width, 8);
  assert.equal(document.gpus[0].vram_total_bytes, null);
});

Deno.test("mvgal info --count prints the number of GPUs alone", async () => {
  assert.equal((await info("phoenix", "--count")).stdout, "1\n");
  using empty = new Tree();
  const none = await capture(["info", "--count", "--sysroot", empty.directory]);
  assert.deepEqual([none.status, none.stdout], [0, "0\n"]);
  for (const other of ["--topology", "--apis", "--json"]) {
    const { status, stderr } = await info("phoenix", "--count", other);
    assert.equal(status, 2);
    assert.match(stderr, new RegExp(`^mvgal: --count prints a number alone: leave out ${other}`));
  }
});

Deno.test("mvgal info without a GPU says where it looked, and succeeds", async () => {
  using empty = new Tree();
  const { status, stdout } = await capture(["info", "--sysroot", empty.directory]);
  assert.equal(status, 0);
  assert.match(stdout, /^No GPU found\. mvgal looked here:/);
  assert.match(stdout, /^ {2}pci +absent: no directory \/sys\/bus\/pci\/devices$/m);
  assert.match(stdout, /^ {2}vulkan +skipped: /m);
  const json = JSON.parse(
    (await capture(["info", "--json", "--sysroot", empty.directory])).stdout,
  );
  assert.deepEqual([json.gpu_count, json.gpus, json.enumeration_source], [0, [], "none"]);
});

Deno.test("mvgal info reads MVGAL_SYSROOT, and --sysroot before it", async () => {
  const env = { MVGAL_SYSROOT: `${DUMPS}rx580` };
  assert.match((await capture(["info"], { env })).stdout, /RX 580/);
  const both = await capture(["info", "--sysroot", `${DUMPS}b580`], { env });
  assert.match(both.stdout, /B580/);
});

/** A host with an AMD card and an NVIDIA card. */
const TWO = {
  ...pciFunction({
    at: "pci0000:00/0000:00:01.0/0000:01:00.0",
    class: "0x030000",
    vendor: "0x10de",
    device: "0x2704",
    driver: "nvidia",
  }),
  ...pciFunction({
    at: "pci0000:00/0000:00:03.0/0000:02:00.0",
    class: "0x030000",
    vendor: "0x1002",
    device: "0x67df",
    driver: "amdgpu",
    more: { mem_info_vram_total: "4294967296" },
  }),
};

Deno.test("mvgal info --gpu keeps the index, and makes the logical device of the chosen", async () => {
  using tree = new Tree(TWO);
  const json = async (...args: string[]) =>
    JSON.parse(
      (await capture(["info", "--json", "--sysroot", tree.directory, ...args])).stdout,
    );
  const all = await json();
  assert.equal(all.gpu_count, 2);
  assert.equal(all.logical_device.tier, "separate");
  assert.deepEqual(all.logical_device.vram_unknown, ["pci:0000:01:00.0"]);
  assert.deepEqual(all.topology.pairs.map(({ relation }: { relation: string }) => relation), [
    "PHB",
  ]);
  const amd = await json("--gpu", "amd");
  assert.equal(amd.gpu_count, 1);
  assert.equal(amd.gpus[0].index, 1);
  assert.equal(amd.logical_device.vram_total_bytes, 4294967296);
});

Deno.test("mvgal info --topology draws the tree and the matrix", async () => {
  using tree = new Tree(TWO);
  const { stdout } = await capture(["info", "--topology", "--sysroot", tree.directory]);
  assert.match(stdout, /└─ host bridge pci0000:00\n +├─ bridge 0000:00:01\.0\n +│ +└─ GPU0/);
  assert.match(stdout, /^ +GPU0 +X +PHB +\? +\?$/m);
  assert.match(stdout, /^ +PHB = a host bridge$/m);
});

Deno.test("mvgal info lets no device's files write to the terminal", async () => {
  using tree = new Tree(pciFunction({
    at: "pci0000:00/0000:00:01.0",
    class: "0x030000",
    vendor: "0x1002",
    device: "0x67df",
    more: { driver: { link: "../../../bus/pci/drivers/evil\x1b[2J\u202e" } },
  }));
  const { stdout } = await capture(["info", "--sysroot", tree.directory], { color: true });
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(stdout, /\x1b\[2J|\u202e/);
  assert.match(stdout, /evil\ufffd\[2J\ufffd/);
});

Deno.test("mvgal info emphasises only where colour is shown", async () => {
  const args = ["info", "--sysroot", `${DUMPS}rx580`];
  // deno-lint-ignore no-control-regex
  assert.match((await capture(args, { color: true })).stdout, /\x1b\[1mGPU 0/);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch((await capture(args)).stdout, /\x1b/);
});
