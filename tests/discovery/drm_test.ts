import assert from "node:assert/strict";
import { discover } from "../../lib/discovery/mod.ts";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { drmNode, pciFunction, Tree, type TreeFiles } from "../sysfs/tree.ts";

function gpusOf(files: TreeFiles): Gpu[] {
  using tree = new Tree(files);
  return discover({ sysroot: tree.sysroot }).gpus;
}

Deno.test("the DRM source joins card, render node and connectors to the PCI function", () => {
  const at = "pci0000:00/0000:00:02.0";
  const connector = `sys/devices/${at}/drm/card0/card0-DP-1`;
  const [gpu, ...others] = gpusOf({
    ...pciFunction({
      at,
      class: "0x030000",
      vendor: "0x8086",
      device: "0x9a49",
      driver: "i915",
    }),
    ...drmNode(at, "card0", 0),
    ...drmNode(at, "renderD128", 128),
    [`${connector}/status`]: "connected",
    "sys/class/drm/card0-DP-1": { link: `../../devices/${at}/drm/card0/card0-DP-1` },
    [`sys/devices/${at}/drm/card0/card0-HDMI-A-1/status`]: "disconnected",
    "sys/class/drm/card0-HDMI-A-1": { link: `../../devices/${at}/drm/card0/card0-HDMI-A-1` },
    "sys/class/drm/version": "drm 1.1.0 20060810",
  });
  assert.deepEqual(others, []);
  assert.equal(gpu?.drm_node, "/dev/dri/card0");
  assert.equal(gpu?.render_node, "/dev/dri/renderD128");
  assert.deepEqual(gpu?.connectors, [
    { name: "DP-1", status: "connected" },
    { name: "HDMI-A-1", status: "disconnected" },
  ]);
  assert.deepEqual(gpu?.seen_by, ["pci", "drm", "intel"]);
});

Deno.test("the DRM source gives a virtio card to its PCI function", () => {
  const at = "pci0000:00/0000:00:03.0";
  const gpus = gpusOf({
    ...pciFunction({
      at,
      class: "0x038000",
      vendor: "0x1af4",
      device: "0x1050",
      driver: "virtio-pci",
    }),
    ...drmNode(`${at}/virtio1`, "card0", 0),
    ...drmNode(`${at}/virtio1`, "renderD128", 128),
  });
  assert.equal(gpus.length, 1);
  assert.equal(gpus[0]?.id, "pci:0000:00:03.0");
  assert.equal(gpus[0]?.kind, "virtual");
  assert.equal(gpus[0]?.vendor, "redhat");
  assert.equal(gpus[0]?.render_node, "/dev/dri/renderD128");
});

Deno.test("the DRM source prefers a driver's card to what firmware's framebuffer left behind", () => {
  const at = "pci0000:00/0000:03:00.0";
  const gpus = gpusOf({
    ...pciFunction({
      at,
      class: "0x030000",
      vendor: "0x1002",
      device: "0x744c",
      driver: "amdgpu",
    }),
    ...drmNode(`${at}/simple-framebuffer.0`, "card0", 0),
    ...drmNode(at, "card1", 1),
    ...drmNode(at, "renderD128", 128),
  });
  assert.deepEqual(gpus.map(({ id, drm_node, render_node }) => [id, drm_node, render_node]), [
    ["pci:0000:03:00.0", "/dev/dri/card1", "/dev/dri/renderD128"],
  ]);
});

Deno.test("the DRM source gives no USB display adapter to the USB controller", () => {
  const usb = "pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0";
  const gpus = gpusOf({
    ...pciFunction({
      at: "pci0000:00/0000:00:14.0",
      class: "0x0c0330",
      vendor: "0x8086",
      device: "0xa0ed",
    }),
    ...drmNode(usb, "card1", 1),
    [`sys/devices/${usb}/driver`]: { link: "../../../../../../../bus/usb/drivers/udl" },
  });
  assert.deepEqual(gpus.map((gpu) => [gpu.id, gpu.kind, gpu.driver]), [[
    "drm:card1",
    "display",
    "udl",
  ]]);
  assert.equal(gpus[0]?.pci_slot, null);
});

Deno.test("the DRM source gives no other child of a PCI function to it", () => {
  const at = "pci0000:00/0000:00:1f.0";
  const gpus = gpusOf({
    ...pciFunction({ at, class: "0x060100", vendor: "0x8086", device: "0xa0ed" }),
    ...drmNode(`${at}/panel.0`, "card1", 1),
  });
  assert.deepEqual(gpus.map((gpu) => gpu.id), ["drm:card1"]);
});

