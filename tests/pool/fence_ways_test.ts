/** Which ways there are for a queue to wait for another. */

import assert from "node:assert/strict";
import { FENCE_WAYS, type FenceEnd, fenceWayOptions } from "../../lib/pool/fence_ways.ts";

/** An end that lacks nothing; each one is another GPU by default. */
function end(name: string, differing: Partial<FenceEnd> = {}): FenceEnd {
  const id = BigInt(name.charCodeAt(0));
  return {
    name,
    queue: id,
    device: id,
    uuid: name,
    driverUuid: "driver",
    timelines: true,
    hasFds: true,
    exports: () => true,
    imports: () => true,
    ...differing,
  };
}

const reasonsOf = (from: FenceEnd, to: FenceEnd) =>
  Object.fromEntries(fenceWayOptions(from, to).map(({ way, refused }) => [way, refused]));

/** The best way that is not refused. */
const best = (from: FenceEnd, to: FenceEnd) =>
  fenceWayOptions(from, to).find(({ refused }) => refused === null)?.way;

Deno.test("fenceWayOptions() takes the nearest thing that both ends have", () => {
  const a = end("A");
  const twin = end("B", { uuid: "A" });
  assert.equal(best(a, a), "queue_order");
  assert.equal(best(a, { ...a, queue: 9n }), "timeline");
  assert.equal(best(a, { ...a, queue: 9n, timelines: false }), "binary");
  assert.equal(best(a, twin), "opaque_fd_timeline");
  assert.equal(best(a, { ...twin, timelines: false }), "opaque_fd");
  assert.equal(best({ ...a, exports: (_, kind) => kind === "binary" }, twin), "opaque_fd");
  assert.equal(best(a, end("B")), "sync_fd");
  assert.equal(best(a, end("B", { hasFds: false })), "host_relay");
  assert.equal(best({ ...a, timelines: false }, end("B", { hasFds: false })), "host_relay");
  assert.equal(best(a, end("B", { hasFds: false, timelines: false })), "held_back");
});

Deno.test("fenceWayOptions() shares opaque descriptors in one driver and GPU alone", () => {
  const a = end("A");
  assert.equal(reasonsOf(a, end("B"))["opaque_fd"], "they are different GPUs");
  const other = end("B", { uuid: "A", driverUuid: "other" });
  assert.equal(reasonsOf(a, other)["opaque_fd"], "they have different drivers");
  const unknown = { uuid: null, driverUuid: null };
  const blank = reasonsOf({ ...a, ...unknown }, end("B", unknown))["opaque_fd"];
  assert.equal(blank, "they are different GPUs", "two that are unknown are not the same");
});

Deno.test("fenceWayOptions() says who lacks what, best way first", () => {
  const options = fenceWayOptions(end("A", { hasFds: false }), end("B", { imports: () => false }));
  assert.deepEqual(options.map(({ way }) => way), FENCE_WAYS);
  const reasons = reasonsOf(end("A"), end("B", { imports: () => false, timelines: false }));
  assert.equal(reasons["sync_fd"], "B does not import binary semaphores as sync_fd");
  assert.equal(reasons["host_relay"], "B has no timeline semaphores");
  assert.equal(
    reasonsOf(end("A", { hasFds: false }), end("B"))["sync_fd"],
    "A has no VK_KHR_external_semaphore_fd",
  );
});
