import assert from "node:assert/strict";
import { amdgpuName, lookUpAmdgpuRow } from "../../lib/discovery/amdgpu_ids.ts";
import { excerptPciIds, lookUpPciNames, PciIdList } from "../../lib/discovery/pci_ids.ts";
import { Tree } from "../sysfs/tree.ts";

const LIST = [
  "# a comment",
  "1002  Advanced Micro Devices, Inc. [AMD/ATI]",
  "\t67df  Ellesmere [Radeon RX 580]",
  "# a comment between",
  "\t\t1da2 e387  Radeon RX 580 Pulse 4GB",
  "\t73ff  Navi 23",
  "10de  NVIDIA Corporation",
  "\t67df  Not this one",
  "\t2335  NVIDIA's alone",
  "1da2  Sapphire Technology Limited",
  "C 03  Display controller",
  "\t00  VGA compatible controller",
].join("\n");

const RX580 = { vendor: 0x1002, device: 0x67df };

Deno.test("lookUpPciNames() finds vendor, device, subsystem and its vendor", () => {
  const ids = { ...RX580, subsystem_vendor: 0x1da2, subsystem_device: 0xe387 };
  assert.deepEqual(lookUpPciNames(LIST, ids), {
    vendor: "Advanced Micro Devices, Inc. [AMD/ATI]",
    device: "Ellesmere [Radeon RX 580]",
    subsystem: "Radeon RX 580 Pulse 4GB",
    subsystem_vendor: "Sapphire Technology Limited",
  });
});

Deno.test("lookUpPciNames() takes no other vendor's device, and no other device's subsystem", () => {
  const none = lookUpPciNames(LIST, { vendor: 0x1da2, device: 0x67df });
  assert.equal(none.device, null);
  assert.equal(none.vendor, "Sapphire Technology Limited");
  assert.equal(lookUpPciNames(LIST, { vendor: 0x1002, device: 0x2335 }).device, null);
  const other = {
    vendor: 0x1002,
    device: 0x73ff,
    subsystem_vendor: 0x1da2,
    subsystem_device: 0xe387,
  };
  assert.equal(lookUpPciNames(LIST, other).subsystem, null);
  assert.deepEqual(lookUpPciNames("", RX580).vendor, null);
});

Deno.test("PciIdList falls back on its own list, device by device", () => {
  using bare = new Tree();
  assert.match(new PciIdList(bare.sysroot).lookUp(RX580).device ?? "", /Radeon RX/);
  using tree = new Tree({ "usr/share/misc/pci.ids": LIST });
  const list = new PciIdList(tree.sysroot);
  assert.equal(list.lookUp(RX580).device, "Ellesmere [Radeon RX 580]");
  assert.match(list.lookUp({ vendor: 0x8086, device: 0x56a5 }).device ?? "", /Arc A380/);
  assert.equal(list.lookUp({ vendor: 0x8086, device: 0xffff }).device, null);
});

Deno.test("PciIdList knows the makers of GPUs, virtual machines' and servers' displays", () => {
  using bare = new Tree();
  const list = new PciIdList(bare.sysroot);
  const expected: [number, number, RegExp][] = [
    [0x1002, 0x744c, /Navi 31/],
    [0x10de, 0x2335, /H200/],
    [0x8086, 0xe20b, /B580/],
    [0x1ed5, 0x0201, /MTT S80/],
    [0x1a03, 0x2000, /ASPEED Graphics/],
    [0x1af4, 0x1050, /Virtio/],
    [0x1b36, 0x0100, /QXL/],
    [0x15ad, 0x0405, /SVGA/],
    [0x1414, 0x5353, /Hyper-V/],
  ];
  for (const [vendor, device, name] of expected) {
    assert.match(list.lookUp({ vendor, device }).device ?? "", name);
  }
});

Deno.test("excerptPciIds() keeps the lines that tell of the devices, in the list's format", () => {
  const ids = { ...RX580, subsystem_vendor: 0x1da2, subsystem_device: 0xe387 };
  const excerpt = excerptPciIds(LIST, [ids, ids, RX580]);
  assert.equal(
    excerpt,
    "1002  Advanced Micro Devices, Inc. [AMD/ATI]\n" +
      "\t67df  Ellesmere [Radeon RX 580]\n" +
      "\t\t1da2 e387  Radeon RX 580 Pulse 4GB\n" +
      "1da2  Sapphire Technology Limited\n",
  );
  assert.deepEqual(lookUpPciNames(excerpt, ids), lookUpPciNames(LIST, ids));
});

Deno.test("amdgpuName() tells models of one device id apart by the revision", () => {
  using bare = new Tree();
  assert.match(amdgpuName(bare.sysroot, 0x73ff, 0xc7) ?? "", /RX 6600$/);
  assert.match(amdgpuName(bare.sysroot, 0x73ff, 0xc1) ?? "", /RX 6600 XT$/);
  assert.equal(amdgpuName(bare.sysroot, 0x73ff, 0x99), undefined);
});

Deno.test("amdgpuName() prefers the host's list", () => {
  using tree = new Tree({ "usr/share/libdrm/amdgpu.ids": "1.0.0\n73FF,\tC7,\tAMD Radeon, New" });
  assert.equal(amdgpuName(tree.sysroot, 0x73ff, 0xc7), "AMD Radeon, New");
  assert.match(amdgpuName(tree.sysroot, 0x744c, 0xc8) ?? "", /7900 XTX/);
});

Deno.test("lookUpAmdgpuRow() matches the whole ids of a row", () => {
  assert.equal(lookUpAmdgpuRow("73FF,\tC7,\tX", 0x3ff, 0xc7), undefined);
  assert.equal(lookUpAmdgpuRow("73FF,\tC7,\tX", 0x73ff, 0x7), undefined);
});
