/** The units of `packaging/systemd`, as systemd reads them. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { WATCH_COMMAND } from "../../lib/control/watch_command.ts";
import { SERVICE_ENVIRONMENT } from "../../lib/daemon/environment.ts";

const UNITS = join(import.meta.dirname ?? ".", "../../packaging/systemd");

function hasAnalyze(): boolean {
  try {
    return new Deno.Command("systemd-analyze", { args: ["--version"], stdout: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

const IGNORE = !hasAnalyze();

for (const [name, args] of [["mvgald", []], ["mvgald-user", ["--user"]]] as const) {
  const text = Deno.readTextFileSync(join(UNITS, `${name}.service`));

  const what = `${name}.service has nothing that systemd does not know`;
  Deno.test({
    name: IGNORE ? `${what} (skipped: no systemd-analyze)` : what,
    ignore: IGNORE,
    fn() {
      const directory = Deno.makeTempDirSync({ prefix: "mvgal-unit-" });
      try {
        // It looks whether the program is there.
        const path = join(directory, `${name}.service`);
        Deno.writeTextFileSync(path, text.replaceAll("/usr/bin/mvgal", "/bin/true"));
        const { success, stderr } = new Deno.Command("systemd-analyze", {
          args: ["verify", ...args, path],
          env: { XDG_RUNTIME_DIR: directory },
        }).outputSync();
        assert.deepEqual([new TextDecoder().decode(stderr), success], ["", true]);
      } finally {
        Deno.removeSync(directory, { recursive: true });
      }
    },
  });

  Deno.test(`${name}.service has the environment of the service, and takes settings back at its end`, () => {
    const words = Object.entries(SERVICE_ENVIRONMENT).map(([key, value]) => `${key}=${value}`);
    assert.ok(text.includes(`\nEnvironment=${words.join(" ")}\n`));
    assert.ok(text.includes(`\nExecStopPost=/usr/bin/mvgal ${WATCH_COMMAND} --abandoned\n`));
  });
}
