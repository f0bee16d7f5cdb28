import assert from "node:assert/strict";
import { monotonicClock } from "../../../ffi/monotonic_clock.ts";
import { openCalibration } from "../../../ffi/vulkan/calibration.ts";
import { CommandBuffer, ticksBetween } from "../../../ffi/vulkan/commands.ts";
import { HungQueueError } from "../../../ffi/vulkan/device.ts";
import { DeviceEvent } from "../../../ffi/vulkan/event.ts";
import { Fence } from "../../../ffi/vulkan/fence.ts";
import { GLOBAL_PRIORITIES, globalPriorities } from "../../../ffi/vulkan/global_priority.ts";
import { BinarySemaphore, TimelineSemaphore } from "../../../ffi/vulkan/semaphore.ts";
import { Submission } from "../../../ffi/vulkan/submission.ts";
import { deviceTest } from "../../vulkan_devices.ts";

deviceTest(
  "DeviceEvent is set and taken back by the host, and set by a queue",
  ({ device, queue }) => {
    using event = new DeviceEvent(device);
    assert.ok(!event.isSet());
    event.set();
    assert.ok(event.isSet());
    event.reset();
    assert.ok(!event.isSet());
    using commands = new CommandBuffer(device, queue);
    commands.record((c) => {
      c.setEvent(event);
      c.waitEvent(event, "queue");
    });
    using fence = new Fence(device);
    new Submission(device, queue, { commands: [commands] }).submit(fence.handle);
    fence.wait();
    assert.ok(event.isSet());
  },
);

deviceTest(
  "CommandBuffer.waitEvent() holds a queue until the host sets the event",
  ({ device, queue }) => {
    using from = device.createBuffer(4, "host");
    using to = device.createBuffer(4, "host");
    to.bytes?.fill(0);
    using event = new DeviceEvent(device);
    using commands = new CommandBuffer(device, queue);
    commands.record((c) => {
      c.waitEvent(event, "host");
      c.copy(from, to, { size: 4 });
      c.barrierToHost();
    });
    using fence = new Fence(device);
    new Submission(device, queue, { commands: [commands] }).submit(fence.handle);
    assert.ok(!fence.isSignaled());
    // What the host writes before it sets the event is what the queue reads after it.
    from.bytes?.fill(9);
    event.set();
    fence.wait();
    assert.deepEqual([...to.bytes ?? []], [9, 9, 9, 9]);
  },
);

deviceTest("Submission orders work by binary and timeline semaphores", ({ device, queue }) => {
  using binary = new BinarySemaphore(device);
  using timeline = new TimelineSemaphore(device);
  using fence = new Fence(device);
  const first = { signals: [{ semaphore: binary }, { semaphore: timeline, value: 5n }] };
  const second = {
    waits: [{ semaphore: timeline, value: 5n }, { semaphore: binary }],
    signals: [{ semaphore: timeline, value: 6n }],
  };
  for (let i = 0; i < 2; i++) {
    const at = BigInt(10 * i);
    const shifted = (points: readonly { semaphore: { handle: bigint }; value?: bigint }[]) =>
      points.map((point) =>
        point.value === undefined ? point : { ...point, value: point.value + at }
      );
    new Submission(device, queue, { signals: shifted(first.signals) }).submit();
    new Submission(device, queue, {
      waits: shifted(second.waits),
      signals: shifted(second.signals),
    }).submit(fence.handle);
    fence.wait();
    assert.ok(fence.isSignaled());
    fence.reset();
    // llvmpipe signals a fence a moment before its submission's semaphores.
    timeline.expect(6n + at, 10_000_000_000n);
    assert.equal(timeline.value(), 6n + at);
  }
});

