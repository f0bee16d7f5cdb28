/** Samples of GPUs whose drivers fail at random, for a short while: `deno task soak:status` does it for long. */

import assert from "node:assert/strict";
import { judgeGrowth, type Mark, slopeOf } from "../../scripts/soak/growth.ts";
import { soak } from "../../scripts/soak/soak.ts";
import { compilerTest } from "../fakes/cc.ts";

compilerTest(
  "Sampler shows no wrong number and loses no descriptor where drivers fail at random",
  async () => {
    const { samples, recoveries, tally, faults } = await soak({ samples: 2000, seed: 20 });
    assert.deepEqual(faults, []);
    assert.ok(samples >= 2000 && recoveries >= 4);
    for (const state of ["ok", "asleep", "lost"]) assert.ok(tally.get(`state ${state}`), state);
  },
);

compilerTest("soak() finds a number that is wrong after all faults have ended", async () => {
  const { faults } = await soak({ samples: 1000, seed: 20, plant: "number" });
  assert.equal(faults.length, 1);
  assert.match(
    faults[0] ?? "",
    /after recovery: pci:0000:0a:00\.0: temperature_c is 52 \(hwmon:temp1_input\), not 51$/,
  );
});

compilerTest("soak() finds descriptors that are not closed", async () => {
  const { faults } = await soak({ samples: 1000, seed: 20, plant: "descriptor" });
  assert.equal(faults.length, 1);
  assert.match(faults[0] ?? "", /^descriptors grew from \d+ to \d+$/);
});

/** Marks of a run of a million samples, of whose second half the heap is given. */
function marks(heap: (share: number) => number, total = 1e6): Mark[] {
  return Array.from({ length: 41 }, (_, i) => ({
    samples: i * total / 40,
    share: i / 40,
    rss_mib: 150,
    // A process warms up: that is no growth.
    heap_mib: i < 20 ? i : heap(i / 40),
    descriptors: 20,
  }));
}

Deno.test("judgeGrowth() tells growth from noise, and from the warm-up", () => {
  const noise = (i: number) => Math.sin(i * 1000);
  assert.deepEqual(judgeGrowth(marks(() => 20), true).faults, []);
  assert.deepEqual(judgeGrowth(marks((share) => 20 + noise(share)), true).faults, []);
  assert.deepEqual(judgeGrowth(marks((share) => 20 + 3 * share), true).faults, []);
  const { faults } = judgeGrowth(marks((share) => 20 + 8 * share + noise(share) / 4), true);
  assert.equal(faults.length, 1);
  assert.match(faults[0] ?? "", /^JS heap grows by [78]\.\d\d MiB \(standard error 0\.\d\d\)/);
  assert.deepEqual(judgeGrowth(marks((share) => 20 + 8 * share, 9000), true).faults, []);
  // Without a collection before each mark the heap says nothing.
  assert.deepEqual(judgeGrowth(marks((share) => 20 + 100 * share), false).faults, []);
});

Deno.test("slopeOf() is the least squares line, with its standard error", () => {
  const of = (points: [number, number][]) =>
    slopeOf(
      points.map(([samples, heap_mib]) => ({
        samples,
        heap_mib,
        rss_mib: 0,
        share: 1,
        descriptors: 0,
      })),
      "heap_mib",
    );
  assert.deepEqual(of([[0, 1], [1, 3], [2, 5]]), { perSample: 2, error: 0 });
  // By hand: mean 5/3, slope 1/2, residuals 1/6, -1/3 and 1/6, variance 1/6, over a spread of 2.
  const slope = of([[0, 1], [1, 2], [2, 2]]);
  assert.equal(slope?.perSample, 0.5);
  assert.ok(Math.abs((slope?.error ?? 0) - Math.sqrt(1 / 12)) < 1e-12);
  assert.equal(of([[0, 1], [1, 2]]), undefined);
  assert.equal(of([[1, 1], [1, 2], [1, 3]]), undefined);
});
