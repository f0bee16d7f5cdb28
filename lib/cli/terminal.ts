/**
 * The process's own standard streams and environment, as a {@linkcode CommandContext}.
 *
 * @module
 */

import type { CommandContext, Output } from "./command.ts";

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

function output(stream: Stream, env: CommandContext["env"]): Output {
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
      while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
    },
  };
}

/** The streams and the environment of this process. */
export function hostContext(): CommandContext {
  const env = (name: string) => Deno.env.get(name) || undefined;
  return { stdout: output(Deno.stdout, env), stderr: output(Deno.stderr, env), env };
}
