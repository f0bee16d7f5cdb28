/** `mvgal limit`, with groups and programs that run. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { seesAllProcesses } from "../../lib/session/directory.ts";
import { makeGroup } from "../../lib/session/group_file.ts";
import type { GroupLimit } from "../../lib/session/group.ts";
import { compilerTest } from "../fakes/cc.ts";
import { Place, Program } from "../session/program.ts";
import { capture } from "./capture.ts";

const GPU = "pci:0000:06:00.0";
const OTHER = "pci:0000:07:00.0";

const LIMITS: GroupLimit[] = [
  { gpu: GPU, memory_limit_bytes: 8n << 30n, compute_pct: 30 },
  { gpu: OTHER, memory_limit_bytes: null, compute_pct: 100 },
];

/** Runs `mvgal limit` over a runtime directory. */
async function limit(place: Place, ...args: string[]) {
  return await capture(["limit", ...args], { env: { MVGAL_RUNTIME_DIR: place.runtime } });
}

async function listed(place: Place) {
  const { status, stdout, stderr } = await limit(place, "ls", "--json");
  assert.deepEqual([status, stderr], [0, ""]);
  return JSON.parse(stdout);
}

Deno.test("mvgal limit ls says where there is nothing, and shows groups", async () => {
  using place = new Place();
  assert.match((await limit(place, "ls")).stdout, /^No group, and no program/);
  makeGroup(place.runtime, "jobs", LIMITS);
  assert.deepEqual((await limit(place, "ls")).stdout.split("\n"), [
    "Kind   Name  Program     GPU               Memory    Limit  Time",
    "group  jobs  0 programs  pci:0000:06:00.0     0 B  8.0 GiB  30 %",
    "                         pci:0000:07:00.0     0 B     none  none",
    "",
  ]);
});

Deno.test("mvgal limit set changes a group, all of it or by GPU, and rm removes it", async () => {
  using place = new Place();
  makeGroup(place.runtime, "jobs", LIMITS);
  const set = async (...args: string[]) => {
    const { status, stderr } = await limit(place, "set", "jobs", ...args);
    assert.deepEqual([status, stderr], [0, ""]);
    const { groups } = await listed(place);
    return groups[0].gpus.map((gpu: { memory_limit_bytes: number; compute_pct: number }) => [
      gpu.memory_limit_bytes,
      gpu.compute_pct,
    ]);
  };
  assert.deepEqual(await set("--vram", "4k"), [[4096, 30], [4096, 100]]);
  assert.deepEqual(await set("--vram", `none,${OTHER}=1k`, "--sm", "50%"), [[null, 50], [
    1024,
    50,
  ]]);
  assert.deepEqual(await set("--sm", `0000:06:00.0=none`), [[null, 100], [1024, 50]]);
  assert.equal((await limit(place, "rm", "jobs")).status, 0);
  assert.deepEqual((await listed(place)).groups, []);
  const gone = await limit(place, "rm", "jobs");
  assert.equal(gone.status, 1);
  assert.match(gone.stderr, /there is no group and no program 'jobs'/);
});

compilerTest("mvgal limit set tells a running program, which keeps its other policy", async () => {
  using place = new Place();
  const { program } = await Program.start(place.runtime);
  await using _ = program;
  await program.ask(`count 2 ${GPU}`);
  const name = `${program.pid}`;
  assert.equal((await limit(place, "set", name, "--vram", "1MiB")).status, 0);
  // Enabled, and with limits that were set by hand.
  assert.equal(await program.ask("policy"), `new 2 7 ${GPU}:5:0`);
  assert.equal((await limit(place, "set", name, "--sm", "40")).status, 0);
  assert.equal(await program.ask("policy"), `new 4 7 ${GPU}:13:0`);
  const { programs } = await listed(place);
  assert.deepEqual(programs[0].gpus, [
    { gpu: GPU, used_bytes: 32, memory_limit_bytes: 2 ** 20, compute_pct: 40 },
  ]);
  assert.match(
    (await limit(place, "ls")).stdout,
    /program {2}\d+ {2,}session_program .* 32 B .*1.0 MiB .*40 %/,
  );
});

