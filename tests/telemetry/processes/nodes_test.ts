import assert from "node:assert/strict";
import { GpuFinder, gpuNodeName } from "../../../lib/telemetry/processes/nodes.ts";
import { ADRENO, AMD, NVIDIA } from "./proc_tree.ts";

function nameOf(target: string): string | undefined {
  const bytes = new TextEncoder().encode(target);
  const buffer = new Uint8Array(512).fill(0x37);
  buffer.set(bytes);
  return gpuNodeName(buffer, bytes.length);
}

Deno.test("gpuNodeName() knows device files of GPUs, wherever a container has them", () => {
  assert.equal(nameOf("/dev/dri/renderD128"), "renderD128");
  assert.equal(nameOf("/dev/dri/card0"), "card0");
  assert.equal(nameOf("/run/host/dev/dri/card12"), "card12");
  assert.equal(nameOf("/dri/card1"), "card1");
  assert.equal(nameOf("/dev/dri/renderD129 (deleted)"), "renderD129");
  assert.equal(nameOf("/dev/nvidia3"), "nvidia3");
  assert.equal(nameOf("/dev/mtgpu.0"), "mtgpu.0");
});

Deno.test("gpuNodeName() takes no other path for one", () => {
  for (
    const path of [
      "/dev/nvidiactl",
      "/dev/nvidia-uvm",
      "/dev/nvidia-caps/nvidia-cap1",
      "/dev/dri",
      "/dev/dri/by-path/pci-0000:00:02.0-card",
      "/dev/null",
      "/dev/pts/128",
      "/home/ana/card0",
      "/home/ana/nvidia0",
      "/dev/dri/renderD",
      "/dev/dri/renderD128x",
      "/dev/dri/card0/1",
      "/tmp/file (deleted)",
      "/",
      "",
    ]
  ) assert.equal(nameOf(path), undefined, path);
});

Deno.test("GpuFinder finds by full PCI address and by device file", () => {
  const finder = new GpuFinder([AMD, ADRENO, NVIDIA]);
  assert.equal(finder.pci("0000:0a:00.0"), AMD.id);
  assert.equal(finder.pci("0000:0a:00.1"), undefined);
  assert.equal(finder.node("renderD128"), AMD.id);
  assert.equal(finder.node("card2"), ADRENO.id);
  assert.equal(finder.node("nvidia0"), NVIDIA.id);
  assert.equal(finder.node("nvidia1"), undefined);
});
