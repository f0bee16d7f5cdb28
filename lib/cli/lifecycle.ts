/**
 * `mvgal start`, `stop`, `restart`, `reload`: the service from outside.
 *
 * @module
 */

import { join } from "node:path";
import { stateDirectory } from "../control/journal.ts";
import { SERVICE_ENVIRONMENT } from "../daemon/environment.ts";
import { Lifecycle, type LifecycleHost } from "../daemon/lifecycle.ts";
import type { ConfigView } from "../daemon/service_api.ts";
import { selfCommand } from "../launch/self.ts";
import { type CommandContext, type CommandModule, value } from "./command.ts";
import { findService } from "./service_host.ts";

/** What is done to the service. */
export type LifecycleAction = "start" | "stop" | "restart" | "reload";

const ABOUT: Readonly<Record<LifecycleAction, { describe: string; details: string }>> = {
  start: {
    describe: "Start the service in the background",
    details:
      "By systemd where it has the unit mvgald.service, else as a process of its own, whose log is " +
      "mvgald.log in the state directory. Waits until the service is ready.",
  },
  stop: {
    describe: "End the service",
    details: "Waits for its end: what the power manager has set goes back.",
  },
  restart: { describe: "End the service and start it again", details: "As stop, then start." },
  reload: {
    describe: "Let the service read its configuration again",
    details: "Where the file has an error the service keeps what it has, and the exit status is 1.",
  },
};

function lifecycleHost(context: CommandContext, socket: string | undefined): LifecycleHost {
  const { env } = context;
  return {
    async find() {
      const found = await findService(env, socket);
      if (found === undefined) return undefined;
      const { pid, version, ready } = found.health;
      return { pid, version, ready };
    },
    spawn() {
      const directory = stateDirectory(env);
      Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
      const logPath = join(directory, "mvgald.log");
      const [command = "", ...args] = selfCommand();
      // The shell opens the log, and is the service from then on.
      const child = new Deno.Command("sh", {
        args: [
          "-c",
          'log=$1; shift; exec "$@" >>"$log" 2>&1',
          "mvgal",
          logPath,
          command,
          ...args,
          "daemon",
          ...(socket === undefined ? [] : ["--socket", socket]),
        ],
        stdin: "null",
        stdout: "null",
        stderr: "null",
        cwd: "/",
        env: SERVICE_ENVIRONMENT,
        detached: true,
      }).spawn();
      let status: number | undefined;
      child.status.then(({ code }) => status = code);
      child.unref();
      return { pid: child.pid, logPath, exited: () => status };
    },
    async run([program = "", ...args]) {
      try {
        const { code, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" })
          .output();
        const decoder = new TextDecoder();
        return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      }
    },
    kill: (pid, signal) => Deno.kill(pid, signal),
    isAlive(pid) {
      try {
        // A process that has ended and was not waited for is one no more.
        return !/^State:\s*Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
      } catch {
        return false;
      }
    },
    readText(path) {
      try {
        return Deno.readTextFileSync(path);
      } catch {
        return undefined;
      }
    },
    isRoot: Deno.uid() === 0,
    hasSystemd: socket === undefined && isDirectory("/run/systemd/system"),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

async function reload(context: CommandContext, socket: string | undefined): Promise<string> {
  const found = await findService(context.env, socket);
  if (found === undefined) {
    throw new Error("no service of mvgal runs: one that starts reads the file by itself");
  }
  const { problem } = await found.client.post<ConfigView>("/api/v1/config/reload");
  if (problem !== null) {
    throw new Error(`the service keeps the configuration that it has: ${problem}`);
  }
  return "the service has read its configuration again";
}

/** Says which parts of the service that was started do not work: otherwise the log alone does. */
async function tellDegraded(
  { env, stderr }: CommandContext,
  socket: string | undefined,
): Promise<void> {
  const found = await findService(env, socket);
  for (const [part, why] of Object.entries(found?.health.degraded ?? {})) {
    stderr.write(`mvgal: ${part} does not work: ${why}\n`);
  }
}

/** `mvgal start` and the like. */
export function lifecycleCommand(action: LifecycleAction): CommandModule {
  return {
    name: action,
    ...ABOUT[action],
    options: [{
      flags: "--socket <path>",
      describe: "The service at this socket; systemd is left alone",
      completes: "file",
    }],
    examples: [{ command: action, meaning: ABOUT[action].describe }],
    async run(input, context) {
      const socket = value(input, "socket");
      const lifecycle = new Lifecycle(lifecycleHost(context, socket));
      const told = action === "reload" ? await reload(context, socket) : await lifecycle[action]();
      context.stdout.write(`${told}\n`);
      if (action === "start" || action === "restart") await tellDegraded(context, socket);
      return 0;
    },
  };
}
