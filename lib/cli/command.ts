/**
 * The interface of a command: one file each in this directory, and one line in the table in
 * `commands.ts`.
 *
 * @module
 */

/** An option, in commander's notation. */
export interface OptionSpec {
  /** `--json`, `-j, --json`, `--gpu <selector>`, `--json [file]`. */
  readonly flags: string;
  readonly describe: string;
  /** The only values that are accepted, also offered by shell completion. */
  readonly choices?: readonly string[];
  /** What a shell should complete for the option's value. */
  readonly completes?: "file" | "directory" | "gpu";
  /** Whether the option may be given again and again: see {@linkcode values}. */
  readonly repeatable?: boolean;
}

/** A positional argument, in commander's notation. */
export interface ArgumentSpec {
  /** `<file>`, `[file]`, `[suite...]`. */
  readonly syntax: string;
  readonly describe: string;
  readonly choices?: readonly string[];
  /** Values that shell completion offers, though others are accepted. */
  readonly suggests?: readonly string[];
  readonly completes?: "file" | "directory";
}

/** A line for `--help`: what to type, and what it does. */
export interface Example {
  /** Everything after the program's name: `info --json`. */
  readonly command: string;
  readonly meaning: string;
}

/** What was typed after the command's name. */
export interface CommandInput {
  /** Positional arguments in order. */
  readonly args: readonly string[];
  /** Options by their long name in camel case (`json`, `dryRun`); absent where not given. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A stream to write to. Writes are complete when they return. */
export interface Output {
  /** Whether a person looks at it. */
  readonly isTerminal: boolean;
  /** Whether escape sequences for colour may be written (a terminal, and NO_COLOR not set). */
  readonly color: boolean;
  /** Width in columns: the terminal's, 80 elsewhere. */
  readonly columns: number;
  write(data: string | Uint8Array): void;
}

/** What a command may use of the world around it. Tests pass their own. */
export interface CommandContext {
  readonly stdout: Output;
  readonly stderr: Output;
  /** An environment variable; undefined where it is unset or empty. */
  env(name: string): string | undefined;
}

/** A command of mvgal. */
export interface CommandModule {
  readonly name: string;
  /** One line for the list of commands; no full stop. */
  readonly describe: string;
  /** Paragraphs for the command's own `--help`, below the first line. */
  readonly details?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  readonly examples: readonly Example[];
  /** Whether all from the first argument on is another program's: options there are not mvgal's. */
  readonly passesOptions?: boolean;
  /**
   * Does it. Returns the exit status: 0 done, 1 could not be done.
   *
   * @throws {UsageError} where what was typed makes no sense; `mvgal` then exits with 2. Any other
   * exception is shown as one line, and `mvgal` exits with 1.
   */
  run(input: CommandInput, context: CommandContext): number | Promise<number>;
}

/** What was typed cannot be meant: exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Whether an option without a value was given. */
export function flag(input: CommandInput, name: string): boolean {
  return input.options[name] === true;
}

/** The value of an option that takes one; undefined where the option was not given. */
export function value(input: CommandInput, name: string): string | undefined {
  const given = input.options[name];
  return typeof given === "string" ? given : undefined;
}

/** The values of an option that may be given again and again, in order. */
export function values(input: CommandInput, name: string): string[] {
  const given = input.options[name];
  return Array.isArray(given) ? given.filter((each) => typeof each === "string") : [];
}
