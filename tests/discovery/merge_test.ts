import assert from "node:assert/strict";
import { mergeSightings } from "../../lib/discovery/merge.ts";
import type { Sighting } from "../../lib/discovery/source.ts";
import type { ApiDevice, ApiName } from "../../lib/gpu/gpu.ts";

const UUID = "b15a0a1c-4b3d-0f21-9c5e-8a7b6c5d4e3f";

const seen = (match: Sighting["match"], more: Partial<Sighting> = {}): Sighting => ({
  match,
  fallback_id: match.pci ? `pci:${match.pci}` : "vulkan:0",
  facts: {},
  ...more,
});

const device = (more: Partial<ApiDevice> = {}): ApiDevice => ({
  index: "0",
  name: "",
  api_version: null,
  driver: null,
  uuid: null,
  capabilities: [],
  memory_total_bytes: null,
  ...more,
});

const api = (name: ApiName, more: Partial<ApiDevice> = {}) => ({
  api: { name, device: device(more) },
});

/** Merges `[source, ...sightings]` rows. */
const merge = (...rows: [string, ...Sighting[]][]) =>
  mergeSightings(rows.map(([source, ...sightings]) => ({ source, sightings })));

const PCI = "0000:01:00.0";

Deno.test("mergeSightings() joins by PCI address", () => {
  const { gpus } = merge(
    ["pci", seen({ pci: PCI }, { facts: { driver: "nvidia" } })],
    ["vulkan", seen({ pci: PCI, uuid: UUID }, api("vulkan", { index: "3" }))],
  );
  assert.equal(gpus.length, 1);
  assert.equal(gpus[0]?.id, `pci:${PCI}`);
  assert.deepEqual(gpus[0]?.seen_by, ["pci", "vulkan"]);
  assert.equal(gpus[0]?.apis.vulkan?.[0]?.index, "3");
});

Deno.test("mergeSightings() joins by UUID what has no PCI address, in whichever order", () => {
  const rows: [string, Sighting][] = [
    ["opencl", seen({ uuid: UUID }, api("opencl"))],
    ["nvml", seen({ pci: PCI, uuid: UUID })],
  ];
  for (const order of [rows, rows.toReversed()]) {
    const { gpus } = merge(...order);
    assert.equal(gpus.length, 1);
    assert.deepEqual(gpus[0]?.seen_by, ["nvml", "opencl"]);
  }
});

Deno.test("mergeSightings() joins by DRM node what has neither", () => {
  const { gpus } = merge(
    ["drm", seen({ drm_minors: [1, 128] }, { fallback_id: "platform:ff9a0000.gpu" })],
    ["vulkan", seen({ drm_minors: [128], uuid: UUID })],
  );
  assert.equal(gpus.length, 1);
  assert.equal(gpus[0]?.id, "platform:ff9a0000.gpu");
});

Deno.test("mergeSightings() joins by name in the end, but never by a guess", () => {
  const named = seen({ name: "NVIDIA(R) H200" }, api("opencl"));
  const one = merge(["pci", seen({ pci: PCI }, { facts: { name: "NVIDIA H200" } })], [
    "opencl",
    named,
  ]);
  assert.equal(one.gpus.length, 1);
  assert.ok(one.gpus[0]?.apis.opencl);
  const two = merge(
    [
      "pci",
      seen({ pci: PCI }, { facts: { name: "NVIDIA H200" } }),
      seen({ pci: "0000:02:00.0" }, { facts: { name: "NVIDIA H200" } }),
    ],
    ["opencl", named],
  );
  assert.equal(two.gpus.length, 2);
  assert.ok(two.gpus.every((gpu) => gpu.apis.opencl === undefined));
  assert.match(two.notes[0] ?? "", /opencl shows NVIDIA\(R\) H200 .* which of 2/);
});

Deno.test("mergeSightings() keeps two devices of one name that one source alone shows", () => {
  const { gpus, notes } = merge([
    "opencl",
    seen({ name: "Card" }, { fallback_id: "opencl:0:0" }),
    seen({ name: "Card" }, { fallback_id: "opencl:0:1" }),
  ]);
  assert.deepEqual(gpus.map((gpu) => gpu.id), ["opencl:0:0", "opencl:0:1"]);
  assert.deepEqual(notes, []);
});

Deno.test("mergeSightings() never joins software with hardware", () => {
  const { gpus } = merge(
    ["pci", seen({ pci: PCI }, { facts: { name: "Fancy", kind: "discrete" } })],
    ["vulkan", seen({ name: "Fancy", software: true, uuid: UUID }, { fallback_id: "vulkan:1" })],
    ["nvml", seen({ pci: "0000:02:00.0", uuid: UUID })],
  );
  assert.deepEqual(gpus.map(({ id, kind }) => [id, kind]), [
    [`pci:${PCI}`, "discrete"],
    ["pci:0000:02:00.0", "unknown"],
    ["vulkan:1", "software"],
  ]);
});

Deno.test("mergeSightings() joins one program's devices of two APIs by UUID or name", () => {
  const { gpus } = merge(
    ["vulkan", seen({ name: "llvmpipe (LLVM 15)", software: true }, api("vulkan"))],
    ["opencl", seen({ name: "LLVMpipe (LLVM 15)", software: true }, api("opencl"))],
  );
  assert.equal(gpus.length, 1);
  assert.deepEqual(Object.keys(gpus[0]?.apis ?? {}).sort(), ["opencl", "vulkan"]);
});

