/**
 * Building `shims/launcher` with the host's C compiler.
 *
 * @module
 */

import { isAbsolute, join } from "node:path";

/** What was built. */
export interface BuiltLauncher {
  /** The static program. */
  readonly launcher: string;
  /** The library for hosts without /proc. */
  readonly preload: string;
}

const SOURCES = join(import.meta.dirname ?? ".", "../../shims/launcher");

const WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror"];

/** The library that is loaded into the runtime, not linked into the launcher. */
const PRELOAD_SOURCE = "noproc.c";

/** The compiler's name: `CC` or `cc`. */
export function compiler(): string {
  return Deno.env.get("CC") || "cc";
}

function run(command: string, args: readonly string[]): { code: number; output: string } {
  const { code, stdout, stderr } = new Deno.Command(command, { args: [...args] }).outputSync();
  const decoder = new TextDecoder();
  return { code, output: (decoder.decode(stdout) + decoder.decode(stderr)).trim() };
}

/** What the compiler lacks for building the launcher, in words; undefined where nothing is missing. */
export function missingForLauncher(): string | undefined {
  try {
    for (
      const [library, what] of [["libc.a", "a static C library"], ["libzstd.a", "static zstd"]]
    ) {
      // The compiler prints the bare name where it does not find the file.
      const { code, output } = run(compiler(), [`-print-file-name=${library}`]);
      if (code !== 0 || !isAbsolute(output)) {
        return `${what} (${library}): install Debian's libc6-dev and libzstd-dev, or Fedora's glibc-static and libzstd-static`;
      }
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return `a C compiler (${compiler()}): install gcc, or name one in CC`;
  }
}

function compile(output: string, args: readonly string[]): string {
  const result = run(compiler(), [...WARNINGS, "-O2", "-g0", ...args, "-o", output]);
  if (result.code !== 0) throw new Error(`${compiler()} cannot build ${output}: ${result.output}`);
  return output;
}

/**
 * Builds the launcher and its preload library into `directory`.
 *
 * @param runtimeName what the runtime is called where it is unpacked.
 * @throws {Error} with the compiler's words where it fails.
 */
export function buildLauncher(directory: string, runtimeName: string): BuiltLauncher {
  const missing = missingForLauncher();
  if (missing !== undefined) throw new Error(`cannot build the launcher without ${missing}`);
  Deno.mkdirSync(directory, { recursive: true });
  const sources = Array.from(Deno.readDirSync(SOURCES), ({ name }) => name)
    .filter((name) => name.endsWith(".c") && name !== PRELOAD_SOURCE)
    .sort()
    .map((name) => join(SOURCES, name));
  return {
    launcher: compile(join(directory, "launcher"), [
      "-static",
      "-s",
      "-fstack-protector-strong",
      "-Wl,--gc-sections",
      ...sources,
      "-l:libzstd.a",
    ]),
    preload: compile(join(directory, "noproc.so"), [
      "-shared",
      "-fPIC",
      "-s",
      "-fvisibility=hidden",
      `-DRUNTIME="${runtimeName}"`,
      join(SOURCES, PRELOAD_SOURCE),
    ]),
  };
}
