import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { RETRY_MS } from "../../../lib/daemon/history/history.ts";
import { ServiceError } from "../../../lib/daemon/service_api.ts";
import { gpuSample } from "../../render/status_samples.ts";
import { HistoryFixture, look, recordSeconds, START } from "./history_fixture.ts";

const GPU = "pci:0000:01:00.0";

Deno.test("HistoryStore.query() sees the newest sample, and leaves out what was not known", async () => {
  using fixture = new HistoryFixture();
  using store = fixture.open();
  store.record(look(7), START);
  store.record(look(null), START + 1000);
  store.record(look(9), START + 2000);
  const view = await store.query({
    metrics: ["utilization_pct", "power_w"],
    from: START,
    to: START + 3000,
  });
  assert.deepEqual(view, {
    from: "2026-01-01T00:00:00.000Z",
    to: "2026-01-01T00:00:03.000Z",
    step_s: 0,
    gap_s: 5,
    gpus: [{ id: GPU, index: 0, name: "Test GPU" }],
    series: [
      {
        gpu: GPU,
        metric: "utilization_pct",
        points: [
          { at: "2026-01-01T00:00:00.000Z", mean: 7, min: 7, max: 7 },
          { at: "2026-01-01T00:00:02.000Z", mean: 9, min: 9, max: 9 },
        ],
      },
      { gpu: GPU, metric: "power_w", points: [] },
    ],
  });
});

Deno.test("HistoryStore.query() chooses a step for a screen, and names the one it took", async () => {
  using fixture = new HistoryFixture();
  using store = fixture.open();
  recordSeconds(store, fixture.clock, 60);
  const to = fixture.clock.wall;
  const step = async (range_s: number, step_s?: number) =>
    (await store.query({ from: to - 1000 * range_s, to, step_s })).step_s;
  assert.equal(await step(600), 0);
  assert.equal(await step(3600), 10);
  assert.equal(await step(86_400), 300);
  assert.equal(await step(31 * 86_400), 7200);
  assert.equal(await step(600, 25), 30);
  assert.equal(await step(86_400, 10), 10);
});

Deno.test("HistoryStore.query() says which metric, GPU or range makes no sense", async () => {
  using fixture = new HistoryFixture();
  using store = fixture.open();
  store.record(look(1), START);
  const refused = async (query: Parameters<typeof store.query>[0], status: number, text: RegExp) =>
    await assert.rejects(store.query(query), (error) => {
      assert.ok(error instanceof ServiceError);
      assert.equal(error.status, status);
      assert.match(error.message, text);
      return true;
    });
  await refused({ metrics: ["utilisation_pct"] }, 400, /did you mean utilization_pct\?$/);
  await refused({ metrics: ["performance_state"] }, 400, /is no number/);
  await refused({ metrics: ["constructor"] }, 400, /no metric is named 'constructor'/);
  await refused({ gpus: ["7"] }, 404, /no GPU '7': there is 0 \(pci:0000:01:00.0\)/);
  await refused({ gpus: ["pci:0000:01:00.1"] }, 404, /did you mean pci:0000:01:00.0\?/);
  await refused({ gpus: ["nvidia"] }, 400, /by index/);
  await refused({ gpus: [","] }, 400, /empty term/);
  await refused({ from: 2, to: 1 }, 400, /before it begins/);
  await refused({ from: NaN, to: 1 }, 400, /'from' is no time/);
  await refused({ from: 0, to: Infinity }, 400, /'to' is no time/);
  await refused({ step_s: -1 }, 400, /no length of time/);
});

Deno.test("HistoryStore.query() gives no more points than an answer may have", async () => {
  using fixture = new HistoryFixture();
  using store = fixture.open();
  store.record(look(1), START);
  const view = await store.query({ from: START - 1e12, to: START + 1000, step_s: 1 });
  assert.ok(1e9 / view.step_s * 5 <= 100_000, `${view.step_s} s`);
});

