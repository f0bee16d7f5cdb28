/**
 * `mvgal config`: the configuration file, and what the running service does with it.
 *
 * @module
 */

import { ConfigKeyError } from "../config/locate.ts";
import { type CommandModule, flag, UsageError } from "./command.ts";
import { type ConfigAction, withService } from "./config_action.ts";
import { enableGpus, setKey, setPriority, setStrategy, unsetKey } from "./config_change.ts";
import { type ConfigHost, hostConfig } from "./config_host.ts";
import { getConfig, listGpus, showConfig, showPath, validateConfig } from "./config_show.ts";

/** `reload`: the service reads the file again. */
function reload(action: ConfigAction): Promise<number> {
  return withService(action, async (service) => {
    if (service === undefined) {
      throw new Error("no service of mvgal runs: one that starts reads the file by itself");
    }
    const { problem } = await service.reload();
    if (problem !== null) {
      throw new Error(`the service keeps the configuration that it has: ${problem}`);
    }
    action.context.stdout.write("the service has read its configuration again\n");
    return 0;
  });
}

/** `reset-stats`: the service counts from zero. */
function resetStats(action: ConfigAction): Promise<number> {
  return withService(action, async (service) => {
    if (service === undefined) {
      throw new Error("no service of mvgal runs: there is nothing that counts");
    }
    await service.resetStats();
    action.context.stdout.write("the service counts from zero\n");
    return 0;
  });
}

interface Action {
  /** What is typed behind it. */
  readonly takes: string;
  readonly most: number;
  readonly describe: string;
  run(action: ConfigAction): number | Promise<number>;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  show: {
    takes: "[SECTION]",
    most: 1,
    describe: "all values, and where each is from",
    run: showConfig,
  },
  get: { takes: "KEY", most: 1, describe: "one value", run: getConfig },
  set: { takes: "KEY VALUE", most: 2, describe: "set a key in the file", run: setKey },
  unset: { takes: "KEY", most: 1, describe: "take a key out of the file", run: unsetKey },
  validate: {
    takes: "[FILE]",
    most: 1,
    describe: "say what is wrong, by file and line",
    run: validateConfig,
  },
  path: { takes: "", most: 0, describe: "which file it is", run: showPath },
  "set-strategy": {
    takes: "STRATEGY",
    most: 1,
    describe: "how work is placed: hybrid, afr, sfr, ...",
    run: setStrategy,
  },
  "enable-gpu": {
    takes: "GPU",
    most: 1,
    describe: "place work on a GPU: 0, nvidia, pci:0000:06:00.0",
    run: enableGpus(true),
  },
  "disable-gpu": { takes: "GPU", most: 1, describe: "place none there", run: enableGpus(false) },
  "set-priority": {
    takes: "GPU 0..100",
    most: 2,
    describe: "of two alike, the higher takes the work",
    run: setPriority,
  },
  "list-gpus": {
    takes: "",
    most: 0,
    describe: "what the file says of the GPUs of this host",
    run: listGpus,
  },
  "reset-stats": {
    takes: "",
    most: 0,
    describe: "let the service count from zero",
    run: resetStats,
  },
  reload: { takes: "", most: 0, describe: "let the service read the file again", run: reload },
};

const LIST = Object.entries(ACTIONS)
  .map(([name, { takes, describe }]) => `  ${`${name} ${takes}`.trim().padEnd(25)}  ${describe}`)
  .join("\n");

/** Builds `mvgal config` for a host. */
export function configCommand(host: ConfigHost = hostConfig): CommandModule {
  return {
    name: "config",
    describe: "Show, check and change the configuration",
    details:
      "The file is that of --config, else of MVGAL_CONFIG, else mvgal/mvgal.conf in XDG_CONFIG_HOME " +
      "(for root, and where there is none, /etc/mvgal/mvgal.conf). A change keeps comments and order, is " +
      "checked before it is written, and is written whole or not at all. set-strategy, enable-gpu, " +
      "disable-gpu and set-priority are also done at once by the service that runs with the file; what " +
      "set and unset change it takes with reload. A KEY is section.key: " +
      `core.default_strategy, gpu_0.priority, pci:0000:06:00.0.priority.\n\n${LIST}`,
    arguments: [
      { syntax: "<action>", describe: "What to do", choices: Object.keys(ACTIONS) },
      { syntax: "[argument...]", describe: "What the action takes" },
    ],
    options: [
      { flags: "-c, --config <file>", describe: "This file", completes: "file" },
      {
        flags: "--dry-run",
        describe: "Show what would be changed in the file, and change nothing",
      },
      { flags: "--json", describe: "Print one JSON object" },
      { flags: "--direct", describe: "The file alone: leave the service as it is, where one runs" },
      {
        flags: "--sysroot <directory>",
        describe: "The GPUs of a dump of another host (see mvgal dump); also MVGAL_SYSROOT",
        completes: "directory",
      },
    ],
    examples: [
      { command: "config show core", meaning: "The values of one section" },
      { command: "config set power.power_limit_watts 900", meaning: "Set a key" },
      { command: "config set-strategy afr", meaning: "How work is placed" },
      { command: "config disable-gpu intel --dry-run", meaning: "What that would change" },
      { command: "config validate", meaning: "Exit status 1 where there is an error" },
    ],
    async run(input, context) {
      const [name = "", ...args] = input.args;
      const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
      if (action === undefined) throw new UsageError(`mvgal config has no action '${name}'`);
      if (flag(input, "direct") && (name === "reload" || name === "reset-stats")) {
        throw new UsageError(`mvgal config ${name} is for the service: leave --direct out`);
      }
      if (args.length > action.most) {
        const takes = action.takes === "" ? "nothing" : action.takes;
        throw new UsageError(`mvgal config ${name} takes ${takes}, and got '${args.join(" ")}'`);
      }
      try {
        return await action.run({ input, context, host, args });
      } catch (error) {
        if (error instanceof ConfigKeyError) throw new UsageError(error.message);
        throw error;
      }
    },
  };
}
