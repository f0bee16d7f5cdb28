/** Several devices as one: llvmpipe and SwiftShader, whose results are those of one. */

import assert from "node:assert/strict";
import { ComputeKernel } from "../../lib/spirv/compute_kernel.ts";
import { allDevicesTest } from "../vulkan_devices.ts";
import {
  gridSizeKernel,
  inPlaceKernel,
  LOCAL,
  openSoftwarePool,
  sameWordKernel,
  scaleKernel,
  word,
  words,
} from "./pool_devices.ts";

const GROUPS = 37, COUNT = GROUPS * LOCAL;

allDevicesTest("LogicalDevice.open() tells what the members are together", async () => {
  await using device = await openSoftwarePool();
  const { members, tier, capabilities_all, transfers } = device.properties;
  assert.equal(members.length, 2);
  assert.deepEqual(members.map(({ kind, lost }) => [kind, lost]), [
    ["software", null],
    ["software", null],
  ]);
  assert.equal(tier, "common_api");
  assert.ok(capabilities_all.includes("vulkan:VK_EXT_external_memory_host"));
  assert.equal(transfers.length, 2);
  assert.ok(members.every(({ max_buffer_bytes }) => max_buffer_bytes >= 2 ** 30));
});

allDevicesTest("LogicalDevice.open() says in one line what it cannot open", async () => {
  await assert.rejects(openSoftwarePool({ gpus: "17" }), /^GpuNotFoundError: [^\n]+$/);
  await assert.rejects(openSoftwarePool({ gpus: [] }), /no GPU that Vulkan reaches/);
});

allDevicesTest(
  "LogicalDevice.dispatch() splits what is safe, with the results of one",
  async () => {
    await using device = await openSoftwarePool({ strategy: "sfr" });
    using input = device.allocate(4 * COUNT), out = device.allocate(4 * COUNT);
    await input.write(words(COUNT, (i) => i));
    const kernel = device.createKernel({ words: scaleKernel() });
    const bindings = [{ binding: 0, buffer: input }, { binding: 1, buffer: out }];
    for (let round = 0; round < 5; round++) {
      const result = await device.dispatch(kernel, [GROUPS, 1, 1], bindings, word(round));
      // Later one may be too slow for a group of so few.
      assert.ok(result.split || round > 0, result.reason);
      const ranges = result.parts.map(({ start, end }) => [start, end]).sort((a, b) =>
        (a[0] ?? 0) - (b[0] ?? 0)
      );
      // Every group once.
      assert.equal(ranges[0]?.[0], 0);
      ranges.forEach(([, end], i) => assert.equal(ranges[i + 1]?.[0] ?? GROUPS, end));
      assert.deepEqual(await out.read(), words(COUNT, (i) => 3 * i + round));
    }
  },
);

allDevicesTest("LogicalDevice.dispatch() splits what changes a buffer in place", async () => {
  await using device = await openSoftwarePool({ strategy: "sfr" });
  using data = device.allocate(4 * COUNT);
  await data.write(words(COUNT, (i) => i));
  const kernel = device.createKernel({ words: inPlaceKernel() });
  let expected = (i: number) => i;
  for (let round = 0; round < 3; round++) {
    const before = expected;
    expected = (i) => (3 * before(i) + round) >>> 0;
    const result = await device.dispatch(
      kernel,
      [GROUPS, 1, 1],
      [{ binding: 0, buffer: data }],
      word(round),
    );
    assert.ok(result.split || round > 0, result.reason);
  }
  assert.deepEqual(await data.read(), words(COUNT, (i) => expected(i)));
});

allDevicesTest(
  "LogicalDevice.dispatch() runs whole what is not safe, and explains it",
  async () => {
    await using device = await openSoftwarePool({ strategy: "sfr" });
    using out = device.allocate(4 * LOCAL);
    const kernel = device.createKernel({ words: sameWordKernel() });
    const bindings = [{ binding: 0, buffer: out }];
    const result = await device.dispatch(kernel, [8, 1, 1], bindings, word(5));
    assert.equal(result.split, false);
    assert.equal(result.parts.length, 1);
    assert.deepEqual(await out.read(0, 4), words(1, () => 5));
    const { verdict, split, text } = device.explain(kernel, [8, 1, 1], bindings, word(5));
    assert.equal(verdict.kind, "whole");
    assert.equal(split, false);
    assert.match(verdict.instruction?.text ?? "", /OpStore/);
    assert.match(text, /^[^\n]+/);
  },
);

allDevicesTest("LogicalDevice.dispatch() runs all groups of what runs whole", async () => {
  const kernel = new ComputeKernel({ localSize: LOCAL, addressing: "descriptor" });
  const count = kernel.buffer(kernel.u32);
  const { words: code } = kernel.body((k) => {
    k.atomicAdd(count.at(k.constant(k.u32, 0)), k.constant(k.u32, 1));
  });
  for (const strategy of ["sfr", "hybrid", "single", "task"] as const) {
    await using device = await openSoftwarePool({ strategy });
    using buffer = device.allocate(4);
    const made = device.createKernel({ words: code });
    for (let round = 1; round <= 4; round++) {
      await device.dispatch(made, [GROUPS, 2, 3], [{ binding: 0, buffer }]);
      const total = new Uint32Array((await buffer.read()).buffer)[0];
      if (round === 1) await buffer.write(words(1, () => 0));
      else assert.equal(total, (round - 1) * 6 * COUNT, strategy);
    }
  }
});

