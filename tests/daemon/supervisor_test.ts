import assert from "node:assert/strict";
import { openSupervisor, watchdogMs } from "../../lib/daemon/supervisor.ts";

const environment = (values: Record<string, string>) => (name: string) => values[name];

Deno.test("openSupervisor() tells systemd the course of the service", () => {
  const sent: string[] = [];
  const supervisor = openSupervisor({
    env: environment({ NOTIFY_SOCKET: "/run/notify" }),
    send: (path, message) => sent.push(`${path} ${message}`) > 0,
    isAlive: () => true,
  });
  supervisor.ready("2 GPUs");
  supervisor.status("3 GPUs");
  supervisor.reloading();
  supervisor.stopping();
  supervisor[Symbol.dispose]();
  assert.equal(sent[0], "/run/notify READY=1\nSTATUS=2 GPUs");
  assert.equal(sent[1], "/run/notify STATUS=3 GPUs");
  assert.match(sent[2] ?? "", /^\/run\/notify RELOADING=1\nMONOTONIC_USEC=[1-9]\d+$/);
  assert.equal(sent[3], "/run/notify STOPPING=1");
});

Deno.test("openSupervisor() says nothing where nobody asks", () => {
  const supervisor = openSupervisor({
    env: () => undefined,
    send: assert.fail,
    isAlive: () => true,
  });
  supervisor.ready("");
  supervisor.stopping();
  supervisor[Symbol.dispose]();
});

Deno.test("openSupervisor() feeds the watchdog as long as the service is alive", async () => {
  const sent: string[] = [];
  let asked = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const supervisor = openSupervisor({
    env: environment({ NOTIFY_SOCKET: "/run/notify", WATCHDOG_USEC: "30000" }),
    send: (_, message) => sent.push(message) > 0,
    isAlive: () => {
      if (++asked === 4) resolve();
      return asked <= 2;
    },
  });
  await promise;
  supervisor[Symbol.dispose]();
  assert.deepEqual(sent, ["WATCHDOG=1", "WATCHDOG=1"]);
});

Deno.test("watchdogMs() is for this process alone", () => {
  const own = { WATCHDOG_USEC: "5000000", WATCHDOG_PID: String(Deno.pid) };
  assert.equal(watchdogMs(environment(own)), 5000);
  assert.equal(watchdogMs(environment({ ...own, WATCHDOG_PID: "1" })), undefined);
  assert.equal(watchdogMs(environment({ WATCHDOG_USEC: "x" })), undefined);
  assert.equal(watchdogMs(environment({})), undefined);
});
