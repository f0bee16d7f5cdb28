import assert from "node:assert/strict";
import {
  Lifecycle,
  type LifecycleHost,
  type Ran,
  type RunningService,
  UNIT,
} from "../../lib/daemon/lifecycle.ts";

/** A host on which the service may run. */
class Host implements LifecycleHost {
  isRoot = true;
  hasSystemd = false;
  hasUnit = false;
  running: (RunningService & { byUnit: boolean }) | undefined;
  /** Looks until a started service is ready; never where it fails instead. */
  readyAfter = 3;
  exitStatus: number | undefined;
  /** Whether SIGTERM ends it. */
  isStubborn = false;
  readonly commands: string[] = [];
  slept = 0;
  #looks = 0;

  find() {
    if (this.running !== undefined && ++this.#looks > this.readyAfter) this.running.ready = true;
    return Promise.resolve(this.running && { ...this.running });
  }
  spawn() {
    this.commands.push("spawn");
    this.#looks = 0;
    if (this.exitStatus === undefined) {
      this.running = { pid: 77, version: "0.1.0", ready: false, byUnit: false };
    }
    return { pid: 77, logPath: "/log", exited: () => this.exitStatus };
  }
  run(command: readonly string[]): Promise<Ran> {
    this.commands.push(command.join(" "));
    const verb = command.find((word) => ["cat", "start", "stop", "show"].includes(word));
    if (verb === "cat") return Promise.resolve({ code: this.hasUnit ? 0 : 1, text: "" });
    if (verb === "show") {
      const pid = this.running?.byUnit ? this.running.pid : 0;
      return Promise.resolve({ code: 0, text: `${pid}\n` });
    }
    if (this.exitStatus !== undefined) {
      return Promise.resolve({ code: 1, text: "first\nJob for mvgald.service failed.\n" });
    }
    this.running = verb === "start"
      ? { pid: 78, version: "0.1.0", ready: true, byUnit: true }
      : undefined;
    return Promise.resolve({ code: 0, text: "" });
  }
  kill(pid: number, signal: string) {
    this.commands.push(`kill ${pid} ${signal}`);
    if (!this.isStubborn) this.running = undefined;
  }
  isAlive() {
    return this.running !== undefined;
  }
  readText() {
    return "starting\nhttp: port 7474 is taken\n";
  }
  sleep(ms: number) {
    this.slept += ms;
    return Promise.resolve();
  }
}

Deno.test("Lifecycle starts a process of its own, waits until it is ready, and ends it", async () => {
  const host = new Host();
  const lifecycle = new Lifecycle(host);
  assert.equal(await lifecycle.start(), "the service runs (pid 77)");
  assert.ok(host.running?.ready);
  assert.equal(await lifecycle.start(), "the service runs already (pid 77)");
  assert.equal(await lifecycle.stop(), "the service (pid 77) has ended");
  assert.equal(await lifecycle.stop(), "no service runs");
  assert.deepEqual(host.commands, ["spawn", "kill 77 SIGTERM"]);
});

Deno.test("Lifecycle says why a service did not come up", async () => {
  const host = new Host();
  host.exitStatus = 1;
  await assert.rejects(new Lifecycle(host).start(), {
    name: "LifecycleError",
    message: "the service ended with status 1: http: port 7474 is taken",
  });
  const slow = new Host();
  slow.readyAfter = Infinity;
  await assert.rejects(new Lifecycle(slow).start(), /not ready after 20 s: see \/log$/);
});

Deno.test("Lifecycle goes by systemd where it has the unit, the user's for others than root", async () => {
  for (const isRoot of [true, false]) {
    const host = Object.assign(new Host(), { isRoot, hasSystemd: true, hasUnit: true });
    const lifecycle = new Lifecycle(host);
    await lifecycle.start();
    await lifecycle.restart();
    await lifecycle.stop();
    const own = isRoot ? "" : "--user ";
    assert.ok(host.commands.includes(`systemctl ${own}start ${UNIT}`));
    assert.ok(host.commands.includes(`systemctl ${own}stop ${UNIT}`));
    assert.ok(!host.commands.some((command) => /spawn|kill/.test(command)));
  }
});

Deno.test("Lifecycle ends a service that systemd has not started by a signal", async () => {
  const host = Object.assign(new Host(), { hasSystemd: true });
  const lifecycle = new Lifecycle(host);
  await lifecycle.start();
  await lifecycle.stop();
  assert.ok(host.commands.includes("kill 77 SIGTERM"));
});

Deno.test("Lifecycle hands on what systemd says, and does not kill what does not end", async () => {
  const host = Object.assign(new Host(), { hasSystemd: true, hasUnit: true, exitStatus: 1 });
  await assert.rejects(
    new Lifecycle(host).start(),
    /^LifecycleError: systemctl start mvgald.service: Job for mvgald.service failed.$/,
  );
  const stubborn = Object.assign(new Host(), { isStubborn: true });
  const lifecycle = new Lifecycle(stubborn);
  await lifecycle.start();
  await assert.rejects(lifecycle.stop(), /\(pid 77\) has not ended after 15 s: kill -9 77/);
  assert.ok(!stubborn.commands.some((command) => command.includes("SIGKILL")));
});
