import assert from "node:assert/strict";
import { discover } from "../../lib/discovery/mod.ts";
import { linkGeneration, linkWidth, pciPath } from "../../lib/discovery/pci_link.ts";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { pciFunction, Tree, type TreeFiles } from "../sysfs/tree.ts";

/** Link files: current speed and width, maximum speed and width. */
function link(now: [string, number], max: [string, number]): TreeFiles {
  return {
    current_link_speed: `${now[0]} GT/s PCIe`,
    current_link_width: `${now[1]}`,
    max_link_speed: `${max[0]} GT/s PCIe`,
    max_link_width: `${max[1]}`,
  };
}

const bridge = (at: string, vendor: string, more: TreeFiles) =>
  pciFunction({ at, class: "0x060400", vendor, device: "0x1234", more });

function gpuOf(files: TreeFiles): Gpu {
  using tree = new Tree(files);
  const [gpu] = discover({ sysroot: tree.sysroot }).gpus;
  assert.ok(gpu);
  return gpu;
}

const shown = (gpu: Gpu) => [
  gpu.pcie_link_gen,
  gpu.pcie_link_width,
  gpu.pcie_link_gen_max,
  gpu.pcie_link_width_max,
  gpu.pcie_link_at,
];

const ROOT = "pci0000:00/0000:00:01.0";
const UP = `${ROOT}/0000:06:00.0`;
const DOWN = `${UP}/0000:07:01.0`;

/** An Arc card: the GPU and its audio behind the card's own switch. */
const ARC: TreeFiles = {
  ...bridge(ROOT, "0x8086", link(["16.0", 8], ["32.0", 16])),
  ...bridge(UP, "0x8086", link(["16.0", 8], ["16.0", 8])),
  ...bridge(DOWN, "0x8086", link(["2.5", 1], ["2.5", 1])),
  ...pciFunction({
    at: `${DOWN}/0000:08:00.0`,
    class: "0x030000",
    vendor: "0x8086",
    device: "0x56a5",
    driver: "xe",
    more: link(["2.5", 1], ["2.5", 1]),
  }),
};

Deno.test("readPcieLink() reads an Arc card's link at the upstream port of the card's switch", () => {
  const gpu = gpuOf(ARC);
  assert.deepEqual(shown(gpu), [4, 8, 4, 8, "0000:06:00.0"]);
  assert.match(gpu.sources.pcie_link_gen ?? "", /0000:06:00\.0/);
  assert.deepEqual(gpu.pcie_path, ["0000:00:01.0", "0000:06:00.0", "0000:07:01.0", "0000:08:00.0"]);
});

Deno.test("readPcieLink() does the same for a Navi card, and bounds the maximum by the slot's", () => {
  const gpu = gpuOf({
    ...bridge(ROOT, "0x1022", link(["8.0", 8], ["8.0", 16])),
    ...bridge(UP, "0x1002", link(["8.0", 8], ["16.0", 8])),
    ...bridge(DOWN, "0x1002", link(["16.0", 16], ["16.0", 16])),
    ...pciFunction({
      at: `${DOWN}/0000:08:00.0`,
      class: "0x030000",
      vendor: "0x1002",
      device: "0x73ff",
      driver: "amdgpu",
      more: link(["16.0", 16], ["16.0", 16]),
    }),
  });
  assert.deepEqual(shown(gpu), [3, 8, 3, 8, "0000:06:00.0"]);
});

Deno.test("readPcieLink() takes one pair of ports for the card's, and not those of an enclosure", () => {
  const inner = `${DOWN}/0000:08:00.0/0000:09:01.0`;
  const gpu = gpuOf({
    ...bridge(ROOT, "0x8086", link(["8.0", 4], ["8.0", 4])),
    ...bridge(UP, "0x8086", link(["2.5", 4], ["2.5", 4])),
    ...bridge(DOWN, "0x8086", link(["2.5", 4], ["2.5", 4])),
    ...bridge(`${DOWN}/0000:08:00.0`, "0x8086", link(["8.0", 4], ["16.0", 8])),
    ...bridge(inner, "0x8086", link(["2.5", 1], ["2.5", 1])),
    ...pciFunction({
      at: `${inner}/0000:0a:00.0`,
      class: "0x030000",
      vendor: "0x8086",
      device: "0x56a0",
      more: link(["2.5", 1], ["2.5", 1]),
    }),
  });
  assert.equal(gpu.pcie_link_at, "0000:08:00.0");
  assert.equal(gpu.pcie_link_gen, 3);
});

