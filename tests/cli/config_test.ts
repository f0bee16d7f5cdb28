import assert from "node:assert/strict";
import { join } from "node:path";
import type { CommandContext, CommandInput } from "../../lib/cli/command.ts";
import { configCommand } from "../../lib/cli/config.ts";
import { hostConfig } from "../../lib/cli/config_host.ts";
import { gpus, idOf } from "../daemon/gpus.ts";
import { DUMPS } from "../sysfs/tree.ts";
import { capture, type Captured } from "./capture.ts";

/** A file, and mvgal config on it. */
class Place implements Disposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "mvgal-config-" });
  readonly file = join(this.directory, "mvgal.conf");

  constructor(text?: string) {
    if (text !== undefined) Deno.writeTextFileSync(this.file, text);
  }

  get text(): string {
    return Deno.readTextFileSync(this.file);
  }

  run(...args: string[]): Promise<Captured> {
    return capture(["config", ...args, "--config", this.file]);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

const VEGA = ["--sysroot", `${DUMPS}vega56`];
/** The GPU of that dump. */
const VEGA_ID = "pci:0000:0b:00.0";

Deno.test("mvgal config show prints a file with where each value is from", async () => {
  using place = new Place("[core]\ndefault_strategy = afr\n");
  const { status, stdout, stderr } = await place.run("show");
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^default_strategy = afr +# line 2$/m);
  assert.match(stdout, /^enabled = true +# default$/m);
  // What it prints is a file with the same meaning.
  using again = new Place(stdout);
  const values = async (at: Place) => JSON.parse((await at.run("show", "--json")).stdout).values;
  assert.equal((await again.run("validate")).status, 0);
  assert.deepEqual(await values(again), await values(place));
});

Deno.test("mvgal config show SECTION shows one, and says what was meant", async () => {
  using place = new Place("[gpu 06:00.0]\npriority = 7\n");
  assert.doesNotMatch((await place.run("show", "http")).stdout, /\[core\]/);
  assert.match((await place.run("show", "pci:0000:06:00.0")).stdout, /^priority = 7 +# line 2$/m);
  const { status, stderr } = await place.run("show", "htpp");
  assert.deepEqual([status, stderr], [
    2,
    "mvgal: there is no section 'htpp': did you mean http?\n",
  ]);
});

Deno.test("mvgal config get prints one value", async () => {
  using place = new Place("[scheduler]\nstrategy = sfr\n");
  assert.equal((await place.run("get", "core.default_strategy")).stdout, "sfr\n");
  assert.equal((await place.run("get", "scheduler.strategy")).stdout, "sfr\n");
  const json = JSON.parse((await place.run("get", "daemon.interval_ms", "--json")).stdout);
  assert.deepEqual([json.value, json.unit, json.line], [1000, "ms", null]);
  const { status, stderr } = await place.run("get", "core.default_stratgy");
  assert.equal(status, 2);
  assert.match(stderr, /did you mean core\.default_strategy\?\n$/);
  assert.match((await place.run("get", "raw_hours")).stderr, /write history\.raw_hours\n$/);
});

Deno.test("mvgal config set keeps comments and order, and writes one form", async () => {
  using place = new Place("# mine\n[http]\nlisten = # nowhere\n[core]\nenabled = no ; for now\n");
  const { status, stdout } = await place.run("set", "core.enabled", "YES");
  assert.deepEqual([status, stdout], [0, "[core] enabled is now true; it was no\n"]);
  assert.equal(
    place.text,
    "# mine\n[http]\nlisten = # nowhere\n[core]\nenabled = true ; for now\n",
  );
});

Deno.test("mvgal config set finds a key under its other names", async () => {
  using place = new Place("[core]\nstats_interval = 1\n[scheduler]\nstrategy = sfr\n[gpu 6:0.0]\n");
  await place.run("set", "core.default_strategy", "afr");
  await place.run("set", "daemon.interval_ms", "500");
  await place.run("set", "pci:0000:06:00.0.priority", "3");
  assert.equal(
    place.text,
    "[core]\nstats_interval = 0.5\n[scheduler]\nstrategy = afr\n[gpu 6:0.0]\npriority = 3\n",
  );
  await place.run("unset", "core.default_strategy");
  assert.doesNotMatch(place.text, /strategy/);
});

Deno.test("mvgal config set refuses a wrong value and a wrong result, and changes nothing", async () => {
  const text = "[power]\nthermal_threshold = 80\n";
  using place = new Place(text);
  const wrong = await place.run("set", "daemon.interval_ms", "1s");
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /cannot be '1s': give a whole number from 100 /);
  const together = await place.run("set", "power.critical_threshold", "70");
  assert.equal(together.status, 1);
  assert.match(together.stderr, /^mvgal: \[power\] thermal_threshold is 80, above [^\n]+\n$/);
  assert.equal(place.text, text);
});

Deno.test("mvgal config set --dry-run says what would change, and changes nothing", async () => {
  using place = new Place();
  const { stdout } = await place.run("set", "power.enabled", "true", "--dry-run");
  assert.equal(
    stdout,
    `[power] enabled would be true; it is false (the default) (${place.file})\n`,
  );
  assert.throws(() => place.text, Deno.errors.NotFound);
});

Deno.test("mvgal config set warns of what has no effect", async () => {
  using place = new Place("");
  const { status, stderr } = await place.run("set", "custom.script_path", "/x.lua");
  assert.equal(status, 0);
  assert.match(stderr, /^warning: \[custom\] script_path has no effect: /);
  assert.equal(place.text, "[custom]\nscript_path = /x.lua\n");
});

Deno.test("mvgal config validate prints file and line, and exits with 1 for an error", async () => {
  using place = new Place("[core]\nenabeld = true\n[custom]\nscript_path = /x\n");
  const { status, stdout } = await place.run("validate");
  assert.equal(status, 1);
  assert.match(stdout, new RegExp(`^${place.file}:2: error: .*did you mean enabled\\?\n`));
  assert.match(stdout, /:4: warning: .*\n.*: 1 error, 1 warning\n$/);
  const json = JSON.parse((await place.run("validate", "--json")).stdout);
  assert.deepEqual([json.schema, json.valid, json.problems[0].line], ["mvgal.config/1", false, 2]);
  using good = new Place("");
  assert.equal(
    (await capture(["config", "validate", good.file])).stdout,
    `${good.file}: no error\n`,
  );
});

Deno.test("mvgal config get of a section says what to write", async () => {
  const { status, stderr } = await capture(["config", "get", "core"]);
  assert.deepEqual([status, stderr], [
    2,
    "mvgal: 'core' is a section: write core.KEY, such as core.enabled\n",
  ]);
});

Deno.test("mvgal config path names the file", async () => {
  using place = new Place("");
  assert.equal((await place.run("path")).stdout, `${place.file}\n`);
  const env = { MVGAL_CONFIG: "/none/mvgal.conf" };
  const named = await capture(["config", "path"], { env });
  assert.deepEqual([named.status, named.stdout], [1, "/none/mvgal.conf\n"]);
  assert.equal(
    named.stderr,
    "mvgal: there is no file /none/mvgal.conf, which MVGAL_CONFIG names\n",
  );
  const json = await capture(["config", "path", "--json"], { env });
  assert.equal(json.status, 1);
  assert.equal(JSON.parse(json.stdout).exists, false);
});

Deno.test("mvgal config set-strategy is mvgal-config's too", async () => {
  using place = new Place("");
  const args = ["set-strategy", "round-robin", "-c", place.file];
  const { status } = await capture(args, { program: "mvgal-config" });
  assert.equal(status, 0);
  assert.equal(place.text, "[core]\ndefault_strategy = round_robin\n");
  const wrong = await place.run("set-strategy", "hybird");
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /did you mean hybrid\?\n$/);
});

Deno.test("mvgal config set-priority and list-gpus name GPUs by their lasting ids", async () => {
  using place = new Place("");
  assert.equal((await place.run("set-priority", "0", "70", ...VEGA)).status, 0);
  assert.equal(place.text, `[gpu ${VEGA_ID}]\npriority = 70\n`);
  const { stdout } = await place.run("list-gpus", ...VEGA);
  assert.match(stdout, new RegExp(`^ +0 {2}${VEGA_ID} {2}yes +70 +none `, "m"));
  const json = JSON.parse((await place.run("list-gpus", "--json", ...VEGA)).stdout);
  assert.deepEqual([json.gpus[0].id, json.gpus[0].priority], [VEGA_ID, 70]);
  assert.equal((await place.run("set-priority", "0", "101", ...VEGA)).status, 2);
  assert.equal((await place.run("set-priority", "nvidia", "1", ...VEGA)).status, 1);
});

Deno.test("mvgal config disable-gpu leaves one GPU at least", async () => {
  using place = new Place("");
  const { status, stderr } = await place.run("disable-gpu", "0", ...VEGA);
  assert.deepEqual([status, stderr], [
    1,
    "mvgal: no GPU would be left: enable another one before\n",
  ]);
  assert.equal(place.text, "");
});

Deno.test("mvgal config enable-gpu says what still disables the GPU", async () => {
  using place = new Place("[core]\ngpu_indices = 5\n[gpu_0]\nenabled = false\n");
  const { status, stderr } = await place.run("enable-gpu", "0", ...VEGA);
  assert.equal(status, 0);
  assert.match(stderr, /^warning: pci:0000:0b:00\.0 stays disabled by \[core\] gpu_indices$/m);
  await place.run("unset", "core.gpu_indices");
  assert.match((await place.run("list-gpus", ...VEGA)).stdout, / yes /);
});

Deno.test("mvgal config never writes another host's GPUs into this host's file", async () => {
  const { status, stderr } = await capture(["config", "enable-gpu", "0", ...VEGA]);
  assert.equal(status, 2);
  assert.match(stderr, /add --config or --dry-run\n$/);
});

Deno.test("mvgal config refuses unknown actions and words too many", async () => {
  assert.equal((await capture(["config", "shwo"])).status, 2);
  assert.equal((await capture(["config", "get"])).status, 2);
  const { status, stderr } = await capture(["config", "path", "x"]);
  assert.deepEqual([status, stderr], [2, "mvgal: mvgal config path takes nothing, and got 'x'\n"]);
});

Deno.test("mvgal config reload and reset-stats say in one line that no service runs", async () => {
  for (const action of ["reload", "reset-stats"]) {
    const { status, stderr } = await capture(["config", action]);
    assert.equal(status, 1);
    assert.match(stderr, /^mvgal: no service of mvgal runs: [^\n]+\n$/);
  }
});

/** Runs an action on a host where a service runs. */
async function serviced(
  problem: string | null,
  args: string[],
  options: { config?: string } & Record<string, unknown> = {},
  reads: string | null = options.config ?? null,
) {
  const calls: string[] = [];
  const command = configCommand({
    ...hostConfig,
    gpus: () => gpus(2),
    findService: () =>
      Promise.resolve({
        where: "/run/x.sock",
        configPath: () => Promise.resolve(reads),
        scheduler: () =>
          Promise.resolve({
            strategy: "hybrid",
            gpus: [{ id: idOf(0), enabled: true, priority: 50 }, {
              id: idOf(1),
              enabled: false,
              priority: 70,
            }],
          }),
        changeScheduler: (change) => {
          if (problem !== null) return Promise.reject(new Error(problem));
          calls.push(JSON.stringify(change));
          return Promise.resolve();
        },
        reload: () => Promise.resolve({ problem }),
        resetStats: () => (calls.push("reset"), Promise.resolve()),
        [Symbol.dispose]: () => calls.push("closed"),
      }),
  });
  let text = "";
  const out = {
    isTerminal: false,
    color: false,
    columns: 80,
    write: (data: string) => text += data,
  };
  const context = { stdout: out, stderr: out, env: () => undefined } as unknown as CommandContext;
  const input: CommandInput = { args, options: { ...options } };
  return { status: await command.run(input, context), text, calls };
}

Deno.test("mvgal config reload and reset-stats ask the service, and leave it", async () => {
  assert.equal(
    (await serviced(null, ["reload"])).text,
    "the service has read its configuration again\n",
  );
  assert.deepEqual((await serviced(null, ["reset-stats"])).calls, ["reset", "closed"]);
  await assert.rejects(
    serviced("f:2: error", ["reload"]),
    /keeps the configuration .*: f:2: error/,
  );
});

Deno.test("mvgal config set says how a running service takes the change", async () => {
  using place = new Place("");
  const options = { config: place.file };
  const { text } = await serviced(null, ["set", "core.enabled", "false"], options);
  assert.match(text, /\nthe running service takes it with mvgal config reload\n$/);
  const again = await serviced(null, ["set", "core.enabled", "false"], options);
  assert.equal(again.text, "[core] enabled is false already\n");
});

for (
  const [args, change] of [
    [["set-strategy", "afr"], { strategy: "afr" }],
    [["disable-gpu", "1"], { gpus: [{ id: idOf(1), enabled: false }] }],
    [["enable-gpu", "all"], {
      gpus: [{ id: idOf(0), enabled: true }, { id: idOf(1), enabled: true }],
    }],
    [["set-priority", "0", "80"], { gpus: [{ id: idOf(0), priority: 80 }] }],
  ] as const
) {
  Deno.test(`mvgal config ${args[0]} changes the file, and the running service at once`, async () => {
    using place = new Place("");
    const options = { config: place.file };
    const { status, text, calls } = await serviced(null, [...args], options);
    assert.equal(status, 0);
    assert.deepEqual(calls, [JSON.stringify(change), "closed"]);
    assert.match(text, /\nthe running service does so from now on\n$/);
    assert.notEqual(place.text, "");
    // People may have changed it in the service meanwhile, and want what they say.
    assert.equal((await serviced(null, [...args], options)).calls.length, 2);
    assert.deepEqual((await serviced(null, [...args], { ...options, dryRun: true })).calls, []);
    assert.deepEqual((await serviced(null, [...args], { ...options, direct: true })).calls, []);
  });
}

Deno.test("mvgal config leaves a service alone that reads another file, and says so", async () => {
  using place = new Place("");
  for (const args of [["set-strategy", "afr"], ["set", "core.enabled", "false"]]) {
    const { status, text, calls } = await serviced(null, args, { config: place.file }, "/etc/x");
    assert.deepEqual([status, calls], [0, ["closed"]]);
    assert.match(text, /\nthe running service reads \/etc\/x, and is left as it is\n$/);
  }
});

Deno.test("mvgal config set-strategy exits with 1 where the service refuses what the file has", async () => {
  using place = new Place("");
  const { status, text } = await serviced("no", ["set-strategy", "afr"], { config: place.file });
  assert.equal(status, 1);
  assert.match(text, /^mvgal: the running service does not take it: no\n/);
  assert.match(place.text, /default_strategy = afr/);
});

Deno.test("mvgal config list-gpus tells where the running service has it otherwise", async () => {
  using place = new Place("");
  const { text } = await serviced(null, ["list-gpus"], { config: place.file });
  assert.match(
    text,
    new RegExp(`\n${idOf(1)}: the running service has it disabled, of priority 70\n$`),
  );
  assert.doesNotMatch(text, new RegExp(`${idOf(0)}: the running`));
  const document = JSON.parse(
    (await serviced(null, ["list-gpus"], { config: place.file, json: true })).text,
  );
  assert.deepEqual(document.gpus[1].running, { enabled: false, priority: 70 });
});

Deno.test("mvgal config reload and reset-stats are of the service: --direct makes no sense", async () => {
  const { status, stderr } = await capture(["config", "reload", "--direct"]);
  assert.equal(status, 2);
  assert.match(stderr, /leave --direct out/);
});
