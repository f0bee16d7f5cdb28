/**
 * `mvgal run`: starts a program with the CUDA shim.
 *
 * @module
 */

import { findProgram, whyNotPreloaded } from "../launch/find_program.ts";
import { ENVIRONMENT_FORMATS, environmentText } from "../launch/environment_text.ts";
import { RunRequestError } from "../launch/limit_option.ts";
import { planRun, type RunHost } from "../launch/plan.ts";
import { startProgram } from "../launch/start.ts";
import { escaped } from "../render/text.ts";
import { STRATEGY_NAMES } from "../schedule/strategies.ts";
import { type CommandModule, flag, UsageError, value } from "./command.ts";
import { LIMIT_OPTIONS } from "./limit_options.ts";
import { hostRun } from "./run_host.ts";

/** Calls, and shows what cannot be meant as wrong usage. */
export function asUsage<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof RunRequestError) throw new UsageError(error.message);
    throw error;
  }
}

/** Builds the command. */
export function runCommand(
  host: RunHost = hostRun,
  start: typeof startProgram = startProgram,
): CommandModule {
  return {
    name: "run",
    describe: "Start a program with limits, on chosen GPUs, or with pooled memory",
    details:
      "The program gets mvgal's CUDA shim by LD_PRELOAD, and mvgal's process becomes the program: same " +
      "pid, signals and exit status. Limits hold for each process; with --group for all processes of the " +
      "group together. A strategy that chooses one GPU (round_robin, task, single) and --gpus narrow down " +
      "CUDA_VISIBLE_DEVICES. 'mvgal limit' changes limits while programs run.",
    arguments: [{
      syntax: "[program...]",
      describe: "The program and its arguments, behind --",
      completes: "file",
    }],
    options: [
      ...LIMIT_OPTIONS,
      {
        flags: "--gpus <selector>",
        describe: "Only these GPUs: 0,2 or nvidia or pci:0000:06:00.0",
        completes: "gpu",
      },
      {
        flags: "--strategy <name>",
        describe: "How the program's GPU is chosen, and its work placed",
        choices: STRATEGY_NAMES,
      },
      {
        flags: "--pool",
        describe: "Show the program one GPU with the memory of all",
      },
      {
        flags: "--opencl-pool",
        describe: "Show the program one OpenCL device that is all devices of all vendors",
      },
      { flags: "--group <name>", describe: "Share the limits with the other programs of a group" },
      {
        flags: "--work-conserving",
        describe: "With --sm: time that nobody else wants may be used beyond the share",
      },
      {
        flags: "--print-env",
        describe: "Start nothing: print the variables, for a shell, a unit file or a container",
      },
      {
        flags: "--format <form>",
        describe: "With --print-env: the form, shell by default",
        choices: ENVIRONMENT_FORMATS,
      },
      { flags: "--json", describe: "With --print-env: one JSON object, as --format json" },
    ],
    examples: [
      { command: "run --vram 8GiB --sm 30% -- python train.py", meaning: "A part of each GPU" },
      { command: "run --strategy task -- ./simulate", meaning: "On the GPU that has least to do" },
      { command: "run --group jobs --vram 20GiB -- ./job", meaning: "All jobs in 20 GiB" },
      { command: "run --pool -- ./big", meaning: "All GPUs as one" },
      { command: "run --opencl-pool -- clinfo", meaning: "All OpenCL devices as one" },
      { command: "run --vram 8GiB --print-env", meaning: "Variables, to be set elsewhere" },
    ],
    passesOptions: true,
    run(input, context) {
      const prints = flag(input, "printEnv");
      const named = value(input, "format");
      const format = flag(input, "json") ? "json" : named;
      if (named !== undefined && named !== format) {
        throw new UsageError(`--json is --format json: leave it out, or --format ${named}`);
      }
      if (!prints && format !== undefined) {
        throw new UsageError("--format and --json say how --print-env prints: add --print-env");
      }
      const [program] = input.args;
      if (!prints && program === undefined) {
        throw new UsageError("which program? Write it behind --: mvgal run --vram 8GiB -- PROGRAM");
      }
      // A program that is not there takes no turn and makes no group.
      const found = prints || program === undefined
        ? undefined
        : findProgram(program, host.env("PATH"));
      if (found?.state === "missing") {
        context.stderr.write(`mvgal: ${escaped(found.reason)}\n`);
        return found.status;
      }
      const plan = asUsage(() =>
        planRun({
          vram: value(input, "vram"),
          sm: value(input, "sm"),
          gpus: value(input, "gpus"),
          strategy: value(input, "strategy"),
          group: value(input, "group"),
          pool: flag(input, "pool"),
          openclPool: flag(input, "openclPool"),
          workConserving: flag(input, "workConserving"),
        }, host)
      );
      const unloaded = found && whyNotPreloaded(found.path);
      if (unloaded !== undefined && plan.needsShim) {
        plan.notes.push(
          `${found?.path}: ${unloaded}: it runs without the shim and its limits; programs that it ` +
            "starts may have it",
        );
      }
      if (unloaded !== undefined && plan.openclPool) {
        plan.notes.push(
          `${found?.path}: ${unloaded}: it sees the pool only where its own OpenCL loader obeys ` +
            "OCL_ICD_VENDORS",
        );
      }
      for (const note of plan.notes) context.stderr.write(`mvgal: ${escaped(note)}\n`);
      if (found === undefined) {
        const form = ENVIRONMENT_FORMATS.find((each) => each === format) ?? "shell";
        context.stdout.write(environmentText(plan.variables, form));
        return 0;
      }
      const why = start(found.path, input.args, plan.variables);
      context.stderr.write(`mvgal: ${escaped(why)}\n`);
      return 126;
    },
  };
}
