import assert from "node:assert/strict";
import type { ApiDevice, Gpu, PeerLink } from "../../lib/gpu/gpu.ts";
import { capabilitiesOf, directLinks, logicalDevice } from "../../lib/gpu/logical.ts";
import { sampleGpu } from "./sample.ts";

const api = (...capabilities: string[]): ApiDevice => ({
  index: "0",
  name: "",
  api_version: null,
  driver: null,
  uuid: null,
  capabilities,
  memory_total_bytes: null,
});

const link = (remote: string | null, more: Partial<PeerLink> = {}): PeerLink => ({
  link: 0,
  active: true,
  remote,
  remote_type: remote === null ? "switch" : "gpu",
  version: 4,
  ...more,
});

Deno.test("logicalDevice() counts neither programs, nor bare displays, nor virtual functions", () => {
  const logical = logicalDevice([
    sampleGpu({ pci_slot: "0000:01:00.0", vendor: "amd", vram_total_bytes: 8 }),
    sampleGpu({ id: "vulkan:0", kind: "software", vram_total_bytes: 16 }),
    sampleGpu({ pci_slot: "0000:02:00.0", kind: "display" }),
    sampleGpu({
      pci_slot: "0000:01:00.1",
      vram_total_bytes: 4,
      sriov: { role: "vf", total_vfs: null, num_vfs: null, physical_function: "0000:01:00.0" },
    }),
  ]);
  assert.equal(logical.gpu_count, 1);
  assert.deepEqual(logical.gpus, ["pci:0000:01:00.0"]);
  assert.equal(logical.vram_total_bytes, 8);
  assert.equal(logical.tier, "single");
});

Deno.test("logicalDevice() sums the VRAM that is known and names the GPUs left out", () => {
  const logical = logicalDevice([
    sampleGpu({ pci_slot: "0000:01:00.0", vendor: "amd", vram_total_bytes: 8 }),
    sampleGpu({ pci_slot: "0000:02:00.0", vendor: "nvidia" }),
    sampleGpu({ pci_slot: "0000:03:00.0", vendor: "nvidia", vram_total_bytes: 16 }),
  ]);
  assert.equal(logical.vram_total_bytes, 24);
  assert.deepEqual(logical.vram_unknown, ["pci:0000:02:00.0"]);
  assert.deepEqual(logical.vendors, ["amd", "nvidia"]);
});

Deno.test("logicalDevice() gives no sum where no GPU's VRAM is known", () => {
  assert.equal(logicalDevice([sampleGpu({})]).vram_total_bytes, null);
  assert.equal(logicalDevice([]).vram_total_bytes, null);
});

Deno.test("logicalDevice() unites and intersects capabilities", () => {
  const logical = logicalDevice([
    sampleGpu({ pci_slot: "0000:01:00.0", apis: { vulkan: [api("a", "b")], cuda: [api()] } }),
    sampleGpu({ pci_slot: "0000:02:00.0", apis: { vulkan: [api("b", "c")] } }),
  ]);
  assert.deepEqual(logical.capabilities_all, ["vulkan", "vulkan:b"]);
  assert.deepEqual(logical.capabilities_any, [
    "cuda",
    "vulkan",
    "vulkan:a",
    "vulkan:b",
    "vulkan:c",
  ]);
});

Deno.test("capabilitiesOf() unites the drivers of one API", () => {
  const gpu = sampleGpu({ apis: { vulkan: [api("a"), api("b")], opencl: [] } });
  assert.deepEqual([...capabilitiesOf(gpu)].sort(), ["vulkan", "vulkan:a", "vulkan:b"]);
});

Deno.test("directLinks() counts active links, and those through switches that both have", () => {
  const a = sampleGpu({ pci_slot: "0000:01:00.0" });
  const b = sampleGpu({ pci_slot: "0000:02:00.0" });
  assert.equal(directLinks(a, b), 0);
  a.peer_links = [link("0000:02:00.0"), link("0000:02:00.0"), link("0000:03:00.0")];
  assert.equal(directLinks(a, b), 2);
  a.peer_links = [link("0000:02:00.0", { active: false })];
  assert.equal(directLinks(a, b), 0);
  a.peer_links = [link(null), link(null), link(null)];
  b.peer_links = [link(null), link(null)];
  assert.equal(directLinks(a, b), 2);
});

function tierOf(...gpus: Partial<Gpu>[]): string {
  return logicalDevice(
    gpus.map((gpu, i) => sampleGpu({ pci_slot: `0000:0${i + 1}:00.0`, ...gpu })),
  ).tier;
}

Deno.test("logicalDevice() gives the highest tier that holds for all GPUs", () => {
  const amd: Partial<Gpu> = { vendor: "amd", driver: "amdgpu" };
  const intel: Partial<Gpu> = { vendor: "intel", driver: "xe" };
  const vulkan: Partial<Gpu> = { apis: { vulkan: [api()] } };
  assert.equal(tierOf(), "none");
  assert.equal(tierOf(amd), "single");
  assert.equal(tierOf(amd, intel), "separate");
  assert.equal(tierOf({ ...amd, ...vulkan }, intel), "separate");
  assert.equal(tierOf({ ...amd, ...vulkan }, { ...intel, ...vulkan }), "common_api");
  assert.equal(tierOf(amd, amd), "common_driver");
  assert.equal(tierOf(amd, amd, intel), "separate");
  assert.equal(tierOf({ vendor: "amd" }, { vendor: "amd" }), "separate");
  const linked = [
    { ...amd, peer_links: [link("0000:02:00.0"), link("0000:03:00.0")] },
    { ...amd, peer_links: [link("0000:01:00.0"), link("0000:03:00.0")] },
    { ...amd, peer_links: [link("0000:01:00.0"), link("0000:02:00.0")] },
  ];
  assert.equal(tierOf(...linked), "linked");
  assert.equal(tierOf(...linked, amd), "common_driver");
});
