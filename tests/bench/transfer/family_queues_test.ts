import assert from "node:assert/strict";
import { familyQueues } from "../../../lib/bench/transfer/family_queues.ts";
import type { QueueOwner } from "../../../lib/bench/vulkan/queue_families.ts";
import { deviceTest } from "../../vulkan_devices.ts";

const GRAPHICS = 1, COMPUTE = 2, TRANSFER = 4, SPARSE = 8, VIDEO_DECODE = 32;

/** A device with two queues of each family. */
function owner(...flags: number[]): QueueOwner {
  const queues = flags.flatMap((_, family) =>
    [0, 1].map((index) => ({ handle: BigInt(10 * family + index), family, index }))
  );
  const families = flags.map((flags, index) => ({ index, flags, count: 2 }));
  return { queues, physical: { queueFamilies: families } } as unknown as QueueOwner;
}

const names = (of: QueueOwner) =>
  familyQueues(of).map(({ queue, name }) => `${name} ${queue.handle}`);

Deno.test("familyQueues() has one queue of each family that copies, those that only copy first", () => {
  // An H200: all, copies, computes, decodes.
  const all = GRAPHICS | COMPUTE | TRANSFER | SPARSE;
  assert.deepEqual(
    names(owner(all, TRANSFER | SPARSE, COMPUTE | TRANSFER, VIDEO_DECODE | TRANSFER)),
    ["copy queue 10", "compute queue 20", "graphics queue 0"],
  );
  assert.deepEqual(names(owner(all)), ["graphics queue 0"]);
});

Deno.test("familyQueues() tells families of one kind apart by their indices", () => {
  assert.deepEqual(names(owner(GRAPHICS | COMPUTE, TRANSFER, TRANSFER)), [
    "copy queue of family 1 10",
    "copy queue of family 2 20",
    "graphics queue 0",
  ]);
});

deviceTest("familyQueues() finds a queue of every software device", (target) => {
  const { device, physical } = target;
  assert.ok(familyQueues({ queues: device.queues, physical }).length > 0);
});
