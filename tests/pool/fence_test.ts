/** Fences across devices: their states, misuse, and queues that wait for queues. */

import assert from "node:assert/strict";
import { CommandBuffer } from "../../ffi/vulkan/commands.ts";
import {
  type FenceMember,
  FenceMisuseError,
  type FenceWay,
  PoolFences,
  type PoolFencesOptions,
} from "../../lib/pool/fence.ts";
import { FenceDevices, Gate, poolTest } from "./fence_devices.ts";

/** With and without timeline semaphores: each has its own way to know what is done. */
const LINES: readonly [string, PoolFencesOptions][] = [
  ["over timeline semaphores", {}],
  ["over fences of the driver", { timelineSemaphores: false }],
];

for (const [kind, options] of LINES) {
  poolTest(`PoolFence goes from idle to pending to signalled and back ${kind}`, async () => {
    using devices = new FenceDevices();
    await using fences = new PoolFences(devices.members, options);
    for (const member of devices.members) {
      using gate = new Gate(member);
      const fence = fences.create();
      for (let round = 0; round < 3; round++) {
        assert.equal(fence.state(), "idle");
        gate.shut();
        fence.submit(member);
        assert.equal(fence.state(), "pending");
        assert.equal(await fence.wait(2), "timeout");
        assert.equal(fence.state(), "pending", "a wait that ends early changes nothing");
        gate.open();
        assert.equal(await fence.wait(), "signalled");
        assert.equal(fence.state(), "signalled");
        assert.equal(fence.reason, undefined);
        fence.reset();
      }
      fence.destroy();
    }
  });

  poolTest(`PoolFence.submitAll() is signalled when every member is done ${kind}`, async () => {
    using devices = new FenceDevices();
    await using fences = new PoolFences(devices.members, options);
    for (const late of devices.members) {
      using gate = new Gate(late);
      using fence = fences.create();
      gate.shut();
      fence.submitAll();
      assert.equal(await fence.wait(5), "timeout", `${late.index} is not done`);
      gate.open();
      assert.equal(await fence.wait(), "signalled");
    }
  });

  poolTest(`PoolFences.asyncDispose destroys all that was created ${kind}`, async () => {
    using devices = new FenceDevices();
    const descriptors = () => [...Deno.readDirSync("/proc/self/fd")].length;
    const before = descriptors();
    {
      await using fences = new PoolFences(devices.members, options);
      await fences.prepare();
      for (const from of devices.members) {
        for (const to of devices.members) {
          const [one, other] = [fences.create(), fences.create()];
          one.submit(from);
          await one.waitOn(to);
          other.submit(to);
          assert.equal(await other.wait(), "signalled");
          // Destroyed or not, pending or not.
          if (to === from) one.destroy();
        }
      }
      assert.ok(fences.live > 0);
      assert.ok([...devices.alive.values()].some((count) => count > 0));
    }
    for (const [what, count] of devices.alive) assert.equal(count, 0, what);
    assert.equal(descriptors(), before, "file descriptors");
  });
}

poolTest("PoolFence.wait() lets the event loop go on", async () => {
  using devices = new FenceDevices();
  await using fences = new PoolFences(devices.members);
  using gate = new Gate(devices.llvmpipe);
  using fence = fences.create();
  gate.shut();
  fence.submit(devices.llvmpipe);
  // Were the loop blocked, nobody would open the gate.
  setTimeout(() => gate.open(), 20);
  assert.equal(await fence.wait(), "signalled");
});

poolTest("PoolFence.signal() signals from the host", async () => {
  using devices = new FenceDevices();
  await using fences = new PoolFences(devices.members);
  using fence = fences.create();
  fence.signal();
  assert.equal(fence.state(), "signalled");
  assert.equal(await fence.wait(), "signalled");
  assert.deepEqual(await fence.waitOn(devices.llvmpipe), { state: "signalled" });
});