allDevicesTest("LogicalDevice.dispatch() gives parts the size of the whole grid", async () => {
  await using device = await openSoftwarePool({ strategy: "sfr" });
  using out = device.allocate(4 * COUNT);
  const kernel = device.createKernel({ words: gridSizeKernel() });
  const result = await device.dispatch(kernel, [GROUPS, 1, 1], [{ binding: 0, buffer: out }]);
  assert.ok(result.split, result.reason);
  assert.deepEqual(await out.read(), words(COUNT, () => COUNT));
});

allDevicesTest("LogicalDevice.dispatch() leaves what a guarded kernel does not write", async () => {
  const kernel = new ComputeKernel({ localSize: LOCAL, addressing: "descriptor" });
  const data = kernel.buffer(kernel.u32);
  const limit = kernel.push("limit", kernel.u32);
  const code = kernel.body((k) => {
    const i = k.globalId();
    k.when(k.less(i, limit()), () => data.store(i, k.constant(k.u32, 7)));
  });
  await using device = await openSoftwarePool({ strategy: "sfr" });
  using buffer = device.allocate(4 * COUNT);
  await buffer.write(words(COUNT, (i) => i));
  const made = device.createKernel({ words: code.words });
  const limited = 1001;
  const result = await device.dispatch(
    made,
    [GROUPS, 1, 1],
    [{ binding: 0, buffer }],
    word(limited),
  );
  assert.ok(result.split, result.reason);
  assert.deepEqual(await buffer.read(), words(COUNT, (i) => i < limited ? 7 : i));
});

allDevicesTest("LogicalDevice.dispatch() keeps the order of what shares buffers", async () => {
  await using device = await openSoftwarePool({ strategy: "round_robin" });
  using data = device.allocate(4 * COUNT), copy = device.allocate(4 * COUNT);
  const inPlace = device.createKernel({ words: inPlaceKernel() });
  const scale = device.createKernel({ words: scaleKernel() });
  const wrote = data.write(words(COUNT, (i) => i));
  const results = await Promise.all([
    wrote,
    device.dispatch(inPlace, [GROUPS, 1, 1], [{ binding: 0, buffer: data }], word(1)),
    device.dispatch(
      scale,
      [GROUPS, 1, 1],
      [{ binding: 0, buffer: data }, { binding: 1, buffer: copy }],
      word(2),
    ),
    device.dispatch(inPlace, [GROUPS, 1, 1], [{ binding: 0, buffer: data }], word(3)),
    copy.read(),
    data.read(),
  ]);
  assert.deepEqual(results[4], words(COUNT, (i) => 3 * (3 * i + 1) + 2));
  assert.deepEqual(results[5], words(COUNT, (i) => 3 * (3 * i + 1) + 3));
  // Three dispatches went to two members in turn.
  assert.notEqual(results[1].parts[0]?.gpu, results[2].parts[0]?.gpu);
  assert.equal(results[1].parts[0]?.gpu, results[3].parts[0]?.gpu);
});

allDevicesTest(
  "LogicalDevice.dispatch() refuses what does not suit the kernel with one line",
  async () => {
    await using device = await openSoftwarePool();
    using data = device.allocate(4 * LOCAL);
    const kernel = device.createKernel({ words: inPlaceKernel() });
    const bindings = [{ binding: 0, buffer: data }];
    const refused = (
      groups: [number, number, number],
      given: Parameters<typeof device.dispatch>[2],
      options: Parameters<typeof device.dispatch>[3],
      message: RegExp,
    ) => assert.throws(() => void device.dispatch(kernel, groups, given, options), message);
    refused([0, 1, 1], bindings, word(1), /no grid of 0 x 1 x 1 work-groups/);
    refused([1, 1, 1], bindings, {}, /takes 4 bytes of push constants, not 0/);
    refused([1, 1, 1], [], word(1), /needs a buffer for set 0, binding 0/);
    refused(
      [1, 1, 1],
      [{ binding: 0, buffer: data, size: 512 }],
      word(1),
      /512 bytes at 0 of buffer/,
    );
    refused(
      [1, 1, 1],
      bindings,
      { ...word(1), on: "pci:0" },
      /no member pci:0: there are vulkan:0/,
    );
    assert.throws(() => device.createKernel({ words: Uint32Array.of(1, 2, 3) }), /SPIR-V/);
  },
);

allDevicesTest(
  "LogicalDevice.allocate() refuses sizes and flags that cannot be with one line",
  async () => {
    await using device = await openSoftwarePool();
    assert.throws(() => device.allocate(0), /no buffer of 0 bytes: give a multiple of 4/);
    assert.throws(() => device.allocate(6), /no buffer of 6 bytes/);
    assert.throws(() => device.allocate(2 ** 40), /allocates at most \d+ bytes at once/);
    assert.throws(() => device.allocate(4, ["FAST"]), /no memory flag 'FAST'/);
    assert.throws(() => device.allocate(4, ["SHARED", "REPLICATED"]), /cannot be both/);
  },
);

allDevicesTest(
  "a LogicalBuffer lives until its last holder, and a leak is told at the end",
  async () => {
    const device = await openSoftwarePool();
    const held = device.allocate(64);
    const leaked = device.allocate(128);
    held.retain();
    held[Symbol.dispose]();
    await held.write(words(1, () => 9));
    assert.deepEqual(await held.read(0, 4), words(1, () => 9));
    held[Symbol.dispose]();
    assert.ok(held.isClosed);
    assert.throws(() => held[Symbol.dispose](), /buffer 1 \(64 bytes\) is closed/);
    await assert.rejects(async () => await held.read(), /is closed/);
    assert.deepEqual(device.openBuffers, [leaked]);
    await assert.rejects(
      async () => await device[Symbol.asyncDispose](),
      /^Error: not disposed: buffer 2 \(128 bytes\)$/,
    );
    assert.throws(() => device.allocate(4), /the logical device is closed/);
  },
);
