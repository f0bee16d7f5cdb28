/**
 * The C compiler of this host, for tests that need one.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";

const root = join(import.meta.dirname ?? ".", "..", "..");

/** The compiler's command: `$CC`, or the first of `cc`, `gcc`, `clang` that runs; null for none. */
export const compiler: string | null = [Deno.env.get("CC"), "cc", "gcc", "clang"]
  .find((command): command is string => command !== undefined && command !== "" && runs(command)) ??
  null;

function runs(command: string): boolean {
  try {
    return new Deno.Command(command, { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

/** Whether the compiler finds a header. */
function hasHeader(header: string, args: readonly string[]): boolean {
  const { success } = new Deno.Command(compiler ?? "cc", {
    args: [...args, "-include", header, "-x", "c", "-fsyntax-only", "/dev/null"],
    stdout: "null",
    stderr: "null",
  }).outputSync();
  return success;
}

/** Whether the compiler has a library of its own: it prints the name alone of one that it has not. */
function hasLibrary(name: string): boolean {
  const { stdout } = new Deno.Command(compiler ?? "cc", { args: [`-print-file-name=${name}`] })
    .outputSync();
  return new TextDecoder().decode(stdout).startsWith("/");
}

/**
 * Declares a test that needs a C compiler, and perhaps headers of libraries or the compiler's own libraries
 * (sanitizers); where they are missing it is skipped by name.
 */
export function compilerTest(
  name: string,
  fn: () => void | Promise<void>,
  { headers = [], libraries = [], args = [] }: {
    headers?: readonly string[];
    libraries?: readonly string[];
    args?: readonly string[];
  } = {},
): void {
  const missing = compiler === null
    ? "C compiler"
    : headers.find((header) => !hasHeader(header, args)) ??
      libraries.find((library) => !hasLibrary(library));
  const ignore = missing !== undefined;
  Deno.test({ name: ignore ? `${name} (skipped: no ${missing})` : name, ignore, fn });
}

/** What to compile. */
export interface Compilation {
  /** Name of the output: `libcuda.so.1`. */
  name: string;
  /** C source, or the path of a file with it. */
  source: string | { file: string };
  /** Arguments of the compiler beside the source and the output. */
  args: readonly string[];
  /** Further files that the source includes, which make it another when they change. */
  includes?: readonly string[];
}

/**
 * Compiles C, or takes what an earlier run compiled of the same source.
 *
 * @returns the path of the output, below `build/tests`. Not to be written to.
 * @throws {Error} with the compiler's messages where it refuses.
 */
export function compile({ name, source, args, includes = [] }: Compilation): string {
  const text = typeof source === "string" ? source : Deno.readTextFileSync(source.file);
  const hash = createHash("sha256");
  for (
    const part of [
      compiler ?? "",
      ...args,
      text,
      ...includes.map((i) => Deno.readTextFileSync(i)),
    ]
  ) {
    hash.update(part).update("\0");
  }
  const directory = join(root, "build", "tests", hash.digest("hex").slice(0, 16));
  const output = join(directory, name);
  if (exists(output)) return output;
  Deno.mkdirSync(directory, { recursive: true });
  const temporary = Deno.makeTempFileSync({ dir: directory });
  const input = typeof source === "string" ? join(directory, `${name}.c`) : source.file;
  if (typeof source === "string") Deno.writeTextFileSync(input, source);
  const { success, stderr } = new Deno.Command(compiler ?? "cc", {
    args: ["-std=gnu11", "-Wall", "-Wextra", "-Werror", ...args, "-o", temporary, input],
    stdout: "null",
    stderr: "piped",
  }).outputSync();
  if (!success) {
    // The linker has removed what it could not finish.
    if (exists(temporary)) Deno.removeSync(temporary);
    throw new Error(`${name}: ${new TextDecoder().decode(stderr)}`);
  }
  Deno.chmodSync(temporary, 0o755);
  // Renamed into place, so that two test processes never see half a file.
  Deno.renameSync(temporary, output);
  return output;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
