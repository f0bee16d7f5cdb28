/**
 * `mvgal __revert-settings`, which the commands that change settings start: waits until a change is due, and
 * takes it back.
 *
 * @module
 */

import { openHostControl } from "../control/host.ts";
import { WATCH_COMMAND } from "../control/watch_command.ts";
import { watchEntries } from "../control/watcher.ts";
import type { CommandModule } from "./command.ts";

/** `mvgal __revert-settings`. Ends when no change is pending. */
export const revertSettingsCommand: CommandModule = {
  name: WATCH_COMMAND,
  describe: "Take back changes of settings when they are due",
  options: [],
  examples: [],
  async run(_input, context) {
    using control = openHostControl(context.env);
    let status = 0;
    for (const { message, settled } of await watchEntries(control)) {
      context.stdout.write(`${message}\n`);
      if (!settled) status = 1;
    }
    return status;
  },
};
