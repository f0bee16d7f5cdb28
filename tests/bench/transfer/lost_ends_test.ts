import assert from "node:assert/strict";
import { VulkanError } from "../../../ffi/vulkan/loader.ts";
import { type Answering, lostEnds } from "../../../lib/bench/transfer/lost_ends.ts";
import { allDevicesTest } from "../../vulkan_devices.ts";
import { cudaDevice, softwareDevice, softwareTargets } from "./devices.ts";

function answering(id: string, run: () => void, open: () => void = () => {}): Answering {
  return {
    gpu: { id },
    get: () => {
      open();
      return { run };
    },
  };
}

const fails = (code: number) => () => {
  throw new VulkanError("vkQueueSubmit", code);
};

Deno.test("lostEnds() names the devices that do not answer a submission without work", () => {
  const well = answering("well", () => {});
  const lost = answering("lost", fails(-4));
  const silent = answering("silent", () => {
    throw new Error("vkWaitForFences: no signal within 10 s");
  });
  assert.deepEqual(lostEnds([well, lost]), ["lost"]);
  assert.deepEqual(lostEnds([lost, well]), ["lost"]);
  assert.deepEqual(lostEnds([silent, lost]), ["silent", "lost"]);
  assert.deepEqual(lostEnds([well, answering("full", fails(-1))]), [], "memory is no loss");
});

Deno.test("lostEnds() tells a device that was never open from one that was lost over opening it", () => {
  const closed = answering("closed", () => {}, () => {
    throw new Error("no Vulkan driver shows this GPU");
  });
  assert.deepEqual(lostEnds([closed, cudaDevice("0000:01:00.0")]), []);
  assert.deepEqual(lostEnds([answering("lost", () => {}, fails(-4))]), ["lost"]);
});

allDevicesTest("lostEnds() finds every software device alive", () => {
  using owner = new DisposableStack();
  assert.deepEqual(lostEnds(softwareTargets(owner).map(softwareDevice)), []);
});