Deno.test("readPcieLink() takes no root port for a port of the card, nor half a switch", () => {
  const gpu = gpuOf({
    ...bridge(ROOT, "0x8086", link(["16.0", 8], ["32.0", 16])),
    ...bridge(UP, "0x8086", link(["16.0", 8], ["16.0", 8])),
    ...pciFunction({
      at: `${UP}/0000:07:00.0`,
      class: "0x038000",
      vendor: "0x8086",
      device: "0x0bd5",
      more: link(["32.0", 16], ["32.0", 16]),
    }),
  });
  assert.equal(gpu.pcie_link_at, "0000:07:00.0");
  assert.equal(gpu.pcie_link_gen, 5);
});

Deno.test("readPcieLink() reads a card without a switch at the GPU, below a server's switch too", () => {
  const gpu = gpuOf({
    ...bridge(ROOT, "0x8086", link(["32.0", 16], ["32.0", 16])),
    ...bridge(UP, "0x1000", link(["32.0", 16], ["32.0", 16])),
    ...bridge(DOWN, "0x1000", link(["32.0", 16], ["32.0", 16])),
    ...pciFunction({
      at: `${DOWN}/0000:08:00.0`,
      class: "0x030200",
      vendor: "0x10de",
      device: "0x2335",
      driver: "nvidia",
      more: link(["2.5", 16], ["32.0", 16]),
    }),
  });
  assert.deepEqual(shown(gpu), [1, 16, 5, 16, "0000:08:00.0"]);
});

Deno.test("readPcieLink() believes no link of a card's inside in a virtual machine", () => {
  const guest = (vendor: string, device: string, files: TreeFiles) =>
    gpuOf({
      ...bridge(ROOT, "0x1b36", link(["16.0", 32], ["16.0", 32])),
      ...pciFunction({
        at: `${ROOT}/0000:01:00.0`,
        class: "0x030000",
        vendor,
        device,
        more: files,
      }),
    });
  const arc = guest("0x8086", "0x56a5", link(["2.5", 1], ["2.5", 1]));
  assert.deepEqual(shown(arc), [null, null, null, null, null]);
  assert.match(arc.absent.pcie_link_gen ?? "", /passed through/);
  assert.equal(guest("0x1002", "0x73ff", link(["16.0", 16], ["16.0", 16])).pcie_link_gen, null);
  assert.equal(guest("0x10de", "0x2704", link(["16.0", 16], ["16.0", 16])).pcie_link_gen, 4);
});

Deno.test("readPcieLink() ignores a port above that could do less than the link does", () => {
  const gpu = gpuOf({
    ...bridge(ROOT, "0x1b36", link(["2.5", 1], ["2.5", 1])),
    ...pciFunction({
      at: `${ROOT}/0000:01:00.0`,
      class: "0x030000",
      vendor: "0x10de",
      device: "0x2704",
      more: link(["16.0", 16], ["16.0", 16]),
    }),
  });
  assert.deepEqual(shown(gpu), [4, 16, 4, 16, "0000:01:00.0"]);
});

Deno.test("linkGeneration() reads the kernel's spellings, old and new, and amdgpu's", () => {
  assert.equal(linkGeneration("2.5 GT/s PCIe"), 1);
  assert.equal(linkGeneration("8 GT/s"), 3);
  assert.equal(linkGeneration("16.0GT/s"), 4);
  assert.equal(linkGeneration("64.0 GT/s PCIe"), 6);
  for (const text of ["Unknown", "Unknown speed", "7.0 GT/s", "", "99999 GT/s", "GT/s"]) {
    assert.equal(linkGeneration(text), undefined, text);
  }
});

Deno.test("linkWidth() knows which numbers of lanes there are", () => {
  assert.equal(linkWidth(16), 16);
  for (const lanes of [0, 3, 63, 255, -1, undefined]) assert.equal(linkWidth(lanes), undefined);
});

Deno.test("pciPath() tells a whole path from one that a dump cut, also below Intel's VMD", () => {
  const whole = pciPath("/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0");
  assert.equal(whole.complete, true);
  assert.equal(whole.root, "0000:00");
  assert.equal(pciPath("/sys/devices/pci0000:00/0000:01:00.0").complete, false);
  const vmd = pciPath(
    "/sys/devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0",
  );
  assert.deepEqual(vmd.nodes.map((node) => node.address), ["10000:e0:06.0", "10000:e1:00.0"]);
  assert.equal(vmd.complete, true);
  assert.equal(pciPath("/sys/devices/platform/gpu").complete, false);
});
