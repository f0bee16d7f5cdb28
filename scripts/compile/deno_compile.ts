/**
 * The single file by `deno compile`, where Deno's compile runtime (`denort`) can be had.
 *
 * @module
 */

import { join } from "node:path";
import { firstWords } from "./bundle.ts";
import { V8_FLAGS } from "./runtime.ts";

/** Whether `deno compile` can run here, and where it has its runtime from. */
export type CompileRuntime =
  | { state: "ok"; source: string }
  | { state: "absent"; reason: string };

/** How long to wait for an answer of the download server, and for the download, in milliseconds. */
const PROBE_TIMEOUT = 5_000;
const COMPILE_TIMEOUT = 180_000;

/** The download that `deno compile` makes; `cli/standalone/binary.rs` of Deno. */
function downloadName(): string {
  return `denort-${Deno.build.target}.zip`;
}

/** Deno's cache directory. */
function denoDirectory(): string | undefined {
  const { code, stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] })
    .outputSync();
  if (code !== 0) return undefined;
  return (JSON.parse(new TextDecoder().decode(stdout)) as { denoDir?: string }).denoDir;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/**
 * Looks for the compile runtime: `DENORT_BIN`, Deno's cache, then the network. Takes a few seconds at most.
 */
export async function findCompileRuntime(): Promise<CompileRuntime> {
  const named = Deno.env.get("DENORT_BIN");
  if (named !== undefined && named !== "") {
    return isFile(named)
      ? { state: "ok", source: `DENORT_BIN=${named}` }
      : { state: "absent", reason: `DENORT_BIN=${named} is not a file` };
  }

  const path = `release/v${Deno.version.deno}/${downloadName()}`;
  const directory = denoDirectory();
  const cached = directory === undefined ? undefined : join(directory, "dl", path);
  if (cached !== undefined && isFile(cached)) return { state: "ok", source: cached };

  const url = `https://dl.deno.land/${path}`;
  try {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT);
    const { ok, status } = await fetch(url, { method: "HEAD", signal });
    return ok
      ? { state: "ok", source: url }
      : { state: "absent", reason: `${url}: HTTP ${status}` };
  } catch (error) {
    // fetch() says why in the cause.
    const { cause = error } = error instanceof Error ? error : {};
    const words = (cause instanceof Error ? cause.message : String(cause))
      .replace(/^error sending request for url \([^)]*\): /, "");
    return { state: "absent", reason: `${url} cannot be fetched: ${words}` };
  }
}

/**
 * Runs `deno compile`.
 *
 * @param script one script with all that it imports.
 * @param include directories that are embedded beside it.
 * @returns undefined when done, else why not.
 */
export async function denoCompile(
  script: string,
  include: readonly string[],
  output: string,
): Promise<string | undefined> {
  const { code, stderr, signal } = await new Deno.Command(Deno.execPath(), {
    args: [
      "compile",
      "--quiet",
      "--allow-all",
      V8_FLAGS,
      "--no-config",
      "--no-lock",
      "--no-remote",
      "--no-npm",
      ...include.map((directory) => `--include=${directory}`),
      `--output=${output}`,
      script,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(COMPILE_TIMEOUT),
  }).output();
  if (code === 0) return undefined;
  return signal === null
    ? `deno compile: ${firstWords(stderr)}`
    : `deno compile took over ${COMPILE_TIMEOUT} ms`;
}
