/**
 * Becoming the program that was asked for.
 *
 * mvgal does not stay: the program has its pid, its terminal, its signals and its exit status, and no memory
 * of ours beside it.
 *
 * @module
 */

import { becomeProgram } from "../../ffi/exec.ts";
import type { Variables } from "./environment.ts";

/** Names of errors of execve(2) that people meet, and what is wrong then. */
const REASONS: Readonly<Record<number, string>> = {
  7: "the arguments and the environment are too long (E2BIG)",
  8: "it is no program for this host (ENOEXEC): a script begins with #!",
  13: "it may not be executed (EACCES)",
  2: "the interpreter that it names is not there (ENOENT)",
};

/** The last arguments of this process as they are, which need not be UTF-8; undefined where they are others. */
function rawArguments(args: readonly string[]): Uint8Array[] | undefined {
  if (args.length === 0) return [];
  try {
    const bytes = Deno.readFileSync("/proc/self/cmdline");
    const all: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = bytes.indexOf(0, at);
      all.push(bytes.slice(at, end < 0 ? bytes.length : end));
      at = (end < 0 ? bytes.length : end) + 1;
    }
    const own = all.slice(-args.length);
    const decoder = new TextDecoder();
    return own.every((each, i) => decoder.decode(each) === args[i]) ? own : undefined;
  } catch {
    return undefined;
  }
}

/** Soft limit of open files of the process that started this one: Deno has raised its own. */
function parentOpenFiles(): number | undefined {
  try {
    const limits = Deno.readTextFileSync(`/proc/${Deno.ppid}/limits`);
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/**
 * Becomes a program. Returns only where that cannot be.
 *
 * @param path of the program.
 * @param command what was typed: its name and its arguments.
 * @returns why not, in one line.
 */
export function startProgram(
  path: string,
  command: readonly string[],
  variables: Variables,
): string {
  for (const [name, value] of variables) Deno.env.set(name, value);
  const openFiles = parentOpenFiles();
  const code = becomeProgram(path, rawArguments(command) ?? command, {
    ...(openFiles !== undefined && { openFiles }),
  });
  return `cannot start ${path}: ${REASONS[code] ?? `error ${code} of execve(2)`}`;
}
