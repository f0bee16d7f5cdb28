import assert from "node:assert/strict";
import fc from "fast-check";
import type { HistoryStore } from "../../../lib/daemon/history/history.ts";
import { gpuSample } from "../../render/status_samples.ts";
import { HistoryFixture } from "./history_fixture.ts";

const METRICS = ["utilization_pct", "energy_j"] as const;

/** What happens before a look. */
const event = fc.oneof(
  { weight: 30, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 4000 }) }) },
  { weight: 3, arbitrary: fc.record({ pass: fc.integer({ min: 4000, max: 900_000 }) }) },
  { weight: 2, arbitrary: fc.record({ jump: fc.integer({ min: -400_000, max: 400_000 }) }) },
  { weight: 1, arbitrary: fc.record({ jump: fc.constantFrom(-1e12, 1e12, -3600_000, 7200_000) }) },
  { weight: 1, arbitrary: fc.constant({ restart: true }) },
  { weight: 1, arbitrary: fc.constant({ kill: true }) },
  { weight: 1, arbitrary: fc.constant({ ask: true }) },
);

const value = fc.option(
  fc.oneof(
    // No -0: the least of it and 0 is either.
    fc.double({ min: -1e12, max: 1e12, noNaN: true }).map((value) => value + 0),
    fc.constantFrom(0, 1, 1 / 3, 150754820096, NaN, Infinity),
  ),
  { freq: 4 },
);

const looks = fc.array(
  fc.record({
    before: event,
    values: fc.array(fc.tuple(value, value), { minLength: 0, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 120 },
);

interface Kept {
  at: number;
  series: string;
  value: number;
}

type Steps = Record<string, { count: number; sum: number; min: number; max: number }>;

function reference(kept: readonly Kept[], step_ms: number): Steps {
  const steps: Steps = {};
  for (const { at, series, value } of kept) {
    const start = new Date(Math.floor(at / step_ms) * step_ms).toISOString();
    const step = steps[`${series} ${start}`] ??= { count: 0, sum: 0, min: value, max: value };
    step.count++;
    step.sum += value;
    step.min = Math.min(step.min, value);
    step.max = Math.max(step.max, value);
  }
  return steps;
}

async function ask(store: HistoryStore, around: number, step_s: number) {
  // A step a point: the range keeps to as many as an answer may have.
  const half = step_s * 1000 * 5000;
  return await store.query({
    metrics: [...METRICS],
    from: around - half,
    to: around + half,
    step_s,
  });
}

/** Compares all steps around a time with those of the plain list. */
async function compare(store: HistoryStore, kept: readonly Kept[], around: number) {
  for (const step_s of [10, 60, 300, 3600]) {
    const view = await ask(store, around, step_s);
    const from = Date.parse(view.from), to = Date.parse(view.to);
    const expected = reference(kept.filter(({ at }) => at >= from && at < to), step_s * 1000);
    let points = 0;
    assert.equal(view.step_s, step_s);
    for (const { gpu, metric, points: own } of view.series) {
      let before = "";
      for (const { at, mean, min, max } of own) {
        points++;
        assert.ok(at > before || Date.parse(at) > Date.parse(before), "in order, each once");
        before = at;
        const step = expected[`${gpu} ${metric} ${at}`];
        assert.ok(step, `${step_s} s: nothing was recorded at ${at}`);
        assert.deepEqual({ min, max }, { min: step.min, max: step.max });
        const exact = step.sum / step.count;
        const scale = Math.max(Math.abs(step.min), Math.abs(step.max), 1);
        assert.ok(Math.abs(mean - exact) <= 1e-9 * scale, `mean ${mean}, not ${exact}`);
        assert.ok(mean >= min && mean <= max);
      }
    }
    assert.equal(points, Object.keys(expected).length, `${step_s} s: as many steps`);
  }
}

async function compareRaw(store: HistoryStore, kept: readonly Kept[], around: number) {
  const view = await ask(store, around, 0.1);
  assert.equal(view.step_s, 0);
  const from = Date.parse(view.from), to = Date.parse(view.to);
  const shown = view.series.flatMap(({ gpu, metric, points }) =>
    points.map(({ at, mean }) => `${gpu} ${metric} ${at} ${mean}`)
  );
  const expected = kept.filter(({ at }) => at >= from && at < to)
    .map(({ at, series, value }) => `${series} ${new Date(at).toISOString()} ${value}`);
  assert.deepEqual(shown.sort(), expected.sort());
}

Deno.test("HistoryStore gives back what was recorded, through gaps, restarts, kills and clock jumps", async () => {
  await fc.assert(
    fc.asyncProperty(looks, async (looks) => {
      using fixture = new HistoryFixture();
      const { clock } = fixture;
      let store = fixture.open();
      const kept: Kept[] = [];
      // Samples are kept for an hour of recording: beyond it, the plain list would know more.
      let recorded = 0;
      try {
        for (const { before, values } of looks) {
          if ("pass" in before) {
            if (recorded + before.pass > 3_500_000) break;
            recorded += before.pass;
            clock.pass(before.pass);
          } else if ("jump" in before) clock.wall += before.jump;
          else if ("ask" in before) await compare(store, kept, clock.wall);
          else if ("kill" in before) {
            store.flush();
            const old = store;
            fixture.copyFiles();
            old[Symbol.dispose]();
            store = fixture.open();
          } else {
            store[Symbol.dispose]();
            store = fixture.open();
          }
          const gpus = values.map(([utilization_pct, energy_j], index) =>
            gpuSample({ index, utilization_pct, energy_j })
          );
          store.record(gpus, clock.wall);
          for (const gpu of gpus) {
            for (const metric of METRICS) {
              const value = gpu[metric];
              if (value === null || !Number.isFinite(value)) continue;
              kept.push({ at: clock.wall, series: `${gpu.id} ${metric}`, value });
            }
          }
        }
        const places = new Set(kept.map(({ at }) => Math.round(at / 1e9) * 1e9).slice(0, 3));
        for (const around of [...places, clock.wall]) {
          await compare(store, kept, around);
          await compareRaw(store, kept, around);
        }
        assert.deepEqual(fixture.told, []);
      } finally {
        store[Symbol.dispose]();
      }
    }),
    { numRuns: Number(Deno.env.get("MVGAL_HISTORY_RUNS") ?? 60) },
  );
});
