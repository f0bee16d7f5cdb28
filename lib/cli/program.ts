/**
 * From the command line to a command: parsing, help, errors, exit status.
 *
 * @module
 */

import { Argument, Command, CommanderError, Option } from "commander";
import type { CommandContext, CommandModule, Example } from "./command.ts";
import { GpuSelectorError } from "../gpu/selector.ts";
import { escaped } from "../render/text.ts";
import { UsageError } from "./command.ts";
import { commandOfProgram, COMMANDS, HIDDEN_COMMANDS, MISSING_LINKS } from "./commands.ts";
import { VERSION } from "./version.ts";

/** Exit status for wrong usage. */
const EXIT_USAGE = 2;

/** What is answered under any name. */
const ALWAYS_ANSWERED: readonly string[] = ["-V", "--version", "-h", "--help"];

const DESCRIPTION = "Sees and measures the GPUs of any vendor.";

/** Adds what a module declares to a commander command, and runs the module. */
function fill(
  command: Command,
  module: CommandModule,
  context: CommandContext,
  program: string,
  done: (status: number) => void,
): Command {
  for (const spec of module.arguments ?? []) {
    const argument = new Argument(spec.syntax, spec.describe);
    command.addArgument(spec.choices ? argument.choices(spec.choices) : argument);
  }
  for (const spec of module.options) {
    const option = new Option(spec.flags, spec.describe);
    if (spec.repeatable) {
      option.argParser((text, before: string[] | undefined) => [...before ?? [], text]);
    }
    command.addOption(spec.choices ? option.choices(spec.choices) : option);
  }
  if (module.passesOptions) {
    // Commander wants the parent to be strict about places, too.
    command.parent?.enablePositionalOptions();
    command.passThroughOptions();
  }
  if (module.details) command.description(`${module.describe}\n\n${module.details}`);
  const lines = exampleLines(module.examples, program, context.stdout.columns);
  if (lines.length > 0) command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
  return command.action(async () => {
    done(
      await module.run({
        args: command.processedArgs.flat().filter(isText),
        options: command.opts(),
      }, context),
    );
  });
}

/** Examples with their meanings beside them, or below each where that is too wide. */
function exampleLines(examples: readonly Example[], program: string, columns: number): string[] {
  const typed = examples.map((example) => `${program} ${example.command}`.trimEnd());
  const width = Math.max(0, ...typed.map((text) => text.length));
  const beside = examples.every(({ meaning }) => 2 + width + 2 + meaning.length <= columns);
  return examples.flatMap(({ meaning }, i) =>
    beside
      ? [`  ${(typed[i] ?? "").padEnd(width)}  ${meaning}`]
      : [`  ${typed[i]}`, `      ${meaning}`]
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Commander's settings that make its messages ours. Subcommands inherit them. */
function dress(command: Command, context: CommandContext): Command {
  return command
    .exitOverride()
    .showSuggestionAfterError()
    .allowExcessArguments(false)
    .configureHelp({ helpWidth: context.stdout.columns, showGlobalOptions: false })
    .helpOption("-h, --help", "Show this help")
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      // `main` writes errors, from the exception.
      outputError: () => {},
      getOutHasColors: () => context.stdout.color,
      getErrHasColors: () => context.stderr.color,
    });
}

/** The name of the command in `args`: the first word that is no option, or the one after `help`. */
function wantedName(args: readonly string[]): string | undefined {
  const words = args.filter((arg) => !arg.startsWith("-"));
  return words[0] === "help" ? words[1] : words[0];
}

/** `help NAME` of what is no command is answered as `NAME` is: commander writes all of the help. */
function withoutVainHelp(args: readonly string[], known: readonly string[]): readonly string[] {
  const [first, name] = args;
  const isVain = first === "help" && name !== undefined && !name.startsWith("-") &&
    !known.includes(name);
  return isVain ? [name] : args;
}

