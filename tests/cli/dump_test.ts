import assert from "node:assert/strict";
import { extract } from "tar-stream";
import { drmNode, DUMPS, pciFunction, Tree } from "../sysfs/tree.ts";
import { capture } from "./capture.ts";

/** Unpacks an archive with tar, as people do. */
async function unpack(archive: string, into: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("tar", {
    args: ["-xf", archive, "-C", into],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

async function inventory(root: string): Promise<unknown> {
  return JSON.parse((await capture(["info", "--json", "--sysroot", root])).stdout);
}

/** Dumps a root to a file, unpacks it elsewhere and compares what mvgal makes of both. */
async function roundTrip(root: string): Promise<void> {
  using work = new Tree();
  using copy = new Tree();
  const archive = `${work.directory}/dump.tar`;
  const { status, stdout, stderr } = await capture(["dump", archive, "--sysroot", root]);
  assert.deepEqual([status, stdout], [0, ""], stderr);
  await unpack(archive, copy.directory);
  assert.deepEqual(await inventory(copy.directory), await inventory(root));
}

for (const { name, isDirectory } of Deno.readDirSync(DUMPS)) {
  if (!isDirectory) continue;
  Deno.test(`mvgal dump and info --sysroot tell the same of ${name} as its files`, async () => {
    await roundTrip(DUMPS + name);
  });
}

/** A host with bridges, a partition, NVIDIA's procfs, lists of names, and what is no GPU. */
function host(): Tree {
  const card = "pci0000:00/0000:00:01.0/0000:01:00.0";
  return new Tree({
    ...pciFunction({
      at: "pci0000:00/0000:00:01.0",
      class: "0x060400",
      vendor: "0x1022",
      device: "0x14db",
      more: { max_link_speed: "32.0 GT/s PCIe", max_link_width: "16", rom: "x" },
    }),
    ...pciFunction({
      at: card,
      class: "0x030000",
      vendor: "0x1002",
      device: "0x67df",
      driver: "amdgpu",
      more: {
        revision: "0xe7",
        subsystem_vendor: "0x1da2",
        subsystem_device: "0xe387",
        serial_number: "a1b2c3d4e5f60718",
        unique_id: "a1b2c3d4e5f60718",
        pcie_bw: "0 0 256",
        psp_vbflash: "x",
        config: new Uint8Array(4096).fill(1),
        max_link_speed: "16.0 GT/s PCIe",
        max_link_width: "16",
        current_link_speed: "16.0 GT/s PCIe",
        current_link_width: "16",
        "hwmon/hwmon3/name": "amdgpu",
        "hwmon/hwmon3/temp1_input": "41000",
        "devcoredump/data": "x",
        iommu_group: { link: "../../../../kernel/iommu_groups/14" },
        subsystem: { link: "/etc" },
      },
    }),
    ...drmNode(card, "card0", 0),
    ...drmNode(card, "renderD128", 128),
    [`sys/devices/${card}/drm/card0/card0-DP-1/status`]: "connected",
    [`sys/devices/${card}/drm/card0/card0-DP-1/edid`]: "x",
    "sys/class/drm/card0-DP-1": { link: `../../devices/${card}/drm/card0/card0-DP-1` },
    "sys/class/hwmon/hwmon3": { link: `../../devices/${card}/hwmon/hwmon3` },
    "sys/module/amdgpu/version": "6.10.5",
    ...pciFunction({
      at: "pci0000:40/0000:41:00.0",
      class: "0x030200",
      vendor: "0x10de",
      device: "0x2335",
      driver: "nvidia",
    }),
    "proc/driver/nvidia/gpus/0000:41:00.0/information":
      "Model: \t NVIDIA H200\nGPU UUID: \t GPU-b15a0a1c-4b3d-0f21-9c5e-8a7b6c5d4e3f\nDevice Minor: \t 0",
    "proc/driver/nvidia/version":
      "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5",
    "sys/devices/virtual/kfd/kfd/topology/nodes/1/properties":
      "simd_count 36\nlocation_id 256\ndomain 0\ndrm_render_minor 128\nunique_id 11656998341637703448",
    "sys/class/kfd/kfd": { link: "../../devices/virtual/kfd/kfd" },
    "dev/kfd": "",
    "usr/share/hwdata/pci.ids": "1002  AMD\n\t67df  Ellesmere [Radeon RX 580]\n" +
      "\t\t1da2 e387  Pulse\n1da2  Sapphire\n10de  NVIDIA\n\t2335  GH100 [H200 of this host]\n",
    ...pciFunction({
      at: "pci0000:00/0000:05:00.0",
      class: "0x020000",
      vendor: "0x8086",
      device: "0x1533",
      more: { address: "52:54:00:12:34:56" },
    }),
    ...drmNode("platform/vgem", "card1", 1),
  });
}

/** Paths and contents of an archive. */
async function entriesOf(archive: Uint8Array): Promise<Map<string, string>> {
  const entries = new Map<string, string>();
  const reader = extract();
  reader.on("entry", (header, stream, next) => {
    const pieces: Uint8Array[] = [];
    stream.on("data", (piece) => {
      assert.ok(piece instanceof Uint8Array);
      pieces.push(piece);
    });
    stream.on("end", () => {
      const text = pieces.map((piece) => new TextDecoder("latin1").decode(piece)).join("");
      entries.set(header.name, header.linkname ? `-> ${header.linkname}` : text);
      next();
    });
  });
  const done = new Promise((resolve, reject) => {
    reader.on("finish", () => resolve(undefined));
    reader.on("error", reject);
  });
  reader.end(archive);
  await done;
  return entries;
}

Deno.test("mvgal dump to stdout holds the files that tell of GPUs, and no others", async () => {
  using tree = host();
  const { status, bytes, stderr } = await capture(["dump", "-", "--sysroot", tree.directory]);
  assert.equal(status, 0);
  assert.match(stderr, /^mvgal: \d+ files of 3 devices; \d identifiers replaced/);
  const entries = await entriesOf(bytes);
  const names = [...entries.keys()];
  assert.equal(entries.get("sys/class/drm/card0")?.startsWith("-> ../../devices/"), true);
  assert.ok(names.some((name) => name.endsWith("0000:00:01.0/max_link_speed")));
  assert.ok(names.some((name) => name.endsWith("card0-DP-1/status")));
  for (const forbidden of [/pcie_bw/, /psp_vbflash/, /devcoredump/, /edid/, /rom$/, /0000:05:00/]) {
    assert.ok(!names.some((name) => forbidden.test(name)), String(forbidden));
  }
  assert.ok(![...entries.values()].some((content) => content.startsWith("-> /")));
  const config = names.find((name) => name.endsWith("0000:01:00.0/config")) ?? "";
  assert.equal(entries.get(config)?.length, 64);
});

Deno.test("mvgal dump replaces serial numbers and UUIDs, the same by the same", async () => {
  using tree = host();
  const { bytes } = await capture(["dump", "-", "--sysroot", tree.directory]);
  const entries = await entriesOf(bytes);
  const all = [...entries.values()].join("\n");
  for (const secret of ["a1b2c3d4e5f60718", "b15a0a1c-4b3d", "11656998341637703448"]) {
    assert.ok(!all.includes(secret), secret);
  }
  const value = (end: string) => [...entries].find(([name]) => name.endsWith(end))?.[1];
  assert.equal(value("/serial_number"), value("/unique_id"));
  assert.match(value("/serial_number") ?? "", /^0{15}[1-9a-f]\n$/);
  assert.match(value("/information") ?? "", /GPU-00000000-0000-0000-0000-00000000000\d/);
});

Deno.test("mvgal dump of a whole host tells the same as the host, but for the identifiers", async () => {
  using tree = host();
  using work = new Tree();
  using copy = new Tree();
  const archive = `${work.directory}/dump.tar`;
  await capture(["dump", archive, "--sysroot", tree.directory]);
  await unpack(archive, copy.directory);
  const plain = (document: unknown) =>
    JSON.parse(JSON.stringify(document).replaceAll(/GPU-[0-9a-f-]{36}/g, "GPU-x"));
  const [dumped, original] = [await inventory(copy.directory), await inventory(tree.directory)];
  assert.deepEqual(plain(dumped), plain(original));
  assert.match(JSON.stringify(dumped), /H200 of this host|NVIDIA H200/);
  assert.match(JSON.stringify(dumped), /Sapphire Pulse/);
});

Deno.test("mvgal dump gives equal archives of equal hosts", async () => {
  using tree = host();
  const dump = async () => (await capture(["dump", "-", "--sysroot", tree.directory])).bytes;
  assert.deepEqual(await dump(), await dump());
});

Deno.test("mvgal dump writes no archive to a terminal", async () => {
  using tree = host();
  const args = ["dump", "--sysroot", tree.directory];
  const { status, stdout, stderr } = await capture(args, { isTerminal: true });
  assert.deepEqual([status, stdout], [2, ""]);
  assert.match(stderr, /needs a file/);
});

Deno.test("mvgal dump says which file it cannot write", async () => {
  const { status, stderr } = await capture([
    "dump",
    "/proc/nonexistent/dump.tar",
    "--sysroot",
    `${DUMPS}rx580`,
  ]);
  assert.equal(status, 1);
  assert.match(stderr, /^mvgal: cannot write \/proc\/nonexistent\/dump\.tar: /);
});

Deno.test("mvgal dump leaves a sleeping GPU asleep, and says so", async () => {
  using tree = new Tree(pciFunction({
    at: "pci0000:00/0000:00:01.0/0000:01:00.0",
    class: "0x030000",
    vendor: "0x1002",
    device: "0x67df",
    driver: "amdgpu",
    more: { "power/runtime_status": "suspended", gpu_busy_percent: "3", config: "x" },
  }));
  const { bytes, stderr } = await capture(["dump", "-", "--sysroot", tree.directory]);
  const names = [...(await entriesOf(bytes)).keys()];
  assert.ok(names.some((name) => name.endsWith("/power/runtime_status")));
  assert.ok(!names.some((name) => /gpu_busy_percent|config/.test(name)));
  assert.match(stderr, /left asleep.*0000:01:00\.0/);
});
