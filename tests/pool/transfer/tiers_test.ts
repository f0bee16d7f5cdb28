/** Which tier is taken: by what runtimes and processes of their own say, and what fails in use. */

import assert from "node:assert/strict";
import type { CopyRuntime } from "../../../ffi/copy_runtime.ts";
import type { TransferMember, Transfers } from "../../../lib/pool/transfer/types.ts";
import { compiler } from "../../fakes/cc.ts";
import { fakeLibrary } from "../../fakes/library.ts";
import { MISSING_DRIVERS } from "../fence_devices.ts";
import { assertSame, known, whole, withTransfers } from "./devices.ts";
import { asNvidia, cudaDescription, failingAfter, fakeCuda } from "./fake_cuda.ts";

const PROGRAM = new URL("peer_program.ts", import.meta.url).pathname;
const LIMITS = { firstMs: 60_000, nextMs: 10_000, farewellMs: 1000 };

const missing = [...MISSING_DRIVERS, ...(compiler === null ? ["a C compiler"] : [])];
const why = missing.length > 0 ? ` (skipped: no ${missing.join(", ")})` : "";

/** What came of a probe is kept in a process: other drivers, as far as that goes, for each test. */
let driver = 0;

function peerTest(
  name: string,
  { more = "", change, command }: {
    more?: string;
    change?: (runtime: CopyRuntime) => CopyRuntime;
    command?: string[];
  },
  body: (transfers: Transfers, from: TransferMember, to: TransferMember) => Promise<void>,
): void {
  Deno.test({
    name: `${name}${why}`,
    ignore: missing.length > 0,
    async fn() {
      using fake = fakeLibrary("cuda", cudaDescription(more));
      driver++;
      const run = [Deno.execPath(), "run", "-A", "--no-check", PROGRAM, fake.path];
      await withTransfers(
        async (transfers, [from, to]) => {
          assert.ok(from && to);
          await body(transfers, from, to);
        },
        {
          choose: (members) =>
            asNvidia(members).map((member) => {
              Object.assign(member.device.physical, { driverInfo: `test ${driver}` });
              return member;
            }),
          runtimes: { openers: fakeCuda(fake.path, change) },
          command: () => command ?? run,
          probeLimits: LIMITS,
        },
      );
      const library = Deno.dlopen(fake.path, { fakeLeftovers: { parameters: [], result: "i32" } });
      assert.equal(library.symbols.fakeLeftovers(), 0, "all that was imported is given back");
      library.close();
    },
  });
}

/** Copies ranges there and back by whatever way is the best. */
async function checkBoth(
  transfers: Transfers,
  a: TransferMember,
  b: TransferMember,
): Promise<void> {
  const size = (1 << 20) + 3;
  using one = transfers.allocateBuffer(a, size);
  using other = transfers.allocateBuffer(b, size);
  const ranges = [
    { sourceOffset: 5, destinationOffset: 4099, size: 70_001 },
    { sourceOffset: size - 9, destinationOffset: 1, size: 9 },
  ];
  for (const [from, source, to, destination] of [[a, one, b, other], [b, other, a, one]] as const) {
    const sent = known(size, 21 + from.index), before = known(size, 31);
    await transfers.upload(from, sent, source, whole(size));
    await transfers.upload(to, before, destination, whole(size));
    await transfers.copy({ from, source, to, destination, ranges });
    const received = new Uint8Array(size);
    await transfers.download(to, destination, received, whole(size));
    const expected = before.slice();
    for (const { sourceOffset, destinationOffset, size } of ranges) {
      expected.set(sent.subarray(sourceOffset, sourceOffset + size), destinationOffset);
    }
    assertSame(received, expected, `${from.name} to ${to.name}`);
  }
}

