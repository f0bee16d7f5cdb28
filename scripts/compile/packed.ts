/**
 * The single file by `shims/launcher`: what goes into it, and what it remembers of its own starts.
 *
 * @module
 */

import { join } from "node:path";
import type { BuiltLauncher } from "./build_launcher.ts";
import { pack, type PackedFile, packFile, type Payload, writeExecutable } from "./pack.ts";
import { HIDDEN_PREFIXES, MASKED_ARGV0, RUNTIME_ARGS, RUNTIME_ENV, SCRIPT_FD } from "./runtime.ts";
import { freezeState } from "./state.ts";

/** What the single file is made of. */
export interface Ingredients {
  readonly launcher: BuiltLauncher;
  /** The Deno executable, packed. */
  readonly runtime: PackedFile;
  /** Path of the bundled script. */
  readonly script: string;
  /** Files that it carries: their names in it, such as `shims/libmvgal_host.so`, and their paths. */
  readonly assets: readonly { readonly name: string; readonly path: string }[];
}

/**
 * Starts whose modules and code are worth remembering; they touch no device.
 *
 * @param empty an empty directory.
 */
function usualStarts(empty: string): string[][] {
  return [
    ["--version"],
    ["--help"],
    ["info", "--sysroot", empty],
    ["info", "--json", "--sysroot", empty],
    ["bench", "--help"],
  ];
}

/** How long one of them may take, in milliseconds. */
const START_TIMEOUT = 60_000;

/** Preloaded into them. */
const LINGER = join(import.meta.dirname ?? ".", "linger.mjs");

function payloadOf(parts: Ingredients, state: readonly PackedFile[]): Payload {
  return {
    files: [
      parts.runtime,
      packFile(
        { role: "script", name: "mvgal.js", mode: 0o400 },
        Deno.readFileSync(parts.script),
      ),
      ...parts.assets.map(({ name, path }) =>
        packFile({ role: "asset", name, mode: 0o400 }, Deno.readFileSync(path))
      ),
      packFile(
        { role: "preload", name: "noproc.so", mode: 0o400 },
        Deno.readFileSync(parts.launcher.preload),
      ),
      ...state,
    ],
    args: RUNTIME_ARGS,
    env: RUNTIME_ENV,
    hide: HIDDEN_PREFIXES,
    mask: MASKED_ARGV0,
    scriptFd: SCRIPT_FD,
  };
}

/** Runs the usual starts of an executable that has no state yet, and returns the state that Deno made. */
async function gatherState(parts: Ingredients, scratch: string): Promise<PackedFile[]> {
  const executable = join(scratch, "mvgal");
  const cache = join(scratch, "cache");
  const payload = payloadOf(parts, []);
  const args = ["run", `--preload=${LINGER}`, ...payload.args.slice(1)];
  const { parts: bytes, hash } = pack(Deno.readFileSync(parts.launcher.launcher), {
    ...payload,
    args,
  });
  writeExecutable(executable, bytes);
  const empty = join(scratch, "empty");
  Deno.mkdirSync(empty);
  for (const start of usualStarts(empty)) {
    // What it prints and returns does not matter: a command may not be there yet.
    await new Deno.Command(executable, {
      args: start,
      env: { XDG_CACHE_HOME: cache },
      stdin: "null",
      stdout: "null",
      stderr: "null",
      signal: AbortSignal.timeout(START_TIMEOUT),
    }).output();
  }
  const frozen = join(scratch, "frozen");
  Deno.mkdirSync(frozen);
  return freezeState(join(cache, "mvgal", hash, "deno"), frozen).map(({ name, content }) =>
    // Writable: SQLite is to open it as it does any, and be ignored.
    packFile({ role: "state", name: `deno/${name}`, mode: 0o600 }, content)
  );
}

/**
 * Writes the single file.
 *
 * @returns the files that are in it, the size in bytes, and where there is no state why.
 */
export async function writePacked(
  parts: Ingredients,
  output: string,
): Promise<{ files: readonly PackedFile[]; size: number; stateless?: string }> {
  let state: PackedFile[] = [];
  let stateless: string | undefined;
  const scratch = Deno.makeTempDirSync({ prefix: "mvgal-compile-" });
  try {
    state = await gatherState(parts, scratch);
  } catch (error) {
    stateless = error instanceof Error ? error.message : String(error);
  } finally {
    Deno.removeSync(scratch, { recursive: true });
  }
  const payload = payloadOf(parts, state);
  const bytes = pack(Deno.readFileSync(parts.launcher.launcher), payload).parts;
  writeExecutable(output, bytes);
  const size = bytes.reduce((sum, part) => sum + part.length, 0);
  return { files: payload.files, size, ...(stateless === undefined ? {} : { stateless }) };
}
