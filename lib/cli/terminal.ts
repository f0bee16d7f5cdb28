/**
 * The process's own standard streams and environment, as a {@linkcode CommandContext}.
 *
 * @module
 */

import type { CommandContext, Output } from "./command.ts";
import { fileReason } from "./file_reason.ts";

interface Stream {
  writeSync(data: Uint8Array): number;
  isTerminal(): boolean;
}

/** Columns to assume where nobody says: what every terminal has. */
const DEFAULT_COLUMNS = 80;

function columnsOf(isTerminal: boolean): number {
  if (!isTerminal) return DEFAULT_COLUMNS;
  try {
    return Deno.consoleSize().columns || DEFAULT_COLUMNS;
  } catch {
    return DEFAULT_COLUMNS;
  }
}

/** What failed, by the stream's name: the error of the system names none. */
function named(error: unknown, name: string): unknown {
  // Who does not read on has what they wanted: nothing is said then.
  if (error instanceof Deno.errors.BrokenPipe || !(error instanceof Error)) return error;
  return new Error(`cannot write to ${name}: ${fileReason(error)}`, { cause: error });
}

function output(stream: Stream, name: string, env: CommandContext["env"]): Output {
  const isTerminal = stream.isTerminal();
  const encoder = new TextEncoder();
  return {
    isTerminal,
    // https://no-color.org: set and not empty, whatever its value.
    color: isTerminal && env("NO_COLOR") === undefined && env("TERM") !== "dumb",
    get columns() {
      return columnsOf(isTerminal);
    },
    write(data) {
      let rest = typeof data === "string" ? encoder.encode(data) : data;
      try {
        while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
      } catch (error) {
        throw named(error, name);
      }
    },
  };
}

/** The streams and the environment of this process. */
export function hostContext(): CommandContext {
  const env = (name: string) => Deno.env.get(name) || undefined;
  return {
    stdout: output(Deno.stdout, "standard output", env),
    stderr: output(Deno.stderr, "standard error", env),
    env,
  };
}
