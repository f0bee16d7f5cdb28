import assert from "node:assert/strict";
import { SignalAim } from "../../lib/cli/status_aim.ts";

/** A process that does nothing until it is ended. */
function sleeper(): Deno.ChildProcess {
  return new Deno.Command("sleep", { args: ["60"], stdin: "null", stdout: "null" }).spawn();
}

Deno.test("SignalAim sends a signal to the process that was chosen", async () => {
  const child = sleeper();
  const aim = new SignalAim();
  aim.take(child.pid);
  assert.equal(
    aim.send(child.pid, "SIGTERM", "sleep"),
    `SIGTERM sent to ${child.pid} (sleep)`,
  );
  assert.equal((await child.status).signal, "SIGTERM");
  assert.match(aim.send(child.pid, "SIGTERM", "sleep"), /has ended: no signal sent$/);
});

Deno.test("SignalAim sends nothing to a process that was not chosen", async () => {
  const [one, other] = [sleeper(), sleeper()];
  const aim = new SignalAim();
  aim.take(one.pid);
  assert.match(aim.send(other.pid, "SIGKILL", "sleep"), /no signal sent$/);
  for (const child of [one, other]) {
    child.kill("SIGTERM");
    assert.equal((await child.status).signal, "SIGTERM");
  }
});

Deno.test("SignalAim sends nothing to a process that has taken the number of the one chosen", async () => {
  const child = sleeper();
  let started = 1;
  const aim = new SignalAim({ start: () => String(started) });
  aim.take(child.pid);
  started = 2;
  assert.match(aim.send(child.pid, "SIGKILL", "sleep"), /has ended: no signal sent$/);
  child.kill("SIGTERM");
  assert.equal((await child.status).signal, "SIGTERM");
});

Deno.test({
  name: "SignalAim says in one line that a process is another user's" +
    (Deno.uid() === 0 ? "" : " (skipped: only root can become another user)"),
  ignore: Deno.uid() !== 0,
  async fn() {
    const child = sleeper();
    const module = new URL("../../lib/cli/status_aim.ts", import.meta.url).href;
    // The rights are given up when all is loaded: what is cached may be root's alone.
    const script = `
      const { SignalAim } = await import(${JSON.stringify(module)});
      const { symbols } = Deno.dlopen("libc.so.6", {
        setuid: { parameters: ["u32"], result: "i32" },
      });
      const aim = new SignalAim();
      aim.take(${child.pid});
      symbols.setuid(65534);
      console.log(aim.send(${child.pid}, "SIGTERM", "sleep"));`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", script],
      stdin: "null",
    }).output();
    child.kill("SIGKILL");
    assert.equal((await child.status).signal, "SIGKILL");
    const expected =
      `may not send SIGTERM to ${child.pid} (sleep): it is another user's; root may\n`;
    assert.equal(new TextDecoder().decode(stdout), expected);
  },
});