Deno.test("mergeSightings() keeps a device that one source alone saw, and says so", () => {
  const { gpus } = merge(["cuda", seen({ uuid: UUID }, api("cuda"))]);
  assert.equal(gpus[0]?.id, `uuid:${UUID}`);
  assert.deepEqual(gpus[0]?.seen_by, ["cuda"]);
  assert.match(gpus[0]?.absent.driver ?? "", /no source/);
});

Deno.test("mergeSightings() believes sources by precedence, whatever the order of asking", () => {
  const rows: [string, Sighting][] = [
    ["vulkan", seen({ pci: PCI }, { facts: { name: "by vulkan", kind: "virtual" } })],
    ["nvml", seen({ pci: PCI }, { facts: { name: "by nvml", vram_total_bytes: 2 } })],
    ["pci", seen({ pci: PCI }, { facts: { name: "by list", kind: "discrete" } })],
  ];
  for (const order of [rows, rows.toReversed()]) {
    const [gpu] = merge(...order).gpus;
    assert.equal(gpu?.name, "by nvml");
    assert.equal(gpu?.kind, "discrete");
    assert.equal(gpu?.sources.name, "nvml");
  }
});

Deno.test("mergeSightings() lets no source's ignorance hide another's knowledge", () => {
  const [gpu] = merge(
    [
      "pci",
      seen({ pci: PCI }, {
        facts: { name: null, kind: "unknown" },
        absent: { name: "in no list", kind: "cannot tell" },
      }),
    ],
    ["vulkan", seen({ pci: PCI }, { facts: { name: "Card", kind: "discrete" } })],
  ).gpus;
  assert.equal(gpu?.name, "Card");
  assert.equal(gpu?.kind, "discrete");
  assert.equal(gpu?.absent.name, undefined);
});

Deno.test("mergeSightings() gives the reason of the source that should have known", () => {
  const [gpu] = merge(
    ["vulkan", seen({ pci: PCI }, { absent: { vram_total_bytes: "vulkan's reason" } })],
    ["amdgpu", seen({ pci: PCI }, { absent: { vram_total_bytes: "amdgpu's reason" } })],
  ).gpus;
  assert.equal(gpu?.absent.vram_total_bytes, "amdgpu's reason");
});

Deno.test("mergeSightings() unites device nodes", () => {
  const [gpu] = merge(
    ["drm", seen({ pci: PCI }, { facts: { device_nodes: ["/dev/dri/renderD130"] } })],
    ["nvml", seen({ pci: PCI }, { facts: { device_nodes: ["/dev/nvidia0"] } })],
    ["nvidia", seen({ pci: PCI }, { facts: { device_nodes: ["/dev/nvidia0"] } })],
  ).gpus;
  assert.deepEqual(gpu?.device_nodes.toSorted(), ["/dev/dri/renderD130", "/dev/nvidia0"]);
});

Deno.test("mergeSightings() takes an API's figure for memory where no driver tells one", () => {
  const memory = (kind: "discrete" | "integrated") =>
    merge(
      ["pci", seen({ pci: PCI }, { facts: { kind } })],
      ["opencl", seen({ pci: PCI }, api("opencl", { memory_total_bytes: 6 }))],
      ["level_zero", seen({ pci: PCI }, api("level_zero", { memory_total_bytes: 8 }))],
    ).gpus[0];
  assert.equal(memory("discrete")?.vram_total_bytes, 8);
  assert.equal(memory("discrete")?.sources.vram_total_bytes, "level_zero");
  assert.equal(memory("integrated")?.vram_total_bytes, null);
});

Deno.test("mergeSightings() orders GPUs by PCI address, then the rest, programs last", () => {
  const { gpus } = merge(
    [
      "vulkan",
      seen({ name: "p", software: true }, { fallback_id: "vulkan:0" }),
      seen({ drm_minors: [5] }, { fallback_id: "platform:gpu" }),
    ],
    ["pci", ...["0001:01:00.0", "0000:81:00.0", "0000:03:00.0"].map((pci) => seen({ pci }))],
  );
  assert.deepEqual(gpus.map((gpu) => gpu.id), [
    "pci:0000:03:00.0",
    "pci:0000:81:00.0",
    "pci:0001:01:00.0",
    "platform:gpu",
    "vulkan:0",
  ]);
});

Deno.test("mergeSightings() gives no two devices one id", () => {
  const { gpus } = merge([
    "vulkan",
    seen({ name: "a", software: true }, { fallback_id: "vulkan:0" }),
    seen({ name: "b", software: true }, { fallback_id: "vulkan:0" }),
  ]);
  assert.deepEqual(gpus.map((gpu) => gpu.id), ["vulkan:0", "vulkan:0#2"]);
});

Deno.test("mergeSightings() lists PCI domains in their order, those of five digits last", () => {
  const addresses = ["2000:01:00.0", "c05b:00:00.0", "10000:e1:00.0", "20000:01:00.0"];
  const { gpus } = merge(["pci", ...addresses.toReversed().map((pci) => seen({ pci }))]);
  assert.deepEqual(gpus.map(({ id }) => id), addresses.map((address) => `pci:${address}`));
});
