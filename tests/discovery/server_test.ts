/** A server with eight GPUs on two NUMA nodes, as sysfs shows it. */

import assert from "node:assert/strict";
import { inventoryDocument } from "../../lib/discovery/inventory.ts";
import { discover } from "../../lib/discovery/mod.ts";
import { topologyOf } from "../../lib/gpu/topology.ts";
import { styleFor } from "../../lib/render/style.ts";
import { renderTopology } from "../../lib/render/topology.ts";
import { pciFunction, Tree, type TreeFiles } from "../sysfs/tree.ts";

const hex = (value: number) => value.toString(16).padStart(2, "0");

/**
 * Two sockets, each with two root ports; below each port one PCIe switch with two GPUs. The host bridges
 * of a socket have buses of their own, as on EPYC and Xeon.
 */
function server(): TreeFiles {
  const files: TreeFiles = {};
  const link = (speed: string, width: number) => ({
    current_link_speed: `${speed} GT/s PCIe`,
    current_link_width: `${width}`,
    max_link_speed: "32.0 GT/s PCIe",
    max_link_width: "16",
  });
  const add = (at: string, code: string, vendor: string, device: string, numa: number) =>
    Object.assign(
      files,
      pciFunction({
        at,
        class: code,
        vendor,
        device,
        ...(vendor === "0x10de" && { driver: "nvidia" }),
        more: { ...link("32.0", 16), numa_node: `${numa}` },
      }),
    );
  [0x00, 0x40, 0x80, 0xc0].forEach((bus, i) => {
    const numa = i >> 1;
    const port = `pci0000:${hex(bus)}/0000:${hex(bus)}:01.0`;
    const upstream = `${port}/0000:${hex(bus + 1)}:00.0`;
    add(port, "0x060400", "0x8086", "0x352a", numa);
    add(upstream, "0x060400", "0x1000", "0xc030", numa);
    for (const slot of [0, 1]) {
      const downstream = `${upstream}/0000:${hex(bus + 2)}:0${slot}.0`;
      const gpu = `${downstream}/0000:${hex(bus + 3 + slot)}:00.0`;
      add(downstream, "0x060400", "0x1000", "0xc030", numa);
      add(gpu, "0x030200", "0x10de", "0x2335", numa);
    }
  });
  return files;
}

const ADDRESSES = ["03", "04", "43", "44", "83", "84", "c3", "c4"]
  .map((bus) => `pci:0000:${bus}:00.0`);

Deno.test("discover() lists a server's eight GPUs in PCI order", () => {
  using tree = new Tree(server());
  const { gpus } = discover({ sysroot: tree.sysroot });
  assert.deepEqual(gpus.map((gpu) => gpu.id), ADDRESSES);
  assert.deepEqual(gpus.map((gpu) => gpu.numa_node), [0, 0, 0, 0, 1, 1, 1, 1]);
  assert.deepEqual(gpus.map((gpu) => gpu.index), [0, 1, 2, 3, 4, 5, 6, 7]);
  for (const gpu of gpus) assert.equal(gpu.name, "NVIDIA H200 SXM 141GB");
});

Deno.test("topologyOf() relates a server's GPUs as nvidia-smi topo does", () => {
  using tree = new Tree(server());
  const { gpus } = discover({ sysroot: tree.sysroot });
  const { pairs } = topologyOf(gpus);
  assert.equal(pairs.length, 28);
  for (const { a, b, relation } of pairs) {
    const [i, j] = [ADDRESSES.indexOf(a), ADDRESSES.indexOf(b)];
    const expected = i >> 1 === j >> 1 ? "PIX" : i >> 2 === j >> 2 ? "NODE" : "SYS";
    assert.equal(relation, expected, `${a} ${b}`);
  }
});

Deno.test("topologyOf() puts NVLink through switches above the PCIe relations", () => {
  using tree = new Tree(server());
  const { gpus } = discover({ sysroot: tree.sysroot });
  for (const gpu of gpus) {
    gpu.peer_links = Array.from({ length: 18 }, (_, link) => ({
      link,
      active: true,
      remote: null,
      remote_type: "switch",
      version: 4,
    }));
  }
  assert.ok(topologyOf(gpus).pairs.every((pair) => pair.relation === "NV18"));
});

Deno.test("renderTopology() draws a server's tree and matrix within 80 columns", () => {
  using tree = new Tree(server());
  const discovery = discover({ sysroot: tree.sysroot });
  const { topology, logical_device: logical } = inventoryDocument(discovery);
  const text = renderTopology(topology, discovery.gpus, { style: styleFor(false), columns: 80 });
  const lines = text.split("\n");
  assert.ok(lines.every((line) => line.length <= 80), text);
  const expected = [
    "Topology",
    "  ├─ NUMA node 0",
    "  │  ├─ host bridge pci0000:00",
    "  │  │  └─ bridge 0000:00:01.0",
    "  │  │     └─ bridge 0000:01:00.0",
    "  │  │        ├─ bridge 0000:02:00.0",
    "  │  │        │  └─ GPU0 pci:0000:03:00.0 gen 5 x16 (32 GT/s)",
    "  │  │        └─ bridge 0000:02:01.0",
    "  │  │           └─ GPU1 pci:0000:04:00.0 gen 5 x16 (32 GT/s)",
  ];
  assert.deepEqual(lines.slice(0, expected.length), expected);
  const row = lines.find((line) => line.trim().startsWith("GPU2 ")) ?? "";
  assert.deepEqual(row.trim().split(/ +/).slice(0, 10), [
    "GPU2",
    "NODE",
    "NODE",
    "X",
    "PIX",
    "SYS",
    "SYS",
    "SYS",
    "SYS",
    "0",
  ]);
  assert.match(text, /PIX = one PCIe switch/);
  assert.equal(logical.gpu_count, 8);
  assert.equal(logical.tier, "common_driver");
});