peerTest(
  "Transfers.copy() takes a peer copy of the vendor's runtime over memory that Vulkan exports",
  {},
  async (transfers, from, to) => {
    for (const [a, b] of [[from, to], [to, from]] as const) {
      const plan = transfers.plan(a, b);
      assert.equal(plan.tier, "peer", JSON.stringify(plan));
      // Directly or through a buffer: whichever was faster.
      assert.match(plan.how, /^CUDA peer copy/);
      assert.deepEqual(plan.refused.map(({ tier }) => tier), ["dma_buf", "opaque_fd"]);
      assert.ok((plan.bandwidth_gb_s ?? 0) > 0);
    }
    const before = transfers.staging().peak_bytes;
    using source = transfers.allocateBuffer(from, 4096);
    using destination = transfers.allocateBuffer(to, 4096);
    assert.deepEqual([source.exported, destination.exported], ["opaque_fd", "opaque_fd"]);
    await transfers.copy({ from, source, to, destination, ranges: whole(4096) });
    assert.equal(transfers.staging().peak_bytes, before, "nothing went through the host");
    await checkBoth(transfers, from, to);
  },
);

peerTest(
  "Transfers.copy() stages between buffers that are not shareable, whatever the pair's tier",
  {},
  async (transfers, from, to) => {
    using source = transfers.allocateBuffer(from, 4096, { shareable: false });
    using destination = transfers.allocateBuffer(to, 4096);
    assert.equal(source.exported, null);
    await transfers.upload(from, known(4096, 4), source, whole(4096));
    await transfers.copy({ from, source, to, destination, ranges: whole(4096) });
    const received = new Uint8Array(4096);
    await transfers.download(to, destination, received, whole(4096));
    assertSame(received, known(4096, 4), "by staging");
    assert.equal(transfers.plan(from, to).tier, "peer", "the pair's way is none the worse");
  },
);

peerTest(
  "openTransfers() refuses a runtime that gets a byte wrong, in the direction in which it does",
  { more: "spoil 1234" },
  async (transfers, from, to) => {
    const { tier, refused } = transfers.plan(from, to);
    assert.equal(tier, "staging");
    const reason = refused.find((each) => each.tier === "peer")?.reason ?? "";
    assert.match(
      reason,
      /^tried in a process of its own: byte 1234 (is wrong|never arrived)(; [^\n]+)?$/,
    );
    assert.equal(transfers.plan(to, from).tier, "peer");
    await checkBoth(transfers, from, to);
  },
);

peerTest(
  "openTransfers() refuses a runtime that does not import the memory, with what it says",
  { more: "fail cuImportExternalMemory 801" },
  async (transfers, from, to) => {
    for (const [a, b] of [[from, to], [to, from]] as const) {
      const { tier, refused } = transfers.plan(a, b);
      assert.equal(tier, "staging");
      assert.deepEqual(refused.at(-1), {
        tier: "peer",
        reason: "tried in a process of its own: cuImportExternalMemory: CUDA_ERROR_NOT_SUPPORTED",
      });
    }
    await checkBoth(transfers, from, to);
  },
);

peerTest(
  "openTransfers() refuses a way whose try crashes its process",
  { command: ["/bin/sh", "-c", "cat >/dev/null; kill -SEGV $$", "mvgal"] },
  async (transfers, from, to) => {
    for (const [a, b] of [[from, to], [to, from]] as const) {
      const plan = transfers.plan(a, b);
      assert.equal(plan.tier, "staging");
      assert.match(
        plan.refused.at(-2)?.reason ?? "",
        /it was ended by SIGSEGV|processes .* crashed/,
      );
      assert.equal(plan.bandwidth_gb_s, null);
    }
    await checkBoth(transfers, from, to);
  },
);

/** A runtime of which the copies from the second on fail. */
peerTest(
  "Transfers.copy() goes on by the next tier where one fails in use, and says so",
  { change: failingAfter(1) },
  async (transfers, from, to) => {
    // The first copy, from the one to the other, is well; the one back fails and is staged.
    await checkBoth(transfers, from, to);
    assert.equal(transfers.plan(from, to).tier, "peer");
    const { tier, refused } = transfers.plan(to, from);
    assert.equal(tier, "staging");
    assert.deepEqual(refused.at(-1), {
      tier: "peer",
      reason: "it failed in use: cuMemcpyPeerAsync: CUDA_ERROR_ILLEGAL_ADDRESS",
    });
    await checkBoth(transfers, from, to);
  },
);
