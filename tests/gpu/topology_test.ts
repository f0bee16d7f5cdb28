import assert from "node:assert/strict";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { relationOf, topologyOf } from "../../lib/gpu/topology.ts";
import { sampleGpu } from "./sample.ts";

/** A GPU at the end of a path, `00:01.0 01:00.0`, on a NUMA node. */
function at(path: string, numa: number | null, more: Partial<Gpu> = {}): Gpu {
  const full = path.split(" ").map((address) => `0000:${address}`);
  return sampleGpu({
    pci_slot: full.at(-1) ?? "",
    pcie_path: full,
    pcie_link_at: full.at(-1) ?? "",
    numa_node: numa,
    vendor: "nvidia",
    ...more,
  });
}

const relation = (a: Gpu, b: Gpu) => relationOf(a, b).relation;

Deno.test("relationOf() is PIX for GPUs below one PCIe switch", () => {
  assert.equal(
    relation(at("00:01.0 01:00.0 02:00.0 03:00.0", 0), at("00:01.0 01:00.0 02:01.0 04:00.0", 0)),
    "PIX",
  );
});

Deno.test("relationOf() is PXB for GPUs below different switches of one root port", () => {
  assert.equal(
    relation(
      at("00:01.0 01:00.0 02:00.0 03:00.0 04:00.0 05:00.0", 0),
      at("00:01.0 01:00.0 02:01.0 06:00.0 07:00.0 08:00.0", 0),
    ),
    "PXB",
  );
  // One GPU at the first switch, the other behind a second one.
  assert.equal(
    relation(
      at("00:01.0 01:00.0 02:00.0 05:00.0", 0),
      at("00:01.0 01:00.0 02:01.0 06:00.0 07:00.0 08:00.0", 0),
    ),
    "PXB",
  );
});

Deno.test("relationOf() is PHB for GPUs at two root ports of one host bridge", () => {
  assert.equal(relation(at("00:01.0 01:00.0", 0), at("00:03.0 02:00.0", 0)), "PHB");
});

Deno.test("relationOf() leaves the switch of a card itself out of account", () => {
  const card = (root: string, bus: number) =>
    at(`00:01.0 01:00.0 02:0${root}.0 0${bus}:00.0 1${bus}:00.0 2${bus}:00.0`, 0, {
      pcie_link_at: `0000:0${bus}:00.0`,
      vendor: "amd",
    });
  assert.equal(relation(card("0", 3), card("1", 4)), "PIX");
});

Deno.test("relationOf() is NODE or SYS for GPUs of different host bridges, by NUMA node", () => {
  assert.equal(relation(at("00:01.0 01:00.0", 0), at("80:01.0 81:00.0", 0)), "NODE");
  assert.equal(relation(at("00:01.0 01:00.0", 0), at("80:01.0 81:00.0", 1)), "SYS");
});

Deno.test("relationOf() is unknown where bridges or NUMA nodes are, and says so", () => {
  const cut = sampleGpu({ pci_slot: "0000:09:00.0" });
  assert.deepEqual(relationOf(cut, at("00:01.0 01:00.0", null)), {
    relation: null,
    absent: "the bridges above a GPU are not known",
  });
  const far = relationOf(at("00:01.0 01:00.0", null), at("80:01.0 81:00.0", null));
  assert.equal(far.relation, null);
  assert.match(far.absent ?? "", /NUMA/);
  assert.equal(relation({ ...cut, numa_node: 0 }, at("00:01.0 01:00.0", 1)), "SYS");
});

Deno.test("relationOf() names NVLink by the number of links, before any PCIe relation", () => {
  const a = at("00:01.0 01:00.0", 0);
  const b = at("00:03.0 02:00.0", 0);
  const link = (remote: string) =>
    ({ link: 0, active: true, remote, remote_type: "gpu", version: 4 }) as const;
  a.peer_links = [link("0000:02:00.0"), link("0000:02:00.0")];
  assert.equal(relation(a, b), "NV2");
  assert.equal(relation({ ...a, vendor: "amd" }, b), "XGMI");
  assert.equal(relation(a, a), "X");
});

Deno.test("topologyOf() makes a tree of NUMA nodes, host bridges, bridges and GPUs", () => {
  const { tree, pairs } = topologyOf([
    at("80:01.0 81:00.0", 1),
    at("00:01.0 01:00.0 02:00.0 03:00.0", 0),
    at("00:01.0 01:00.0 02:01.0 04:00.0", 0),
    sampleGpu({ id: "vulkan:0", kind: "software" }),
  ]);
  assert.deepEqual(tree.map((node) => node.id), ["0", "1"]);
  const [bridge] = tree[0]?.children ?? [];
  assert.equal(bridge?.id, "pci0000:00");
  const port = bridge?.children[0];
  assert.equal(port?.id, "0000:00:01.0");
  const upstream = port?.children[0];
  assert.deepEqual(upstream?.children.map((node) => node.id), ["0000:02:00.0", "0000:02:01.0"]);
  assert.deepEqual(upstream?.children[0]?.children[0], {
    type: "gpu",
    id: "pci:0000:03:00.0",
    note: null,
    children: [],
  });
  assert.deepEqual(pairs.map((pair) => pair.relation), ["SYS", "SYS", "PIX"]);
});

Deno.test("topologyOf() says why a GPU has no place below a bridge", () => {
  const { tree } = topologyOf([
    sampleGpu({ pci_slot: "0000:09:00.0", absent: { pcie_path: "cut" } }),
  ]);
  assert.equal(tree[0]?.id, "unknown");
  assert.equal(tree[0]?.children[0]?.note, "cut");
});
