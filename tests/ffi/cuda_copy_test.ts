import assert from "node:assert/strict";
import type { CopyRuntime } from "../../ffi/copy_runtime.ts";
import { openCudaCopies } from "../../ffi/cuda_copy.ts";
import { compilerTest } from "../fakes/cc.ts";
import { type FakeLibrary, fakeLibrary } from "../fakes/library.ts";
import { checkImports } from "./exported_memory.ts";

const DEVICES = `
driver_version 13000
device
uuid b15a0a1c4b3d0f219c5e8a7b6c5d4e3f
pci 0000:06:00.0
peers 1
device
uuid c15a0a1c4b3d0f219c5e8a7b6c5d4e3f
pci 0000:0A:00.0
peers 0 2
device
pci 0000:0B:00.0
`;

const SIZE = 1 << 20;

/** Contexts and memory that the fake still holds. */
function leftovers(fake: FakeLibrary): number {
  const library = Deno.dlopen(fake.path, { fakeLeftovers: { parameters: [], result: "i32" } });
  return library.symbols.fakeLeftovers();
}

function withCopies(
  body: (runtime: CopyRuntime, fake: FakeLibrary) => void,
  description = DEVICES,
): void {
  using fake = fakeLibrary("cuda", description);
  const opened = openCudaCopies({ sonames: [fake.path] });
  assert.ok(opened.state === "ok");
  {
    using runtime = opened.runtime;
    body(runtime, fake);
  }
  assert.equal(leftovers(fake), 0);
}

compilerTest(
  "StreamCopies over CUDA lists devices by PCI address and UUID",
  () =>
    withCopies((runtime) => {
      const [first, second, third] = runtime.identities();
      assert.deepEqual([first?.pci, second?.pci], ["0000:06:00.0", "0000:0a:00.0"]);
      assert.equal(first?.uuid?.[0], 0xb1);
      assert.equal(third?.uuid, null);
    }),
);

compilerTest(
  "StreamCopies.peerObstacle() over CUDA says who does not reach whom",
  () =>
    withCopies((runtime) => {
      assert.equal(runtime.peerObstacle(0, 1), undefined);
      assert.match(runtime.peerObstacle(0, 2) ?? "", /cuDeviceCanAccessPeer says no/);
      runtime.enablePeer(0, 1);
      runtime.enablePeer(0, 1);
      assert.throws(
        () => runtime.enablePeer(2, 0),
        /cuCtxEnablePeerAccess: CUDA_ERROR_INVALID_VALUE/,
      );
    }),
);

compilerTest(
  "StreamCopies.time() over CUDA copies from the host to a device, to its peer and back",
  () =>
    withCopies((runtime) => {
      using sent = runtime.hostMemory(0, SIZE);
      using received = runtime.hostMemory(1, SIZE);
      using a = runtime.deviceMemory(0, SIZE);
      using b = runtime.deviceMemory(1, SIZE);
      sent.bytes?.forEach((_, i, bytes) => bytes[i] = i * 7 + (i >> 8));
      received.bytes?.fill(0);
      assert.ok(runtime.time([{ device: 0, from: sent, to: a, size: SIZE }], 3) > 0);
      runtime.time([{ device: 1, from: a, to: b, size: SIZE }], 1);
      runtime.time([{ device: 1, from: b, to: received, size: SIZE }], 1);
      assert.deepEqual(received.bytes, sent.bytes);
    }),
);

compilerTest(
  "StreamCopies.time() over CUDA runs lanes of two devices together, each on a stream of its own",
  () =>
    withCopies((runtime) => {
      using sent = runtime.hostMemory(0, SIZE);
      using a = runtime.deviceMemory(0, SIZE);
      using b = runtime.deviceMemory(1, SIZE);
      using c = runtime.deviceMemory(0, SIZE);
      using d = runtime.deviceMemory(1, SIZE);
      const took = runtime.time([
        { device: 0, from: a, to: b, size: SIZE },
        { device: 1, from: d, to: c, size: SIZE },
        { device: 0, from: sent, to: a, size: SIZE },
      ], 2);
      assert.ok(took > 0);
    }),
);

compilerTest("StreamCopies over CUDA says what CUDA refuses", () => {
  withCopies((runtime) => {
    using a = runtime.deviceMemory(0, SIZE);
    using b = runtime.deviceMemory(1, SIZE / 2);
    const tooFar = [{ device: 0, from: a, to: b, size: SIZE }];
    assert.throws(() => runtime.time(tooFar, 1), {
      name: "CudaError",
      message: "cuMemcpyPeerAsync: CUDA_ERROR_INVALID_VALUE",
    });
  });
  withCopies((runtime) => {
    assert.throws(() => runtime.deviceMemory(0, SIZE), /cuMemAlloc: 2/);
  }, "driver_version 13000\ndevice\nfail cuMemAlloc_v2 2\n");
});

Deno.test("openCudaCopies() says why there is no CUDA", () => {
  assert.equal(openCudaCopies({ sonames: ["libmvgal-none.so.1"] }).state, "absent");
});

compilerTest(
  "StreamCopies.start() over CUDA copies between memory that another interface has exported",
  () => withCopies((runtime) => checkImports(runtime, SIZE)),
);
