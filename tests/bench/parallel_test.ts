import assert from "node:assert/strict";
import { divide, inOrder, runShare, type Share } from "../../lib/bench/parallel.ts";
import { resultsOf } from "../../lib/bench/report.ts";
import type { Task } from "../../lib/bench/run.ts";
import { type Gpu, unknownFacts } from "../../lib/gpu/gpu.ts";
import { madeReport } from "./reports.ts";

function gpu(id: string, name: string, kind: Gpu["kind"] = "discrete"): Gpu {
  return {
    ...unknownFacts(),
    id,
    name,
    kind,
    index: 0,
    vendor: "nvidia",
    seen_by: [],
    apis: {},
    enabled: true,
    sources: {},
    absent: {},
  };
}

function task(device: string, more: Partial<Task> = {}): Task {
  const [result] = resultsOf(madeReport([{ device }]));
  assert.ok(result);
  const { outcome: _, ...description } = result;
  return {
    ...description,
    unsupported: () => undefined,
    measure: () => assert.fail("the parent measures nothing of a share"),
    ...more,
  };
}

Deno.test("divide() puts GPUs of one kind side by side, and what leads from one to another apart", () => {
  const gpus = [
    gpu("a", "H200"),
    gpu("b", "H200"),
    gpu("c", "L4"),
    gpu("s", "llvmpipe", "software"),
    gpu("t", "llvmpipe", "software"),
  ];
  const tasks = [
    ...gpus.map(({ id }) => task(id)),
    task("a", { suite: "transfer", name: "transfer.h2d" }),
    task("a", { suite: "sync", name: "sync.relay", peer: "b" }),
    task("b", { suite: "scheduling", name: "scheduling.busy_queue" }),
    task("host", { suite: "host", name: "host.read" }),
  ];
  const { groups, rest } = divide(tasks, gpus);
  assert.deepEqual(groups.map((group) => group.map(({ device }) => device)), [["a", "b"]]);
  assert.deepEqual(groups[0]?.map((share) => share.tasks.length), [1, 1]);
  assert.deepEqual(rest, tasks.slice(2));
});

/** A program in mvgal's place. */
function program(source: string): string[] {
  return [Deno.execPath(), "eval", source];
}

const SHARE: Share = { device: "a", tasks: [task("a"), task("a", { name: "memory.read" })] };

Deno.test("runShare() takes the results of its process, and passes on what it says", async () => {
  const report = madeReport([{ device: "a", figure: 42 }, { device: "a", name: "memory.read" }]);
  const said: string[] = [];
  const source = `console.error(Deno.args.join(" ")); console.log(${
    JSON.stringify(JSON.stringify(report))
  })`;
  const results = await runShare(SHARE, {
    command: program(source),
    args: ["--quick"],
    said: (line) => said.push(line),
  });
  assert.deepEqual(said, ["bench memory.copy memory.read --gpu a --json - --quick"]);
  assert.deepEqual(results, resultsOf(report));
});

for (
  const [what, command, reason] of [
    ["ends badly", program('console.error("no such GPU"); Deno.exit(3)'), /ended with 3 \(no such/],
    ["writes no report", program('console.log("hello")'), /not JSON/],
    ["cannot be started", ["/nonexistent"], /no report/],
  ] as const
) {
  Deno.test(`runShare() has a failure for each task where its process ${what}`, async () => {
    const results = await runShare(SHARE, { command, args: [] });
    assert.deepEqual(results.map(({ name }) => name), ["memory.copy", "memory.read"]);
    for (const { outcome } of results) {
      assert.ok(outcome.state === "failed");
      assert.match(outcome.reason, reason);
    }
  });
}

Deno.test("runShare() passes an interruption on to its process", async () => {
  const interruption = new AbortController();
  const source = 'Deno.addSignalListener("SIGINT", () => Deno.exit(130)); ' +
    'console.error("ready"); setTimeout(() => Deno.exit(7), 20_000)';
  const results = await runShare(SHARE, {
    command: program(source),
    args: [],
    signal: interruption.signal,
    said: () => interruption.abort(),
  });
  assert.match(JSON.stringify(results[0]?.outcome), /ended with 130/);
});

Deno.test("inOrder() puts results into the order of their tasks", () => {
  const tasks = [task("b"), task("a"), task("a", { name: "memory.read" })];
  const results = resultsOf(madeReport([
    { device: "a", name: "memory.read" },
    { device: "b" },
    { device: "a" },
  ]));
  const ordered = inOrder(tasks, results).map(({ device, name }) => `${device} ${name}`);
  assert.deepEqual(ordered, ["b memory.copy", "a memory.copy", "a memory.read"]);
});
