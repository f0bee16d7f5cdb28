/**
 * The Deno executable as a file of the payload.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { compress, type PackedFile, packFile } from "./pack.ts";

/** What the executable is called where it is unpacked: the name that `ps` and `top` show. */
export const RUNTIME_NAME = "mvgal";

/**
 * Flags of V8. The service stays on a host for months, and its heap would grow to three times of what it needs
 * before garbage is collected; commands that end soon do not notice.
 */
export const V8_FLAGS = "--v8-flags=--memory-saver-mode,--max-semi-space-size=4";

/** Deno's arguments: all that could make it look beyond the script is off. */
export const RUNTIME_ARGS: readonly string[] = [
  "run",
  "--allow-all",
  V8_FLAGS,
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  "--ext=mjs",
  "{script}",
];

/**
 * Deno's variables; `state.ts` makes what is to be in its directory. The node shim is a `node` that Deno would
 * put into the `PATH` of every program started. Without a home of its own Deno reads the user's `.npmrc`, also with
 * `--no-npm --no-config`, and ends where it cannot; programs that are started get the user's.
 */
export const RUNTIME_ENV: Readonly<Record<string, string>> = {
  DENO_DIR: "{dir}/deno",
  HOME: "{dir}",
  DENO_DISABLE_NODE_SHIM: "1",
  DENO_NO_UPDATE_CHECK: "1",
  DENO_NO_PACKAGE_JSON: "1",
};

/** What the user set for Deno and Node programs of their own. */
export const HIDDEN_PREFIXES: readonly string[] = ["DENO_", "NODE_", "OTEL_"];

/** Deno takes these for `deno x`, which would fetch and run a package. */
export const MASKED_ARGV0: readonly string[] = ["dx", "dnx", "denox"];

/** Above what people redirect by number, below the usual limit of 1024 open files. */
export const SCRIPT_FD = 1000;

/** The script's name as Deno sees it, which is the key of all that it caches. */
export const SCRIPT_URL = `file:///proc/self/fd/${SCRIPT_FD}`;

/**
 * Compresses an executable, or takes it from an earlier run: the same executable at the same level gives the
 * same bytes.
 *
 * @param level of zstd, 1 to 19.
 * @param directory where compressed executables are kept.
 */
export function packRuntime(executable: string, level: number, directory: string): PackedFile {
  const content = Deno.readFileSync(executable);
  const key = createHash("sha256").update(content).digest("hex").slice(0, 16);
  const path = join(directory, `${key}-${level}.zst`);
  let packed: Uint8Array;
  try {
    packed = Deno.readFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    packed = compress(content, level);
    Deno.mkdirSync(directory, { recursive: true });
    Deno.writeFileSync(`${path}.new`, packed);
    Deno.renameSync(`${path}.new`, path);
  }
  return packFile({ role: "runtime", name: RUNTIME_NAME, mode: 0o500 }, content, packed);
}
