/** Where the reports of `mvgal bench` go, and what becomes of them when it is ended early. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { BenchReport } from "../../lib/bench/report.ts";
import { madeReport } from "../bench/reports.ts";
import { benchProcess, reportIn, runBench } from "./bench_process.ts";
import { capture } from "./capture.ts";

const NO_VULKAN = { VK_DRIVER_FILES: "/nonexistent.json", VK_ICD_FILENAMES: "/nonexistent.json" };

/** A quick benchmark that needs no device. */
const CHEAP = ["host.copy_one_core", "--quick"];

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "mvgal-bench-" });
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Writes a made-up report with one good and one missing figure, and gives its path. */
function store(directory: string, name: string, figure: number): string {
  const path = join(directory, name);
  const report = madeReport([
    { figure, observed: 120 },
    { name: "memory.read", state: "unsupported" },
  ]);
  const text = new TextEncoder().encode(JSON.stringify(report));
  Deno.writeFileSync(path, name.endsWith(".gz") ? gzipSync(text) : text);
  return path;
}

for (
  const [signal, status] of [["SIGHUP", 129], ["SIGINT", 130], ["SIGTERM", 143]] as const
) {
  Deno.test(`${signal} ends mvgal bench, which writes the report so far`, async () => {
    let ended = false;
    const run = await runBench(["host", "--quick", "--json", "-"], NO_VULKAN, (line, child) => {
      if (!ended && line.includes("/")) child.kill(signal);
      ended = true;
    });
    assert.equal(run.code, status);
    const states = reportIn(run).benchmarks.map(({ state, reason }) => reason ?? state);
    assert.equal(states[0], "ok");
    assert.equal(states.at(-1), "interrupted");
    assert.ok(states.every((state) => ["ok", "unsupported", "interrupted"].includes(state)));
  });
}

const hasFullDevice = (() => {
  try {
    return Deno.statSync("/dev/full").isCharDevice === true;
  } catch {
    return false;
  }
})();

Deno.test({
  name: `mvgal bench says in one line where a report does not fit${
    hasFullDevice ? "" : " (skipped: no /dev/full)"
  }`,
  ignore: !hasFullDevice,
  fn: () =>
    inDirectory(async (directory) => {
      const csv = join(directory, "a.csv");
      const from = store(directory, "a.json", 100);
      const { code, stdout, stderr } = await runBench(
        ["--from", from, "--json", "/dev/full", "--csv", csv],
        NO_VULKAN,
      );
      assert.equal(code, 1);
      assert.equal(stderr.length, 1);
      assert.match(
        stderr[0] ?? "",
        /^mvgal: the report cannot be written to \/dev\/full: No space/,
      );
      assert.match(stdout, /memory\.copy/, "the table is shown all the same");
      assert.match(Deno.readTextFileSync(csv), /memory\.copy/, "and the others are written");
      assert.equal(Deno.statSync("/dev/full").isCharDevice, true, "a device is not replaced");
    }),
});

Deno.test("mvgal bench refuses reports that have nowhere to go before it measures", () =>
  inDirectory(async (directory) => {
    const at = (name: string) => join(directory, name);
    Deno.writeTextFileSync(at("afile"), "kept");
    Deno.symlinkSync("afile", at("link"));
    const cases: [string[], string][] = [
      [["--json="], "--json '': names no file"],
      [["--svg="], "--svg '': names no directory"],
      [["--svg", at("afile")], `--svg ${at("afile")}: is no directory`],
      [["--svg", at("no/svg")], `--svg ${at("no/svg")}: there is no directory ${at("no")}`],
      [["--json", at("afile"), "--csv", at("afile")], `--json and --csv both write ${at("afile")}`],
      [
        ["--json", at("link"), "--html", at("afile")],
        `--json and --html both write ${at("afile")}`,
      ],
      [["--csv", at("new"), "--svg", at("./new")], `--csv and --svg both write ${at("new")}`],
    ];
    for (const [args, message] of cases) {
      const { status, stdout, stderr } = await capture(["bench", ...CHEAP, ...args]);
      assert.deepEqual([status, stdout, stderr], [2, "", `mvgal: ${message}\n`]);
    }
    for (const path of ["/proc/x.json", "/proc/self/net/x.json"]) {
      const { status, stderr } = await capture(["bench", ...CHEAP, "--json", path]);
      assert.equal(status, 2, stderr);
      assert.match(stderr, /^mvgal: --json \S+: [^\n:]+\n$/);
    }
    assert.equal(Deno.readTextFileSync(at("afile")), "kept");
    assert.deepEqual([...Deno.readDirSync(directory)].length, 2);
  }));

Deno.test("mvgal bench under nohup goes on where its terminal ends", async () => {
  const args = ["host", "--quick", "--json", "-"];
  const child = benchProcess(args, NO_VULKAN, "piped", ["nohup"]).spawn();
  const stdout = new Response(child.stdout).text();
  let said = 0;
  for await (const line of child.stderr.pipeThrough(new TextDecoderStream())) {
    if (line.includes("/") && ++said <= 2) child.kill(said === 1 ? "SIGHUP" : "SIGTERM");
  }
  assert.equal((await child.status).code, 143);
  const report = JSON.parse(await stdout) as BenchReport;
  assert.ok(report.benchmarks.filter(({ state }) => state === "ok").length >= 2);
});

