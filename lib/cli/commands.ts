/**
 * The table of commands.
 *
 * @module
 */

import { PROBE_COMMAND } from "../transfer/probe.ts";
import { WATCH_COMMAND } from "../control/watch_command.ts";
import type { CommandModule } from "./command.ts";
import { CONTROL_ROWS } from "./control_table.ts";

/** A row of the table. What `--help` and `--version` need is here, so that they load no command. */
export interface CommandRow {
  readonly name: string;
  readonly describe: string;
  /** Other names of the executable under which it is this command: links to the same file. */
  readonly links: readonly string[];
  /** Loads the command's module. */
  load(): Promise<CommandModule>;
}

/** What the commands about the service do. */
const LIFECYCLE_TEXTS = {
  start: "Start the service in the background",
  stop: "End the service",
  restart: "End the service and start it again",
  reload: "Let the service read its configuration again",
} as const;

/** All commands, in the order of `--help`. */
export const COMMANDS: readonly CommandRow[] = [
  {
    name: "info",
    describe: "Show every GPU, the APIs that reach it and how they are connected",
    links: ["mvgal-info"],
    load: async () => (await import("./info.ts")).infoCommand,
  },
  {
    name: "status",
    describe: "Show what the GPUs are doing, and the programs that use them",
    links: ["mvgal-status"],
    load: async () => (await import("./status.ts")).statusCommand,
  },
  {
    name: "history",
    describe: "Show what the GPUs did in the last hour, day or month",
    links: [],
    load: async () => (await import("./history.ts")).historyCommand,
  },
  {
    name: "bench",
    describe: "Measure the GPUs and the host",
    links: ["mvgal-bench"],
    load: async () => (await import("./bench.ts")).benchCommand,
  },
  {
    name: "explain",
    describe: "Say which OpenCL kernels may be split over several GPUs, and why not",
    links: [],
    load: async () => (await import("./explain.ts")).explainCommand,
  },
  {
    name: "run",
    describe: "Start a program with limits, on chosen GPUs, or with pooled memory",
    links: [],
    load: async () => (await import("./run.ts")).runCommand(),
  },
  {
    name: "limit",
    describe: "Show and change the limits of programs and groups while they run",
    links: [],
    load: async () => (await import("./limit.ts")).limitCommand(),
  },
  {
    name: "cdi",
    describe: "Write a CDI specification that gives containers limits",
    links: [],
    load: async () => (await import("./cdi.ts")).cdiCommand(),
  },
  {
    name: "opencl",
    describe: "Show all programs the pooled OpenCL device, or no longer",
    links: [],
    load: async () => (await import("./opencl.ts")).openclCommand,
  },
  ...CONTROL_ROWS.map((row) => ({
    name: row.group,
    describe: row.describe,
    links: [],
    load: async () => (await import("./control.ts")).controlCommand(row),
  })),
  {
    name: "config",
    describe: "Show, check and change the configuration",
    links: ["mvgal-config"],
    load: async () => (await import("./config.ts")).configCommand(),
  },
  {
    name: "daemon",
    describe: "Run the service: sampler, history, scheduler, API, dashboard",
    links: ["mvgald"],
    load: async () => (await import("./daemon.ts")).daemonCommand,
  },
  ...(["start", "stop", "restart", "reload"] as const).map((action) => ({
    name: action,
    describe: LIFECYCLE_TEXTS[action],
    links: [],
    load: async () => (await import("./lifecycle.ts")).lifecycleCommand(action),
  })),
  {
    name: "doctor",
    describe: "Say what is missing for the GPUs, and the exact fix",
    links: [],
    load: async () => (await import("./doctor.ts")).doctorCommand,
  },
  {
    name: "dump",
    describe: "Write what this host's kernel shows of its GPUs to a tar file",
    links: [],
    load: async () => (await import("./dump.ts")).dumpCommand,
  },
  {
    name: "completion",
    describe: "Print a completion script for a shell",
    links: [],
    load: async () => (await import("./completion.ts")).completionCommand,
  },
];

/** Names that the executable will have links for, and under which it has no command in this version. */
export const MISSING_LINKS: readonly string[] = [
  "mvgal-compat",
  "mdev-cli",
  "arcd",
];

/** Commands that mvgal starts itself, in processes of their own. They are in no list and no help. */
export const HIDDEN_COMMANDS: readonly CommandRow[] = [
  {
    name: PROBE_COMMAND,
    describe: "Try paths between devices for mvgal bench",
    links: [],
    load: async () => (await import("./probe_transfer.ts")).probeTransferCommand,
  },
  {
    name: WATCH_COMMAND,
    describe: "Take back changes of settings when they are due",
    links: [],
    load: async () => (await import("./revert_settings.ts")).revertSettingsCommand,
  },
];

/** The command that the executable is under the name `program`, or undefined for `mvgal` itself. */
export function commandOfProgram(program: string): CommandRow | undefined {
  return COMMANDS.find((row) => row.links.includes(program));
}
