import assert from "node:assert/strict";
import { join } from "node:path";
import { BenchDesk, startProgram } from "../../lib/daemon/bench_desk.ts";
import type { BenchRunView } from "../../lib/daemon/service_api.ts";

/** A desk whose `mvgal` is a shell script; `$last` is the file of the report. */
class Desk implements AsyncDisposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "mvgal-bench-desk-" });
  readonly told: BenchRunView[] = [];
  readonly started: (readonly string[])[] = [];
  #ended = Promise.withResolvers<void>();
  readonly desk: BenchDesk;

  constructor(script: string) {
    this.desk = new BenchDesk({
      directory: join(this.directory, "bench"),
      start: (args) => {
        this.started.push(args);
        const prologue = `for last; do :; done\n`;
        return startProgram(["sh", "-c", prologue + script, "mvgal"], args);
      },
      changed: (run) => {
        this.told.push(run);
        if (run.ended_at !== null) this.#ended.resolve();
      },
    });
  }

  async ended(): Promise<void> {
    await this.#ended.promise;
    this.#ended = Promise.withResolvers<void>();
  }

  async [Symbol.asyncDispose]() {
    await this.desk[Symbol.asyncDispose]();
    Deno.removeSync(this.directory, { recursive: true });
  }
}

const GOOD = `echo '[ 1/20] gpu memory.read: 5 GB/s' >&2
echo 'noise' >&2
echo '[20/20] gpu done' >&2
echo '{"schema":"test"}' > "$last"`;

Deno.test("BenchDesk runs a benchmark in a process, follows it and keeps its report", async () => {
  await using host = new Desk(GOOD);
  const { id, state } = host.desk.start({ select: ["memory.*"], gpu: "0", quick: true });
  assert.equal(state, "running");
  assert.throws(() => host.desk.report(id), { status: 409 });
  await host.ended();
  const [run] = host.desk.runs();
  assert.equal(run?.state, "done");
  assert.deepEqual([run?.done, run?.total, run?.error], [20, 20, null]);
  assert.deepEqual(host.desk.report(id), { schema: "test" });
  assert.deepEqual(host.started[0]?.slice(0, 5), [
    "bench",
    "--direct",
    "--quick",
    "--gpu=0",
    "memory.*",
  ]);
  assert.ok(host.told.some(({ done, what }) => done === 1 && what === "gpu memory.read: 5 GB/s"));
});

Deno.test("BenchDesk runs one benchmark at a time, and cancels it", async () => {
  await using host = new Desk(`trap 'exit 130' INT; while :; do sleep 0.05; done`);
  const { id } = host.desk.start({});
  assert.throws(() => host.desk.start({}), { name: "ServiceError", status: 409 });
  host.desk.cancel(id);
  await host.ended();
  assert.equal(host.desk.runs()[0]?.state, "cancelled");
  assert.throws(() => host.desk.cancel(id), { status: 409 });
  assert.throws(() => host.desk.report(id), { status: 409 });
  assert.throws(() => host.desk.report("other"), { status: 404 });
});

Deno.test("BenchDesk says how a run failed, with its last words", async () => {
  await using host = new Desk(`echo 'mvgal: no such benchmark' >&2; exit 2`);
  host.desk.start({});
  await host.ended();
  const [run] = host.desk.runs();
  assert.deepEqual([run?.state, run?.error], ["failed", "mvgal: no such benchmark"]);
  await using killed = new Desk(`kill -9 $$`);
  killed.desk.start({});
  await killed.ended();
  assert.equal(killed.desk.runs()[0]?.error, "it was ended by SIGKILL");
});

Deno.test("BenchDesk takes no options in the place of names", async () => {
  await using host = new Desk(GOOD);
  for (const bad of ["--json", "-h", "", "a/b", "a\nb", "/etc/passwd", "x".repeat(300)]) {
    assert.throws(
      () => host.desk.start({ select: [bad] }),
      { name: "ServiceError", status: 422 },
      bad,
    );
    assert.throws(() => host.desk.start({ gpu: bad }), { status: 422 }, bad);
  }
  assert.equal(host.started.length, 0);
});

Deno.test("BenchDesk keeps the last runs alone", async () => {
  await using host = new Desk(GOOD);
  for (let i = 0; i < 22; i++) {
    host.desk.start({});
    await host.ended();
  }
  assert.equal(host.desk.runs().length, 20);
  assert.equal([...Deno.readDirSync(join(host.directory, "bench"))].length, 20);
});