Deno.test("mvgal bench follows a link to its report, and keeps the link", () =>
  inDirectory(async (directory) => {
    const [target, link] = [join(directory, "target.json"), join(directory, "link.json")];
    Deno.writeTextFileSync(target, "old");
    Deno.symlinkSync("target.json", link);
    const from = store(directory, "a.json", 100);
    assert.equal((await runBench(["--from", from, "--json", link], NO_VULKAN)).code, 0);
    assert.equal(Deno.lstatSync(link).isSymlink, true);
    assert.equal(
      (JSON.parse(Deno.readTextFileSync(target)) as BenchReport).schema,
      "mvgal.bench/1",
    );
  }));

Deno.test("mvgal bench writes its report though nobody reads its table, and says nothing", () =>
  inDirectory(async (directory) => {
    const json = join(directory, "a.json");
    const child = benchProcess([...CHEAP, "--json", json], NO_VULKAN).spawn();
    await child.stdout.cancel();
    const [{ code }, stderr] = await Promise.all([
      child.status,
      new Response(child.stderr).text(),
    ]);
    assert.equal(code, 0);
    assert.match(stderr, /^\[1\/1\] .*\n$/);
    const report = JSON.parse(Deno.readTextFileSync(json)) as BenchReport;
    assert.equal(report.benchmarks[0]?.state, "ok");
  }));

Deno.test("mvgal bench --from shows a stored report, and writes its other forms", () =>
  inDirectory(async (directory) => {
    const [html, csv] = [join(directory, "a.html"), join(directory, "a.csv")];
    const from = store(directory, "a.json.gz", 100);
    const run = await runBench(["--from", from, "--html", html, "--csv", csv], NO_VULKAN);
    assert.deepEqual([run.code, run.stderr], [0, []]);
    assert.match(run.stdout, /memory\.copy +100\.0 GB\/s/);
    assert.match(Deno.readTextFileSync(html), /^<!DOCTYPE html>/);
    assert.match(Deno.readTextFileSync(csv), /memory\.copy/);
  }));

Deno.test("mvgal bench --from compares and judges stored reports", () =>
  inDirectory(async (directory) => {
    const [old, now] = [store(directory, "a.json", 100), store(directory, "b.json", 80)];
    const status = async (...args: string[]) =>
      (await runBench(["--from", now, ...args], NO_VULKAN)).code;
    assert.equal(await status("--compare", old), 1);
    assert.equal(await status("--compare", old, "--threshold", "25%"), 0);
    assert.equal(await status("--expect", "memory.copy>=79"), 0);
    assert.equal(await status("--expect", "memory.copy>=0.7peak"), 1);
    assert.equal(await status("--compare", old, "--threshold", "1", "--expect", "*.copy>=0.9x"), 1);
  }));

Deno.test("mvgal bench --from refuses in one line what is no report, and what would be measured", () =>
  inDirectory(async (directory) => {
    const from = store(directory, "a.json", 100);
    const other = join(directory, "other.json");
    Deno.writeTextFileSync(other, '{"schema":"mvgal.bench/2","benchmarks":[]}');
    const said = async (...args: string[]) => {
      const { code, stdout, stderr } = await runBench(args, NO_VULKAN);
      assert.deepEqual([code, stdout, stderr.length], [2, "", 1]);
      return stderr[0] ?? "";
    };
    assert.match(await said("--from", other), /--from .*: it is no mvgal\.bench\/1 document$/);
    assert.match(
      await said("--from", "/proc/none"),
      /--from \/proc\/none: No such file or directory$/,
    );
    assert.match(await said("--from", from, "--quick"), /measures nothing: leave out --quick/);
    assert.match(await said("--from", from, "memory"), /measures nothing: leave out memory/);
  }));

Deno.test("mvgal bench --expect exits with 1 where no peak is known, and with 2 for wrong words", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "a.json");
    Deno.writeTextFileSync(path, JSON.stringify(madeReport([{ peak: "memory_bandwidth" }])));
    const expecting = (condition: string) =>
      runBench(["--from", path, "--expect", condition], NO_VULKAN);
    const unknown = await expecting("memory.copy>=0.5peak");
    assert.equal(unknown.code, 1);
    assert.match(
      unknown.stderr.join("\n"),
      /^expected .*: unmeasured: .* peak is not known: \S.*$/,
    );
    for (
      const [condition, words] of [
        ["memory.copi>=1", /no benchmark is called memory\.copi \(did you mean memory\.copy\?\)/],
        ["memory.copy>=1furlong", /furlong is no unit/],
        ["memory.copy>=1TFLOP/s", /measured in GB\/s, not in TFLOP\/s/],
        ["memory.copy>=1x", /'x' needs a report to compare with/],
        ["memory.copy", /is no expectation/],
      ] as const
    ) {
      const { code, stderr } = await expecting(condition);
      assert.deepEqual([code, stderr.length], [2, 1], condition);
      assert.match(stderr[0] ?? "", words);
    }
  }));
