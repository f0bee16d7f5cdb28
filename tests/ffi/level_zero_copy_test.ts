import assert from "node:assert/strict";
import type { CopyRuntime } from "../../ffi/copy_runtime.ts";
import { openLevelZeroCopies } from "../../ffi/level_zero_copy.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary } from "../fakes/library.ts";
import { checkImports } from "./exported_memory.ts";

const DEVICES = `
api_version 0x10006
device
type 1
pci 0000:03:00.0
peers 1
queue_groups 3 2
device
type 1
pci 0000:04:00.0
queue_groups 1
`;

const SIZE = 1 << 18;

function withCopies(body: (runtime: CopyRuntime) => void): void {
  using fake = fakeLibrary("level_zero", DEVICES);
  const opened = openLevelZeroCopies({ sonames: [fake.path] });
  assert.ok(opened.state === "ok");
  {
    using runtime = opened.runtime;
    body(runtime);
  }
  const library = Deno.dlopen(fake.path, { fakeLeftovers: { parameters: [], result: "i32" } });
  assert.equal(library.symbols.fakeLeftovers(), 0);
}

compilerTest(
  "LevelZeroCopies lists devices and says who does not reach whom",
  () =>
    withCopies((runtime) => {
      assert.deepEqual(runtime.identities().map(({ pci }) => pci), [
        "0000:03:00.0",
        "0000:04:00.0",
      ]);
      assert.equal(runtime.peerObstacle(0, 1), undefined);
      assert.match(runtime.peerObstacle(1, 0) ?? "", /zeDeviceCanAccessPeer says no/);
    }),
);

compilerTest(
  "LevelZeroCopies.time() copies on the group that only copies, and on one that computes",
  () =>
    withCopies((runtime) => {
      using sent = runtime.hostMemory(0, SIZE);
      using received = runtime.hostMemory(0, SIZE);
      using a = runtime.deviceMemory(0, SIZE);
      using b = runtime.deviceMemory(1, SIZE);
      sent.bytes?.forEach((_, i, bytes) => bytes[i] = i * 3);
      received.bytes?.fill(0);
      assert.ok(runtime.time([{ device: 0, from: sent, to: a, size: SIZE }], 3) > 0);
      runtime.time([{ device: 1, from: a, to: b, size: SIZE }], 1);
      runtime.time([{ device: 0, from: b, to: received, size: SIZE }], 1);
      assert.deepEqual(received.bytes, sent.bytes);
    }),
);

Deno.test("openLevelZeroCopies() says why there is no Level Zero", () => {
  assert.equal(openLevelZeroCopies({ sonames: ["libmvgal-none.so.1"] }).state, "absent");
});

compilerTest(
  "LevelZeroCopies.start() copies between memory that another interface has exported",
  () => withCopies((runtime) => checkImports(runtime, SIZE)),
);
