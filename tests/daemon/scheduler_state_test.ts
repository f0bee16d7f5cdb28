/** The scheduler's state, and its file. */

import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { join } from "node:path";
import fc from "fast-check";
import { parseReport } from "../../lib/bench/compare.ts";
import { weightsOf } from "../../lib/daemon/bench_weights.ts";
import {
  changeState,
  initialState,
  rebase,
  type SchedulerBase,
  settingOf,
  viewOf,
  withWeights,
} from "../../lib/daemon/scheduler_state.ts";
import { parseState, SchedulerStore } from "../../lib/daemon/scheduler_store.ts";
import { type SchedulerChange, ServiceError } from "../../lib/daemon/service_api.ts";
import { STRATEGY_NAMES } from "../../lib/schedule/strategies.ts";
import { gpus, idOf } from "./gpus.ts";

const BASE: SchedulerBase = { strategy: "hybrid", gpus: {} };
const LISTED = gpus(3);

function refusal(status: number, message: RegExp) {
  return (error: unknown) =>
    error instanceof ServiceError && error.status === status && message.test(error.message);
}

Deno.test("changeState() changes what is named, by id or index, and nothing else", () => {
  const before = initialState(BASE);
  const after = changeState(before, LISTED, {
    strategy: "afr",
    gpus: [{ id: "1", enabled: false }, { id: idOf(2), priority: 90 }],
  });
  assert.equal(after.strategy, "afr");
  assert.deepEqual(LISTED.map(({ id }) => settingOf(after, id)), [
    { enabled: true, priority: 50 },
    { enabled: false, priority: 50 },
    { enabled: true, priority: 90 },
  ]);
  assert.deepEqual(before, initialState(BASE));
  assert.deepEqual(changeState(after, LISTED, {}), after);
});

Deno.test("changeState() refuses in a line what cannot be", () => {
  const state = initialState(BASE);
  const change = (change: SchedulerChange) => () => changeState(state, LISTED, change);
  assert.throws(
    change({ gpus: [{ id: "7", enabled: true }] }),
    refusal(404, /no GPU 7: there are/),
  );
  for (const priority of [-1, 101, 1.5, NaN]) {
    assert.throws(change({ gpus: [{ id: "0", priority }] }), refusal(422, /from 0 to 100/));
  }
  assert.throws(change({ strategy: "fastest" as "afr" }), refusal(422, /no strategy 'fastest'/));
  const all = LISTED.map(({ id }) => ({ id, enabled: false }));
  assert.throws(change({ gpus: all }), refusal(409, /no GPU would be left/));
  // One after the other as well.
  const two = changeState(state, LISTED, { gpus: all.slice(1) });
  assert.throws(() => changeState(two, LISTED, { gpus: all.slice(0, 1) }), refusal(409, /left/));
  // GPUs that are away do not count, and a name of Object is no GPU.
  assert.throws(
    () => changeState(state, LISTED.slice(0, 1), { gpus: all.slice(0, 1) }),
    ServiceError,
  );
  assert.deepEqual(settingOf(state, "constructor"), { enabled: true, priority: 50 });
});

Deno.test("rebase() takes what the configuration changed, and keeps what people changed", () => {
  const base: SchedulerBase = {
    strategy: "afr",
    gpus: { [idOf(0)]: { enabled: true, priority: 10 } },
  };
  let state = initialState(base);
  state = changeState(state, LISTED, { strategy: "sfr", gpus: [{ id: "0", enabled: false }] });
  assert.deepEqual(rebase(state, base).strategy, "sfr");
  assert.deepEqual(settingOf(rebase(state, base), idOf(0)), { enabled: false, priority: 10 });
  const next = rebase(state, {
    strategy: "afr",
    gpus: { [idOf(0)]: { enabled: true, priority: 70 } },
  });
  assert.equal(next.strategy, "sfr");
  assert.deepEqual(settingOf(next, idOf(0)), { enabled: false, priority: 70 });
  const other = rebase(next, { strategy: "task", gpus: {} });
  assert.equal(other.strategy, "task");
  assert.deepEqual(settingOf(other, idOf(0)), { enabled: false, priority: 70 });
});

Deno.test("rebase() gives a GPU that was away what people had set of it", () => {
  const here: SchedulerBase = {
    strategy: "afr",
    gpus: {
      [idOf(0)]: { enabled: true, priority: 70 },
      [idOf(1)]: { enabled: true, priority: 50 },
    },
  };
  const away = { ...here, gpus: { [idOf(1)]: { enabled: true, priority: 50 } } };
  let state = changeState(initialState(here), LISTED, {
    gpus: [{ id: "0", enabled: false, priority: 30 }],
  });
  state = rebase(rebase(state, away), here);
  assert.deepEqual(settingOf(state, idOf(0)), { enabled: false, priority: 30 });
  // What the configuration says anew when it is back counts.
  const changed = { ...here, gpus: { ...here.gpus, [idOf(0)]: { enabled: true, priority: 80 } } };
  assert.deepEqual(settingOf(rebase(rebase(state, away), changed), idOf(0)), {
    enabled: false,
    priority: 80,
  });
});

