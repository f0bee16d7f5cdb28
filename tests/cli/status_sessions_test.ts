/** `mvgal status --sessions`, with programs that run. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { VERSION } from "../../lib/cli/version.ts";
import { renderSessions } from "../../lib/render/session_table.ts";
import { seesAllProcesses } from "../../lib/session/directory.ts";
import type { SessionView } from "../../lib/daemon/service_api.ts";
import { FakeService } from "../daemon/fake_service.ts";
import { idOf } from "../daemon/gpus.ts";
import { configPath, ServiceProcess, whyNoService } from "../daemon/service_process.ts";
import { compilerTest } from "../fakes/cc.ts";
import { Place, Program } from "../session/program.ts";
import { DUMPS } from "../sysfs/tree.ts";
import { capture } from "./capture.ts";
import { SocketPlace } from "./served.ts";

const SESSION: SessionView = {
  id: "4711.1",
  pid: 4711,
  command: "train.py",
  since: "2026-01-01T00:00:00.000Z",
  api: "cuda",
  strategy: "hybrid",
  gpus: [idOf(0), idOf(1)],
  placed_on: idOf(1),
  placed_because: "the least load",
  counters: [
    { gpu: idOf(0), bytes: 0, launches: 1, splits: 0, busy_ms: 1 },
    { gpu: idOf(1), bytes: 1 << 30, launches: 3, splits: 0, busy_ms: 9 },
  ],
  kernels: { whole: 1, parted: 3 },
  whole: [],
};

const STYLE = {
  columns: 80,
  isTerminal: false,
  gpus: [{ id: idOf(0), index: 0 }, { id: idOf(1), index: 1 }],
};

Deno.test("renderSessions() has a row a program and GPU, the one it is placed on first", () => {
  const other = {
    ...SESSION,
    pid: 9,
    command: null,
    placed_on: null,
    counters: [],
    kernels: null,
  };
  assert.equal(
    renderSessions([SESSION, other], null, STYLE),
    `Program    PID  API   GPU   Memory  Launches  Share  In parts  Why there
train.py  4711  cuda    1  1.0 GiB         3   75 %      75 %  the least load
train.py  4711  cuda    0      0 B         1   25 %      75 %
?            9  cuda    -        -         -      -         -  the least load
`,
  );
});

Deno.test("renderSessions() lets no program write to the terminal, or beyond its edge", () => {
  const evil = { ...SESSION, command: "a\x1b[2J", placed_because: "x".repeat(200) };
  const text = renderSessions([evil], "a page\ncannot be read", { ...STYLE, isTerminal: true });
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text, /\x1b/);
  for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
  assert.match(text, /^Not all: a page\ufffdcannot be read$/m);
  assert.equal(renderSessions([], null, STYLE), "No program runs with mvgal.\n");
});

Deno.test("mvgal status --sessions shows what the service knows", async () => {
  using place = new SocketPlace();
  const service = new class extends FakeService {
    override version = VERSION;
    override sessions = () => [SESSION] as never[];
  }({ gpus: 2 });
  await using _ = await place.serve(service);
  const { status, stdout, stderr } = await place.mvgal(["status", "--sessions"]);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^train\.py +4711 +cuda +1 +1\.0 GiB +3 +75 % +75 % +the least load$/m);
  const { sessions, sessions_partial, gpus } = JSON.parse(
    (await place.mvgal(["status", "--sessions", "--json"])).stdout,
  );
  assert.deepEqual([sessions, sessions_partial, gpus.length], [[SESSION], null, 2]);
  const direct = await place.mvgal(["status", "--sessions", "--json", "--direct"]);
  assert.notDeepEqual(JSON.parse(direct.stdout).sessions, [SESSION]);
});

Deno.test("mvgal status --sessions has none of another host, and is about one look", async () => {
  const args = ["status", "--sessions", "--sysroot", `${DUMPS}vega56`];
  assert.match((await capture(args)).stdout, /Not all: they are of this host/);
  const { status, stderr } = await capture([...args, "--watch"]);
  assert.equal(status, 2);
  assert.match(stderr, /leave --watch out/);
});

compilerTest("mvgal status --sessions reads the pages where no service runs", async () => {
  using place = new Place();
  const { program } = await Program.start(place.runtime, { env: { MVGAL_STRATEGY: "afr" } });
  await using _ = program;
  await program.ask(`count 2 ${idOf(0)}`);
  const env = { MVGAL_RUNTIME_DIR: place.runtime, MVGAL_CONFIG: join(place.runtime, "none") };
  const stale = join(place.sessions, "1.1");
  Deno.writeTextFileSync(stale, "");
  const look = async () =>
    JSON.parse((await capture(["status", "--sessions", "--json", "--direct"], { env })).stdout);
  const [session, ...more] = (await look()).sessions;
  assert.deepEqual(more, []);
  assert.deepEqual([session.pid, session.strategy, session.placed_on], [program.pid, "afr", null]);
  assert.match(session.placed_because, /no service has placed it/);
  assert.equal(session.counters[0].bytes, 32);
  assert.equal(existsSync(stale), !seesAllProcesses(), "what is left of a dead program goes");
  using registry = place.registry;
  const [followed] = registry.look().sessions;
  assert.ok(followed);
  const row = { weight: null, memory_limit_bytes: null, compute_pct: 100, priority: 50 };
  registry.push(followed.id, {
    strategy: "task",
    gpus: [
      { id: idOf(0), enabled: false, preferred: false, ...row },
      { id: idOf(1), enabled: true, preferred: true, ...row },
    ],
  });
  const [told] = (await look()).sessions;
  assert.deepEqual([told.strategy, told.gpus, told.placed_on], ["task", [idOf(1)], idOf(1)]);
  await program.kill();
  assert.deepEqual((await look()).sessions, []);
});

const noService = whyNoService();
const serviceTest: typeof compilerTest = noService === undefined
  ? compilerTest
  : (name, fn) => Deno.test({ name: `${name} (skipped: ${noService})`, ignore: true, fn });

serviceTest(
  "mvgal status --sessions tells the service's reason for where a program is",
  async () => {
    if (noService !== undefined) return;
    using runtime = new Place();
    using place = new SocketPlace();
    const { directory } = place;
    const config = Deno.readTextFileSync(configPath(directory));
    await using _service = await ServiceProcess.start({
      directory,
      config,
      env: { MVGAL_RUNTIME_DIR: runtime.runtime },
    });
    const { program } = await Program.start(runtime.runtime);
    await using _ = program;
    for (;;) {
      const { stdout } = await place.mvgal(["status", "--sessions"]);
      const row = stdout.split("\n").find((line) => line.includes(` ${program.pid} `));
      if (row !== undefined) {
        assert.match(row, /no GPU|there is no/i);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },
);