Deno.test("the DRM source finds a SoC's GPU and its display controller by the device tree", () => {
  const gpu = "platform/ff9a0000.gpu";
  const display = "platform/display-subsystem";
  const gpus = gpusOf({
    ...drmNode(gpu, "card1", 1),
    ...drmNode(gpu, "renderD128", 128),
    [`sys/devices/${gpu}/uevent`]: [
      "DRIVER=panfrost",
      "OF_NAME=gpu",
      "OF_COMPATIBLE_0=arm,mali-t860",
    ].join("\n"),
    [`sys/devices/${gpu}/driver`]: { link: "../../../bus/platform/drivers/panfrost" },
    [`sys/devices/${gpu}/power/runtime_status`]: "suspended",
    ...drmNode(display, "card0", 0),
    [`sys/devices/${display}/driver`]: { link: "../../../bus/platform/drivers/rockchip-drm" },
  });
  assert.deepEqual(
    gpus.map(({ id, kind, vendor, name, driver }) => [id, kind, vendor, name, driver]),
    [
      ["platform:ff9a0000.gpu", "integrated", "arm", "arm,mali-t860", "panfrost"],
      ["platform:display-subsystem", "display", "other", "rockchip-drm", "rockchip-drm"],
    ],
  );
  assert.equal(gpus[0]?.power_state, "suspended");
  assert.match(gpus[0]?.absent.pci_slot ?? "", /not on a PCI bus/);
});

Deno.test("the DRM source knows a SoC's GPU by its maker, whose name may not be the first", () => {
  const soc = (name: string, card: number, ...compatible: string[]): TreeFiles => ({
    ...drmNode(`platform/${name}`, `card${card}`, card),
    ...drmNode(`platform/${name}`, `renderD${128 + card}`, 128 + card),
    [`sys/devices/platform/${name}/uevent`]: compatible
      .map((text, i) => `OF_COMPATIBLE_${i}=${text}`).join("\n"),
  });
  const gpus = gpusOf({
    ...soc("1.gpu", 0, "rockchip,rk3588-mali", "arm,mali-valhall-csf"),
    ...soc("2.gpu", 1, "ti,am62-gpu", "img,img-axe-1-16m", "img,img-rogue"),
    ...soc("3.gpu", 2, "vivante,gc"),
  });
  assert.deepEqual(gpus.map(({ vendor, name }) => [vendor, name]), [
    ["arm", "arm,mali-valhall-csf"],
    ["imagination", "img,img-axe-1-16m"],
    ["other", "vivante,gc"],
  ]);
});

Deno.test("the DRM source takes vgem and vkms for software, and simpledrm for a bare display", () => {
  const gpus = gpusOf({
    ...drmNode("platform/vgem", "card0", 0),
    ...drmNode("platform/vgem", "renderD128", 128),
    ...drmNode("faux/vkms", "card1", 1),
    "sys/devices/faux/vkms/driver": { link: "../../../bus/faux/drivers/faux_driver" },
    ...drmNode("platform/simple-framebuffer.0", "card2", 2),
    "sys/devices/platform/simple-framebuffer.0/driver": {
      link: "../../../bus/platform/drivers/simple-framebuffer",
    },
  });
  assert.deepEqual(gpus.map(({ id, kind }) => [id, kind]), [
    ["platform:simple-framebuffer.0", "display"],
    ["drm:card1", "software"],
    ["platform:vgem", "software"],
  ]);
});

Deno.test("the DRM source finds Hyper-V's display, which is on no PCI bus", () => {
  const at = "LNXSYSTM:00/VMBUS:00/5620e0c7-8062-4dce-aeb7-520c7ef76171";
  const gpus = gpusOf({
    ...drmNode(at, "card0", 0),
    [`sys/devices/${at}/driver`]: { link: "../../../../bus/vmbus/drivers/hyperv_drm" },
  });
  assert.deepEqual(gpus.map(({ id, kind }) => [id, kind]), [["drm:card0", "display"]]);
});

const MI300 = (bus: string) =>
  pciFunction({
    at: `pci0000:${bus}/0000:${bus}:01.0/0000:${bus.slice(0, 1)}1:00.0`,
    class: "0x120000",
    vendor: "0x1002",
    device: "0x74a1",
    driver: "amdgpu",
  });

/** A node of the compute topology: number, address, render node, xGMI peers, PCI domain. */
function kfdNode(
  node: number,
  location: number,
  minor: number,
  peers: number[] = [],
  domain = 0,
): TreeFiles {
  const at = `sys/devices/virtual/kfd/kfd/topology/nodes/${node}`;
  return {
    [`${at}/properties`]: [
      "simd_count 304",
      `location_id ${location}`,
      `domain ${domain}`,
      `drm_render_minor ${minor}`,
    ].join("\n"),
    ...Object.fromEntries(peers.map((peer, i) => [
      `${at}/io_links/${i}/properties`,
      `type 11\nnode_from ${node}\nnode_to ${peer}`,
    ])),
  };
}

