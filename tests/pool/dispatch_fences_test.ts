/** Fences of dispatches: what comes after which, and what a fence says of a dispatch. */

import assert from "node:assert/strict";
import { FenceLostError, FenceMisuseError } from "../../lib/pool/fence.ts";
import type { LogicalBuffer } from "../../lib/pool/buffer.ts";
import type { DispatchOptions, LogicalDevice } from "../../lib/pool/logical_device.ts";
import type { Member } from "../../lib/pool/member.ts";
import { allDevicesTest } from "../vulkan_devices.ts";
import { Gate } from "./fence_devices.ts";
import { inPlaceKernel, LOCAL, openSoftwarePool, word, words } from "./pool_devices.ts";

const GROUPS = 8, COUNT = GROUPS * LOCAL;

/** A buffer of `i` at each `i`, and how to change it to `3 * i + 1`. */
async function data(device: LogicalDevice) {
  const buffer = device.allocate(4 * COUNT, ["PERSISTENT", "HOST_VALID"]);
  await buffer.write(words(COUNT, (i) => i));
  const kernel = device.createKernel({ words: inPlaceKernel() });
  return {
    buffer,
    change: (options: DispatchOptions) =>
      device.dispatch(kernel, [GROUPS, 1, 1], [{ binding: 0, buffer }], { ...word(1), ...options }),
    [Symbol.dispose]: () => buffer[Symbol.dispose](),
  };
}

const BEFORE = words(COUNT, (i) => i), AFTER = words(COUNT, (i) => 3 * i + 1);

function isUnchanged({ bytes }: LogicalBuffer): void {
  assert.deepEqual(bytes, BEFORE);
}

/** Whether something is over within a moment that is long for work on so few bytes. */
async function isOver(work: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const moment = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), 50);
  });
  const over = await Promise.race([work.then(() => true, () => true), moment]);
  clearTimeout(timer);
  return over;
}

function twoOf({ members: [one, other] }: LogicalDevice): [Member, Member] {
  assert(one && other);
  return [one, other];
}

allDevicesTest(
  "a dispatch's fence is pending from the call on, and signalled with the results",
  async () => {
    await using device = await openSoftwarePool();
    using made = await data(device);
    using fence = device.createFence();
    for (const strategy of ["single", "sfr"] as const) {
      await made.buffer.write(BEFORE);
      const done = made.change({ signal: fence, strategy });
      assert.equal(fence.state(), "pending");
      assert.equal(await fence.wait(), "signalled");
      // HOST_VALID promises them here.
      assert.deepEqual(made.buffer.bytes, AFTER);
      await done;
      fence.reset();
    }
  },
);

allDevicesTest(
  "a dispatch begins after the fences of others, which it shares nothing with",
  async () => {
    await using device = await openSoftwarePool();
    using first = await data(device), second = await data(device), third = await data(device);
    const [one, other] = twoOf(device);
    using gate = new Gate(one);
    using done = device.createFence(), both = device.createFence();
    gate.shut();
    const work = [
      first.change({ on: one.id, signal: done }),
      second.change({ on: other.id, after: [done], signal: both }),
      third.change({ on: other.id, after: [both, done] }),
    ];
    assert.equal(await isOver(Promise.any(work)), false);
    isUnchanged(second.buffer);
    isUnchanged(third.buffer);
    assert.deepEqual([done.state(), both.state()], ["pending", "pending"]);
    gate.open();
    await Promise.all(work);
    for (const { buffer } of [first, second, third]) assert.deepEqual(buffer.bytes, AFTER);
  },
);

allDevicesTest(
  "a dispatch begins after what was submitted to queues, also to its own",
  async () => {
    await using device = await openSoftwarePool();
    const [one, other] = twoOf(device);
    for (const on of [one, other]) {
      using made = await data(device);
      using gate = new Gate(one);
      using fence = device.createFence();
      gate.shut();
      fence.submit(one);
      const work = made.change({ on: on.id, after: [fence] });
      assert.equal(await isOver(work), false);
      isUnchanged(made.buffer);
      gate.open();
      await work;
      assert.deepEqual(made.buffer.bytes, AFTER);
    }
  },
);

allDevicesTest(
  "a reset of a fence does not let go of a dispatch that was to come after it",
  async () => {
    await using device = await openSoftwarePool();
    using made = await data(device), held = await data(device);
    const [one] = twoOf(device);
    using gate = new Gate(one);
    using fence = device.createFence(), slow = device.createFence();
    gate.shut();
    slow.submit(one);
    fence.begin().signal();
    const work = made.change({ after: [fence, slow] });
    fence.reset();
    const again = fence.begin();
    assert.equal(await isOver(work), false);
    gate.open();
    await work;
    again.signal();
    assert.deepEqual(made.buffer.bytes, AFTER);
    isUnchanged(held.buffer);
  },
);

