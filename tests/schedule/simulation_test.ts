/** What each strategy is worth, on simulated devices. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { pacingStats, showTime, UNPACED } from "../../lib/schedule/pacing.ts";
import { GuidedChunks } from "../../lib/schedule/guided.ts";
import { Scheduler } from "../../lib/schedule/strategies.ts";
import type { Worker } from "../../lib/schedule/strategy.ts";
import { planTasks } from "../../lib/schedule/task_graph.ts";
import { FRAME_MS, type FrameOutcome, runFrames } from "./simulator.ts";
import { taskOf, worker } from "./work.ts";

/** Frames a second of one device with speed 1. */
const ALONE = 1000 / FRAME_MS;

/** A number from -size to size for each frame and device, the same each time. */
const noiseOf = (size: number) => (frame: number, device: number) => {
  const x = Math.sin(frame * 12.9898 + device * 78.233) * 43758.5453;
  return size * (2 * (x - Math.floor(x)) - 1);
};

const changes = ({ ways }: FrameOutcome, from: number) =>
  ways.slice(from).filter((way, i, all) => i > 0 && way !== all[i - 1]).length;

Deno.test("afr doubles the frame rate with two equal devices, and single does not", () => {
  const two = { frames: 400, speeds: [1, 1], latency: 4 };
  const afr = runFrames({ ...two, scheduler: new Scheduler("afr") });
  assert.ok(afr.rate >= 1.98 * ALONE, `${afr.rate}`);
  const single = runFrames({ ...two, scheduler: new Scheduler("single") });
  assert.ok(Math.abs(single.rate - ALONE) < 0.01 * ALONE);
});

Deno.test("afr, sfr and hybrid reach 95 % of the sum of unequal devices", () => {
  for (const speeds of [[1, 3], [3, 1], [1, 1, 1, 1], [5, 2, 1], [1, 10]]) {
    const sum = speeds.reduce((all, speed) => all + speed, 0);
    for (const name of ["afr", "sfr", "hybrid"] as const) {
      const scheduler = new Scheduler(name, name === "hybrid" ? { latency: 64 } : {});
      const { rate } = runFrames({ scheduler, frames: 1600, speeds, latency: 64 });
      assert.ok(rate >= 0.95 * sum * ALONE, `${name} ${speeds}: ${rate / ALONE} of ${sum}`);
    }
  }
});

Deno.test("afr that knows how many frames are under way is never slower than the fastest alone", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 2, max: 12 }),
      (speeds, latency) => {
        const scheduler = new Scheduler("afr", { latency, queue_depth: 16 });
        const { rate } = runFrames({ scheduler, frames: 400, speeds, latency });
        assert.ok(rate >= 0.98 * Math.max(...speeds) * ALONE, `${rate / ALONE}`);
      },
    ),
    { numRuns: 50 },
  );
  // And one that does not know is held up by a slow device.
  const scheduler = new Scheduler("afr", { queue_depth: 16 });
  const { rate } = runFrames({ scheduler, frames: 400, speeds: [1, 10], latency: 4 });
  assert.ok(rate < 10 * ALONE);
});