compilerTest(
  "mvgal limit removes what killed programs left, and finds a program among it",
  async () => {
    using place = new Place();
    const { program } = await Program.start(place.runtime);
    await using _ = program;
    await program.ask(`count 2 ${GPU}`);
    for (let start = 0; start < 5000; start++) {
      Deno.writeTextFileSync(join(place.sessions, `1000000000.${start}`), "");
    }
    assert.equal((await limit(place, "set", `${program.pid}`, "--vram", "1MiB")).status, 0);
    const { programs, problems } = await listed(place);
    assert.deepEqual(programs.map(({ pid }: { pid: number }) => pid), [program.pid]);
    assert.deepEqual(problems, []);
    if (seesAllProcesses()) assert.equal(place.names().length, 1);
  },
);

compilerTest("a service that places a program keeps the limits that were set by hand", async () => {
  using place = new Place();
  const { program } = await Program.start(place.runtime);
  await using _ = program;
  await program.ask(`count 1 ${GPU}`);
  await limit(place, "set", `${program.pid}`, "--vram", "2k", "--sm", "40");
  const row = { enabled: true, preferred: true, weight: 5, priority: 9 };
  const policy = {
    strategy: "afr" as const,
    gpus: [GPU, OTHER].map((id) => ({ ...row, id, memory_limit_bytes: 7n, compute_pct: 100 })),
  };
  const session = place.registry.look().sessions[0] ?? assert.fail();
  assert.equal(place.registry.push(session.id, policy, { keepsLimits: true }), true);
  assert.equal(place.registry.push(session.id, policy, { keepsLimits: true }), false);
  const { page } = place.registry.look().sessions[0] ?? assert.fail();
  assert.ok(page.policy.state === "set");
  assert.deepEqual(page.policy.policy.gpus, [
    {
      ...row,
      id: GPU,
      memory_limit_bytes: 2048n,
      compute_pct: 40,
      memory_by_hand: true,
      time_by_hand: true,
    },
    { ...row, id: OTHER, memory_limit_bytes: 7n, compute_pct: 100 },
  ]);
  // Who looked since finds nothing to write.
  assert.equal(place.registry.push(session.id, policy, { keepsLimits: true }), false);
});

compilerTest("mvgal limit answers wrong usage and what is not there with a line", async () => {
  using place = new Place();
  const { program } = await Program.start(place.runtime);
  await using _ = program;
  await program.ask(`count 1 ${GPU}`);
  makeGroup(place.runtime, "jobs", LIMITS);
  makeGroup(place.runtime, `${program.pid}`, LIMITS);
  const cases: [string[], number, RegExp][] = [
    [["set", "jobs"], 2, /which limits\? Give --vram/],
    [["set", "jobs", "--vram", "x"], 2, /--vram x: it is no limit/],
    [["set"], 2, /which one\?/],
    [["ls", "jobs"], 2, /takes no name/],
    [["ls", "--vram", "1GiB"], 2, /--vram is for limit set: limit ls does nothing with it/],
    [["rm", "jobs", "--sm", "1%"], 2, /--sm is for limit set/],
    [["set", "jobs", "--sm", "1%", "--json"], 2, /--json is for limit ls/],
    [["set", "job", "--sm", "3"], 1, /no program 'job': did you mean jobs\?/],
    [["set", `${program.pid}`, "--sm", "3"], 2, /is a group and a program: write \d+\.\d+/],
    [["set", "jobs", "--sm", "drm:card9=3"], 1, /no GPU/],
    [["rm", "../jobs"], 1, /is no name of a group/],
  ];
  for (const [args, code, message] of cases) {
    const { status, stdout, stderr } = await limit(place, ...args);
    assert.deepEqual([status, stdout], [code, ""], `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, /^mvgal: [^\n]+\n$/);
    assert.match(stderr, message);
  }
});
