/** Who computes which frame, by queues and times. */

import assert from "node:assert/strict";
import { FramePlacing, type FramePlacingOptions } from "../../lib/pool/frame_placing.ts";

const MEMBERS = ["a", "b"];

function placingOf(options: Partial<FramePlacingOptions> = {}): FramePlacing {
  return new FramePlacing({
    strategy: "afr",
    strategyOptions: {},
    members: MEMBERS,
    gpus: new Set(MEMBERS),
    latency: 4,
    ...options,
  });
}

/** Who gets frames, where each ends before the next begins. */
function course(placing: FramePlacing, from: number, to: number, ms: Record<string, number>) {
  return Array.from({ length: to - from }, (_, i) => {
    const { gpus: [gpu = ""] } = placing.place(from + i, MEMBERS);
    placing.took(gpu, ms[gpu] ?? 0);
    return gpu;
  });
}

Deno.test("FramePlacing gives the faster more, by the times of frames", () => {
  const given = course(placingOf(), 0, 120, { a: 10, b: 20 }).slice(20);
  const ofA = given.filter((gpu) => gpu === "a").length;
  assert.ok(Math.abs(ofA - 67) <= 2, `${ofA} of 100`);
});

Deno.test("FramePlacing passes over a full queue, and holds the frame where all are full", () => {
  const placing = placingOf({ strategyOptions: { queue_depth: 1 } });
  placing.begun("a");
  for (let i = 0; i < 3; i++) {
    const { gpus, hold } = placing.place(i, MEMBERS);
    assert.deepEqual([gpus, hold], [["b"], null]);
  }
  placing.begun("b");
  assert.equal(placing.place(3, MEMBERS).hold?.frames, 1);
  placing.ended("a");
  assert.deepEqual(placing.place(4, MEMBERS), {
    gpus: ["a"],
    isSplit: false,
    way: null,
    hold: null,
  });
});

Deno.test("FramePlacing leaves out who is too slow for the frames under way, and looks again", () => {
  const placing = placingOf({ latency: 3 });
  const slow = course(placing, 0, 2000, { a: 1, b: 5 });
  const tries = slow.flatMap((gpu, i) => gpu === "b" ? [i] : []);
  // At first sight, and whenever the others have done a hundred times as much as the frame costs them.
  assert.ok(tries.length >= 3 && tries.length <= 8, tries.join());
  // It was slow for a moment alone.
  const later = course(placing, 2000, 3000, { a: 1, b: 1 }).slice(-100);
  assert.ok(later.filter((gpu) => gpu === "b").length >= 45, later.join(""));
  // With no bound to the frames under way it keeps its share.
  // One that is a thousand times as slow is not tried again soon.
  const awful = course(placingOf({ latency: 3 }), 0, 5000, { a: 1, b: 1000 });
  assert.ok(awful.filter((gpu) => gpu === "b").length <= 2);
  const all = course(placingOf({ strategyOptions: { latency: 0 } }), 0, 400, { a: 1, b: 10 });
  assert.ok(all.filter((gpu) => gpu === "b").length >= 30);
});

Deno.test("FramePlacing switches ways with hybrid by the times between frames", () => {
  const placing = placingOf({
    strategy: "hybrid",
    strategyOptions: { trial: 4, dwell: 2 },
  });
  const ms = { afr: 10, sfr: 6, single: 18 };
  const ways = Array.from({ length: 200 }, (_, i) => {
    const { way, gpus, isSplit } = placing.place(i, MEMBERS);
    assert.ok(way !== null);
    assert.equal(isSplit, way === "sfr");
    if (!isSplit) placing.took(gpus[0] ?? "", 10);
    placing.came(way, ms[way]);
    return way;
  });
  assert.deepEqual(new Set(ways), new Set(["afr", "sfr", "single"]));
  assert.deepEqual(new Set(ways.slice(-50)), new Set(["sfr"]));
});

Deno.test("FramePlacing gives nothing to who is lost, and says where nobody is left", () => {
  const placing = placingOf();
  for (let i = 0; i < 4; i++) assert.deepEqual(placing.place(i, ["b"]).gpus, ["b"]);
  assert.throws(() => placing.place(4, []), /no device is enabled/);
  placing.migrate("b", "a");
  assert.deepEqual(placing.place(5, ["a"]).gpus, ["a"]);
  assert.throws(() => placing.migrate("a", "c"), /^RangeError: no member c: there are a, b$/);
});