Deno.test("afr never lets a queue grow beyond its depth, whatever it believes", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ is: fc.integer({ min: 1, max: 9 }), believed: fc.constantFrom(null, 1, 3, 9) }),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
      fc.integer({ min: 1, max: 4 }),
      (devices, queue_depth) => {
        const { queued } = runFrames({
          scheduler: new Scheduler("afr", { queue_depth }),
          frames: 120,
          speeds: devices.map(({ is }) => is),
          believed: devices.map(({ believed }) => believed),
          latency: 1000,
        });
        assert.ok(queued <= queue_depth, `${queued} of ${queue_depth}`);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("afr keeps the frame rate up where the speeds were misjudged", () => {
  const { rate } = runFrames({
    scheduler: new Scheduler("afr"),
    frames: 800,
    speeds: [1, 3],
    believed: [3, 1],
    latency: 16,
  });
  assert.ok(rate >= 0.9 * 4 * ALONE, `${rate / ALONE}`);
});

Deno.test("sfr halves the time of a single frame, which afr does not", () => {
  const two = { frames: 100, speeds: [1, 1], latency: 1 };
  const sfr = runFrames({ ...two, scheduler: new Scheduler("sfr") });
  const afr = runFrames({ ...two, scheduler: new Scheduler("afr") });
  assert.ok(Math.abs(Math.max(...sfr.delays) - FRAME_MS / 2) < 0.1);
  assert.ok(Math.abs(Math.max(...afr.delays) - FRAME_MS) < 0.1);
});

Deno.test("hybrid finds the best way to compute frames, and keeps it within noise", () => {
  const cases = [
    // Waiting for each other costs much: whole frames in turn.
    { best: "afr", latency: 8, syncMs: 3, slower: () => 1 },
    // One frame at a time: alternating gains nothing.
    { best: "sfr", latency: 1, syncMs: 0.5, slower: () => 1 },
    // Devices that share one processor are slower together than one alone.
    {
      best: "single",
      latency: 8,
      syncMs: 1,
      slower: (_: number, way?: string) => way === "single" ? 1 : 2.5,
    },
  ];
  for (const { best, ...more } of cases) {
    const scheduler = new Scheduler("hybrid");
    const out = runFrames({
      scheduler,
      frames: 1000,
      speeds: [1, 1],
      noise: noiseOf(0.03),
      ...more,
    });
    assert.equal(out.ways.at(-1), best);
    assert.equal(changes(out, 200), 0, best);
  }
});

Deno.test("hybrid measures again once frames take another time", () => {
  const scheduler = new Scheduler("hybrid");
  // From frame 400 on, working together makes each three times as slow.
  const out = runFrames({
    scheduler,
    frames: 1000,
    speeds: [1, 1],
    latency: 8,
    slower: (frame, way) => frame >= 400 && way !== "single" ? 3 : 1,
  });
  assert.notEqual(out.ways[399], "single");
  assert.equal(out.ways.at(-1), "single");
  assert.equal(changes(out, 600), 0);
});

Deno.test("pacing makes frames of unequal devices come evenly at hardly less rate", () => {
  const speeds = [1, 2];
  const { shown } = runFrames({ scheduler: new Scheduler("afr"), frames: 300, speeds, latency: 6 });
  const paced = (interval: number) => {
    let state = UNPACED;
    for (const at of shown) state = showTime(state, at, interval).state;
    return pacingStats(state);
  };
  const bare = paced(0), even = paced(1.02 * (bare.interval_ms ?? 0));
  assert.ok((bare.jitter_ms ?? 0) > 1, `${bare.jitter_ms}`);
  assert.ok((even.jitter_ms ?? 9) < 0.25 * (bare.jitter_ms ?? 0), `${even.jitter_ms}`);
  assert.ok((even.interval_ms ?? 9) < 1.03 * (bare.interval_ms ?? 0));
});

/** When the last of many tasks ends, where each is handed over as soon as the one before was. */
function makespan(name: "task" | "round_robin" | "single", speeds: readonly number[]): number {
  const scheduler = new Scheduler(name);
  const busy = speeds.map(() => 0);
  for (let n = 0; n < 200; n++) {
    const workers = speeds.map((speed, i) => worker(`${i}`, speed, { queued_ms: busy[i] ?? 0 }));
    const [part] = scheduler.place(taskOf("compute"), workers).parts;
    const device = Number(part?.worker);
    busy[device] = (busy[device] ?? 0) + 10 / (speeds[device] ?? 1);
  }
  return Math.max(...busy);
}

Deno.test("task reaches 95 % of the sum of unequal devices, which taking turns does not", () => {
  const alone = 200 * 10;
  assert.ok(alone / makespan("task", [1, 3]) >= 0.95 * 4);
  assert.ok(Math.abs(alone / makespan("round_robin", [1, 3]) - 2) < 0.01);
  assert.ok(alone / makespan("round_robin", [1, 1]) >= 1.99);
  assert.equal(alone / makespan("single", [1, 3]), 1);
});

Deno.test("planTasks() runs independent chains side by side", () => {
  const chains = Array.from({ length: 40 }, (_, i) => ({
    id: `${i}`,
    task: "compute" as const,
    cost_ms: 10,
    after: i < 4 ? [] : [{ task: `${i - 4}`, move_ms: 5 }],
  }));
  const plan = planTasks(chains, [worker("a"), worker("b")]);
  assert.ok(Math.max(...plan.map(({ end_ms }) => end_ms)) <= 400 / 2 * 1.05);
});

Deno.test("compute_offload leaves the frames alone, which single does not", () => {
  const drawing = (name: "compute_offload" | "single") => {
    const scheduler = new Scheduler(name);
    const workers: Worker[] = [worker("a", 1), worker("b", 2)];
    let busy = 0;
    for (let n = 0; n < 100; n++) {
      const frame = { kind: "frame", number: n, rows: 1, splittable: false } as const;
      const [shown] = scheduler.place(frame, workers).parts;
      const [computed] = scheduler.place(taskOf("compute"), workers).parts;
      busy += (shown?.worker === "a" ? FRAME_MS : 0) + (computed?.worker === "a" ? 10 : 0);
    }
    return 100 / busy * 1000;
  };
  assert.equal(drawing("compute_offload"), ALONE);
  assert.equal(drawing("single"), ALONE / 2);
});

Deno.test("GuidedChunks keeps misjudged devices busy to the end", () => {
  // Believed equal, and one is three times as fast.
  const speeds = [1, 3], total = 4000;
  const chunks = new GuidedChunks(total, [1, 1], { floor: 10 });
  const free = [0, 0];
  for (;;) {
    const next = (free[0] ?? 0) <= (free[1] ?? 0) ? 0 : 1;
    const range = chunks.nextChunk(next);
    if (range === undefined) break;
    free[next] = (free[next] ?? 0) + (range.end - range.start) / (speeds[next] ?? 1);
  }
  assert.ok(total / 4 / Math.max(...free) >= 0.95);
});