Deno.test("HistoryStore knows a GPU by its newest index, and one that is gone by its id", async () => {
  using fixture = new HistoryFixture();
  using store = fixture.open();
  const gone = gpuSample({ id: "pci:0000:0a:00.0", index: 0, name: "Old", utilization_pct: 1 });
  store.record([gone, ...look(2, 1)], START);
  store.flush();
  store.record([{ ...look(3, 1)[0] ?? gone, index: 0 }], START + 1000);
  const of = async (gpu: string) =>
    (await store.query({ gpus: [gpu], metrics: ["utilization_pct"], to: START + 2000 })).series
      .map(({ gpu }) => gpu);
  assert.deepEqual(await of("0"), ["pci:0000:02:00.0"]);
  assert.deepEqual(await of("0a:00.0"), ["pci:0000:0a:00.0"]);
  assert.deepEqual(await of("name:old"), ["pci:0000:0a:00.0"]);
  assert.deepEqual(await of("!0"), ["pci:0000:0a:00.0"]);
  await assert.rejects(of("1"), ServiceError);
});

Deno.test("HistoryStore keeps each tier as long as it is told, in time of recording", async () => {
  using fixture = new HistoryFixture();
  using store = fixture.open({ retention: { raw_s: 600, tiers_s: [1200, 7200, 1e9] } });
  recordSeconds(store, fixture.clock, 3600);
  const to = fixture.clock.wall;
  const oldest = async (step_s: number, range_s: number) => {
    const query = { metrics: ["utilization_pct"], from: to - 1000 * range_s, to, step_s };
    const view = await store.query(query);
    return [view.step_s, (to - Date.parse(view.series[0]?.points[0]?.at ?? "")) / 1000];
  };
  assert.deepEqual(await oldest(10, 1000), [10, 1000]);
  // What is asked for begins before the samples and 10 s steps that are there: longer steps are taken.
  assert.deepEqual(await oldest(0, 900), [10, 900]);
  assert.deepEqual(await oldest(10, 3600), [300, 3600]);
  using database = disposable(fixture.path);
  const count = (table: string) =>
    Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]);
  assert.ok(count("raw") <= 134 && count("raw") >= 118, `${count("raw")} rows of samples`);
  assert.ok(count("step_10s") <= 127 && count("step_10s") >= 118, `${count("step_10s")} steps`);

  // A clock that jumps a year ahead takes nothing away.
  fixture.clock.wall += 365 * 86_400_000;
  recordSeconds(store, fixture.clock, 60);
  assert.deepEqual(await oldest(10, 900), [10, 900]);
});

function disposable(path: string): DatabaseSync & Disposable {
  const database = new DatabaseSync(path, { readOnly: true });
  return Object.assign(database, { [Symbol.dispose]: () => database.close() });
}

const DAMAGES: Record<string, (path: string) => void> = {
  "random bytes": (path) => {
    const bytes = Deno.readFileSync(path);
    for (let at = 0; at < bytes.length; at += 7) bytes[at] = (at * 31) & 0xff;
    Deno.writeFileSync(path, bytes);
  },
  "a text": (path) => Deno.writeTextFileSync(path, "not a database\n".repeat(1000)),
  "half of itself": (path) => Deno.truncateSync(path, Math.floor(Deno.statSync(path).size / 2)),
  "a page of zeros": (path) => {
    const bytes = Deno.readFileSync(path);
    bytes.fill(0, bytes.length - 8192);
    Deno.writeFileSync(path, bytes);
  },
};

