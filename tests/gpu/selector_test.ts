import assert from "node:assert/strict";
import {
  GpuNotFoundError,
  GpuSelectorError,
  parseGpuSelector,
  selectGpus,
} from "../../lib/gpu/selector.ts";
import { sampleGpu } from "./sample.ts";

const GPUS = [
  sampleGpu({ index: 0, vendor: "nvidia", name: "NVIDIA H200", pci_slot: "0000:06:00.0" }),
  sampleGpu({
    index: 1,
    vendor: "nvidia",
    name: "NVIDIA H200",
    pci_slot: "0000:07:00.0",
    uuid: "GPU-b15a0a1c-4b3d-0f21-9c5e-8a7b6c5d4e3f",
  }),
  sampleGpu({
    index: 2,
    vendor: "amd",
    name: "AMD Radeon RX 580",
    pci_slot: "0001:06:00.0",
    kind: "integrated",
  }),
  sampleGpu({ index: 3, vendor: "mesa", name: "llvmpipe", id: "vulkan:0", kind: "software" }),
];

const select = (text: string) => selectGpus(GPUS, parseGpuSelector(text)).map((gpu) => gpu.index);

Deno.test("selectGpus() chooses by index, list and range", () => {
  assert.deepEqual(select("0"), [0]);
  assert.deepEqual(select("2,0"), [0, 2]);
  assert.deepEqual(select("0-2"), [0, 1, 2]);
  assert.deepEqual(select("1,0-1"), [0, 1]);
});

Deno.test("selectGpus() chooses by vendor, kind and all", () => {
  assert.deepEqual(select("nvidia"), [0, 1]);
  assert.deepEqual(select("AMD"), [2]);
  assert.deepEqual(select("software"), [3]);
  assert.deepEqual(select("all"), [0, 1, 2, 3]);
});

Deno.test("selectGpus() chooses by PCI address, short and long", () => {
  assert.deepEqual(select("pci:0000:06:00.0"), [0]);
  assert.deepEqual(select("06:00.0"), [0]);
  assert.deepEqual(select("00000001:06:00.0"), [2]);
});

Deno.test("selectGpus() chooses by UUID, with and without prefixes, and by id", () => {
  assert.deepEqual(select("uuid:b15a0a1c-4b3d-0f21-9c5e-8a7b6c5d4e3f"), [1]);
  assert.deepEqual(select("GPU-B15A0A1C-4B3D-0F21-9C5E-8A7B6C5D4E3F"), [1]);
  assert.deepEqual(select("vulkan:0"), [3]);
});

Deno.test("selectGpus() chooses by a part of the name only where name: says so", () => {
  assert.deepEqual(select("name:rx 580"), [2]);
  assert.throws(() => parseGpuSelector("rx580"), GpuSelectorError);
});

Deno.test("selectGpus() takes away what ! names, from all where nothing else is named", () => {
  assert.deepEqual(select("!0"), [1, 2, 3]);
  assert.deepEqual(select("nvidia,!1"), [0]);
  assert.deepEqual(select("!software,!nvidia"), [2]);
  assert.deepEqual(select("!intel"), [0, 1, 2, 3]);
});

Deno.test("selectGpus() refuses a device that is not there, and says what is", () => {
  const error = (text: string) => {
    try {
      select(text);
    } catch (caught) {
      assert.ok(caught instanceof GpuNotFoundError);
      return caught.message;
    }
    throw new assert.AssertionError({ message: `'${text}' was accepted` });
  };
  assert.match(error("intel"), /no GPU is 'intel': there is 0 NVIDIA H200 \(pci:0000:06:00\.0\)/);
  assert.match(error("4"), /no GPU is '4'/);
  assert.match(error("2-5"), /no GPU is '2-5'/);
  assert.match(error("pci:0000:06:01.0"), /Did you mean pci:0000:06:00\.0\?/);
  assert.match(error("!all"), /leaves no GPU/);
});

Deno.test("selectGpus() says that there is nothing to choose from", () => {
  assert.throws(() => selectGpus([], parseGpuSelector("0")), /no GPU that mvgal can see/);
  assert.deepEqual(selectGpus([], parseGpuSelector("all")), []);
});

Deno.test("parseGpuSelector() refuses an unknown vendor and says what was probably meant", () => {
  assert.throws(() => parseGpuSelector("nvdia"), { message: /Did you mean nvidia\?/ });
  assert.throws(() => parseGpuSelector("voodoo"), { message: /name:voodoo/ });
});

Deno.test("parseGpuSelector() refuses empty terms, backward ranges and halves of ids", () => {
  for (const text of ["", "0,,1", ",", "!", "3-1", "pci:zz", "uuid:123", "name:", "-1", "0x1"]) {
    assert.throws(() => parseGpuSelector(text), GpuSelectorError, text);
  }
});
