import assert from "node:assert/strict";
import { HostMemory } from "../../../ffi/libc.ts";
import type { MemberCopy, TransferMember, Transfers } from "../../../lib/pool/transfer/types.ts";
import { assertSame, known, poolTest, whole, withTransfers } from "./devices.ts";

const MiB = 1 << 20, PAGE = 4096;
/** Small, so that copies take many chunks. */
const STAGING = { limitBytes: MiB, chunkBytes: 128 * 1024 };
const CHUNK = STAGING.chunkBytes;

/** Ranges anywhere, which do not overlap in the destination, with ends near pages and chunks. */
function someRanges(size: number, count: number, random: () => number) {
  const step = Math.floor(size / count);
  return Array.from({ length: count }, (_, i) => {
    const most = step - 64;
    const borders = [1, 3, PAGE - 1, PAGE, PAGE + 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 5];
    const border = borders[Math.floor(random() * borders.length)] ?? 1;
    const length = Math.min(most, random() < 0.5 ? border : 1 + Math.floor(random() * most));
    const destinationOffset = i * step + Math.floor(random() * 64);
    const sourceOffset = Math.floor(random() * (size - length));
    return { sourceOffset, destinationOffset, size: length };
  });
}

/** Numbers from 0 to 1 in an order that is the same in each run. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/** Copies ranges between members, and compares all of the destination with what it should be. */
async function checkCopy(
  transfers: Transfers,
  from: TransferMember,
  to: TransferMember,
  { size, ranges, seed }: { size: number; ranges: MemberCopy["ranges"]; seed: number },
): Promise<void> {
  using source = transfers.allocateBuffer(from, size);
  using destination = transfers.allocateBuffer(to, size);
  const sent = known(size, seed), before = known(size, seed + 99);
  await transfers.upload(from, sent, source, whole(size));
  await transfers.upload(to, before, destination, whole(size));
  await transfers.copy({ from, source, to, destination, ranges });
  const expected = before.slice();
  for (const { sourceOffset, destinationOffset, size } of ranges) {
    expected.set(sent.subarray(sourceOffset, sourceOffset + size), destinationOffset);
  }
  const received = new Uint8Array(size);
  await transfers.download(to, destination, received, whole(size));
  assertSame(received, expected, `${from.name} to ${to.name}, seed ${seed}`);
}

const pairsOf = (members: readonly TransferMember[]) =>
  members.flatMap((from) => members.map((to) => [from, to] as const));

poolTest(
  "openTransfers() says the tier of each pair, and why better ones are refused",
  () =>
    withTransfers(async (transfers, members) => {
      await Promise.resolve();
      const report = transfers.report();
      assert.equal(report.length, members.length * (members.length - 1));
      assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
      for (const { tier, refused, bandwidth_gb_s, latency_us, how } of report) {
        assert.ok(how.length > 0);
        assert.ok((bandwidth_gb_s ?? 0) > 0 && (latency_us ?? 0) > 0, "it was measured");
        assert.ok(refused.every(({ reason }) => reason.length > 0));
        const tiers = ["dma_buf", "opaque_fd", "peer", "staging"];
        assert.deepEqual(refused.map((each) => each.tier), tiers.slice(0, tiers.indexOf(tier)));
      }
      const [llvmpipe, swiftshader, copy] = members;
      assert.ok(llvmpipe && swiftshader);
      assert.equal(transfers.plan(llvmpipe, swiftshader).tier, "staging");
      assert.equal(transfers.isDirect(llvmpipe, swiftshader), false);
      assert.equal(transfers.isDirect(llvmpipe, llvmpipe), true);
      // The copy of llvmpipe has the same UUIDs: it takes its memory.
      if (copy) assert.equal(transfers.plan(llvmpipe, copy).tier, "opaque_fd");
    }),
);