Deno.test("viewOf() shows null for what was not measured", () => {
  const weight = { value: 60, source: "bench 2026-01-01" };
  const state = withWeights(initialState(BASE), {
    [idOf(1)]: weight,
    [idOf(2)]: { value: Infinity, source: "" },
  });
  const view = viewOf(state, LISTED, () => ({ load_pct: null, sessions: 0 }));
  assert.deepEqual(view.gpus.map(({ weight }) => weight), [null, 60, null]);
  assert.deepEqual(view.gpus[1]?.weight_source, "bench 2026-01-01");
  assert.deepEqual(view.gpus[0], {
    id: idOf(0),
    enabled: true,
    priority: 50,
    weight: null,
    weight_source: null,
    load_pct: null,
    sessions: 0,
  });
});

Deno.test("weightsOf() takes fp32 of the GPUs of a report that was measured on two H200", () => {
  const file = join(
    import.meta.dirname ?? ".",
    "../../docs/measurements/2026-11-21-h200x2-bench-all.json.gz",
  );
  const report = parseReport(new TextDecoder().decode(gunzipSync(Deno.readFileSync(file))));
  const weights = weightsOf(report);
  assert.deepEqual(Object.keys(weights), ["pci:0000:00:06.0", "pci:0000:00:07.0"]);
  const [first] = Object.values(weights);
  assert.ok(first && Math.abs(first.value - 65.7) < 0.1);
  assert.equal(first.source, `bench ${report.context.date}`);
  for (const entry of report.benchmarks) {
    if (entry.name === "compute.fp32") entry.state = "implausible";
  }
  assert.deepEqual(weightsOf(report), {});
});

Deno.test("SchedulerStore.load() gives what save() was given", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    const store = new SchedulerStore(join(directory, "state", "scheduler.json"));
    assert.deepEqual(store.load(BASE), { state: initialState(BASE), problem: null });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...STRATEGY_NAMES),
        fc.nat(100),
        fc.boolean(),
        fc.double({ min: 1e-300, noNaN: true, noDefaultInfinity: true }),
        async (strategy, priority, enabled, value) => {
          let state = changeState(initialState(BASE), LISTED, {
            strategy,
            gpus: [{ id: "2", priority, enabled }],
          });
          state = withWeights(state, { [idOf(0)]: { value, source: "config" } });
          await store.save(state);
          const loaded = store.load(BASE);
          assert.equal(loaded.problem, null);
          assert.equal(loaded.state.strategy, strategy);
          assert.deepEqual(settingOf(loaded.state, idOf(2)), { priority, enabled });
          assert.deepEqual(loaded.state.weights, state.weights);
        },
      ),
      { numRuns: 20 },
    );
    // A kill left the beginning of another.
    Deno.writeTextFileSync(`${store.path}.new`, "{");
    assert.equal(store.load(BASE).problem, null);
    assert.equal((Deno.statSync(store.path).mode ?? 0) & 0o777, 0o600);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("SchedulerStore.load() gives the configuration where the file is damaged, and says so", async () => {
  const good = {
    schema: "mvgal.scheduler/1",
    strategy: "afr",
    gpus: {},
    weights: {},
    base: { strategy: "afr", gpus: {} },
  };
  assert.equal(parseState(JSON.stringify(good), BASE).problem, null);
  const bad = [
    "",
    "{",
    "[]",
    "null",
    JSON.stringify({ ...good, strategy: "fast" }),
    JSON.stringify({ ...good, gpus: { a: { enabled: 1, priority: 5 } } }),
    JSON.stringify({ ...good, gpus: { a: { enabled: true, priority: 101 } } }),
    JSON.stringify({ ...good, weights: { a: { value: 0, source: "" } } }),
    JSON.stringify({ ...good, schema: "mvgal.scheduler/2" }),
  ];
  for (const text of bad) {
    const { state, problem } = parseState(text, BASE);
    assert.deepEqual(state, initialState(BASE), text);
    assert.match(problem ?? "", /^[^\n]+the configuration holds$/, text);
  }
  const { problem } = new SchedulerStore("/").load(BASE);
  assert.match(problem ?? "", /^\/: cannot be read/);
  await assert.rejects(new SchedulerStore("/proc/mvgal/x").save(initialState(BASE)));
});
