import assert from "node:assert/strict";
import type { CopyRuntime } from "../../ffi/copy_runtime.ts";
import { openHipCopies } from "../../ffi/hip_copy.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary } from "../fakes/library.ts";
import { checkImports } from "./exported_memory.ts";

const DEVICES = `
device
pci 0000:03:00.0
peers 1
device
pci 0000:43:00.0
peers 0
device
pci 0000:83:00.0
`;

const SIZE = 1 << 18;

function withCopies(body: (runtime: CopyRuntime) => void): void {
  using fake = fakeLibrary("hip", DEVICES);
  const opened = openHipCopies({ sonames: [fake.path] });
  assert.ok(opened.state === "ok");
  {
    using runtime = opened.runtime;
    body(runtime);
  }
  const library = Deno.dlopen(fake.path, { fakeLeftovers: { parameters: [], result: "i32" } });
  assert.equal(library.symbols.fakeLeftovers(), 0);
}

compilerTest(
  "StreamCopies over HIP lists devices and says who does not reach whom",
  () =>
    withCopies((runtime) => {
      assert.deepEqual(runtime.identities().map(({ pci }) => pci), [
        "0000:03:00.0",
        "0000:43:00.0",
        "0000:83:00.0",
      ]);
      assert.equal(runtime.peerObstacle(0, 1), undefined);
      assert.match(runtime.peerObstacle(1, 2) ?? "", /hipDeviceCanAccessPeer says no/);
      runtime.enablePeer(1, 0);
      runtime.enablePeer(1, 0);
      assert.throws(() => runtime.enablePeer(2, 0), /hipErrorUnknown|hipErrorInvalidDevice/);
    }),
);

compilerTest(
  "StreamCopies.time() over HIP copies from the host to a device, to its peer and back",
  () =>
    withCopies((runtime) => {
      using sent = runtime.hostMemory(0, SIZE);
      using received = runtime.hostMemory(0, SIZE);
      using a = runtime.deviceMemory(0, SIZE);
      using b = runtime.deviceMemory(1, SIZE);
      sent.bytes?.forEach((_, i, bytes) => bytes[i] = i * 5);
      received.bytes?.fill(0);
      assert.ok(runtime.time([{ device: 0, from: sent, to: a, size: SIZE }], 2) > 0);
      runtime.time([
        { device: 0, from: a, to: b, size: SIZE },
        { device: 1, from: b, to: received, size: SIZE },
      ], 1);
      assert.deepEqual(received.bytes, sent.bytes);
    }),
);

Deno.test("openHipCopies() says why there is no HIP", () => {
  assert.equal(openHipCopies({ sonames: ["libmvgal-none.so.1"] }).state, "absent");
});

compilerTest(
  "StreamCopies.start() over HIP copies between memory that another interface has exported",
  () => withCopies((runtime) => checkImports(runtime, SIZE)),
);
