/**
 * `mvgal explain`: which kernels of an OpenCL program may be split over several GPUs, and why not.
 *
 * @module
 */

import { basename } from "node:path";
import { closest } from "../gpu/closest.ts";
import { shimPath } from "../launch/self.ts";
import { type ExplainedProgram, explainProgram } from "../pool/opencl_explain.ts";
import { renderExplained } from "../render/explain.ts";
import { styleFor } from "../render/style.ts";
import {
  type CommandContext,
  type CommandInput,
  type CommandModule,
  flag,
  UsageError,
  value,
  values,
} from "./command.ts";
import { fileReason } from "./file_reason.ts";

const SIZES = /^[1-9][0-9]{0,11}(x[1-9][0-9]{0,11}){0,2}$/;
const ARG = /^([A-Za-z_]\w*)=(-?)(0[xX][0-9a-fA-F]+|[0-9]+)$/;

/** More than any program of OpenCL has, in bytes: of /dev/zero all of the memory would be read. */
const LONGEST_SOURCE = 64 * 2 ** 20;

/** As many `--arg`, and as long names, as the analysis has room for: `struct wish` in `explain.h`. */
const MOST_ARGS = 32, LONGEST_NAME = 47;

/** A whole number that an argument is to have in the launch. */
interface GivenArg {
  name: string;
  number: bigint;
}

/** All that a file or a pipe has. */
function readAll(file: string): Uint8Array<ArrayBuffer> {
  using open = Deno.openSync(file);
  const { isFile, size } = open.statSync();
  let bytes = new Uint8Array(isFile ? Math.min(size, LONGEST_SOURCE) + 1 : 65_536);
  let length = 0;
  for (;;) {
    const count = open.readSync(bytes.subarray(length));
    if (count === null) return bytes.subarray(0, length);
    length += count;
    if (length > LONGEST_SOURCE) throw new Error(`it has more than ${LONGEST_SOURCE} bytes`);
    if (length < bytes.length) continue;
    const more = new Uint8Array(2 * bytes.length);
    more.set(bytes);
    bytes = more;
  }
}

function readSource(file: string): Uint8Array<ArrayBuffer> {
  try {
    return readAll(file);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : fileReason(error);
    throw new Error(`cannot read ${file}: ${why}`);
  }
}

