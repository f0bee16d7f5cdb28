/**
 * The OpenCL shim as its Makefile builds it, with sanitizers too, and its objects for programs of a test's own.
 *
 * @module
 */

import { join } from "node:path";
import { compiler } from "../../fakes/cc.ts";

const ROOT = join(import.meta.dirname ?? ".", "..", "..", "..");
const SHIMS = join(ROOT, "shims");

/** Flags of what is to run with sanitizers: compiler and linker take them. */
export const SANITIZERS: readonly string[] = [
  "-g",
  "-O1",
  "-fsanitize=address,undefined",
  "-fno-sanitize-recover=undefined",
];

/** How it is built. */
export type Build = "plain" | "sanitized";

const DIRECTORIES: Readonly<Record<Build, string>> = {
  plain: join(ROOT, "build", "shims"),
  sanitized: join(ROOT, "build", "tests", "sanitized"),
};

const built = new Set<string>();

/** @throws {Error} with the compiler's messages where it refuses. */
function make(how: Build, targets: readonly string[]): void {
  const wanted = targets.filter((target) => !built.has(target));
  if (wanted.length === 0) return;
  const flags = SANITIZERS.join(" ");
  const variables = [
    `BUILD=${DIRECTORIES[how]}`,
    `CC=${compiler}`,
    // The headers are missed by the files that need them.
    "opencl_headers=found",
    ...how === "sanitized" ? [`CFLAGS=${flags}`, `LDFLAGS=${flags}`] : [],
  ];
  const { success, stderr } = new Deno.Command("make", {
    args: ["-s", "-C", SHIMS, `-j${navigator.hardwareConcurrency}`, ...variables, ...wanted],
    stdout: "null",
    stderr: "piped",
  }).outputSync();
  if (!success) throw new Error(`make: ${new TextDecoder().decode(stderr)}`);
  for (const target of wanted) built.add(target);
}

/** Objects of parts of the shim, by their directories: `opencl`, `opencl/analysis`, `session`. */
export function objects(how: Build, parts: readonly string[]): string[] {
  const targets = parts.flatMap((part) =>
    [...Deno.readDirSync(join(SHIMS, part))].map(({ name }) => name)
      .filter((name) => name.endsWith(".c")).sort()
      .map((name) => join(DIRECTORIES[how], "obj", "opencl", part, name.replace(/c$/, "o")))
  );
  make(how, targets);
  return targets;
}

/** The shim, or the loader that shows it alone: `opencl_loader`, and `opencl_name`. */
export function library(how: Build, name = "opencl"): string {
  const target = join(DIRECTORIES[how], `libmvgal_${name}.so`);
  make(how, [target]);
  return target;
}
