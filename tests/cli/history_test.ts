import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { openHistory } from "../../lib/daemon/history/history.ts";
import { HistoryFixture, look, START } from "../daemon/history/history_fixture.ts";
import { VERSION } from "../../lib/cli/version.ts";
import { FakeService } from "../daemon/fake_service.ts";
import { capture } from "./capture.ts";
import { SocketPlace } from "./served.ts";

/** A file with ten minutes, of which the middle two are missing; GPU 1 tells nothing. */
function written(fixture: HistoryFixture): string {
  using store = openHistory({ path: fixture.path, clock: fixture.clock });
  for (let second = 0; second < 600; second++) {
    if (second < 240 || second >= 360) {
      store.record([...look(second % 100), ...look(null, 1)], START + 1000 * second);
    }
    fixture.clock.pass(1000);
  }
  return fixture.path;
}

const RANGE = ["--since", "2026-01-01T00:00:00Z", "--until", "2026-01-01T00:10:00Z"];

Deno.test("mvgal history draws each metric, with its gaps, and says what is not known", async () => {
  using fixture = new HistoryFixture();
  const file = written(fixture);
  const metrics = ["--metric", "utilization_pct,power_w"];
  const { status, stdout, stderr } = await capture([
    "history",
    "--file",
    file,
    ...RANGE,
    ...metrics,
  ]);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^utilization_pct \(%\)$/m);
  assert.match(stdout, /^ {2}0 Test GPU \(pci:0000:01:00\.0\): least 0, mean [\d.]+, most 99 %$/m);
  assert.match(stdout, /^power_w: nothing is known in this time$/m);
  assert.match(stdout, /^[^\x80-\uffff]*$/);
  const top = stdout.split("\n").filter((line) => /[|+].*0/.test(line) && !line.includes(":"));
  assert.ok(top.length >= 4);
  // A fifth of 74 columns.
  for (const line of top) assert.match(line.padEnd(80), /^.{5,36} {12}/);
  assert.ok(stdout.split("\n").every((line) => line.length <= 80));
});

Deno.test("mvgal history --csv has a row a point, and none where nothing was known", async () => {
  using fixture = new HistoryFixture();
  const file = written(fixture);
  const { stdout } = await capture([
    "history",
    "--file",
    file,
    ...RANGE,
    "--csv",
    "--step",
    "1m",
    "--metric",
    "utilization_pct",
  ]);
  const lines = stdout.trimEnd().split("\r\n");
  assert.equal(lines[0], "at,gpu,metric,mean,min,max");
  assert.equal(lines.length, 1 + 8);
  assert.equal(lines[1], "2026-01-01T00:00:00.000Z,pci:0000:01:00.0,utilization_pct,29.5,0,59");
});

Deno.test("mvgal history --json names its form, the step and the GPUs", async () => {
  using fixture = new HistoryFixture();
  const file = written(fixture);
  const { stdout } = await capture(["history", "--file", file, ...RANGE, "--json", "--gpu", "1"]);
  const { series, ...rest } = JSON.parse(stdout);
  assert.deepEqual(rest, {
    schema: "mvgal.history/1",
    from: "2026-01-01T00:00:00.000Z",
    to: "2026-01-01T00:10:00.000Z",
    step_s: 0,
    gap_s: 2.5,
    gpus: [{ id: "pci:0000:02:00.0", index: 1, name: "Test GPU" }],
  });
  assert.ok(series.length === 5);
  assert.ok(series.every(({ points }: { points: unknown[] }) => points.length === 0));
});

Deno.test("mvgal history says in one line what is wrong", async () => {
  using fixture = new HistoryFixture();
  const file = written(fixture);
  const text = `${fixture.directory}/text`;
  Deno.writeTextFileSync(text, "no database\n".repeat(100));
  const cases: [string[], number, RegExp][] = [
    [["--file", `${fixture.directory}/none`], 1, /no history at .*none: mvgal daemon keeps one/],
    [["--file", text], 1, /file is not a database/],
    [["--file", fixture.directory], 1, /is no file/],
    [["--file", file, "--metric", "powr_w"], 2, /did you mean power_w\?/],
    [["--file", file, "--gpu", "5"], 1, /no GPU '5': there is 0 \(pci:0000:01:00.0\), 1/],
    [["--file", file, "--since", "soon"], 2, /--since 'soon' is no time/],
    [["--file", file, "--since", "1h", "--until", "2h"], 2, /ends before it begins/],
    [["--file", file, "--step", "0s"], 2, /--step '0s' is no length of time/],
    [["--file", file, "--csv", "--json"], 2, /exclude each other/],
  ];
  for (const [args, expected, message] of cases) {
    const { status, stdout, stderr } = await capture(["history", ...args]);
    assert.equal(status, expected, args.join(" "));
    assert.match(stderr, message);
    assert.equal(stderr.trimEnd().split("\n").length, 1);
    assert.equal(stdout, "");
  }
});

Deno.test("mvgal history reads the file while a service writes it", async () => {
  using fixture = new HistoryFixture();
  using store = openHistory({ path: fixture.path, clock: fixture.clock });
  for (let second = 0; second < 20; second++) {
    store.record(look(second), START + 1000 * second);
    fixture.clock.pass(1000);
  }
  const { status, stdout } = await capture(["history", "--file", fixture.path, ...RANGE, "--csv"]);
  assert.equal(status, 0);
  // All but those of the last seconds, which are not written yet.
  assert.ok(stdout.split("\r\n").length >= 15, stdout);
});

Deno.test("mvgal history asks the service where it cannot read the file", async () => {
  using place = new SocketPlace();
  const service = new FakeService({ gpus: 2 });
  service.version = VERSION;
  await using _ = await place.serve(service);
  const nowhere = join(place.directory, "history.db");
  Deno.writeTextFileSync(place.config, `[history]\npath = ${nowhere}\n`, { append: true });
  const args = ["history", "--json", "--gpu", "1", "--metric", "power_w", ...RANGE];
  const { status, stdout, stderr } = await place.mvgal([...args, "--step", "10s"]);
  assert.deepEqual([status, stderr], [0, ""]);
  const { schema, from, to, step_s, gpus } = JSON.parse(stdout);
  assert.deepEqual([schema, from, to, step_s, gpus.length], [
    "mvgal.history/1",
    "2026-01-01T00:00:00.000Z",
    "2026-01-01T00:10:00.000Z",
    10,
    1,
  ]);
  assert.deepEqual(service.asked.map(({ method }) => method), ["history"]);
  for (const alone of [["--direct"], ["--file", `${place.directory}/none.db`]]) {
    const told = await place.mvgal([...args, ...alone]);
    assert.equal(told.status, 1);
    assert.match(told.stderr, /no history at/);
  }
  assert.equal(service.asked.length, 1);
});

Deno.test("mvgal history says the same of a damaged file by its relative path", async () => {
  using fixture = new HistoryFixture();
  // What a URL would take for something else.
  const path = `${fixture.path} 100%41?#.db`;
  Deno.writeTextFileSync(path, "no database ".repeat(500));
  for (const file of [path, relative(Deno.cwd(), path)]) {
    const { status, stderr } = await capture(["history", "--file", file]);
    assert.deepEqual([status, stderr], [1, `mvgal: history ${file}: file is not a database\n`]);
  }
});