/**
 * Runs mvgal.
 *
 * @param args what follows the program's name.
 * @param context where output goes.
 * @param program the name under which the executable was started: `mvgal`, `mvgal-info`, ….
 * @returns the exit status: 0 done, 1 could not be done, 2 wrong usage.
 */
export async function main(
  args: readonly string[],
  context: CommandContext,
  program: string = "mvgal",
): Promise<number> {
  let status = 0;
  const done = (value: number) => status = value;
  const linked = commandOfProgram(program);
  const title = linked ? program : "mvgal";
  try {
    if (MISSING_LINKS.includes(program) && !args.some((arg) => ALWAYS_ANSWERED.includes(arg))) {
      const links = COMMANDS.flatMap((row) => row.links).join(", ");
      throw new Error(`mvgal ${VERSION} has no ${program} yet: of its links it has ${links}`);
    }
    const root = dress(new Command(title), context)
      .version(`mvgal ${VERSION}`, "-V, --version", "Show the version");
    if (linked) {
      const module = await linked.load();
      fill(root.description(linked.describe), withoutName(module), context, title, done);
    } else {
      root.description(DESCRIPTION).usage("<command> [options]").helpCommand(
        "help [command]",
        "Show help for a command",
      );
      const wanted = wantedName(args);
      for (const row of COMMANDS) {
        const command = dress(new Command(row.name), context).description(row.describe);
        root.addCommand(command);
        if (row.name === wanted) fill(command, await row.load(), context, title, done);
      }
      const hidden = HIDDEN_COMMANDS.find((row) => row.name === wanted);
      if (hidden !== undefined) {
        const command = dress(new Command(hidden.name), context);
        root.addCommand(command, { hidden: true });
        fill(command, await hidden.load(), context, title, done);
      }
    }
    const known = ["help", ...root.commands.map((command) => command.name())];
    await root.parseAsync(linked ? args : withoutVainHelp(args, known), { from: "user" });
    return status;
  } catch (error) {
    return report(error, context, title);
  }
}

/** For a linked name, `mvgal-info --json` is what to type and not `mvgal-info info --json`. */
function withoutName(module: CommandModule): CommandModule {
  const strip = (command: string) => command.replace(new RegExp(`^${module.name} ?`), "");
  return {
    ...module,
    run: module.run.bind(module),
    examples: module.examples.map((example) => ({ ...example, command: strip(example.command) })),
  };
}

/**
 * What an error says, in one line. What was typed is repeated in it: line breaks in wrong usage are of that, but
 * for those of commander before its suggestions.
 */
function lineOf(error: unknown, isUsage: boolean): string {
  const text = (error instanceof Error ? error.message : String(error)).replace(/^error: /, "");
  const own = isUsage ? /\n(?=\(Did you mean )/g : /\s*\n\s*/g;
  return escaped(text.trim().replaceAll(own, " "));
}

/** Writes an error as one line and returns the exit status that goes with it. */
function report(error: unknown, context: CommandContext, program: string): number {
  // The reader of our output has gone (`mvgal info | head -1`). It has what it wanted.
  if (error instanceof Deno.errors.BrokenPipe) return 0;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // `mvgal` alone: commander has written the help to stderr already.
    if (error.code === "commander.help") return EXIT_USAGE;
  }
  const usage = error instanceof UsageError || error instanceof GpuSelectorError ||
    error instanceof CommanderError;
  const text = lineOf(error, usage);
  const hint = error instanceof CommanderError && !text.includes("(Did you mean")
    ? ` (see ${program} --help)`
    : "";
  try {
    context.stderr.write(`${program}: ${text}${hint}\n`);
    if (context.env("MVGAL_DEBUG") === "1" && error instanceof Error && error.stack) {
      context.stderr.write(`${error.stack}\n`);
    }
  } catch {
    // Nobody reads stderr either: the exit status is all that is left to say it with.
  }
  return usage ? EXIT_USAGE : 1;
}