const KFD_LINK: TreeFiles = {
  "sys/class/kfd/kfd": { link: "../../devices/virtual/kfd/kfd" },
};

Deno.test("the DRM source gives the cards of MI300X's partitions to their GPUs", () => {
  const files: TreeFiles = {
    ...MI300("00"),
    ...MI300("80"),
    ...drmNode("platform/amdgpu_xcp_0", "card2", 2),
    ...drmNode("platform/amdgpu_xcp_0", "renderD130", 130),
    "sys/devices/platform/amdgpu_xcp_0/vendor": new Uint8Array(),
    ...drmNode("platform/amdgpu_xcp_1", "renderD131", 131),
    ...KFD_LINK,
    ...kfdNode(1, 0x0100, 128),
    ...kfdNode(2, 0x0101, 130),
    ...kfdNode(3, 0x8102, 131),
  };
  const gpus = gpusOf(files);
  assert.deepEqual(gpus.map(({ id, device_nodes }) => [id, device_nodes]), [
    ["pci:0000:01:00.0", ["/dev/dri/card2", "/dev/dri/renderD130"]],
    ["pci:0000:81:00.0", ["/dev/dri/renderD131"]],
  ]);
});

Deno.test("the DRM source knows a partition whose number is above its GPU's address", () => {
  const gpus = gpusOf({
    ...MI300("00"),
    ...MI300("80"),
    ...drmNode("platform/amdgpu_xcp_0", "renderD130", 130),
    ...drmNode("platform/amdgpu_xcp_1", "renderD131", 131),
    ...KFD_LINK,
    ...kfdNode(1, 0x0100, 128),
    ...kfdNode(2, 0x10000100, 130),
    ...kfdNode(3, 0x70008100, 131),
  });
  assert.deepEqual(gpus.map(({ id, device_nodes }) => [id, device_nodes]), [
    ["pci:0000:01:00.0", ["/dev/dri/renderD130"]],
    ["pci:0000:81:00.0", ["/dev/dri/renderD131"]],
  ]);
});

Deno.test("the DRM source makes no GPU of a partition of which it cannot tell the GPU", () => {
  using tree = new Tree({
    ...MI300("00"),
    ...MI300("80"),
    ...drmNode("platform/amdgpu_xcp_0", "renderD130", 130),
  });
  const { gpus, sources } = discover({ sysroot: tree.sysroot });
  assert.equal(gpus.length, 2);
  assert.match(sources.find(({ name }) => name === "drm")?.note ?? "", /amdgpu_xcp_0/);
});

Deno.test("the amdgpu source reads xGMI links between GPUs from the compute topology", () => {
  const gpus = gpusOf({
    ...MI300("00"),
    ...MI300("80"),
    ...KFD_LINK,
    ...kfdNode(1, 0x0100, 128, [2]),
    ...kfdNode(2, 0x8100, 129, [1]),
  });
  assert.deepEqual(gpus[0]?.peer_links, [{
    link: 0,
    active: true,
    remote: "0000:81:00.0",
    remote_type: "gpu",
    version: null,
  }]);
});

Deno.test("the amdgpu source reads xGMI links of GPUs at 00:00.0 of domains of their own", () => {
  const gpu = (domain: string) =>
    pciFunction({
      at: `pci${domain}:00/${domain}:00:00.0`,
      class: "0x120000",
      vendor: "0x1002",
      device: "0x74b5",
      driver: "amdgpu",
    });
  const gpus = gpusOf({
    ...gpu("0002"),
    ...gpu("0003"),
    ...KFD_LINK,
    "sys/devices/virtual/kfd/kfd/topology/nodes/0/properties": "simd_count 0\nlocation_id 0",
    ...kfdNode(1, 0, 128, [2], 2),
    ...kfdNode(2, 0, 129, [1], 3),
  });
  const remotes = gpus.map(({ peer_links }) => peer_links?.map(({ remote }) => remote));
  assert.deepEqual(remotes, [["0003:00:00.0"], ["0002:00:00.0"]]);
});

Deno.test("the amdgpu source reads xGMI links of virtual functions at their own functions", () => {
  const gpu = (fn: number) =>
    pciFunction({
      at: `pci0000:00/0000:00:02.${fn}`,
      class: "0x120000",
      vendor: "0x1002",
      device: "0x74b5",
      driver: "amdgpu",
    });
  const gpus = gpusOf({
    ...gpu(1),
    ...gpu(2),
    ...KFD_LINK,
    ...kfdNode(1, 0x11, 128, [2]),
    ...kfdNode(2, 0x12, 129, [1]),
  });
  const remotes = gpus.map(({ peer_links }) => peer_links?.map(({ remote }) => remote));
  assert.deepEqual(remotes, [["0000:00:02.2"], ["0000:00:02.1"]]);
});
