import assert from "node:assert/strict";
import { Sampling, type SamplingOptions } from "../../lib/daemon/sampling.ts";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { STATUS_SCHEMA, type StatusDocument } from "../../lib/render/status_document.ts";
import type { Looker } from "../../lib/telemetry/looker.ts";
import { type GpuSample, unknownMetrics } from "../../lib/telemetry/metrics.ts";

/** A GPU that is too hot. */
const HOT = {
  id: "a",
  index: 0,
  name: null,
  state: "ok",
  reason: null,
  power_state: null,
  sources: {},
  absent: {},
  temperature_c: 99,
} as const;

/** Time that passes when it is told to. */
class Clock {
  at = 0;
  #timers: { at: number; call: () => void }[] = [];
  after = (ms: number, call: () => void) => {
    const timer = { at: this.at + ms, call };
    this.#timers.push(timer);
    return () => void (this.#timers = this.#timers.filter((each) => each !== timer));
  };
  pass(ms: number): void {
    const end = this.at + ms;
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.at = Math.max(this.at, next.at);
      next.call();
    }
    this.at = Math.max(this.at, end);
  }
  get waiting(): number {
    return this.#timers.length;
  }
}

/** A host whose GPUs are these ids. */
class Host {
  readonly clock = new Clock();
  ids = ["a", "b"];
  wall = Date.UTC(2026, 0, 1);
  open = 0;
  openings = 0;
  /** How long a look takes, in ms. */
  lookMs = 0;
  fails: string | undefined;
  programs = 0;
  gpus: GpuSample[] = [];

  opener = (): Promise<Looker> => {
    const ids = [...this.ids];
    this.open++;
    this.openings++;
    const look = (processes = true): StatusDocument => {
      this.clock.at += this.lookMs;
      if (this.fails !== undefined) throw new Error(`${this.fails}\nat somewhere`);
      if (processes) this.programs++;
      return {
        schema: STATUS_SCHEMA,
        at: new Date(this.wall + this.clock.at).toISOString(),
        interval_ms: null,
        gpus: this.gpus,
        ...(processes ? { processes: [], partial: null } : {}),
      };
    };
    const gpus = ids.map((id) => ({ id, memory_kind: "dedicated" }) as unknown as Gpu);
    return Promise.resolve({ gpus, look, [Symbol.dispose]: () => void this.open-- });
  };
}

function start(host: Host, options: Partial<SamplingOptions> = {}) {
  const seen: StatusDocument[] = [], changes: unknown[] = [], failures: string[] = [];
  const sampling = Sampling.start({
    open: host.opener,
    intervalMs: 1000,
    processesMs: 5000,
    now: () => host.clock.at,
    after: host.clock.after,
    looked: (document) => seen.push(document),
    changed: (change) => changes.push(change),
    failed: (what, why) => failures.push(`${what}: ${why}`),
    ...options,
  });
  return { sampling, seen, changes, failures };
}

Deno.test("Sampling looks at multiples of its interval, at the programs less often", async () => {
  const host = new Host();
  const { sampling, seen } = start(host);
  using running = await sampling;
  host.clock.pass(10_500);
  assert.equal(seen.length, 11);
  assert.equal(host.programs, 3);
  assert.ok(seen.every(({ processes, health }) => processes !== undefined && health !== undefined));
  assert.deepEqual(running.counts, { looks: 11, missed: 0 });
});

Deno.test("Sampling tells which GPUs it looked at, from the first look on", async () => {
  const host = new Host();
  const told: string[][] = [];
  const looked = (_: StatusDocument, gpus: readonly Gpu[]) => told.push(gpus.map(({ id }) => id));
  using running = await start(host, { looked }).sampling;
  assert.ok(running.gpus.length > 0);
  assert.deepEqual(told, [running.gpus.map(({ id }) => id)]);
});

Deno.test("Sampling counts what it was too late for, and keeps to its beat", async () => {
  const host = new Host();
  const { sampling, seen } = start(host);
  using running = await sampling;
  host.lookMs = 2300;
  host.clock.pass(1000);
  host.lookMs = 0;
  assert.deepEqual(running.counts, { looks: 2, missed: 2 });
  host.clock.pass(1000);
  assert.equal(Date.parse(seen.at(-1)?.at ?? "") - host.wall, 4000);
});

