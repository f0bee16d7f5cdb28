/**
 * `mvgal __revert-settings`, which the commands that change settings start: waits until a change is due, and
 * takes it back. With `--abandoned` it is what systemd runs when the service has ended, however that was: it has
 * killed the process that waits with all others of the service (systemd.kill(5), `KillMode=`).
 *
 * @module
 */

import { type HostControl, openHostControl } from "../control/host.ts";
import { revertAbandoned, type Reverted } from "../control/revert.ts";
import { WATCH_COMMAND } from "../control/watch_command.ts";
import { watchEntries } from "../control/watcher.ts";
import type { CommandModule } from "./command.ts";

async function reverted(control: HostControl, abandoned: unknown): Promise<Reverted[]> {
  if (abandoned === true) return control.journal.empty ? [] : revertAbandoned(control);
  using _watch = control.journal.watch();
  return await watchEntries(control);
}

/** `mvgal __revert-settings`. Ends when no change is pending. */
export const revertSettingsCommand: CommandModule = {
  name: WATCH_COMMAND,
  describe: "Take back changes of settings when they are due",
  options: [{
    flags: "--abandoned",
    describe: "Wait for nothing: take back what no process will take back",
  }],
  examples: [],
  async run(input, context) {
    using control = openHostControl(context.env);
    let status = 0;
    for (const { message, settled } of await reverted(control, input.options["abandoned"])) {
      context.stdout.write(`${message}\n`);
      if (!settled) status = 1;
    }
    return status;
  },
};