poolTest(
  "Transfers.copy() brings exactly the bytes of its ranges, between each two members",
  () =>
    withTransfers(async (transfers, members) => {
      const random = randomFrom(7);
      for (const [from, to] of pairsOf(members)) {
        for (const size of [1, PAGE - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 3]) {
          await checkCopy(transfers, from, to, { size, ranges: whole(size), seed: size });
        }
        for (let seed = 1; seed <= 4; seed++) {
          const size = 1_500_000 + Math.floor(random() * 1000);
          const ranges = someRanges(size, 1 + Math.floor(random() * 12), random);
          await checkCopy(transfers, from, to, { size, ranges, seed });
        }
      }
    }, { staging: STAGING }),
);

poolTest(
  "Transfers.copy() stages by mapped memory where members import no pages",
  () =>
    withTransfers(async (transfers, members) => {
      const [from, to] = members;
      assert.ok(from && to);
      const plan = transfers.plan(from, to);
      assert.equal(
        plan.how,
        "imported pages of the host to mapped memory of the driver, with a copy by the processor",
      );
      const size = 3 * MiB + 5;
      for (const [a, b] of [[from, to], [to, from], [to, to]] as const) {
        await checkCopy(transfers, a, b, { size, ranges: whole(size), seed: 5 });
      }
      const { peak_bytes, limit_bytes } = transfers.staging();
      assert.ok(peak_bytes > 0 && peak_bytes <= limit_bytes, `${peak_bytes} of ${limit_bytes}`);
    }, { staging: STAGING, choose: withoutPages }),
);

poolTest(
  "Transfers.copy() keeps its bound where no member imports pages",
  () =>
    withTransfers(async (transfers, members) => {
      assert.ok(members.length >= 3);
      const size = MiB + 5;
      const pairs = pairsOf(members).filter(([from, to]) => from !== to);
      for (const [i, [from, to]] of pairs.entries()) {
        using source = transfers.allocateBuffer(from, size, { shareable: false });
        using destination = transfers.allocateBuffer(to, size, { shareable: false });
        await transfers.upload(from, known(size, i + 1), source, whole(size));
        await transfers.copy({ from, source, to, destination, ranges: whole(size) });
        const received = new Uint8Array(size);
        await transfers.download(to, destination, received, whole(size));
        assertSame(received, known(size, i + 1), `${from.name} to ${to.name}`);
      }
      const { peak_bytes, limit_bytes } = transfers.staging();
      assert.ok(peak_bytes > 0 && peak_bytes <= limit_bytes, `${peak_bytes} of ${limit_bytes}`);
    }, {
      staging: STAGING,
      twice: true,
      choose: (members) => {
        for (const { device } of members) {
          Object.assign(device.physical, { hostPointerAlignment: null });
        }
        return members;
      },
    }),
);

/** llvmpipe, and a SwiftShader that imports no pages. */
function withoutPages([llvmpipe, swiftshader]: TransferMember[]): TransferMember[] {
  assert.ok(llvmpipe && swiftshader);
  const { device } = swiftshader;
  Object.assign(device.physical, { hostPointerAlignment: null });
  return [llvmpipe, swiftshader];
}

poolTest(
  "Transfers.copy() runs in both directions at once, within its memory",
  () =>
    withTransfers(async (transfers, members) => {
      const [a, b] = members;
      assert.ok(a && b);
      const size = 12 * MiB + 77;
      const copies = [1, 2, 3, 4, 5, 6].map((seed) => {
        const [from, to] = seed % 2 === 0 ? [a, b] : [b, a];
        return checkCopy(transfers, from, to, { size, ranges: whole(size), seed });
      });
      let turns = 0;
      const loop = setInterval(() => turns++, 1);
      await Promise.all(copies);
      clearInterval(loop);
      assert.ok(turns > 3, "the event loop went on meanwhile");
      const { bytes, peak_bytes, limit_bytes } = transfers.staging();
      assert.equal(limit_bytes, STAGING.limitBytes);
      assert.ok(bytes <= peak_bytes && peak_bytes <= limit_bytes);
      assert.ok(peak_bytes >= 4 * CHUNK, "several chunks were under way");
      await transfers.idle();
    }, { staging: STAGING }),
);

