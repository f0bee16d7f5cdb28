import assert from "node:assert/strict";
import type { Queue } from "../../../ffi/vulkan/device.ts";
import type { QueueFamily } from "../../../ffi/vulkan/physical_device.ts";
import {
  familyOf,
  firstQueue,
  hasFamilies,
  kindOf,
  QUEUE_KINDS,
  queuePair,
  queuesOf,
} from "../../../lib/bench/vulkan/queue_families.ts";
import { isCopyFamily } from "../../../lib/transfer/copy_queues.ts";
import { SCHEDULING_BENCHMARKS } from "../../../lib/bench/vulkan/scheduling.ts";
import { SYNC_BENCHMARKS } from "../../../lib/bench/vulkan/sync.ts";

const GRAPHICS = 1, COMPUTE = 2, TRANSFER = 4, SPARSE = 8, PROTECTED = 16, DECODE = 32;
const ENCODE = 64, FLOW = 256;

/** Flags and counts of families, as a device's. */
function families(...all: [flags: number, count: number][]): QueueFamily[] {
  return all.map(([flags, count], index) => ({ index, count, flags, timestampValidBits: 64 }));
}

/** As NVIDIA's driver shows a data centre card. */
const MANY = families(
  [GRAPHICS | COMPUTE | TRANSFER | SPARSE, 16],
  [TRANSFER | SPARSE, 2],
  [COMPUTE | TRANSFER | SPARSE, 8],
  [TRANSFER | SPARSE | DECODE, 1],
  [TRANSFER | SPARSE | FLOW, 1],
);

/** As a small integrated GPU's. */
const ONE = families([GRAPHICS | COMPUTE | TRANSFER, 1]);

/** A device of which up to two queues of each family are open. */
function device(queueFamilies: QueueFamily[]) {
  const queues = queueFamilies.flatMap(({ index: family, count }) =>
    Array.from({ length: Math.min(2, count) }, (_, index): Queue => ({
      handle: BigInt(16 * family + index),
      family,
      index,
    }))
  );
  return { queues, physical: { queueFamilies } };
}

Deno.test("isCopyFamily() takes families that do nothing but copy", () => {
  assert.ok(isCopyFamily({ flags: TRANSFER }));
  assert.ok(isCopyFamily({ flags: TRANSFER | SPARSE | PROTECTED }));
  for (
    const flags of [
      GRAPHICS | COMPUTE | TRANSFER,
      COMPUTE | TRANSFER,
      TRANSFER | DECODE,
      SPARSE,
      0,
    ]
  ) {
    assert.ok(!isCopyFamily({ flags }), String(flags));
  }
  assert.ok(!isCopyFamily(undefined));
});

Deno.test("kindOf() tells families by what sets them apart", () => {
  assert.deepEqual(MANY.map(kindOf), [
    "graphics",
    "copy",
    "compute",
    "video_decode",
    "optical_flow",
  ]);
  assert.equal(kindOf({ flags: TRANSFER | ENCODE, count: 1 }), "video_encode");
  assert.equal(kindOf({ flags: GRAPHICS | TRANSFER, count: 1 }), undefined);
  assert.equal(kindOf({ flags: COMPUTE, count: 0 }), undefined);
  assert.equal(kindOf(undefined), undefined);
});

Deno.test("familyOf() and queuesOf() find the first family of a kind, and its queues", () => {
  const twice = families([COMPUTE, 0], [COMPUTE, 1], [COMPUTE, 4]);
  assert.equal(familyOf(twice, "compute"), 1);
  assert.equal(familyOf(ONE, "copy"), undefined);
  assert.deepEqual(queuesOf(device(MANY), "compute").map(({ handle }) => handle), [32n, 33n]);
  assert.deepEqual(queuesOf(device(ONE), "compute"), []);
});

Deno.test("firstQueue() and queuePair() give queues, or say which there are not", () => {
  assert.equal(firstQueue(device(ONE), "video_decode"), "the device has no video decode queue");
  const handles = (
    first: "graphics" | "copy",
    second: "graphics" | "compute" | "copy",
    of = MANY,
  ) => {
    const pair = queuePair(device(of), first, second);
    return typeof pair === "string" ? pair : pair.map(({ handle }) => Number(handle));
  };
  assert.deepEqual(handles("graphics", "compute"), [0, 32]);
  assert.deepEqual(handles("copy", "graphics"), [16, 0]);
  assert.deepEqual(handles("copy", "copy"), [16, 17]);
  assert.equal(handles("graphics", "graphics", ONE), "the device has one graphics queue only");
  assert.equal(handles("graphics", "copy", ONE), "the device has no copy queue");
  assert.equal(handles("copy", "graphics", ONE), "the device has no copy queue");
});

Deno.test("hasFamilies() holds benchmarks that name a family against the device", () => {
  assert.ok(hasFamilies(ONE));
  assert.ok(hasFamilies(ONE, { queue: "graphics", working_set_bytes: 4 }));
  assert.ok(hasFamilies(ONE, { access: "compute" }), "another parameter's value is no family");
  for (const name of ["queue", "from", "to", "load", "probe"]) {
    assert.ok(!hasFamilies(ONE, { [name]: "copy" }), name);
    assert.ok(hasFamilies(MANY, { [name]: "copy" }), name);
  }
});

Deno.test("the sync and scheduling suites have a figure for each family and ordered pair that a device has", () => {
  const of = (queueFamilies: QueueFamily[]) =>
    [...SYNC_BENCHMARKS, ...SCHEDULING_BENCHMARKS]
      .filter(({ parameters }) => hasFamilies(queueFamilies, parameters))
      .map(({ name, parameters = {} }) => [name, ...Object.values(parameters)].join(" "));
  const many = of(MANY), one = of(ONE);
  assert.equal(new Set(many).size, many.length, "name and parameters tell figures apart");
  for (const kind of QUEUE_KINDS.filter((kind) => kind !== "video_encode")) {
    assert.ok(many.includes(`sync.submit_fence ${kind}`), kind);
  }
  assert.ok(!many.includes("sync.submit_fence video_encode"));
  for (const from of ["graphics", "compute", "copy"]) {
    assert.ok(many.includes(`sync.submit_copy ${from}`));
    for (const to of ["graphics", "compute", "copy"]) {
      assert.ok(many.includes(`sync.binary_queues ${from} ${to}`), `${from} to ${to}`);
      assert.ok(many.includes(`sync.timeline_queues ${from} ${to}`), `${from} to ${to}`);
    }
  }
  assert.ok(!many.includes("sync.event copy"), "queues that only copy have no events");
  assert.ok(many.includes("scheduling.busy_queue graphics graphics"));
  assert.ok(many.includes("scheduling.busy_queue compute graphics"));
  assert.deepEqual(
    one.filter((text) => /compute|copy|video|flow/.test(text.split(" ").slice(1).join())),
    [],
  );
});
