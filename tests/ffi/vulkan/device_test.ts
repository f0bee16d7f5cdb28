import assert from "node:assert/strict";
import { CommandBuffer } from "../../../ffi/vulkan/commands.ts";
import { formatApiVersion, resultName, VulkanError } from "../../../ffi/vulkan/loader.ts";
import { Pipeline } from "../../../ffi/vulkan/pipeline.ts";
import { TimelineSemaphore } from "../../../ffi/vulkan/semaphore.ts";
import { allDevicesTest, deviceTest, openSoftwareInstance } from "../../vulkan_devices.ts";

Deno.test("resultName() gives the specification's names", () => {
  assert.equal(resultName(-4), "VK_ERROR_DEVICE_LOST");
  assert.equal(resultName(-1000174001), "VK_ERROR_NOT_PERMITTED_KHR");
  assert.equal(resultName(-77), "VkResult -77");
});

Deno.test("VulkanError knows lost devices and lack of memory", () => {
  assert.ok(new VulkanError("vkQueueSubmit", -4).isDeviceLost);
  assert.ok(!new VulkanError("vkQueueSubmit", -2).isDeviceLost);
  assert.ok(new VulkanError("vkAllocateMemory", -2).isOutOfMemory);
  assert.equal(new VulkanError("vkX", -2).message, "vkX: VK_ERROR_OUT_OF_DEVICE_MEMORY");
});

Deno.test("formatApiVersion() leaves out the variant", () => {
  assert.equal(formatApiVersion((1 << 22) | (3 << 12) | 260), "1.3.260");
});

allDevicesTest("Instance.physicalDevices() shows every driver's device", () => {
  using instance = openSoftwareInstance();
  const devices = instance.physicalDevices();
  assert.deepEqual(devices.map((device) => device.index), [0, 1]);
  for (const device of devices) {
    assert.equal(device.type, "cpu");
    assert.ok(device.heaps.some((heap) => heap.deviceLocal && heap.size > 0));
    assert.ok(device.queueFamilies.length > 0);
    assert.ok(device.features.has("bufferDeviceAddress"), device.name);
    assert.match(device.uuid ?? "", /^[0-9a-f]{8}-/);
  }
});

deviceTest("CommandBuffer copies and fills exact ranges", ({ device, queue }) => {
  using from = device.createBuffer(4096, "host");
  using to = device.createBuffer(4096, "host");
  from.bytes?.forEach((_, i, bytes) => bytes[i] = i & 0xff);
  using commands = new CommandBuffer(device, queue);
  commands.record((c) => {
    c.fill(to, 0x01020304);
    c.barrier();
    c.copy(from, to, { size: 16, fromOffset: 32, toOffset: 64 });
    c.barrierToHost();
  });
  const fence = device.createFence();
  device.submit(queue, [commands.handle], fence);
  device.waitFence(fence);
  device.destroyFence(fence);
  const bytes = to.bytes ?? new Uint8Array();
  assert.deepEqual([...bytes.subarray(60, 66)], [4, 3, 2, 1, 32, 33]);
  assert.deepEqual([...bytes.subarray(78, 84)], [46, 47, 4, 3, 2, 1]);
});

deviceTest(
  "Device.createBuffer() names the lack of memory and leaves nothing behind",
  ({ device }) => {
    assert.throws(() => device.createBuffer(2 ** 46, "device"), (error: unknown) => {
      assert.ok(error instanceof VulkanError);
      assert.ok(
        error.isOutOfMemory || error.result === "VK_ERROR_MEMORY_MAP_FAILED",
        error.message,
      );
      return true;
    });
    device.createBuffer(4096, "device")[Symbol.dispose]();
  },
);

deviceTest("TimelineSemaphore counts up by queue and by host", ({ device, queue }) => {
  using semaphore = new TimelineSemaphore(device);
  assert.equal(semaphore.value(), 0n);
  semaphore.submitSignal(queue, 3n);
  semaphore.wait(3n, 1_000_000_000n);
  semaphore.signal(7n);
  assert.equal(semaphore.value(), 7n);
  const fence = device.createFence();
  semaphore.submitWait(queue, 8n, fence);
  semaphore.signal(8n);
  device.waitFence(fence);
  device.destroyFence(fence);
  assert.throws(() => semaphore.wait(9n, 1_000_000n), /VK_TIMEOUT/);
});

deviceTest("Pipeline refuses a wrong number of buffers", ({ device }) => {
  const code = {
    words: new Uint32Array(),
    addressing: "descriptor",
    bufferCount: 2,
    pushBytes: 0,
  } as const;
  assert.throws(() => new Pipeline(device, code, []), /takes 2 buffers, not 0/);
});