poolTest(
  "Transfers.copy() within a member refuses ranges that overlap, and ranges beyond",
  () =>
    withTransfers(async (transfers, [member]) => {
      assert.ok(member);
      using buffer = transfers.allocateBuffer(member, 100);
      const own = { from: member, source: buffer, to: member, destination: buffer };
      await transfers.upload(member, known(100, 3), buffer, whole(100));
      const range = { sourceOffset: 0, destinationOffset: 50, size: 50 };
      await transfers.copy({ ...own, ranges: [range] });
      const received = new Uint8Array(100);
      await transfers.download(member, buffer, received, whole(100));
      assertSame(received.subarray(50), known(100, 3).subarray(0, 50), "the second half");
      await assert.rejects(
        transfers.copy({ ...own, ranges: [{ ...range, size: 51 }] }),
        RangeError,
      );
      const overlap = { ...range, destinationOffset: 49 };
      await assert.rejects(transfers.copy({ ...own, ranges: [overlap] }), /overlap at 49/);
      await transfers.copy({ ...own, ranges: [] });
    }),
);

poolTest(
  "Transfers.copy() stages from and to buffers that it has not made",
  () =>
    withTransfers(async (transfers, members) => {
      const [from, , copy = members[1]] = members;
      assert.ok(from && copy);
      const size = 2 * MiB + 9;
      using source = from.device.createBuffer(size, "device");
      using destination = copy.device.createBuffer(size, "device");
      await transfers.upload(from, known(size, 8), source, whole(size));
      await transfers.copy({ from, source, to: copy, destination, ranges: whole(size) });
      const received = new Uint8Array(size);
      await transfers.download(copy, destination, received, whole(size));
      assertSame(received, known(size, 8), "by staging");
      assert.ok(transfers.staging().peak_bytes > 0);
    }, { staging: STAGING }),
);

poolTest(
  "Transfers.importHost() lets members copy to and from the same pages, without staging",
  () =>
    withTransfers(async (transfers, members) => {
      const size = 3 * MiB;
      using memory = HostMemory.allocate(size);
      using host = transfers.importHost(memory, size - 5);
      assert.equal(transfers.importHost(memory, size - 5), host);
      assert.equal(host.bytes.length, size - 5);
      for (const member of members) {
        const pages = host.on(member);
        assert.ok(typeof pages !== "string", String(pages));
        assert.equal(host.on(member), pages, "imported once");
        using buffer = transfers.allocateBuffer(member, size);
        host.bytes.set(known(size - 5, member.index + 1));
        await transfers.upload(member, host, buffer, whole(size - 5));
        host.bytes.fill(0);
        const ranges = [{ sourceOffset: 11, destinationOffset: 4097, size: 100_001 }];
        await transfers.download(member, buffer, memory, ranges);
        const expected = new Uint8Array(size - 5);
        expected.set(known(size - 5, member.index + 1).subarray(11, 100_012), 4097);
        assertSame(host.bytes, expected, member.name);
      }
      assert.equal(transfers.staging().peak_bytes, 0);
    }),
);

poolTest(
  "SharedHost.on() says why a member cannot import memory",
  () =>
    withTransfers(async (transfers, [, member]) => {
      await Promise.resolve();
      assert.ok(member);
      using odd = HostMemory.allocate(PAGE + 100);
      using host = transfers.importHost(odd);
      assert.match(String(host.on(member)), /whole stretches of 4096 bytes only/);
    }),
);

poolTest(
  "SharedHost.on() is null where the member lacks the extension, and copies go all the same",
  () =>
    withTransfers(async (transfers, [, member]) => {
      assert.ok(member);
      using memory = HostMemory.allocate(PAGE);
      using host = transfers.importHost(memory);
      assert.match(String(host.on(member)), /lacks VK_EXT_external_memory_host/);
      using buffer = transfers.allocateBuffer(member, PAGE);
      host.bytes.set(known(PAGE, 6));
      await transfers.upload(member, host, buffer, whole(PAGE));
      host.bytes.fill(0);
      await transfers.download(member, buffer, host, whole(PAGE));
      assertSame(host.bytes, known(PAGE, 6), member.name);
    }, { choose: withoutPages }),
);
