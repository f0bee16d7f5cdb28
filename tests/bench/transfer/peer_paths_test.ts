import assert from "node:assert/strict";
import { join } from "node:path";
import type { PeerTransfer } from "../../../lib/bench/transfer/target.ts";
import { sharedMemoryPaths } from "../../../lib/bench/transfer/shared_memory.ts";
import { stagingPaths } from "../../../lib/bench/transfer/staging.ts";
import { sharingObstacle } from "../../../lib/transfer/sharing.ts";
import { VulkanTarget } from "../../../lib/bench/vulkan/target.ts";
import { allDevicesTest, openSoftwareInstance, SOFTWARE_DRIVERS } from "../../vulkan_devices.ts";
import { softwareDevice, softwareTargets, TEST_BYTES, testTools } from "./devices.ts";

function pairOf(owner: DisposableStack, a: VulkanTarget, b: VulkanTarget): PeerTransfer {
  return { ...testTools(owner), source: softwareDevice(a), destination: softwareDevice(b) };
}

/** The first two software devices, which have different drivers. */
function twoDrivers(owner: DisposableStack): PeerTransfer {
  const [a, b] = softwareTargets(owner);
  assert.ok(a && b && a.physical.driverUuid !== b.physical.driverUuid);
  return pairOf(owner, a, b);
}

allDevicesTest("staging moves every byte between drivers, in one direction and in both", () => {
  using owner = new DisposableStack();
  const pair = twoDrivers(owner);
  for (const isDuplex of [false, true]) {
    const paths = stagingPaths(pair, isDuplex, true);
    assert.ok(paths.length > 1);
    for (const { name, open } of paths) {
      using transfer = open();
      assert.equal(transfer.bytes, TEST_BYTES * (isDuplex ? 2 : 1));
      assert.ok(transfer.run(2) > 0, name);
      transfer.verify();
      // Slots are used again and again: each stretch is to be its own.
      const { pattern } = pair.blocks;
      for (const at of [0, 5_000_000, TEST_BYTES - 1]) {
        pattern[at] = (pattern[at] ?? 0) ^ 4;
        assert.throws(
          () => transfer.verify(),
          new RegExp(`byte ${at} of the destination is wrong`),
        );
        pattern[at] = (pattern[at] ?? 0) ^ 4;
      }
    }
  }
});

allDevicesTest("sharing memory between drivers is refused with the extension or the check", () => {
  using owner = new DisposableStack();
  const pair = twoDrivers(owner);
  const reasons = sharedMemoryPaths(pair, false).map(({ name, open }) => {
    try {
      using _transfer = open();
      return `${name}: offered`;
    } catch (error) {
      assert.ok(error instanceof Error && error.name === "UnsupportedError");
      return error.message;
    }
  });
  assert.match(reasons[0] ?? "", /lacks VK_EXT_external_memory_dma_buf$|does not export/);
  assert.match(reasons[2] ?? "", /driverUUIDs differ|lacks VK_KHR_external_memory_fd/);
});

/** A manifest of a copy of llvmpipe's driver, which Vulkan shows as a device of its own. */
function copyOfLavapipe(directory: string): string | undefined {
  const manifest = SOFTWARE_DRIVERS.get("llvmpipe");
  if (manifest === undefined) return undefined;
  const document = JSON.parse(Deno.readTextFileSync(manifest));
  const library: string = document.ICD.library_path;
  const places = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", ""];
  for (const place of places) {
    const path = library.startsWith("/") ? library : join(place, library);
    try {
      Deno.copyFileSync(path, join(directory, "libvulkan_lvp_copy.so"));
    } catch {
      continue;
    }
    document.ICD.library_path = join(directory, "libvulkan_lvp_copy.so");
    Deno.writeTextFileSync(join(directory, "icd.json"), JSON.stringify(document));
    return join(directory, "icd.json");
  }
  return undefined;
}

const hasLavapipe = SOFTWARE_DRIVERS.has("llvmpipe");

Deno.test({
  name: "opaque fd memory is one copy away between two copies of one driver" +
    (hasLavapipe ? "" : " (skipped: llvmpipe is not installed)"),
  ignore: !hasLavapipe,
  fn: () => {
    const directory = Deno.makeTempDirSync({ prefix: "mvgal-lvp-" });
    try {
      using owner = new DisposableStack();
      const copy = copyOfLavapipe(directory);
      assert.ok(copy !== undefined, "llvmpipe's library is not where its manifest says");
      const list = `${SOFTWARE_DRIVERS.get("llvmpipe")}:${copy}`;
      const instance = owner.use(
        openSoftwareInstance({ VK_DRIVER_FILES: list, VK_ICD_FILENAMES: list }),
      );
      const [a, b] = instance.physicalDevices().map((physical) =>
        owner.use(new VulkanTarget(`vulkan:${physical.index}`, instance, physical))
      );
      assert.ok(a && b);
      const pair = pairOf(owner, a, b);
      const obstacle = sharingObstacle(a, b, "opaque_fd");
      if (obstacle !== undefined) {
        assert.match(obstacle, /lacks VK_KHR_external_memory_fd|does not (ex|im)port/);
        return;
      }
      for (const isDuplex of [false, true]) {
        for (const { name, open } of sharedMemoryPaths(pair, isDuplex).slice(2)) {
          using transfer = open();
          assert.ok(transfer.run(2) > 0, name);
          transfer.verify();
          const { pattern } = pair.blocks;
          pattern[4242] = (pattern[4242] ?? 0) ^ 4;
          assert.throws(() => transfer.verify(), /byte 4242 of the destination is wrong/);
          pattern[4242] = (pattern[4242] ?? 0) ^ 4;
        }
      }
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
});
