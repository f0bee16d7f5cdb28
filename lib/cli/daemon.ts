/**
 * `mvgal daemon`: the service, in the foreground.
 *
 * @module
 */

import { ConfigFileError } from "../config/config_file.ts";
import { type CommandContext, type CommandInput, type CommandModule, value } from "./command.ts";
import { sysrootOf } from "./sysroot.ts";

/** Signals that end the service, and the one by which it reads its configuration again. */
const ENDING = ["SIGTERM", "SIGINT"] as const;

/** Exit status of a service whose configuration has an error: systemd need not try again. */
const EXIT_CONFIG = 78;

/** Whether standard error is systemd's journal: it names the file in JOURNAL_STREAM. */
function isJournal(context: CommandContext): boolean {
  const [device, inode] = (context.env("JOURNAL_STREAM") ?? "").split(":").map(Number);
  try {
    const { dev, ino } = Deno.statSync("/proc/self/fd/2");
    return dev === device && ino === inode;
  } catch {
    return false;
  }
}

/** Calls back for each of some signals, until it is disposed. */
function onSignals(
  signals: readonly Deno.Signal[],
  call: (signal: Deno.Signal) => void,
): Disposable {
  const listeners = signals.map((signal) => {
    const listener = () => call(signal);
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  return {
    [Symbol.dispose]() {
      for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
    },
  };
}

async function serve(input: CommandInput, context: CommandContext): Promise<number> {
  const { LiveConfig } = await import("../config/live_config.ts");
  const { journalSink, plainSink } = await import("../daemon/log.ts");
  const { runDaemon } = await import("../daemon/run.ts");
  const { selfCommand } = await import("../launch/self.ts");
  const { VERSION } = await import("./version.ts");
  const { env, stderr } = context;
  let config;
  try {
    config = new LiveConfig({ option: value(input, "config"), env });
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error;
    stderr.write(`mvgal: ${error.message}\n`);
    return EXIT_CONFIG;
  }
  const write = (text: string) => stderr.write(text);
  const ended = Promise.withResolvers<void>();
  let asked = 0;
  using _ending = onSignals(ENDING, () => {
    // Who asks twice does not want to wait.
    if (++asked > 1) Deno.exit(1);
    ended.resolve();
  });
  await using daemon = await runDaemon({
    version: VERSION,
    config,
    env,
    sysroot: sysrootOf(input, context),
    sink: isJournal(context) ? journalSink(write) : plainSink(write),
    command: selfCommand,
    socket: value(input, "socket"),
  });
  using _reloading = onSignals(["SIGHUP"], () => void daemon.reload());
  await ended.promise;
  return 0;
}

/** `mvgal daemon`. */
export const daemonCommand: CommandModule = {
  name: "daemon",
  describe: "Run the service: sampler, history, scheduler, API, dashboard",
  details:
    "Stays in the foreground and writes its log to standard error; mvgal start puts it into the background, " +
    "and systemd's unit mvgald.service starts it with the host. The API is on a Unix socket, and on " +
    "127.0.0.1:7474 with the dashboard. SIGHUP reads the configuration again, SIGTERM and Ctrl-C end it: " +
    "what the power manager has set goes back.",
  options: [
    { flags: "--config <file>", describe: "The configuration", completes: "file" },
    { flags: "--socket <path>", describe: "The Unix socket of the API", completes: "file" },
    {
      flags: "--sysroot <directory>",
      describe: "Show a dump of another host (see mvgal dump); also MVGAL_SYSROOT",
      completes: "directory",
    },
  ],
  examples: [
    { command: "daemon", meaning: "The service, until Ctrl-C" },
    { command: "daemon --config ./mvgal.conf", meaning: "With another configuration" },
  ],
  run: serve,
};
