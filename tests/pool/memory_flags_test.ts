/** What each flag of a buffer means, seen by where its bytes are. */

import assert from "node:assert/strict";
import { checkMemoryFlags, MEMORY_FLAGS } from "../../lib/pool/memory_flags.ts";
import type { LogicalDevice } from "../../lib/pool/logical_device.ts";
import { allDevicesTest } from "../vulkan_devices.ts";
import { inPlaceKernel, LOCAL, openSoftwarePool, word, words } from "./pool_devices.ts";

const GROUPS = 8, COUNT = GROUPS * LOCAL;

/** Triples the words of a buffer, and adds one. */
async function change(device: LogicalDevice, buffer: ReturnType<LogicalDevice["allocate"]>) {
  const kernel = device.createKernel({ words: inPlaceKernel() });
  await device.dispatch(kernel, [GROUPS, 1, 1], [{ binding: 0, buffer }], word(1));
}

Deno.test("checkMemoryFlags() takes each flag, and refuses others and contradictions in one line", () => {
  for (const flag of MEMORY_FLAGS) assert.deepEqual([...checkMemoryFlags([flag])], [flag]);
  assert.throws(
    () => checkMemoryFlags(["host_valid"]),
    /^RangeError: no memory flag 'host_valid': [^\n]+$/,
  );
  for (const other of ["REPLICATED", "DMA_BUF", "P2P"]) {
    assert.throws(
      () => checkMemoryFlags(["SHARED", other]),
      /^RangeError: memory cannot be both [^\n]+$/,
    );
  }
});

allDevicesTest("PERSISTENT maps the host's copy as long as the buffer lives", async () => {
  await using device = await openSoftwarePool();
  using buffer = device.allocate(4 * COUNT, ["PERSISTENT", "HOST_VALID"]);
  const view = buffer.bytes;
  await buffer.write(words(COUNT, (i) => i));
  await change(device, buffer);
  // The same view, and up to date without being asked for.
  assert.deepEqual(view, words(COUNT, (i) => 3 * i + 1));
  assert.equal(view, buffer.bytes.buffer === view.buffer ? view : null);
  using plain = device.allocate(4);
  assert.throws(
    () => plain.bytes,
    /buffer 2 \(4 bytes\) is not mapped: allocate it with PERSISTENT/,
  );
});

allDevicesTest("SHARED has one memory for all, with no copy of a member's own", async () => {
  await using device = await openSoftwarePool({ strategy: "sfr" });
  using buffer = device.allocate(4 * COUNT, ["SHARED"]);
  await buffer.write(words(COUNT, (i) => i));
  await change(device, buffer);
  assert.deepEqual(buffer.placement(), [{ start: 0, end: 4 * COUNT, places: ["host"] }]);
  assert.deepEqual(buffer.memory(), { host_bytes: 4 * COUNT, members: {} });
  assert.deepEqual(await buffer.read(), words(COUNT, (i) => 3 * i + 1));
});

allDevicesTest(
  "software devices work on the host's pages, and take no memory of their own",
  async () => {
    await using device = await openSoftwarePool({ strategy: "sfr", ownMemory: false });
    using buffer = device.allocate(1 << 20);
    const kernel = device.createKernel({ words: inPlaceKernel() });
    await buffer.write(words(1 << 18, (i) => i));
    await device.dispatch(kernel, [(1 << 18) / LOCAL, 1, 1], [{ binding: 0, buffer }], word(1));
    assert.deepEqual(buffer.memory(), { host_bytes: 1 << 20, members: {} });
  },
);

allDevicesTest("P2P and DMA_BUF are refused where members have no such way", async () => {
  await using device = await openSoftwarePool();
  assert.throws(
    () => device.allocate(64, ["P2P"]),
    /^RangeError: P2P memory cannot be had: from [^\n]+$/,
  );
  assert.throws(
    () => device.allocate(64, ["DMA_BUF"]),
    /^RangeError: DMA_BUF memory cannot [^\n]+$/,
  );
  using plain = device.allocate(64);
  const [first] = device.members;
  await assert.rejects(plain.exportDmaBuf(first?.id ?? ""), /allocate it with DMA_BUF/);
  assert.deepEqual(device.openBuffers, [plain]);
});

allDevicesTest(
  "LogicalBuffer.discard() makes contents undefined: nothing is copied for them",
  async () => {
    await using device = await openSoftwarePool();
    using buffer = device.allocate(64);
    await buffer.write(words(16, (i) => i));
    await buffer.discard(16, 32);
    assert.deepEqual(
      buffer.placement().map(({ start, end, places }) => [start, end, places.length]),
      [
        [0, 16, 1],
        [16, 48, 0],
        [48, 64, 1],
      ],
    );
  },
);

allDevicesTest("LogicalBuffer.fill() and view() work in place, on a part", async () => {
  await using device = await openSoftwarePool();
  using buffer = device.allocate(64);
  await buffer.write(words(16, () => 1));
  await buffer.fill((bytes) => bytes.fill(0xff), 4, 8);
  assert.deepEqual(await buffer.read(), words(16, (i) => i === 1 || i === 2 ? 0xffff_ffff : 1));
  assert.equal(await buffer.view((bytes) => bytes.length, 60), 4);
  await assert.rejects(
    async () => await buffer.read(60, 8),
    /8 bytes at 60 are not within buffer 1/,
  );
});