poolTest("PoolFence refuses misuse in one line", async () => {
  using devices = new FenceDevices();
  await using fences = new PoolFences(devices.members);
  const { llvmpipe } = devices;
  using gate = new Gate(llvmpipe);
  const refuses = (operation: () => void, words: RegExp) => {
    assert.throws(operation, (error) => {
      assert.ok(error instanceof FenceMisuseError, String(error));
      assert.match(error.message, words);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  };
  const rejects = (operation: Promise<unknown>, message: RegExp) =>
    assert.rejects(operation, { name: "FenceMisuseError", message });
  const fence = fences.create();
  await rejects(fence.wait(), /^wait\(\): the fence was never submitted: nothing would signal it$/);
  await rejects(fence.waitOn(llvmpipe), /^waitOn\(\): .* never submitted/);
  refuses(() => fence.submitAll([]), /needs a member/);
  gate.shut();
  fence.submit(llvmpipe);
  refuses(() => fence.submit(llvmpipe), /^submit\(\): the fence is pending: wait for it first$/);
  refuses(() => fence.submitAll(), /^submitAll\(\): .* pending/);
  refuses(() => fence.signal(), /^signal\(\): .* pending/);
  refuses(() => fence.reset(), /^reset\(\): the fence is pending: wait for it first$/);
  gate.open();
  await fence.wait();
  refuses(() => fence.submit(llvmpipe), /^submit\(\): the fence is signalled: reset it first$/);
  refuses(() => fence.signal(), /is signalled/);
  fence.destroy();
  const dead = /: the fence is destroyed$/;
  refuses(() => fence.destroy(), dead);
  refuses(() => fence.submit(llvmpipe), dead);
  refuses(() => fence.state(), dead);
  refuses(() => fence.reset(), dead);
  refuses(() => fence.signal(), dead);
  refuses(() => fence.reason, dead);
  await rejects(fence.wait(), dead);
  await rejects(fence.waitOn(llvmpipe), dead);
  assert.throws(() => fences.create().submit({ index: 9 }), /the pool has no member 9/);
  assert.throws(() => new PoolFences([llvmpipe, llvmpipe]), /two members of a pool have index 0/);
});

/** Work that takes some time on a software device. */
function slowWork({ device, queue }: FenceMember): Disposable & { submit(): void } {
  using undo = new DisposableStack();
  const buffer = undo.use(device.createBuffer(16 << 20, "device"));
  const commands = undo.use(new CommandBuffer(device, queue));
  commands.record((c) => {
    for (let i = 0; i < 8; i++) c.fill(buffer, i);
  });
  const owned = undo.move();
  return {
    submit: () => device.submit(queue, [commands.handle], 0n),
    [Symbol.dispose]: () => {
      device.waitIdle();
      owned.dispose();
    },
  };
}

/** A way, the pair that is to take it, and what brings it about. */
interface WayCase {
  way: FenceWay;
  pair: (devices: FenceDevices) => [from: FenceMember, to: FenceMember];
  options?: PoolFencesOptions;
}

const CASES: readonly WayCase[] = [
  { way: "queue_order", pair: ({ llvmpipe }) => [llvmpipe, llvmpipe] },
  {
    way: "timeline",
    pair: ({ llvmpipe }) => [llvmpipe, llvmpipe],
    options: { ways: ["timeline"] },
  },
  {
    way: "binary",
    pair: ({ swiftshader }) => [swiftshader, swiftshader],
    options: { ways: ["timeline", "binary"], timelineSemaphores: false },
  },
  { way: "opaque_fd", pair: ({ swiftshader, again }) => [swiftshader, again] },
  { way: "host_relay", pair: ({ llvmpipe, swiftshader }) => [llvmpipe, swiftshader] },
  { way: "host_relay", pair: ({ llvmpipe, swiftshader }) => [swiftshader, llvmpipe] },
  { way: "host_relay", pair: ({ llvmpipe, copy }) => [llvmpipe, copy ?? llvmpipe] },
  {
    way: "held_back",
    pair: ({ llvmpipe, swiftshader }) => [llvmpipe, swiftshader],
    options: { timelineSemaphores: false },
  },
  {
    way: "held_back",
    pair: ({ llvmpipe, swiftshader }) => [llvmpipe, swiftshader],
    options: { ways: [] },
  },
];

for (const [position, { way, pair, options }] of CASES.entries()) {
  poolTest(`PoolFence.waitOn() by ${way} lets a queue wait (case ${position + 1})`, async () => {
    using devices = new FenceDevices();
    const [from, to] = pair(devices);
    await using fences = new PoolFences(devices.members, options);
    using work = slowWork(from);
    using first = fences.create();
    using second = fences.create();
    for (let round = 0; round < 5; round++) {
      work.submit();
      first.submit(from);
      const waited = await first.waitOn(to);
      if (waited.state === "waits") assert.deepEqual(waited.ways, [way]);
      else assert.equal(waited.state, "signalled");
      second.submit(to);
      assert.equal(await second.wait(), "signalled");
      assert.equal(first.state(), "signalled", "what is waited for is done first");
      first.reset();
      second.reset();
    }
    const known = fences.ways();
    assert.deepEqual(known.map((each) => [each.from, each.to, each.way]), [[
      from.index,
      to.index,
      way,
    ]]);
    for (const { reason } of known[0]?.refused ?? []) assert.match(reason, /^\S[^\n]*$/);
  });
}

poolTest("PoolFence.waitOn() holds a queue for as long as the other is held", async () => {
  using devices = new FenceDevices();
  await using fences = new PoolFences(devices.distinct);
  for (const from of devices.distinct) {
    for (const to of devices.distinct) {
      using gate = new Gate(from);
      using first = fences.create();
      using second = fences.create();
      gate.shut();
      first.submit(from);
      const waited = await first.waitOn(to);
      assert.equal(waited.state, "waits");
      second.submit(to);
      assert.equal(await second.wait(10), "timeout");
      gate.open();
      assert.equal(await second.wait(), "signalled");
      assert.equal(first.state(), "signalled");
    }
  }
});

poolTest("PoolFence.waitOn() of several fences at once holds a queue for each", async () => {
  using devices = new FenceDevices();
  await using fences = new PoolFences(devices.members);
  const { llvmpipe, swiftshader, again } = devices;
  using gates = new DisposableStack();
  const held = [llvmpipe, swiftshader].map((member) => {
    const gate = gates.use(new Gate(member));
    const fence = fences.create();
    gate.shut();
    fence.submit(member);
    return { gate, fence };
  });
  // The first wait is for the host; the other pair's shared semaphores must not be used meanwhile.
  const ways = [];
  for (const { fence } of held) ways.push(await fence.waitOn(again));
  assert.deepEqual(ways, [
    { state: "waits", ways: ["host_relay"] },
    { state: "waits", ways: ["host_relay"] },
  ]);
  using last = fences.create();
  last.submit(again);
  // In the order that is not that of the waits.
  held[1]?.gate.open();
  assert.equal(await held[1]?.fence.wait(), "signalled");
  assert.equal(await last.wait(10), "timeout", "the first wait still holds");
  held[0]?.gate.open();
  assert.equal(await last.wait(), "signalled");
  assert.equal(
    fences.ways().find(({ from, to }) => from === 1 && to === again.index)?.way,
    "opaque_fd",
  );
});

poolTest("PoolFences.ways() says why no better way is taken", async () => {
  using devices = new FenceDevices();
  await using fences = new PoolFences(devices.distinct, { ways: ["host_relay"] });
  assert.deepEqual(fences.ways(), []);
  const pairs = await fences.prepare();
  assert.equal(pairs.length, devices.distinct.length ** 2);
  const own = pairs.find(({ from, to }) => from === 0 && to === 0);
  assert.deepEqual(own?.refused[0], { way: "queue_order", reason: "left out" });
  const cross = pairs.find(({ from, to }) => from === 0 && to === 1);
  assert.equal(cross?.way, "host_relay");
  const reasons = new Map(cross?.refused.map(({ way, reason }) => [way, reason]));
  assert.equal(reasons.get("timeline"), "they are different devices");
  assert.match(reasons.get("sync_fd") ?? "", /^llvmpipe .*has no VK_KHR_external_semaphore_fd$/);
});
