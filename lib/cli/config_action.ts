/**
 * What the actions of `mvgal config` have in common.
 *
 * @module
 */

import { type ConfigPath, type ConfigSearch, findConfig } from "../config/config_file.ts";
import { configValues, formatProblem, type ReadConfig } from "../config/config.ts";
import type { RunningService } from "../config/running.ts";
import { type CommandContext, type CommandInput, flag, UsageError, value } from "./command.ts";
import type { ConfigHost } from "./config_host.ts";

/** What an action gets. */
export interface ConfigAction {
  readonly input: CommandInput;
  readonly context: CommandContext;
  readonly host: ConfigHost;
  /** What was typed behind the action. */
  readonly args: readonly string[];
}

/** How the file is found. */
export function searchOf({ input, context, host }: ConfigAction): ConfigSearch {
  const option = value(input, "config");
  return { ...host.search, env: context.env, option };
}

/** Which file it is. */
export function pathOf(action: ConfigAction): ConfigPath {
  return findConfig(searchOf(action));
}

/** Runs `body` with the service; with undefined where none runs, or `--direct` leaves it alone. */
export async function withService<T>(
  { host, context, input }: ConfigAction,
  body: (service: RunningService | undefined) => T | Promise<T>,
): Promise<T> {
  if (flag(input, "direct")) return await body(undefined);
  using service = await host.findService(context.env);
  return await body(service);
}

/** Warnings and errors of a file, a line each, to stderr. */
export function tellProblems(
  { context }: ConfigAction,
  file: string,
  { problems }: ReadConfig,
): void {
  for (const problem of problems) context.stderr.write(`${formatProblem(file, problem)}\n`);
}

/** The configuration as a JSON document, `mvgal.config/1`. */
export function configDocument(path: string | null, read: ReadConfig): Record<string, unknown> {
  return {
    schema: "mvgal.config/1",
    path,
    valid: read.valid,
    values: configValues(read.config),
    given: Object.fromEntries(read.given),
    problems: read.problems,
  };
}

/** Prints a JSON document. */
export function printJson({ context }: ConfigAction, document: unknown): number {
  context.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  return 0;
}

/** The only argument, or one of several. */
export function argument({ args }: ConfigAction, index: number, what: string): string {
  const given = args[index];
  if (given === undefined) throw new UsageError(`${what} is missing (see mvgal config --help)`);
  return given;
}
