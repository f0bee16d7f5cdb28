import assert from "node:assert/strict";
import {
  type LinkFacts,
  pcieBandwidth,
  pcieLinkOf,
  peerBandwidth,
  withLinkPeaks,
} from "../../../lib/bench/peaks/link.ts";
import { readXgmiBandwidths } from "../../../lib/bench/peaks/xgmi.ts";
import {
  HOST_TRANSFER_BENCHMARKS,
  PEER_BENCHMARK,
  PEER_DUPLEX_BENCHMARK,
} from "../../../lib/bench/transfer/benchmarks.ts";
import { type Gpu, type PeerLink, unknownFacts } from "../../../lib/gpu/gpu.ts";
import { Tree } from "../../sysfs/tree.ts";

const NOTHING_SEEN = { core_mhz: null, memory_mhz: null };

function gpu(slot: string, facts: Partial<Gpu> = {}): Gpu {
  return {
    ...unknownFacts(),
    id: `pci:${slot}`,
    index: 0,
    vendor: "nvidia",
    kind: "discrete",
    seen_by: ["pci", "nvml"],
    apis: {},
    enabled: true,
    sources: { pcie_link_gen_max: `sysfs:max_link_speed of ${slot}` },
    absent: {},
    pci_slot: slot,
    pcie_link_at: slot,
    pcie_link_gen_max: 5,
    pcie_link_width_max: 16,
    ...facts,
  };
}

/** As many NVLinks to a switch, or to a GPU. */
function nvlinks(count: number, version: number | null, remote?: string): PeerLink[] {
  return Array.from({ length: count }, (_, link) => ({
    link,
    active: true,
    remote: remote ?? "0000:05:00.0",
    remote_type: remote === undefined ? "switch" : "gpu",
    version,
  }));
}

function facts(of: Gpu, more: Partial<LinkFacts> = {}): LinkFacts {
  return { gpu: of, pcie: pcieLinkOf(of, null, null), nvlinkWire: null, xgmi: null, ...more };
}

function value(figure: ReturnType<typeof peerBandwidth>): number {
  assert.ok(typeof figure !== "string", String(figure));
  return Math.round(100 * figure.value) / 100;
}

/** The bandwidths of 16 lanes as tables print them, in GB/s. */
const X16: [number, number][] = [[1, 4], [2, 8], [3, 15.75], [4, 31.51], [5, 63.02], [6, 118]];

for (const [generation, expected] of X16) {
  Deno.test(`pcieBandwidth() of generation ${generation} x16 is ${expected} GB/s`, () => {
    const link = { value: { generation, width: 16 }, source: "a test" };
    assert.equal(value(pcieBandwidth(link)), expected);
  });
}

Deno.test("pcieBandwidth() says why it is not known", () => {
  const reason = (figure: ReturnType<typeof pcieBandwidth>) => figure as string;
  assert.equal(pcieBandwidth({ value: null, reason: "because" }), "because");
  assert.match(
    reason(pcieBandwidth({ value: { generation: 9, width: 16 }, source: "" })),
    /generation 9/,
  );
});

Deno.test("pcieLinkOf() believes the kernel's files on real hardware, and the driver in a virtual machine", () => {
  const of = gpu("0000:06:00.0"), told = { generation: 4, width: 8 };
  assert.deepEqual(pcieLinkOf(of, null, null).value, { generation: 5, width: 16 });
  const guest = pcieLinkOf(of, null, "QEMU");
  assert.ok(guest.value === null);
  assert.match(guest.reason, /virtual machine \(QEMU\)/);
  assert.deepEqual(pcieLinkOf(of, told, "QEMU").value, told);
  const firmware = gpu("0000:06:00.0", { sources: { pcie_link_gen_max: "sysfs:pp_dpm_pcie" } });
  assert.notEqual(
    pcieLinkOf(firmware, null, "QEMU").value,
    null,
    "the GPU's own firmware tells it",
  );
  assert.equal(pcieLinkOf(gpu("0000:06:00.0", { kind: "integrated" }), told, null).value, null);
  const unknown = gpu("0000:06:00.0", {
    pcie_link_gen_max: null,
    absent: { pcie_link_gen_max: "it sleeps" },
  });
  const nothing = pcieLinkOf(unknown, null, null);
  assert.ok(nothing.value === null);
  assert.match(nothing.reason, /it sleeps/);
});

Deno.test("peerBandwidth() counts the NVLinks that both GPUs have, directly or through switches", () => {
  const [a, b] = ["0000:06:00.0", "0000:07:00.0"] as const;
  const pair = (links: PeerLink[], others: PeerLink[], more: Partial<LinkFacts> = {}) =>
    peerBandwidth(
      facts(gpu(a, { peer_links: links }), more),
      facts(gpu(b, { peer_links: others }), more),
    );
  assert.equal(value(pair(nvlinks(18, 4), nvlinks(18, 4))), 450, "H200: 900 GB/s both ways");
  assert.equal(value(pair(nvlinks(18, 4), nvlinks(17, 4))), 425, "a link that is down");
  assert.equal(value(pair(nvlinks(12, 3), nvlinks(12, 3))), 300, "A100: 600 GB/s both ways");
  assert.equal(value(pair(nvlinks(18, 5), nvlinks(18, 5))), 900, "B200: 1.8 TB/s both ways");
  assert.equal(value(pair(nvlinks(2, 2.2, b), nvlinks(2, 2.2, a))), 50);
  const wire = { nvlinkWire: 60 };
  assert.equal(value(pair(nvlinks(2, null), nvlinks(2, null), wire)), 120, "a version to come");
  assert.match(pair(nvlinks(2, 7), nvlinks(2, 7)) as string, /no table of NVLink 7/);
});