Deno.test("ticksBetween() counts valid bits alone, in both directions", () => {
  assert.equal(ticksBetween(5n, 12n, 36), 7);
  assert.equal(ticksBetween(12n, 5n, 36), -7);
  assert.equal(ticksBetween((1n << 36n) - 2n, 3n, 36), 5, "the counter began anew");
  assert.equal(ticksBetween((7n << 40n) | 1n, 4n, 36), 3, "what does not count is left out");
  assert.equal(ticksBetween((1n << 64n) - 1n, 1n, 64), 2);
});

deviceTest(
  "openCalibration() reads the host's clock between two readings of its own, or says why not",
  ({ device }) => {
    const opened = openCalibration(device);
    if (device.physical.name.includes("SwiftShader")) {
      assert.ok(opened.state === "absent");
      assert.match(opened.reason, /VK_EXT_calibrated_timestamps/);
      return;
    }
    assert.ok(opened.state === "ok");
    const now = monotonicClock();
    const before = now(),
      { deviceTicks, hostNs, deviationNs } = opened.calibration.read(),
      after = now();
    assert.ok(before <= hostNs && hostNs <= after, `${before} ${hostNs} ${after}`);
    assert.ok(deviceTicks > 0n && deviationNs >= 0);
  },
);

deviceTest("globalPriorities() tells what a family's queues can have", ({ device, queue }) => {
  const found = globalPriorities(device.symbols, device.physical, queue.family);
  const isSwiftShader = device.physical.name.includes("SwiftShader");
  assert.deepEqual(found, isSwiftShader ? [GLOBAL_PRIORITIES.medium] : undefined);
});

deviceTest(
  "Device.sibling() opens the device again, with one queue of a global priority where it has them",
  ({ device, queue }) => {
    const { family } = queue;
    const options = device.physical.extensions.has("VK_KHR_global_priority")
      ? { globalPriority: { family, priority: GLOBAL_PRIORITIES.medium } }
      : {};
    using other = device.sibling(options);
    assert.notEqual(other.handle, device.handle);
    const [own, ...more] = other.queues;
    assert.ok(own !== undefined && more.length === 0 && own.family === family);
    using fence = new Fence(other);
    new Submission(other, own, {}).submit(fence.handle);
    fence.wait();
  },
);

deviceTest(
  "Fence.wait() ends for a queue that hangs; its device is then left alone",
  ({ device }) => {
    const hung = device.sibling();
    const [queue] = hung.queues;
    assert.ok(queue !== undefined);
    const semaphore = new TimelineSemaphore(hung), fence = new Fence(hung);
    new Submission(hung, queue, { waits: [{ semaphore, value: 1n }] }).submit(fence.handle);
    assert.throws(() => fence.wait(1_000_000n), (error: unknown) => {
      assert.ok(error instanceof HungQueueError && error.isDeviceLost);
      assert.match(error.message, /^vkWaitForFences: no answer within 0.001 s: a queue hangs/);
      return true;
    });
    assert.ok(hung.isHung);
    // None of these waits, or takes from the queue what it uses.
    assert.throws(() => new Submission(hung, queue, {}).submit(), HungQueueError);
    assert.throws(() => fence.wait(), HungQueueError);
    hung.waitIdle();
    fence[Symbol.dispose]();
    semaphore[Symbol.dispose]();
    hung[Symbol.dispose]();
    // The semaphore is still there: the queue can go on, and the process can end.
    semaphore.signal(1n);
    assert.ok(!device.isHung);
  },
);

deviceTest(
  "TimelineSemaphore.expect() takes a value that does not come for a queue that hangs",
  ({ device }) => {
    const hung = device.sibling();
    const semaphore = new TimelineSemaphore(hung);
    assert.throws(() => semaphore.expect(1n, 1_000_000n), HungQueueError);
    assert.ok(hung.isHung);
    hung[Symbol.dispose]();
  },
);

Deno.test("monotonicClock() never goes back", () => {
  const now = monotonicClock();
  let last = now();
  for (let i = 0; i < 1000; i++) {
    const next = now();
    assert.ok(next >= last);
    last = next;
  }
});