/** A word of build options; one with blanks is put in quotes. */
function word(prefix: string, text: string): string {
  return /[\s"\\]/.test(text)
    ? `"${prefix}${text.replace(/[\\"]/g, (each) => `\\${each}`)}"`
    : `${prefix}${text}`;
}

/**
 * What `--arg` gives.
 *
 * @throws {UsageError} where it is no number, or one that could not be told apart from the next.
 */
function argsOf(input: CommandInput): GivenArg[] {
  const given = values(input, "arg");
  if (given.length > MOST_ARGS) throw new UsageError(`--arg: ${MOST_ARGS} of them are the most`);
  return given.map((text) => {
    const [, name = "", sign, digits] = ARG.exec(text) ?? [];
    if (digits === undefined) {
      throw new UsageError(`--arg '${text}' is no whole number of an argument: --arg n=1000`);
    }
    const number = BigInt(digits) * (sign === "-" ? -1n : 1n);
    if (!Number.isSafeInteger(Number(number))) {
      throw new UsageError(
        `--arg '${text}': ${Number.MAX_SAFE_INTEGER} is the most, with either sign`,
      );
    }
    if (name.length > LONGEST_NAME) {
      throw new UsageError(`--arg '${text}': names of up to ${LONGEST_NAME} characters are known`);
    }
    return { name, number };
  });
}

/** Refuses a name that stands for a number of no kernel: the launch would not be the one that was meant. */
function checkNames(args: readonly GivenArg[], { kernels }: ExplainedProgram): void {
  const all = kernels.flatMap((kernel) => kernel.args);
  for (const { name } of args) {
    const named = all.filter((arg) => arg.name === name);
    if (named.some(({ value }) => value !== undefined)) continue;
    if (named.length > 0) throw new UsageError(`--arg ${name}: this argument is no whole number`);
    const near = closest(name, all.map((arg) => arg.name));
    const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
    throw new UsageError(`--arg ${name}: no kernel has an argument of this name${hint}`);
  }
}

function optionsOf(input: CommandInput, args: readonly GivenArg[]): string {
  const sizes = (["global", "local"] as const).flatMap((name) => {
    const given = value(input, name);
    if (given === undefined) return [];
    if (!SIZES.test(given)) {
      throw new UsageError(`--${name} '${given}' is no size: 1024, 640x480 or 64x64x8`);
    }
    return [`--${name}=${given}`];
  });
  return [
    ...values(input, "define").map((each) => word("-D", each)),
    ...values(input, "include").map((each) => word("-I", each)),
    value(input, "options") ?? "",
    ...sizes,
    ...args.map(({ name, number }) => `--arg=${name}=${number}`),
  ].join(" ");
}

function explain(input: CommandInput, context: CommandContext): number {
  const file = input.args[0] ?? "";
  const args = argsOf(input);
  const options = optionsOf(input, args);
  const source = readSource(file);
  const library = shimPath("opencl");
  if (library === undefined) {
    throw new Error(
      "this mvgal has no OpenCL shim (libmvgal_opencl.so): build it with 'deno task build', or name " +
        "its directory in MVGAL_SHIM_DIR",
    );
  }
  const outcome = explainProgram(library, source, options);
  if (outcome.state === "absent") throw new Error(`cannot analyse kernels: ${outcome.reason}`);
  const { program, json } = outcome;
  if (program.error === null) checkNames(args, program);
  if (flag(input, "json")) {
    context.stdout.write(`${json}\n`);
    return program.error === null ? 0 : 1;
  }
  if (program.error !== null) {
    const { message, line, column } = program.error;
    throw new Error(`${file}${line === 0 ? "" : `:${line}:${column}`}: ${message}`);
  }
  const text = new TextDecoder().decode(source);
  context.stdout.write(
    renderExplained(program, text, basename(file), styleFor(context.stdout.color)),
  );
  return 0;
}

/** `mvgal explain`. */
export const explainCommand: CommandModule = {
  name: "explain",
  describe: "Say which OpenCL kernels may be split over several GPUs, and why not",
  details:
    "Reads OpenCL C as a compiler would, or SPIR-V, and follows each kernel through one launch: what does each " +
    "work-group read and write? The verdict holds for the sizes and whole numbers of that launch. What " +
    "is not given is assumed, and shown. No OpenCL and no GPU is needed.",
  arguments: [{ syntax: "<file>", describe: "OpenCL C, or SPIR-V for OpenCL", completes: "file" }],
  options: [
    { flags: "--json", describe: "Print one JSON object (mvgal.explain/1)" },
    {
      flags: "-D, --define <macro>",
      describe: "A macro of the program's own build: N or N=16; again for more",
      repeatable: true,
    },
    {
      flags: "-I, --include <directory>",
      describe: "Where its headers are; again for more",
      completes: "directory",
      repeatable: true,
    },
    {
      flags: "--options <text>",
      describe: "Build options as the program gives them: -cl-std=CL2.0",
    },
    { flags: "--global <size>", describe: "The launch: work-items, as 4096 or 640x480" },
    { flags: "--local <size>", describe: "Work-items of a work-group: 64 or 16x16" },
    {
      flags: "--arg <number>",
      describe: "A whole number that is an argument, by name: n=1000; again for more",
      repeatable: true,
    },
  ],
  examples: [
    { command: "explain kernels.cl", meaning: "Each kernel, and the line that decides" },
    {
      command: "explain kernels.spv",
      meaning: "The same of SPIR-V, and the instruction that decides",
    },
    {
      command: "explain gemm.cl -DWPT=8 --global 512x512 --local 16x16 --arg width=4096",
      meaning: "Just as a program launches it",
    },
  ],
  run: explain,
};