Deno.test("Sampling goes on after a look that fails, and says so in one line", async () => {
  const host = new Host();
  const { sampling, seen, failures } = start(host);
  using _running = await sampling;
  host.fails = "EIO";
  host.clock.pass(2000);
  host.fails = undefined;
  host.clock.pass(1000);
  assert.deepEqual(failures, ["look: EIO", "look: EIO"]);
  assert.equal(seen.length, 2);
});

Deno.test("Sampling.rescan() follows GPUs that come and go, and opens nothing twice", async () => {
  const host = new Host();
  const { sampling, changes, failures } = start(host);
  using running = await sampling;
  await running.rescan();
  assert.deepEqual([changes.length, host.open], [0, 1]);
  host.ids = ["b", "c"];
  await Promise.all([running.rescan(), running.rescan()]);
  assert.deepEqual(changes, [{ added: ["c"], removed: ["a"] }]);
  assert.deepEqual(running.gpus.map(({ id }) => id), ["b", "c"]);
  assert.equal(host.open, 1);
  assert.deepEqual(failures, []);
});

Deno.test("Sampling.rescan() opens a GPU anew that went and came back between two searches", async () => {
  const host = new Host();
  const b = { ...unknownMetrics(), ...HOT, id: "b" };
  host.gpus = [{ ...unknownMetrics(), ...HOT, state: "lost" }, b];
  const { sampling, changes } = start(host);
  using running = await sampling;
  // What is lost and stays so is no news.
  await running.rescan();
  assert.deepEqual([changes.length, host.openings], [0, 2]);
  const { gpus } = running;
  host.gpus = [{ ...unknownMetrics(), ...HOT }, b];
  await running.rescan();
  assert.deepEqual(changes, [{ added: ["a"], removed: ["a"] }]);
  assert.notEqual(running.gpus, gpus, "it is followed by who opened it last");
  assert.equal(host.open, 1);
});

Deno.test("Sampling.rescan() opens all GPUs anew where something happened to one", async () => {
  const host = new Host();
  const { sampling, changes } = start(host);
  using running = await sampling;
  const { gpus } = running;
  await running.rescan();
  assert.equal(running.gpus, gpus);
  await running.rescan({ anew: true });
  assert.notEqual(running.gpus, gpus);
  assert.deepEqual([changes, host.open], [[], 1]);
});

Deno.test("Sampling.rescan() keeps the GPUs that it has where it cannot look for others", async () => {
  const host = new Host();
  let broken = false;
  const { sampling, failures } = start(host, {
    open: () => broken ? Promise.reject(new Error("no /sys")) : host.opener(),
  });
  using running = await sampling;
  broken = true;
  await running.rescan();
  assert.deepEqual(failures, ["rescan: no /sys"]);
  assert.equal(running.gpus.length, 2);
});

Deno.test("Sampling takes a new interval at once, and stops when it is disposed", async () => {
  const host = new Host();
  const { sampling, seen } = start(host);
  const running = await sampling;
  running.intervalMs = 100;
  host.clock.pass(1000);
  assert.equal(seen.length, 11);
  running[Symbol.dispose]();
  host.clock.pass(5000);
  assert.equal(seen.length, 11);
  assert.deepEqual([host.clock.waiting, host.open], [0, 0]);
});

Deno.test("Sampling judges health on a clock that is not set, and shows it by the wall's", async () => {
  const host = new Host();
  host.gpus = [{ ...unknownMetrics(), ...HOT }];
  const { sampling, seen } = start(host);
  using _running = await sampling;
  host.clock.pass(5000);
  for (const hours of [24, -48]) {
    host.wall += hours * 3_600_000;
    host.clock.pass(1000);
    const { at, health } = seen.at(-1) ?? {};
    assert.equal(health?.at, Date.parse(at ?? ""));
    const [finding] = health?.gpus[0]?.findings ?? [];
    assert.equal(finding?.id, "temperature_high");
    assert.equal((health?.at ?? NaN) - (finding?.since ?? NaN), host.clock.at);
  }
});
