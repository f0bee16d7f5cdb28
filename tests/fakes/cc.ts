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

/** Flags that all is compiled with. */
const FLAGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror"];

/** From so many files on they are compiled one by one, side by side. */
const MANY = 4;

function sumOf(parts: Iterable<string>): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 16);
}

function cc(name: string, command: string, args: readonly string[]): void {
  const { success, stderr } = new Deno.Command(command, {
    args: [...args],
    stdout: "null",
    stderr: "piped",
  }).outputSync();
  if (!success) throw new Error(`${name}: ${new TextDecoder().decode(stderr)}`);
}

/**
 * Objects of files that are compiled alike: those of an earlier compilation, and the others side by side.
 *
 * @throws {Error} with the compiler's messages where it refuses.
 */
function objectsOf(
  name: string,
  sources: readonly string[],
  flags: readonly string[],
  headers: readonly string[],
): string[] {
  const directory = join(root, "build", "tests", "objects");
  Deno.mkdirSync(directory, { recursive: true });
  const common = sumOf([compiler ?? "", ...flags, ...headers]);
  const objects = sources.map((source) =>
    join(directory, `${sumOf([common, source, Deno.readTextFileSync(source)])}.o`)
  );
  const missing = sources.map((source, i) => ({ source, object: objects[i] ?? "" }))
    .filter(({ object }) => !exists(object));
  if (missing.length === 0) return objects;
  // Renamed into place, so that two test processes never see half a file.
  const own = Deno.makeTempDirSync({ dir: directory });
  try {
    const list = join(own, "list");
    const entries = missing.flatMap(({ source }, i) => [source, "-o", join(own, `${i}.o`)]);
    Deno.writeTextFileSync(list, entries.map((entry) => `${entry}\0`).join(""));
    cc(name, "xargs", [
      ...["-0", "-a", list, "-n", "3", "-P", String(navigator.hardwareConcurrency)],
      ...[compiler ?? "cc", ...FLAGS, ...flags, "-c"],
    ]);
    missing.forEach(({ object }, i) => Deno.renameSync(join(own, `${i}.o`), object));
  } finally {
    Deno.removeSync(own, { recursive: true });
  }
  return objects;
}

/**
 * Compiles C, or takes what an earlier run compiled of the same source.
 *
 * @returns the path of the output, below `build/tests`. Not to be written to.
 * @throws {Error} with the compiler's messages where it refuses.
 */
export function compile({ name, source, args, includes = [] }: Compilation): string {
  const text = typeof source === "string" ? source : Deno.readTextFileSync(source.file);
  const included = includes.map((path) => Deno.readTextFileSync(path));
  const directory = join(
    root,
    "build",
    "tests",
    sumOf([compiler ?? "", ...args, text, ...included]),
  );
  const output = join(directory, name);
  if (exists(output)) return output;
  Deno.mkdirSync(directory, { recursive: true });
  const input = typeof source === "string" ? join(directory, `${name}.c`) : source.file;
  if (typeof source === "string") Deno.writeTextFileSync(input, source);
  const others = args.filter((arg) => arg.endsWith(".c"));
  const rest = args.filter((arg) => !arg.endsWith(".c"));
  let inputs = [...others, input];
  if (inputs.length >= MANY) {
    const flags = rest.filter((arg) => !/^(-l|-Wl,|-shared$)|\.(o|a|so)$/.test(arg));
    const headers = included.filter((_, i) => !includes[i]?.endsWith(".c"));
    inputs = objectsOf(name, inputs, flags, headers);
  }
  const temporary = Deno.makeTempFileSync({ dir: directory });
  try {
    cc(name, compiler ?? "cc", [...FLAGS, ...inputs, ...rest, "-o", temporary]);
  } catch (error) {
    // The linker has removed what it could not finish.
    if (exists(temporary)) Deno.removeSync(temporary);
    throw error;
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
