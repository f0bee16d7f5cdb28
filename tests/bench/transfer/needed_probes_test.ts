import assert from "node:assert/strict";
import { openCudaCopies } from "../../../ffi/cuda_copy.ts";
import { VulkanError } from "../../../ffi/vulkan/loader.ts";
import { hostProbes, pairProbes } from "../../../lib/bench/transfer/needed_probes.ts";
import { requestKey } from "../../../lib/bench/transfer/probe.ts";
import type { RuntimeOpeners } from "../../../lib/bench/transfer/runtimes.ts";
import type { TransferDevice } from "../../../lib/bench/transfer/target.ts";
import { compilerTest } from "../../fakes/cc.ts";
import { fakeLibrary } from "../../fakes/library.ts";
import { allDevicesTest } from "../../vulkan_devices.ts";
import { cudaDevice, softwareDevice, softwareTargets, testTools } from "./devices.ts";

/** A device that was lost before it was opened. */
function lostDevice(slot: string): TransferDevice {
  return {
    ...cudaDevice(slot),
    get: () => {
      throw new VulkanError("vkCreateDevice", -4);
    },
  };
}

compilerTest("pairProbes() start no process for what the runtime itself refuses", () => {
  using fake = fakeLibrary(
    "cuda",
    "driver_version 13000\ndevice\npci 0000:06:00.0\npeers 1\ndevice\npci 0000:0A:00.0\npeers 0\n" +
      "device\npci 0000:0B:00.0\n",
  );
  const never = { name: "none", open: () => assert.fail("not to be opened") };
  const openers: RuntimeOpeners = {
    nvidia: { name: "CUDA", open: () => openCudaCopies({ sonames: [fake.path] }) },
    amd: never,
    intel: never,
  };
  using owner = new DisposableStack();
  const tools = testTools(owner, openers);
  const slots = ["0000:06:00.0", "0000:0a:00.0", "0000:0b:00.0", "0000:99:00.0"] as const;
  const keys = (from: string, to: string) =>
    pairProbes({ ...tools, source: cudaDevice(from), destination: cudaDevice(to) })
      .map(requestKey);
  assert.equal(keys(slots[0], slots[1]).length, 1, "they reach each other");
  assert.deepEqual(keys(slots[0], slots[2]), [], "the driver says that they do not");
  assert.deepEqual(keys(slots[0], slots[3]), [], "CUDA does not show the other");
  const amd = {
    ...cudaDevice(slots[1]),
    gpu: { ...cudaDevice(slots[1]).gpu, vendor: "amd" as const },
  };
  const mixed = { ...tools, source: cudaDevice(slots[0]), destination: amd };
  assert.deepEqual(pairProbes(mixed), [], "they have no runtime in common");
});

allDevicesTest("hostProbes() go on without a device that is lost", () => {
  using owner = new DisposableStack();
  const devices = softwareTargets(owner).map(softwareDevice);
  const all = hostProbes(devices).length;
  assert.ok(all > 0);
  assert.equal(hostProbes([lostDevice("0000:01:00.0"), ...devices]).length, all);
});

allDevicesTest("pairProbes() of different drivers try no handle that stays in its driver", () => {
  using owner = new DisposableStack();
  const [source, destination] = softwareTargets(owner).map(softwareDevice);
  assert.ok(source && destination);
  const tried = pairProbes({ ...testTools(owner), source, destination });
  assert.ok(
    tried.every((request) => request.kind !== "shared_memory" || request.handle === "dma_buf"),
  );
});