allDevicesTest(
  "a dispatch after a lost fence writes nothing, and its own fence is lost too",
  async () => {
    await using device = await openSoftwarePool();
    using made = await data(device), next = await data(device);
    using lost = device.createFence(), own = device.createFence(), last = device.createFence();
    const signal = lost.begin();
    const work = [
      made.change({ after: [lost], signal: own }),
      next.change({ after: [own], signal: last }),
    ];
    assert.equal(await isOver(Promise.any(work)), false);
    signal.lose("somebody tripped over the cable");
    const ends = await Promise.allSettled(work);
    for (const end of ends) {
      assert(end.status === "rejected" && end.reason instanceof FenceLostError);
      assert.match(
        end.reason.message,
        /^the dispatch did not begin, and wrote nothing: [^\n]*somebody tripped over the cable[^\n]*$/,
      );
    }
    assert.deepEqual([own.state(), last.state()], ["lost", "lost"]);
    assert.match(own.reason ?? "", /^its dispatch failed: [^\n]*tripped[^\n]*$/);
    isUnchanged(made.buffer);
    isUnchanged(next.buffer);
    // The first end decides.
    signal.signal();
    assert.equal(lost.state(), "lost");
    // What is lost is of one use.
    own.reset();
    await made.change({ signal: own });
    assert.equal(own.state(), "signalled");
  },
);

allDevicesTest(
  "dispatch() refuses fences that are not as it needs them, and changes nothing",
  async () => {
    await using device = await openSoftwarePool();
    using made = await data(device);
    using idle = device.createFence(), busy = device.createFence(), unused = device.createFence();
    const destroyed = device.createFence();
    destroyed.destroy();
    busy.begin().signal();
    const refused = (options: DispatchOptions, why: RegExp) => {
      const thrown = (error: unknown) =>
        error instanceof FenceMisuseError && why.test(error.message);
      assert.throws(() => void made.change(options), thrown);
    };
    refused({ after: [idle] }, /^dispatch\(\{ after \}\): the fence was never submitted/);
    refused({ signal: busy }, /^dispatch\(\{ signal \}\): the fence is signalled: reset it first$/);
    refused({ after: [idle], signal: unused }, /never submitted/);
    refused({ after: [destroyed] }, /is destroyed/);
    refused({ signal: destroyed }, /is destroyed/);
    // One refusal leaves the other fence as it was.
    assert.equal(unused.state(), "idle");
    assert.throws(() => void made.change({ push: new Uint8Array(0), signal: unused }), RangeError);
    assert.equal(unused.state(), "idle");
    isUnchanged(made.buffer);
    const work = made.change({ signal: unused });
    refused({ signal: unused }, /is pending: wait for it first/);
    await work;
  },
);

allDevicesTest("PoolFence.waitOn() of what the host ends comes back once it is over", async () => {
  await using device = await openSoftwarePool();
  using fence = device.createFence(), behind = device.createFence();
  const [one] = twoOf(device);
  const signal = fence.begin();
  assert.equal(fence.state(), "pending");
  assert.equal(await fence.wait(1), "timeout");
  const waits = fence.waitOn(one);
  assert.equal(await isOver(waits), false);
  // The queue is free: what the fence stands for may need it.
  behind.submit(one);
  assert.equal(await behind.wait(), "signalled");
  signal.signal();
  assert.deepEqual(await waits, { state: "waits", ways: ["held_back"] });
  assert.deepEqual(await fence.waitOn(one), { state: "signalled" });
  fence.reset();
  behind.reset();
  const failed = fence.begin();
  const lost = fence.waitOn(one);
  failed.lose("it failed");
  assert.deepEqual(await lost, { state: "lost", reason: "it failed" });
  // What comes behind on the queue counts on it, until somebody has been told.
  behind.submit(one);
  assert.equal(behind.state(), "lost");
});

allDevicesTest(
  "PoolFences.asyncDispose lets nobody wait for what the host never ends",
  async () => {
    const device = await openSoftwarePool();
    const fence = device.createFence();
    fence.begin();
    const waits = fence.wait();
    await device[Symbol.asyncDispose]();
    assert.equal(await waits, "lost");
    assert.throws(() => device.createFence(), /the logical device is closed/);
  },
);
