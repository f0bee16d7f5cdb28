/**
 * `mvgal cdi`: limits for containers.
 *
 * @module
 */

import { cdiSpecification } from "../launch/cdi.ts";
import { planRun, type RunHost } from "../launch/plan.ts";
import { type CommandModule, flag, UsageError, value } from "./command.ts";
import { LIMIT_OPTIONS } from "./limit_options.ts";
import { asUsage } from "./run.ts";
import { hostRun } from "./run_host.ts";
import { writeWhole } from "./whole_file.ts";

/** Builds the command. */
export function cdiCommand(host: RunHost = hostRun): CommandModule {
  return {
    name: "cdi",
    describe: "Write a CDI specification that gives containers limits",
    details:
      "Containers that ask for the device mvgal/cuda=NAME get mvgal's CUDA shim and its variables, beside " +
      "the GPUs that others give them. The document is JSON, which is YAML too. Write it again after an " +
      "update of mvgal.",
    arguments: [{ syntax: "<action>", describe: "What to do", choices: ["generate"] }],
    options: [
      ...LIMIT_OPTIONS,
      { flags: "--pool", describe: "Show the container one GPU with the memory of all of its own" },
      { flags: "--work-conserving", describe: "With --sm: idle time may be used beyond the share" },
      { flags: "--name <name>", describe: "Name of the device; 'default' where not given" },
      {
        flags: "--output <file>",
        describe: "Where to write, such as /etc/cdi/mvgal.json; stdout by default",
        completes: "file",
      },
    ],
    examples: [
      {
        command: "cdi generate --vram 8GiB --name small --output /etc/cdi/mvgal.json",
        meaning: "docker run --device nvidia.com/gpu=0 --device mvgal/cuda=small …",
      },
      { command: "cdi generate --vram 8GiB", meaning: "Look at it" },
    ],
    async run(input, context) {
      const plan = asUsage(() =>
        planRun({
          vram: value(input, "vram"),
          sm: value(input, "sm"),
          pool: flag(input, "pool"),
          workConserving: flag(input, "workConserving"),
        }, {
          ...host,
          // What this shell has set is not for containers.
          env: () => undefined,
        })
      );
      for (const note of plan.notes) context.stderr.write(`mvgal: ${note}\n`);
      if (plan.shim === null) {
        throw new Error("there is no shim for containers: build it with 'deno task build'");
      }
      let text: string;
      try {
        const name = value(input, "name") ?? "default";
        text = JSON.stringify(cdiSpecification(name, plan.shim, plan.variables), null, 2);
      } catch (error) {
        if (error instanceof RangeError) throw new UsageError(error.message);
        throw error;
      }
      const file = value(input, "output");
      if (file === undefined) {
        context.stdout.write(`${text}\n`);
        return 0;
      }
      await writeWhole(file, `${text}\n`);
      return 0;
    },
  };
}
