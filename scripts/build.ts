// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * Builds the C shims with `shims/Makefile` into `build/shims`, and the dashboard of `lib/daemon/web` into
 * `build/web`; what is up to date is left alone.
 *
 *     deno run -A scripts/build.ts [--strict]
 *
 * mvgal runs without its shims and its dashboard, so a host without a C compiler, or with one that cannot build them, is told
 * in a line and the exit status is 0. With `--strict`, warnings are errors and what does not build makes
 * the exit status 1.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildWeb } from "./build/web.ts";
import { hasCommand, thisHost } from "./setup/probe.ts";

/** What came of a build. */
type Outcome =
  | { state: "built"; output: string }
  | { state: "no tools"; reason: string }
  | { state: "failed"; output: string };

/** The compiler to build with: `CC`, or the first of the usual names. */
function compiler(): string | null {
  const host = thisHost();
  const chosen = host.env["CC"];
  if (chosen !== undefined && chosen !== "") return chosen;
  return ["cc", "gcc", "clang"].find((name) => hasCommand(host, name)) ?? null;
}

function build(shims: string, strict: boolean): Outcome {
  const cc = compiler();
  if (cc === null) return { state: "no tools", reason: "no C compiler (cc, gcc or clang) on PATH" };
  if (!hasCommand(thisHost(), "make")) return { state: "no tools", reason: "no make on PATH" };

  const { code, stdout, stderr } = new Deno.Command("make", {
    args: [
      "--no-print-directory",
      "--silent",
      "--keep-going",
      `--jobs=${navigator.hardwareConcurrency}`,
      `--directory=${shims}`,
      `CC=${cc}`,
      ...(strict ? [] : ["WERROR="]),
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).outputSync();
  const decoder = new TextDecoder();
  const output = (decoder.decode(stdout) + decoder.decode(stderr)).trimEnd();
  return { state: code === 0 ? "built" : "failed", output };
}

/** Says what came of the dashboard; the exit status. */
function buildDashboard(root: string, strict: boolean): number {
  const outcome = buildWeb(join(root, "lib/daemon/web"), join(root, "build/web"));
  switch (outcome.state) {
    case "up to date":
      console.log("build: the dashboard is up to date");
      return 0;
    case "built":
      for (const { name, bytes } of outcome.files) {
        console.log(`build: build/web/${name}: ${(bytes / 1e3).toFixed(1)} kB`);
      }
      return 0;
    case "failed":
      console.log(`build: no dashboard: ${outcome.reason}; the service runs without it`);
      return strict ? 1 : 0;
  }
}

function main(): number {
  const { values } = parseArgs({ args: Deno.args, options: { strict: { type: "boolean" } } });
  const root = join(import.meta.dirname ?? ".", "..");
  const strict = values.strict ?? false;
  return Math.max(buildShims(join(root, "shims"), strict), buildDashboard(root, strict));
}

/** Says what came of the shims; the exit status. */
function buildShims(shims: string, strict: boolean): number {
  const outcome = build(shims, strict);
  switch (outcome.state) {
    case "built":
      console.log(outcome.output === "" ? "build: shims are up to date" : outcome.output);
      return 0;
    case "no tools":
      console.log(`build: shims are not built: ${outcome.reason}; mvgal runs without them`);
      return 0;
    case "failed":
      console.log(outcome.output);
      console.log(
        strict
          ? "build: a shim did not compile"
          : "build: a shim did not compile; mvgal runs without it",
      );
      return strict ? 1 : 0;
  }
}

if (import.meta.main) Deno.exit(main());
