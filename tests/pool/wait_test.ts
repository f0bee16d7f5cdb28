/** Waiting for devices without blocking the event loop. */

import assert from "node:assert/strict";
import { TimelineSemaphore } from "../../ffi/vulkan/semaphore.ts";
import { waitAll, type WaitEnd, waitFence, waitPoint } from "../../lib/pool/wait.ts";
import { FenceDevices, Gate, poolTest } from "./fence_devices.ts";

poolTest("waitFence() waits while the event loop goes on, and resets the fence", async () => {
  using devices = new FenceDevices();
  for (const member of devices.members) {
    const { device, queue } = member;
    using gate = new Gate(member);
    const fence = device.createFence();
    for (let round = 0; round < 3; round++) {
      gate.shut();
      device.submit(queue, [], fence);
      setTimeout(() => gate.open(), 5);
      assert.equal(await waitFence(device, fence), "done");
      assert.equal(await waitPoint({ device, fence }, { limitMs: 0 }), "timeout", "it is reset");
    }
    device.destroyFence(fence);
  }
});

poolTest(
  "waitPoint() ends by its limit, or when it is told to, and leaves the device well",
  async () => {
    using devices = new FenceDevices();
    for (const { device } of devices.members) {
      using timeline = new TimelineSemaphore(device);
      const point = { device, timeline, value: 1n };
      assert.equal(await waitPoint(point, { limitMs: 5 }), "timeout");
      let asked = 0;
      assert.equal(await waitPoint(point, { sliceMs: 1 }, () => ++asked === 3), "timeout");
      assert.equal(device.isHung, false);
      timeline.signal(1n);
      assert.equal(await waitPoint(point, { limitMs: 0 }), "done");
    }
  },
);

poolTest("waitAll() tells of each point as soon as it is reached", async () => {
  using devices = new FenceDevices();
  const { llvmpipe, swiftshader } = devices;
  using timeline = new TimelineSemaphore(llvmpipe.device);
  using gate = new Gate(swiftshader);
  const fence = swiftshader.device.createFence();
  gate.shut();
  swiftshader.device.submit(swiftshader.queue, [], fence);
  const order: [number, WaitEnd][] = [];
  const waits = waitAll(
    [
      { device: swiftshader.device, fence },
      { device: llvmpipe.device, timeline, value: 1n },
      { device: llvmpipe.device, timeline, value: 0n },
    ],
    {},
    (index, end) => {
      order.push([index, end]);
      // Each opens the way for the next.
      if (index === 2) timeline.signal(1n);
      if (index === 1) gate.open();
    },
  );
  assert.deepEqual(await waits, ["done", "done", "done"]);
  assert.deepEqual(order, [[2, "done"], [1, "done"], [0, "done"]]);
  swiftshader.device.destroyFence(fence);
});

poolTest(
  "waitAll() takes a device for hung that exceeds the limit, and that one alone",
  async () => {
    using devices = new FenceDevices();
    const { llvmpipe, swiftshader } = devices;
    // A device of its own: it stays as it is.
    const device = llvmpipe.device.sibling();
    const timeline = new TimelineSemaphore(device);
    using other = new TimelineSemaphore(swiftshader.device);
    const points = [
      { device, timeline, value: 1n },
      { device: swiftshader.device, timeline: other, value: 0n },
    ];
    assert.deepEqual(await waitAll(points, { limitMs: 5 }), ["hung", "done"]);
    assert.equal(device.isHung, true);
    assert.equal(swiftshader.device.isHung, false);
    assert.equal(await waitPoint({ device, timeline, value: 0n }), "hung", "at once from then on");
  },
);