for (const [what, damage] of Object.entries(DAMAGES)) {
  Deno.test(`openHistory() moves a file that is ${what} aside, and begins a new one`, async () => {
    using fixture = new HistoryFixture();
    {
      using store = fixture.open();
      recordSeconds(store, fixture.clock, 1000);
    }
    damage(fixture.path);
    using store = fixture.open();
    assert.deepEqual(store.state(), { state: "ok" });
    assert.match(fixture.told.join(), /is corrupt \(.*: moved to .*history\.db\.corrupt\.2.*new/);
    assert.equal(fixture.files().filter((name) => /\.corrupt\./.test(name)).length, 1);
    recordSeconds(store, fixture.clock, 20);
    const view = await store.query({ metrics: ["utilization_pct"], to: fixture.clock.wall });
    assert.equal(view.series[0]?.points.length, 2);
  });
}

Deno.test("openHistory() moves files of a newer version and of other programs aside, and says so", () => {
  for (
    const [statement, told] of [
      ["PRAGMA user_version = 7", /is of a newer version of mvgal \(7\): moved to .*version-7/],
      ["PRAGMA application_id = 99", /is a database of another program: moved to .*foreign/],
    ] as const
  ) {
    using fixture = new HistoryFixture();
    fixture.open()[Symbol.dispose]();
    const database = new DatabaseSync(fixture.path);
    database.exec(statement);
    database.close();
    using store = fixture.open();
    assert.deepEqual(store.state(), { state: "ok" });
    assert.match(fixture.told.join(), told);
  }
});

Deno.test("openHistory() keeps the three newest corrupt files", () => {
  using fixture = new HistoryFixture();
  for (let i = 0; i < 5; i++) {
    Deno.writeTextFileSync(fixture.path, "not a database\n".repeat(100));
    fixture.open()[Symbol.dispose]();
    // Names differ by the millisecond.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  }
  assert.equal(fixture.files().filter((name) => name.includes(".corrupt.")).length, 3);
});

Deno.test("HistoryStore goes on without a full disk, says why, and keeps the samples until there is room", async () => {
  using fixture = new HistoryFixture();
  let pages = 40;
  using store = fixture.open({
    prepare: (database) => database.exec(`PRAGMA max_page_count = ${pages}`),
  });
  const values = () => gpuSample({ utilization_pct: Math.random(), energy_j: Math.random() });
  let seconds = 0;
  while (store.state().state === "ok" && seconds < 20_000) {
    store.record([values()], fixture.clock.wall);
    fixture.clock.pass(1000);
    seconds++;
  }
  const state = store.state();
  assert.ok(state.state === "degraded");
  assert.match(state.reason, /history\.db: database or disk is full: free some space there$/);
  assert.equal(fixture.told.length, 1);
  const before = await store.query({ from: START, to: fixture.clock.wall, step_s: 10 });
  assert.ok((before.series[0]?.points.length ?? 0) > 0, "what is there can still be read");

  // Too early, then still full: nothing more is said. Then there is room.
  for (const passed of [1000, RETRY_MS, 1000]) {
    fixture.clock.pass(passed);
    store.record([values()], fixture.clock.wall);
    seconds++;
  }
  assert.equal(fixture.told.length, 1);
  pages = 4000;
  fixture.clock.pass(RETRY_MS);
  store.record([values()], fixture.clock.wall);
  store.flush();
  assert.deepEqual(store.state(), { state: "ok" });
  assert.match(fixture.told.at(-1) ?? "", /is kept again$/);
  using database = disposable(fixture.path);
  const rows = database.prepare("SELECT sum(last_at >= first_at) AS n FROM raw").get();
  assert.ok(Number(rows?.["n"]) > 0);
  const view = await store.query({
    metrics: ["utilization_pct"],
    from: fixture.clock.wall - 100_000,
    to: fixture.clock.wall + 1,
    step_s: 1,
  });
  assert.ok(
    (view.series[0]?.points.length ?? 0) >= 4,
    "samples of the time without room are there",
  );
});

/** A file system of 1 MiB in the fixture's directory; undefined where this user may mount none. */
function smallDisk(directory: string): Disposable | undefined {
  const mount = (...args: string[]) => {
    try {
      return new Deno.Command(args[0] ?? "", { args: args.slice(1), stderr: "null" }).outputSync()
        .success;
    } catch {
      return false;
    }
  };
  if (!mount("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", directory)) return undefined;
  return { [Symbol.dispose]: () => void mount("umount", "-l", directory) };
}

/** Whether this host lets this user mount a tmpfs. */
function mounts(): boolean {
  using fixture = new HistoryFixture();
  using disk = smallDisk(fixture.directory);
  return disk !== undefined;
}

Deno.test({
  name: "HistoryStore goes on without a disk of 1 MiB that others fill (needs the right to mount)",
  ignore: !mounts(),
  async fn() {
    using fixture = new HistoryFixture();
    using _disk = smallDisk(fixture.directory);
    using store = fixture.open();
    const gpus = () => [gpuSample({ utilization_pct: Math.random(), energy_j: Math.random() })];
    const filler = `${fixture.directory}/filler`;
    const fill = () => {
      using file = Deno.openSync(filler, { create: true, append: true });
      try {
        for (;;) file.writeSync(new Uint8Array(4096));
      } catch { /* full */ }
    };
    for (let i = 0; i < 20_000 && store.state().state === "ok"; i++) {
      store.record(gpus(), fixture.clock.wall);
      fixture.clock.pass(1000);
      if (i === 100) fill();
    }
    const state = store.state();
    assert.ok(state.state === "degraded" && /full/.test(state.reason), JSON.stringify(state));
    Deno.removeSync(filler);
    fixture.clock.pass(RETRY_MS);
    store.record(gpus(), fixture.clock.wall);
    store.flush();
    assert.deepEqual(store.state(), { state: "ok" });
    const view = await store.query({ metrics: ["energy_j"], from: START, to: fixture.clock.wall });
    assert.ok((view.series[0]?.points.length ?? 0) >= 10);
  },
});

Deno.test("HistoryStore goes on without a directory that it cannot make", async () => {
  using fixture = new HistoryFixture();
  const file = `${fixture.directory}/file`;
  Deno.writeTextFileSync(file, "");
  using store = fixture.open({ path: `${file}/history.db` });
  const state = store.state();
  assert.ok(state.state === "degraded" && state.reason.includes(file), JSON.stringify(state));
  recordSeconds(store, fixture.clock, 300);
  await assert.rejects(store.query({}), (error) => {
    assert.ok(error instanceof ServiceError);
    assert.equal(error.status, 503);
    return true;
  });
  assert.equal(fixture.told.length, 1);
  Deno.removeSync(file);
  fixture.clock.pass(RETRY_MS);
  store.record(look(1), fixture.clock.wall);
  assert.deepEqual(store.state(), { state: "ok" });
});

Deno.test("HistoryStore leaves a file that another one writes alone, until that one ends", async () => {
  using fixture = new HistoryFixture();
  const first = fixture.open();
  using second = fixture.open();
  const state = second.state();
  assert.ok(state.state === "degraded");
  assert.match(state.reason, /history\.db is written by another service: end that one/);
  first.record(look(1), START);
  first.flush();
  second.record(look(2), START);
  assert.equal((await second.query({ to: START + 1 })).series[0]?.points.length, 1);
  first[Symbol.dispose]();
  fixture.clock.pass(RETRY_MS);
  second.flush();
  assert.deepEqual(second.state(), { state: "ok" });
});

Deno.test("HistoryStore begins a new file where its own was taken away", async () => {
  using fixture = new HistoryFixture();
  using store = fixture.open();
  recordSeconds(store, fixture.clock, 30);
  for (const end of ["", "-wal", "-shm"]) Deno.removeSync(fixture.path + end);
  recordSeconds(store, fixture.clock, 30);
  assert.match(fixture.told.join(), /was taken away/);
  const view = await store.query({ to: fixture.clock.wall });
  assert.ok((view.series[0]?.points.length ?? 0) >= 3);
});

Deno.test("HistoryStore takes a damaged row for a gap", async () => {
  using fixture = new HistoryFixture();
  {
    using store = fixture.open();
    recordSeconds(store, fixture.clock, 100);
  }
  const database = new DatabaseSync(fixture.path);
  const row = database.prepare("SELECT data FROM step_10s WHERE start = ?").get(START + 20_000);
  const data = row?.["data"] as Uint8Array;
  data[20] = (data[20] ?? 0) ^ 1;
  database.prepare("UPDATE step_10s SET data = ? WHERE start = ?").run(data, START + 20_000);
  database.close();
  using store = fixture.open();
  const view = await store.query({
    metrics: ["utilization_pct"],
    to: fixture.clock.wall,
    step_s: 10,
  });
  const starts = view.series[0]?.points.map(({ at }) => (Date.parse(at) - START) / 10_000);
  assert.deepEqual(starts, [0, 1, 3, 4, 5, 6, 7, 8, 9]);
});
