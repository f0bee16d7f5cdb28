import assert from "node:assert/strict";
import { SampleEvents } from "../../lib/daemon/sample_event.ts";
import type { ServiceEvent } from "../../lib/daemon/service_api.ts";
import {
  initialState,
  LOG_KEPT,
  reduce,
  staleness,
  type State,
} from "../../lib/daemon/web/core/state.ts";
import { Store } from "../../lib/daemon/web/core/store.ts";
import { fakePower } from "./fake_documents.ts";
import { FakeGpus, idOf } from "./fake_gpus.ts";

const T = Date.parse("2026-01-01T00:00:00Z");

function told<K extends ServiceEvent["kind"]>(
  state: State,
  kind: K,
  data: Extract<ServiceEvent, { kind: K }>["data"],
  now = T,
): State {
  const event = { id: `a-${now}`, at: new Date(now).toISOString(), kind, data } as ServiceEvent;
  return reduce(state, { do: "event", event, now });
}

const fake = new FakeGpus(2, 3);

Deno.test("reduce() keeps programs and health beside looks that are without them", () => {
  const whole = fake.look(T);
  let state = reduce(initialState(T), { do: "fetched", part: "status", data: whole, now: T });
  const { processes: _, partial: __, health: ___, ...bare } = fake.look(T + 1000);
  state = told(state, "sample", bare, T + 1000);
  assert.equal(state.parts.status?.at, bare.at);
  assert.deepEqual(state.parts.status?.processes, whole.processes);
  assert.deepEqual(state.parts.status?.health, whole.health);
});

Deno.test("reduce() takes the programs alone of an answer that is older than the last look", () => {
  const late = fake.look(T);
  let state = told(initialState(T), "sample", fake.look(T + 1000), T + 1000);
  state = reduce(state, {
    do: "fetched",
    part: "status",
    data: { ...late, processes: [] },
    now: T + 1100,
  });
  assert.equal(state.parts.status?.at, new Date(T + 1000).toISOString());
  assert.deepEqual(state.parts.status?.processes, []);
});

Deno.test("reduce() takes where figures are from of an older answer where events have not told it", () => {
  const events = new SampleEvents();
  const first = fake.look(T);
  events.next(first);
  let state = told(initialState(T), "sample", events.next(fake.look(T + 1000)), T + 1000);
  assert.deepEqual(state.parts.status?.gpus[0]?.sources, {});
  state = reduce(state, { do: "fetched", part: "status", data: first, now: T + 1100 });
  assert.deepEqual(state.parts.status?.gpus[0]?.sources, first.gpus[0]?.sources);
  state = told(state, "sample", events.next(fake.look(T + 2000)), T + 2000);
  assert.deepEqual(state.parts.status?.gpus[0]?.absent, first.gpus[0]?.absent);
});

Deno.test("reduce() follows a clock that was set back by more than an answer can be late", () => {
  let state = told(initialState(T), "sample", fake.look(T), T);
  state = told(state, "sample", fake.look(T - 3_600_000), T + 1000);
  assert.equal(state.parts.status?.at, new Date(T - 3_600_000).toISOString());
  assert.equal(state.recent.length, 1);
  assert.equal(state.clockAheadMs, -3_601_000);
});

Deno.test("reduce() does not take a line of the log twice, and keeps so many", () => {
  let state = reduce(initialState(T), { do: "fetched", part: "log", data: [], now: T });
  const line = (id: number) => ({
    id,
    at: new Date(T + id).toISOString(),
    level: "info" as const,
    part: "http",
    text: "",
    gpu: null,
  });
  for (let i = 0; i < LOG_KEPT + 5; i++) state = told(state, "log", line(i));
  state = told(state, "log", line(LOG_KEPT + 4));
  assert.equal(state.parts.log?.length, LOG_KEPT);
  assert.equal(state.parts.log?.at(-1)?.id, LOG_KEPT + 4);
  assert.equal(state.parts.log?.at(0)?.id, 5);
});

Deno.test("reduce() puts a change in place of the one of the same GPU and group", () => {
  const entry = {
    gpu: idOf(0),
    group: "power" as const,
    changes: [],
    reverts_at: null,
    message: null,
  };
  let state = told(initialState(T), "control", { ...entry, state: "pending" });
  state = told(state, "control", { ...entry, group: "fan", state: "pending" });
  state = told(state, "control", { ...entry, state: "confirmed" });
  assert.deepEqual(
    state.parts.changes?.map(({ group, state }) => `${group} ${state}`),
    ["fan pending", "power confirmed"],
  );
});

Deno.test("reduce() lets a session begin and end", () => {
  const session = {
    id: "1.2",
    pid: 1,
    command: null,
    since: null,
    api: "cuda",
    strategy: "single" as const,
    gpus: [],
    placed_on: null,
    placed_because: "no GPU takes part",
    counters: [],
    kernels: null,
    whole: [],
  };
  let state = told(initialState(T), "session", { edge: "begin", session });
  assert.deepEqual(state.parts.sessions, [session]);
  state = told(state, "session", { edge: "end", session });
  assert.deepEqual(state.parts.sessions, []);
});

Deno.test("reduce() takes what the power manager does", () => {
  const power = fakePower(2);
  const state = told(initialState(T), "power", power);
  assert.deepEqual(state.parts.power, power);
});

Deno.test("reduce() leaves the state as it is for an event of a kind that it does not know", () => {
  const state = initialState(T);
  const event = { id: "1", at: "", kind: "later", data: {} } as unknown as ServiceEvent;
  assert.deepEqual(reduce(state, { do: "event", event, now: T }), state);
});

Deno.test("reduce() forgets why a part could not be fetched once it could", () => {
  let state = reduce(initialState(T), { do: "failed", part: "runs", why: "gone" });
  assert.deepEqual(state.failed, { runs: "gone" });
  state = reduce(state, { do: "fetched", part: "runs", data: [], now: T });
  assert.deepEqual(state.failed, {});
});

Deno.test("staleness() is told of a lost link and of looks that stay away", () => {
  const live = told(initialState(T), "sample", fake.look(T), T);
  assert.equal(staleness(live), null);
  assert.equal(staleness({ ...live, now: T + 5_900 }), null);
  assert.match(staleness({ ...live, now: T + 6_100 }) ?? "", /no new figures/);
  const link = { state: "lost" as const, since: T, why: "gone", retryAt: T };
  assert.match(staleness({ ...live, link }) ?? "", /lost/);
});

Deno.test("staleness() is found out also where the browser's clock was set back", () => {
  const live = told(initialState(T), "sample", fake.look(T), T);
  const back = T - 3_600_000;
  let state = reduce(live, { do: "tick", now: back });
  assert.equal(staleness(state), null);
  state = reduce(state, { do: "tick", now: back + 6_100 });
  assert.match(staleness(state) ?? "", /no new figures/);
});

Deno.test("Store tells of many changes once a frame", () => {
  const frames: (() => void)[] = [];
  const store = new Store((call) => frames.push(call), T);
  let calls = 0;
  const end = store.subscribe(() => calls++);
  for (let i = 1; i <= 10; i++) store.dispatch({ do: "tick", now: T + i });
  assert.equal(store.state.now, T + 10);
  assert.equal(frames.length, 1);
  frames.shift()?.();
  assert.equal(calls, 1);
  end();
  store.dispatch({ do: "tick", now: T });
  frames.shift()?.();
  assert.equal(calls, 1);
});
