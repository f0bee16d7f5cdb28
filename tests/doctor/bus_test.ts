import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { windowSizes } from "../../lib/doctor/bus.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { DUMPS, pciFunction, Tree, type TreeFiles } from "../sysfs/tree.ts";
import { contextOf, type DescribedLive, outcomesOf } from "./described_host.ts";

const dump = (name: string, id: string) =>
  outcomesOf(id, contextOf(new Sysroot(`${DUMPS}${name}`)))
    .map(({ state, subject, text }) => [state, subject, text]);

function says(files: TreeFiles, id: string, live: DescribedLive | null = null) {
  using tree = new Tree(files);
  return outcomesOf(id, contextOf(tree.sysroot, live)).map((
    { state, text, fix },
  ) => [state, text, fix]);
}

/** Two AMD cards, in groups of the IOMMU where types are given. */
function two(...types: string[]): TreeFiles {
  return Object.assign(
    {},
    ...[1, 2].map((slot) =>
      pciFunction({
        at: `pci0000:00/0000:0${slot}:00.0`,
        class: "0x030000",
        vendor: "0x1002",
        device: "0x73ff",
        driver: "amdgpu",
        ...(types.length === 0
          ? {}
          : { more: { iommu_group: { link: `../../../kernel/iommu_groups/${slot}` } } }),
      })
    ),
    ...types.map((type, i) => ({ [`sys/kernel/iommu_groups/${i + 1}/type`]: type })),
  );
}

Deno.test("resizable_bar finds the window of 256 MiB of an RX Vega 56", () => {
  // mem_info_vis_vram_total is 268435456, mem_info_vram_total 8573157376.
  assert.deepEqual(dump("vega56", "resizable_bar"), [[
    "warning",
    "pci:0000:0b:00.0",
    "256 MiB of 8 GiB can be addressed: copies go through a small window",
  ]]);
});

Deno.test("resizable_bar does not say what it does not know", () => {
  assert.deepEqual(dump("rx6600", "resizable_bar").map(([state]) => state), ["skipped"]);
});

Deno.test("windowSizes() gives the prefetchable windows of a resource file", () => {
  const text = [
    "0x0000007c00000000 0x0000007fffffffff 0x000000000014220c",
    "0x0000008000000000 0x00000080001fffff 0x000000000014220c",
    "0x000000000000f000 0x000000000000f0ff 0x0000000000040101",
    "0x00000000fcb00000 0x00000000fcbfffff 0x0000000000040200",
    "0x0000000000000000 0x0000000000000000 0x0000000000000000",
    "0x0000000000000000 0x0000000000000000 0x0000000000000000",
    "0x0000009000000000 0x0000009fffffffff 0x000000000014220c",
  ].join("\n");
  assert.deepEqual(windowSizes(text), [16 * 2 ** 30, 2 * 2 ** 20]);
  assert.deepEqual(windowSizes("nonsense"), []);
});

Deno.test("pcie_link finds lanes that are missing, and leaves the generation alone", () => {
  const at = "pci0000:00/0000:00:01.0/0000:01:00.0";
  const link = (width: string): TreeFiles => ({
    current_link_speed: "2.5 GT/s PCIe",
    max_link_speed: "16.0 GT/s PCIe",
    current_link_width: width,
    max_link_width: "16",
  });
  const host = (width: string): TreeFiles => ({
    ...pciFunction({
      at: "pci0000:00/0000:00:01.0",
      class: "0x060400",
      vendor: "0x1022",
      device: "0x1483",
      more: link(width),
    }),
    ...pciFunction({
      at,
      class: "0x030000",
      vendor: "0x10de",
      device: "0x2704",
      driver: "nvidia",
      more: link(width),
    }),
  });
  assert.deepEqual(says(host("16"), "pcie_link"), [["ok", "has 16 lanes", null]]);
  const [narrow] = says(host("4"), "pcie_link");
  assert.deepEqual(narrow?.slice(0, 2), ["warning", "has 4 of 16 lanes"]);
  // A GPU that sleeps has its link down.
  const asleep = { ...host("4"), [`sys/devices/${at}/power/runtime_status`]: "suspended" };
  assert.deepEqual(says(asleep, "pcie_link").filter(([state]) => state === "warning"), []);
});

Deno.test("peer_to_peer reads the kernel's configuration, packed or not", () => {
  const kernel = { "proc/sys/kernel/osrelease": "6.1.0" };
  const both = "CONFIG_PCI_P2PDMA=y\nCONFIG_HSA_AMD_P2P=y";
  const half = "CONFIG_PCI_P2PDMA=y\n# CONFIG_HSA_AMD_P2P is not set";
  assert.deepEqual(says({ ...two(), ...kernel, "boot/config-6.1.0": both }, "peer_to_peer"), [
    ["ok", "CONFIG_PCI_P2PDMA and CONFIG_HSA_AMD_P2P are set", null],
  ]);
  const packed = new Uint8Array(gzipSync(half));
  const [outcome] = says({ ...two(), "proc/config.gz": packed }, "peer_to_peer");
  assert.equal(outcome?.[0], "warning");
  assert.match(`${outcome?.[1]}`, /built without CONFIG_HSA_AMD_P2P:/);
  assert.equal(says(two(), "peer_to_peer")[0]?.[0], "skipped");
  const damaged = packed.slice(0, 12);
  assert.equal(says({ ...two(), "proc/config.gz": damaged }, "peer_to_peer")[0]?.[0], "skipped");
});

Deno.test("peer_translation asks for iommu=pt where addresses are translated", () => {
  const [first, second] = says(
    { ...two("DMA-FQ", "identity"), "etc/os-release": "ID=fedora" },
    "peer_translation",
  );
  assert.equal(first?.[0], "warning");
  assert.equal(first?.[2], "sudo grubby --update-kernel=ALL --args=iommu=pt, then reboot");
  assert.deepEqual(second, ["ok", "its addresses are not translated (identity)", null]);
});

Deno.test("peer_translation tells a host without an IOMMU from a dump that does not say", () => {
  const files = { ...two(), "etc/os-release": "ID=debian" };
  assert.deepEqual(says(files, "peer_translation", {}), [["ok", "no IOMMU is on", null]]);
  const [outcome] = says(files, "peer_translation");
  assert.equal(outcome?.[0], "skipped");
  assert.match(`${outcome?.[1]}`, /the dump holds no \/sys\/kernel\/iommu_groups/);
});

Deno.test("iommu tells one that is off from a dump that does not say", () => {
  assert.equal(says(two("DMA", "DMA"), "iommu")[0]?.[1], "is on: 2 groups");
  assert.equal(says(two(), "iommu")[0]?.[0], "skipped");
  const off = { ...two(), "etc/os-release": "ID=debian" };
  const [outcome] = says(off, "iommu", {});
  assert.equal(outcome?.[0], "warning");
  assert.match(`${outcome?.[2]}`, /add intel_iommu=on to GRUB_CMDLINE_LINUX .* sudo update-grub/);
  const guest = { ...off, "proc/cpuinfo": "flags\t\t: fpu hypervisor lahf_lm" };
  assert.equal(says(guest, "iommu", {})[0]?.[0], "skipped");
});
