import assert from "node:assert/strict";
import { gpuKind, hasOwnSwitch } from "../../lib/gpu/kind.ts";

const kind = (vendor: number, device: number, more: Partial<Parameters<typeof gpuKind>[0]> = {}) =>
  gpuKind({ vendor, device, ...more });

Deno.test("gpuKind() tells AMD's processors from AMD's cards by the device id", () => {
  assert.equal(kind(0x1002, 0x15bf), "integrated"); // Phoenix
  assert.equal(kind(0x1002, 0x164e), "integrated"); // Raphael
  assert.equal(kind(0x1002, 0x98e4), "integrated"); // Stoney
  assert.equal(kind(0x1002, 0x1114), "integrated"); // Krackan
  assert.equal(kind(0x1002, 0x67df), "discrete"); // Polaris 10
  assert.equal(kind(0x1002, 0x7550), "discrete"); // Navi 48
  assert.equal(kind(0x1002, 0x74a1), "discrete"); // MI300X
  assert.equal(kind(0x1002, 0x74a0), "integrated"); // MI300A
});

Deno.test("gpuKind() tells Intel's processors from Intel's cards by the device id", () => {
  assert.equal(kind(0x8086, 0x9a49), "integrated");
  assert.equal(kind(0x8086, 0x64a0), "integrated"); // Lunar Lake
  assert.equal(kind(0x8086, 0x4905), "discrete"); // DG1
  assert.equal(kind(0x8086, 0x56a5), "discrete");
  assert.equal(kind(0x8086, 0x0bd5), "discrete"); // Ponte Vecchio
  assert.equal(kind(0x8086, 0xe20b), "discrete");
});

Deno.test("gpuKind() knows NVIDIA's integrated GPUs by their chip's name", () => {
  assert.equal(kind(0x10de, 0x2704, { listedName: "AD103 [GeForce RTX 4080]" }), "discrete");
  assert.equal(kind(0x10de, 0x0866, { listedName: "C79 [GeForce 9400M G]" }), "integrated");
});

Deno.test("gpuKind() knows virtual and bare display controllers, and programs", () => {
  assert.equal(kind(0x1af4, 0x1050, { driver: "virtio-pci" }), "virtual");
  assert.equal(kind(0x15ad, 0x0405, { driver: "vmwgfx" }), "virtual");
  assert.equal(kind(0x1a03, 0x2000, { driver: "ast" }), "display");
  assert.equal(kind(0x102b, 0x0538), "display");
  assert.equal(gpuKind({ driver: "simpledrm" }), "display");
  assert.equal(gpuKind({ driver: "vgem" }), "software");
});

Deno.test("gpuKind() takes what a hypervisor shows of a console for a bare display", () => {
  assert.equal(kind(0x1234, 0x1111), "display"); // QEMU's standard VGA
  assert.equal(kind(0x1d0f, 0x1111), "display"); // Amazon's
  assert.equal(kind(0x1b36, 0x0100), "display"); // QXL
  assert.equal(kind(0x1013, 0x00b8), "display"); // Cirrus, as QEMU emulates it
  assert.equal(kind(0x1414, 0x5353), "display"); // Hyper-V
  assert.equal(kind(0x1002, 0x515e, { driver: "radeon" }), "display"); // ES1000
  for (const driver of ["bochs", "bochs-drm", "qxl", "cirrus", "cirrus-qemu", "hyperv_drm"]) {
    assert.equal(gpuKind({ driver }), "display", driver);
  }
});

Deno.test("gpuKind() keeps what a hypervisor presents with a GPU behind it", () => {
  assert.equal(kind(0x1af4, 0x1050), "virtual");
  assert.equal(kind(0x15ad, 0x0405), "virtual");
  assert.equal(kind(0x1414, 0x008e), "virtual"); // a partition of the host's GPU
});

Deno.test("gpuKind() decides nothing for a vendor that it does not know", () => {
  assert.equal(kind(0x0731, 0x7200), "unknown");
  assert.equal(gpuKind({}), "unknown");
});

Deno.test("hasOwnSwitch() is true for AMD's cards from Vega 10 on and Intel's Arc", () => {
  for (const device of [0x687f, 0x66af, 0x69af, 0x731f, 0x73ff, 0x744c, 0x7550]) {
    assert.equal(hasOwnSwitch(0x1002, device), true, device.toString(16));
  }
  for (const device of [0x67df, 0x6818, 0x7300, 0x15bf, 0x665f]) {
    assert.equal(hasOwnSwitch(0x1002, device), false, device.toString(16));
  }
  assert.equal(hasOwnSwitch(0x8086, 0x56a5), true);
  assert.equal(hasOwnSwitch(0x8086, 0x9a49), false);
  assert.equal(hasOwnSwitch(0x10de, 0x2704), false);
});
