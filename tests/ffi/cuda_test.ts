import assert from "node:assert/strict";
import { type Cuda, openCuda } from "../../ffi/cuda.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary, type FakeOptions } from "../fakes/library.ts";

const DEVICES = `
driver_version 13000
device
name NVIDIA H200
uuid b15a0a1c4b3d0f219c5e8a7b6c5d4e3f
gpu_uuid 00000000000000000000000000000001
pci 0000:06:00.0
memory 150109880320
attribute_75 9
attribute_76 0
attribute_18 0
attribute_102 1
device
name Orin
attribute_18 1
`;

/** Runs `body` with a fake CUDA that shows `description`. */
function withCuda(
  description: string,
  body: (cuda: Cuda) => void,
  options: FakeOptions = {},
): void {
  using fake = fakeLibrary("cuda", description, options);
  const opened = openCuda({ sonames: [fake.path] });
  assert.equal(opened.state, "ok");
  if (opened.state !== "ok") return;
  using cuda = opened.cuda;
  body(cuda);
}

compilerTest("Cuda lists devices and reads their properties", () =>
  withCuda(DEVICES, (cuda) => {
    assert.equal(cuda.driverVersion(), "13.0");
    assert.deepEqual(cuda.devices(), [0, 1]);
    assert.equal(cuda.name(0), "NVIDIA H200");
    assert.equal(cuda.pciBusId(0), "0000:06:00.0");
    assert.equal(cuda.totalMemory(0), 150109880320);
    assert.equal(cuda.attribute(0, "COMPUTE_CAPABILITY_MAJOR"), 9);
    assert.equal(cuda.attribute(0, "VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED"), 1);
    assert.equal(cuda.attribute(1, "INTEGRATED"), 1);
    const uuid = cuda.uuid(0);
    assert.deepEqual([uuid.length, uuid[0], uuid[15]], [16, 0xb1, 0x3f]);
  }));

compilerTest(
  "Cuda.uuid() asks an older driver's function where the newer one is missing",
  () => withCuda(DEVICES, (cuda) => assert.equal(cuda.uuid(0)[15], 1), { variant: "old" }),
);

compilerTest("a CudaError has CUDA's own name and words", () => {
  withCuda(DEVICES, (cuda) => {
    assert.throws(() => cuda.attribute(0, "MEMORY_POOLS_SUPPORTED"), {
      name: "CudaError",
      message: "cuDeviceGetAttribute(MEMORY_POOLS_SUPPORTED): CUDA_ERROR_INVALID_VALUE",
    });
    assert.throws(() => cuda.name(7), { code: 101, result: "101" });
  });
  using fake = fakeLibrary("cuda", "driver_version 13000\n");
  assert.throws(() => openCuda({ sonames: [fake.path] }), {
    name: "CudaError",
    message: "cuInit: CUDA_ERROR_NO_DEVICE (no CUDA-capable device is detected)",
  });
});

Deno.test("openCuda() says why there is no CUDA", () => {
  assert.equal(openCuda({ sonames: ["libmvgal-none.so.1"] }).state, "absent");
});
