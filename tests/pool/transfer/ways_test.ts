import assert from "node:assert/strict";
import {
  chooseExports,
  directWays,
  exportObstacle,
  planOf,
  rankWays,
  tierOf,
  type Way,
  wayKey,
  type WayState,
} from "../../../lib/pool/transfer/ways.ts";

const STAGING: Way = { kind: "staging", from: "pages", to: "mapped" };
const WAYS = [...directWays("CUDA"), STAGING];

/** The ways of which some work at so many GB/s, or unmeasured (0); the others are refused. */
function states(works: Record<string, number>): WayState[] {
  return WAYS.map((way) => {
    const speed = works[wayKey(way)];
    return {
      way,
      obstacle: speed === undefined ? `no ${wayKey(way)}` : null,
      figures: speed ? { bandwidth_gb_s: speed, latency_us: 7 } : null,
    };
  });
}

const ranked = (works: Record<string, number>) =>
  rankWays(states(works)).map(({ way }) => wayKey(way));

Deno.test("directWays() are in the order of the tiers, each way once", () => {
  assert.deepEqual(
    [...new Set(WAYS.map(tierOf))],
    ["dma_buf", "opaque_fd", "peer", "staging"],
  );
  assert.equal(new Set(WAYS.map(wayKey)).size, WAYS.length);
});

Deno.test("rankWays() keeps the order of the tiers, and takes the faster end within one", () => {
  const slower = {
    "dma_buf pull": 20,
    "dma_buf push": 21,
    "peer CUDA": 25,
    "staging pages mapped": 5,
  };
  assert.deepEqual(ranked(slower), [
    "dma_buf push",
    "dma_buf pull",
    "peer CUDA",
    "staging pages mapped",
  ]);
});

Deno.test("rankWays() passes over a tier for one that is clearly faster, but never for staging", () => {
  assert.deepEqual(
    ranked({ "dma_buf pull": 20, "peer CUDA": 300, "staging pages mapped": 900 }),
    ["peer CUDA", "dma_buf pull", "staging pages mapped"],
  );
  assert.deepEqual(ranked({ "opaque_fd pull": 0, "peer CUDA": 300 }), [
    "opaque_fd pull",
    "peer CUDA",
  ], "what was not measured is not slower");
});

Deno.test("rankWays() takes the way for a copy's size: small ones go by the one that begins sooner", () => {
  const measured = (buffered: boolean, bandwidth_gb_s: number, latency_us: number): WayState => ({
    way: { kind: "peer", runtime: "CUDA", buffered },
    obstacle: null,
    figures: { bandwidth_gb_s, latency_us },
  });
  const both = [measured(false, 36, 60), measured(true, 300, 150)];
  const isBuffered = (bytes?: number) =>
    rankWays(both, bytes).map(({ way }) => way.kind === "peer" && way.buffered);
  assert.deepEqual(isBuffered(64 << 10), [false, true]);
  assert.deepEqual(isBuffered(64 << 20), [true, false]);
  assert.deepEqual(isBuffered(), [true, false]);
});

Deno.test("chooseExports() gives each member the handle that most of its best ways need", () => {
  const pair = (from: number, to: number, works: Record<string, number>) => ({
    from,
    to,
    states: states(works),
  });
  const peer = { "peer CUDA": 1 }, buf = { "dma_buf pull": 1 };
  const exports = chooseExports([
    pair(0, 1, peer),
    pair(1, 0, peer),
    pair(0, 2, buf),
    pair(2, 0, { "dma_buf push": 1 }),
    pair(2, 3, buf),
    pair(3, 2, { "staging pages mapped": 1 }),
  ]);
  assert.deepEqual(Object.fromEntries(exports), { 0: "dma_buf", 1: "opaque_fd", 2: "dma_buf" });
});

Deno.test("exportObstacle() names the end whose memory is not exported as the way needs it", () => {
  const [pull, push] = WAYS;
  assert.ok(pull && push);
  assert.equal(exportObstacle(pull, "dma_buf", null), undefined);
  assert.match(exportObstacle(pull, "opaque_fd", "dma_buf") ?? "", /source's memory .* opaque fd/);
  assert.match(exportObstacle(push, "dma_buf", null) ?? "", /destination's memory is not exported/);
  const peer: Way = { kind: "peer", runtime: "CUDA", buffered: false };
  assert.match(exportObstacle(peer, "opaque_fd", "dma_buf") ?? "", /destination's .* dma-buf/);
  assert.equal(exportObstacle(STAGING, null, null), undefined);
});

Deno.test("planOf() tells the way in use with its figures, and why each better tier is not", () => {
  const names = { from: "a", to: "b" };
  const plan = planOf({ states: states({ "dma_buf pull": 20, "peer CUDA": 312.34 }) }, names);
  assert.deepEqual(plan, {
    from: "a",
    to: "b",
    tier: "peer",
    how: "CUDA peer copy",
    refused: [
      { tier: "dma_buf", reason: "it is slower: 20 GB/s against 312 GB/s" },
      { tier: "opaque_fd", reason: "no opaque_fd pull; no opaque_fd push" },
    ],
    bandwidth_gb_s: 312,
    latency_us: 7,
  });
  const none = planOf({ states: states({}) }, names);
  assert.equal(none.tier, "staging");
  assert.equal(none.refused.length, 4, "staging that failed its try is used, and says so");
  assert.equal(none.bandwidth_gb_s, null);
  assert.equal(planOf({ states: states({ "dma_buf pull": 0 }) }, names).bandwidth_gb_s, null);
});