Deno.test("peerBandwidth() of GPUs without direct links is that of the slower PCIe link", () => {
  const a = facts(gpu("0000:06:00.0"));
  const slow = facts(gpu("0000:07:00.0", { pcie_link_gen_max: 4 }));
  assert.equal(value(peerBandwidth(a, slow)), 31.51);
  assert.equal(value(peerBandwidth(slow, a)), 31.51);
  const amd = facts(gpu("0000:08:00.0", { vendor: "amd", seen_by: ["pci"] }));
  assert.equal(value(peerBandwidth(a, amd)), 63.02, "no link leads from one vendor to another");
});

Deno.test("peerBandwidth() is not that of PCIe where a direct link might be", () => {
  const blind = (slot: string) => facts(gpu(slot, { seen_by: ["pci"] }));
  assert.match(
    peerBandwidth(blind("0000:06:00.0"), blind("0000:07:00.0")) as string,
    /without NVML/,
  );
  const amd = (slot: string, xgmi: LinkFacts["xgmi"]) =>
    facts(gpu(slot, { vendor: "amd" }), { xgmi });
  assert.match(
    peerBandwidth(amd("0000:06:00.0", null), amd("0000:07:00.0", null)) as string,
    /kfd/,
  );
  const none = new Map<string, number>();
  assert.equal(value(peerBandwidth(amd("0000:06:00.0", none), amd("0000:07:00.0", none))), 63.02);
  const linked = new Map([["0000:07:00.0", 50]]);
  assert.equal(value(peerBandwidth(amd("0000:06:00.0", linked), amd("0000:07:00.0", none))), 50);
  const card = { pcie_link_at: "0000:04:00.0" };
  const half = (slot: string) => facts(gpu(slot, card));
  assert.match(peerBandwidth(half("0000:06:00.0"), half("0000:07:00.0")) as string, /on one card/);
});

Deno.test("readXgmiBandwidths() reads what the compute driver tells of links to GPUs", () => {
  using tree = new Tree();
  const addFile = (path: string, text: string) => tree.add({ [path]: text });
  const node = (number: number, bus: number) =>
    addFile(
      `sys/class/kfd/kfd/topology/nodes/${number}/properties`,
      `simd_count 304\ndomain 0\nlocation_id ${bus << 8}\n`,
    );
  node(1, 3);
  node(2, 4);
  const link = (number: number, text: string) =>
    addFile(`sys/class/kfd/kfd/topology/nodes/1/io_links/${number}/properties`, text);
  link(0, "type 2\nnode_to 0\nmax_bandwidth 31504\n");
  link(1, "type 11\nnode_to 2\nmin_bandwidth 50000\nmax_bandwidth 150000\n");
  assert.deepEqual(
    readXgmiBandwidths(tree.sysroot, "0000:03:00.0"),
    new Map([["0000:04:00.0", 150]]),
  );
  assert.deepEqual(readXgmiBandwidths(tree.sysroot, "0000:04:00.0"), new Map());
  assert.equal(readXgmiBandwidths(tree.sysroot, "0000:05:00.0"), null);
});

Deno.test("withLinkPeaks() has the peaks of every transfer, both ways twice those of one", () => {
  const a = facts(gpu("0000:06:00.0", { peer_links: nvlinks(18, 4) }));
  const b = facts(gpu("0000:07:00.0", { peer_links: nvlinks(18, 4) }));
  const rest = () => ({ rated: null, observed: null, reason: "rest" });
  const peaks = withLinkPeaks(a, (id) => id === b.gpu.id ? b : undefined, rest);
  const of = (key: string, peer: string | null = null) => {
    const { rated } = peaks(key, NOTHING_SEEN, peer);
    return rated && Math.round(rated.value);
  };
  const keys = [...HOST_TRANSFER_BENCHMARKS, PEER_BENCHMARK, PEER_DUPLEX_BENCHMARK]
    .map(({ name, peak }) => `${name} ${of(peak ?? "", b.gpu.id)}`);
  assert.deepEqual(keys, [
    "transfer.h2d 63",
    "transfer.d2h 63",
    "transfer.duplex 126",
    "transfer.peer 450",
    "transfer.peer_duplex 900",
  ]);
  assert.equal(peaks("link.peer", NOTHING_SEEN, "vulkan:1").rated, null);
  assert.equal(peaks("fp32", NOTHING_SEEN).reason, "rest");
});
