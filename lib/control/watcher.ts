/**
 * The process that waits until a change is due, and takes it back. It is mvgal itself, in a session of its
 * own, so that it outlives the terminal. Where it is killed too, the next start of mvgal does its work.
 *
 * @module
 */

import { selfCommand } from "../launch/self.ts";
import type { ApplyWith } from "./apply.ts";
import { fateOf } from "./entry.ts";
import { WATCH_COMMAND } from "./watch_command.ts";
import { type Reverted, revertOverdue } from "./revert.ts";

/** Longest time without a look: timers do not run while the host sleeps, and `uptime` does. */
const LONGEST_WAIT_S = 20;

/** Starts the process, and does not wait for it. */
export function startWatcher(): void {
  const [command = "", ...args] = selfCommand();
  new Deno.Command(command, {
    args: [...args, WATCH_COMMAND],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    cwd: "/",
    detached: true,
  }).spawn().unref();
}

/**
 * Waits for changes that are due, and takes them back, until no change is pending.
 *
 * @param wait seconds to wait.
 */
export async function watchEntries(
  on: ApplyWith,
  wait: (seconds: number) => Promise<void> = (seconds) =>
    new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
): Promise<Reverted[]> {
  const done: Reverted[] = [];
  // What cannot be put back is tried once here, and again when mvgal is started.
  const given = new Set<string>();
  for (;;) {
    const reverted = revertOverdue(on);
    done.push(...reverted);
    for (const { entry, settled } of reverted) {
      if (!settled) given.add(`${entry.gpu} ${entry.group}`);
    }
    const pending = on.journal.entries().filter((entry) =>
      !entry.confirmed && !given.has(`${entry.gpu} ${entry.group}`) &&
      fateOf(entry, on.clock) !== "forget"
    );
    if (pending.length === 0) return done;
    const due = pending.map(({ deadline }) =>
      deadline === null ? 1 : deadline.uptime_s - on.clock.uptime()
    );
    await wait(
      Math.min(LONGEST_WAIT_S, Math.max(0.1, ...due.length > 0 ? [Math.min(...due)] : [])),
    );
  }
}
