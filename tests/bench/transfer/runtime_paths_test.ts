import assert from "node:assert/strict";
import { openCudaCopies } from "../../../ffi/cuda_copy.ts";
import {
  noCommonRuntime,
  runtimeHostPaths,
  runtimePeerPaths,
} from "../../../lib/bench/transfer/runtime_paths.ts";
import { type RuntimeOpeners, Runtimes } from "../../../lib/bench/transfer/runtimes.ts";
import type { PeerTransfer, TransferDevice } from "../../../lib/bench/transfer/target.ts";
import { compilerTest } from "../../fakes/cc.ts";
import { fakeLibrary } from "../../fakes/library.ts";
import { cudaDevice, TEST_BYTES, testTools } from "./devices.ts";

const DEVICES = `
driver_version 13000
device
pci 0000:06:00.0
peers 1
device
pci 0000:0A:00.0
peers 0
device
pci 0000:0B:00.0
`;

const FIRST = cudaDevice("0000:06:00.0"), SECOND = cudaDevice("0000:0a:00.0");
const THIRD = cudaDevice("0000:0b:00.0");

/** The other vendors' runtimes are not to be asked. */
const never = {
  name: "none",
  open: () => {
    throw new Error("this runtime is not to be opened");
  },
};

/** Runs `body` with a fake CUDA. */
function withCuda(
  description: string,
  body: (pairOf: (a: TransferDevice, b: TransferDevice) => PeerTransfer) => void,
): void {
  using fake = fakeLibrary("cuda", description);
  const openers: RuntimeOpeners = {
    nvidia: { name: "CUDA", open: () => openCudaCopies({ sonames: [fake.path] }) },
    amd: never,
    intel: never,
  };
  {
    using owner = new DisposableStack();
    const tools = testTools(owner, openers);
    body((source, destination) => ({ ...tools, source, destination }));
  }
  const library = Deno.dlopen(fake.path, { fakeLeftovers: { parameters: [], result: "i32" } });
  assert.equal(library.symbols.fakeLeftovers(), 0);
}

compilerTest(
  "runtimeHostPaths() move every byte between the host and a device",
  () =>
    withCuda(DEVICES, (pairOf) => {
      const to = { ...pairOf(FIRST, SECOND), device: SECOND };
      for (const direction of ["h2d", "d2h", "duplex"] as const) {
        const [path] = runtimeHostPaths(to, direction);
        assert.equal(path?.name, "CUDA: page-locked memory");
        using transfer = path.open();
        assert.equal(transfer.bytes, direction === "duplex" ? 2 * TEST_BYTES : TEST_BYTES);
        assert.ok(transfer.run(3) > 0);
        transfer.verify();
        const { pattern } = to.blocks;
        pattern[77] = (pattern[77] ?? 0) ^ 2;
        assert.throws(() => transfer.verify(), /byte 77 of .* is wrong/);
        pattern[77] = (pattern[77] ?? 0) ^ 2;
      }
    }),
);

compilerTest(
  "runtimePeerPaths() move every byte, by either end, in one direction and in both",
  () =>
    withCuda(DEVICES, (pairOf) => {
      for (const isDuplex of [false, true]) {
        const [push, pull, staged] = runtimePeerPaths(pairOf(FIRST, SECOND), isDuplex, true);
        for (const path of [push, pull]) {
          assert.ok(path);
          using transfer = path.open();
          assert.equal(transfer.bytes, isDuplex ? 2 * TEST_BYTES : TEST_BYTES);
          assert.ok(transfer.run(2) > 0);
          transfer.verify();
        }
        assert.throws(() => staged?.open(), /reach each other directly/);
      }
    }),
);

compilerTest(
  "runtimePeerPaths() find a byte that a peer copy gets wrong",
  () =>
    withCuda(DEVICES.replace("0000:0A:00.0", "0000:0A:00.0\nspoil 654321"), (pairOf) => {
      for (const path of runtimePeerPaths(pairOf(FIRST, SECOND), false, true).slice(0, 2)) {
        using transfer = path.open();
        assert.throws(() => transfer.verify(), {
          name: "WrongResultError",
          message: "byte 654321 of the device's memory is wrong",
        });
      }
    }),
);

compilerTest(
  "runtimePeerPaths() leave devices that do not reach each other to the driver",
  () =>
    withCuda(DEVICES, (pairOf) => {
      const [push, , staged] = runtimePeerPaths(pairOf(FIRST, THIRD), false, true);
      assert.throws(() => push?.open(), {
        name: "UnsupportedError",
        message: /CanAccessPeer says no/,
      });
      using transfer = staged?.open();
      transfer?.verify();
    }),
);

compilerTest(
  "runtimePeerPaths() refuse what hung or crashed in a process of its own",
  () =>
    withCuda(DEVICES, (pairOf) => {
      const verdicts = { obstacle: () => "it was ended by SIGSEGV" };
      const [path] = runtimePeerPaths({ ...pairOf(FIRST, SECOND), verdicts }, false, true);
      assert.throws(() => path?.open(), { message: "it was ended by SIGSEGV" });
    }),
);

compilerTest(
  "Runtimes.member() says why a GPU has no runtime",
  () =>
    withCuda(DEVICES, (pairOf) => {
      const { runtimes, blocks } = pairOf(FIRST, SECOND);
      assert.throws(
        () => runtimes.member(cudaDevice("0000:99:00.0").gpu),
        { message: "CUDA does not show the GPU at 0000:99:00.0" },
      );
      assert.throws(
        () => runtimes.member({ ...FIRST.gpu, vendor: "mthreads" }),
        { message: "no vendor's runtime is for this device" },
      );
      const asleep = new Runtimes(blocks, { obstacle: "opening it would wake a sleeping GPU" });
      assert.throws(() => asleep.member(FIRST.gpu), {
        message: "CUDA: opening it would wake a sleeping GPU",
      });
    }),
);

Deno.test("noCommonRuntime() names the runtimes of different vendors", () => {
  using owner = new DisposableStack();
  const amd = { ...FIRST, gpu: { ...FIRST.gpu, vendor: "amd" as const } };
  const software = { ...FIRST, gpu: { ...FIRST.gpu, kind: "software" as const } };
  const tools = testTools(owner);
  const reason = (source: TransferDevice, destination: TransferDevice) =>
    noCommonRuntime({ ...tools, source, destination });
  assert.equal(reason(FIRST, amd), "the devices have different runtimes: CUDA and HIP");
  assert.equal(reason(FIRST, software), "no vendor's runtime is for both devices");
  assert.equal(reason(FIRST, SECOND), undefined);
});
