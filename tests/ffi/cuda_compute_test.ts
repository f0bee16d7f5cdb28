import assert from "node:assert/strict";
import { join } from "node:path";
import { type CudaComputeDevice, openCudaCompute } from "../../ffi/cuda_compute.ts";
import { compile, compilerTest } from "../fakes/cc.ts";

const UUID = Uint8Array.from({ length: 16 }, (_, i) => 0x10 + i);

function fakeLibrary(): string {
  const file = join(import.meta.dirname ?? ".", "..", "fakes", "cuda_compute.c");
  return compile({
    name: "libcuda.so.1",
    source: { file },
    args: ["-shared", "-fPIC"],
  });
}

/** Runs `body` with the fake's device, and checks that nothing is left open. */
function withDevice(body: (device: CudaComputeDevice) => void): void {
  const library = fakeLibrary();
  const opened = openCudaCompute(UUID, { sonames: [library] });
  assert.equal(opened.state, "ok");
  if (opened.state !== "ok") return;
  {
    using device = opened.device;
    body(device);
  }
  const handle = Deno.dlopen(library, { fake_open_handles: { parameters: [], result: "i32" } });
  assert.equal(handle.symbols.fake_open_handles(), 0);
  handle.close();
}

compilerTest(
  "openCudaCompute() finds the device by its UUID, and says where it is not shown",
  () => {
    withDevice((device) => {
      assert.equal(device.capability, 90);
      assert.equal(device.multiprocessors, 132);
      assert.equal(device.maxSharedBytes, 232448);
    });
    const other = openCudaCompute(new Uint8Array(16), { sonames: [fakeLibrary()] });
    assert.deepEqual(other, { state: "absent", reason: "CUDA does not show this device" });
  },
);

compilerTest("openCudaCompute() says where there is no CUDA", () => {
  const opened = openCudaCompute(UUID, { sonames: ["libnocuda.so.1"] });
  assert.equal(opened.state, "absent");
});

compilerTest(
  "CudaComputeDevice.time() launches with 64-bit parameters and gives nanoseconds",
  () =>
    withDevice((device) => {
      using kernel = device.compile(".version 8.0", "kernel");
      using out = device.allocate(64);
      const took = device.time({
        kernel,
        blocks: 66,
        threads: 384,
        sharedBytes: 200_000,
        parameters: [out.address, 0xffff_ffff_ffff_fff0n, 5n],
      });
      assert.equal(took, 2.5e6);
      const words = new BigUint64Array(device.readBack(out, 0, 40).buffer);
      assert.deepEqual([...words], [66n, 384n, 24n, 0xffff_ffff_ffff_fff0n, 5n]);
    }),
);

compilerTest(
  "CudaComputeDevice.compile() gives the compiler's words on one line",
  () =>
    withDevice((device) => {
      assert.throws(() => device.compile("mov.u32", "kernel"), {
        name: "CudaError",
        message: "cuModuleLoadDataEx: CUDA_ERROR_INVALID_PTX (line 1: no version; line 2: nothing)",
      });
      assert.throws(
        () => device.compile(".version 8.0", "other"),
        /^CudaError: cuModuleGetFunction/,
      );
    }),
);

compilerTest(
  "CudaComputeDevice fills buffers with a pattern that need not divide them",
  () =>
    withDevice((device) => {
      using buffer = device.allocate(40);
      device.fillWith(buffer, Uint8Array.of(1, 2, 3));
      const expected = Uint8Array.from({ length: 40 }, (_, i) => 1 + (i % 3));
      assert.deepEqual(device.readBack(buffer, 0, 40), expected);
      device.fill(buffer, 0xaabbccdd);
      assert.deepEqual([...device.readBack(buffer, 36, 4)], [0xdd, 0xcc, 0xbb, 0xaa]);
    }),
);

compilerTest("CudaComputeDevice.timeCopy() copies the whole buffer", () =>
  withDevice((device) => {
    using from = device.upload(Uint8Array.from({ length: 64 }, (_, i) => i));
    using to = device.allocate(64);
    assert.equal(device.timeCopy(from, to, 2), 2.5e6);
    assert.deepEqual(device.readBack(to, 0, 64), device.readBack(from, 0, 64));
  }));

compilerTest(
  "CudaComputeDevice.tensorMap() maps rows of bytes, swizzled by 128",
  () =>
    withDevice((device) => {
      using buffer = device.allocate(1 << 16);
      using map = device.tensorMap(buffer, {
        rows: 128,
        columns: 512,
        boxRows: 64,
        boxColumns: 128,
      });
      const words = new BigUint64Array(device.readBack(map, 0, 88).buffer);
      assert.deepEqual(
        [...words],
        [0n, buffer.address, 512n, 128n, 512n, 128n, 64n, 0n, 3n, 3n, 0n],
      );
    }),
);

compilerTest(
  "CudaComputeDevice.allocate() throws what the driver says, and frees nothing",
  () =>
    withDevice((device) => {
      assert.throws(() => device.allocate(1 << 21), {
        message: "cuMemAlloc: CUDA_ERROR_INVALID_VALUE (the fake says no)",
      });
    }),
);
