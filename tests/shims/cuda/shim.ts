/**
 * Parts of the CUDA shim, compiled with a C program that exercises them.
 *
 * @module
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { encodeGroup, type GroupLimit } from "../../../lib/session/group.ts";
import { makeSessionDirectories } from "../../../lib/session/directory.ts";
import { compile } from "../../fakes/cc.ts";

const ROOT = join(import.meta.dirname ?? ".", "../../..");
const SHIMS = join(ROOT, "shims");

/** Which sanitizers a program is built with: `-fsanitize=` of the compiler. */
export type Sanitizer = "address,undefined" | "thread";

/** The compiler's own libraries that a sanitizer needs. */
export const SANITIZER_LIBRARIES: Record<Sanitizer, readonly string[]> = {
  "address,undefined": ["libasan.so", "libubsan.so"],
  thread: ["libtsan.so"],
};

/** Files of a directory with an ending, sorted. */
function filesOf(directory: string, ending: string): string[] {
  return readdirSync(directory).filter((name) => name.endsWith(ending)).sort()
    .map((name) => join(directory, name));
}

/** Compiles a program of this directory with sources of `shims/cuda`, named without their ending. */
export function partsProgram(
  name: string,
  parts: readonly string[],
  sanitizer: Sanitizer | null,
): string {
  return compileWith(name, parts.map((part) => join(SHIMS, "cuda", `${part}.c`)), sanitizer);
}

function compileWith(
  name: string,
  sources: readonly string[],
  sanitizer: Sanitizer | null,
): string {
  const headers = ["cuda", "session", "include"].map((each) => join(SHIMS, each));
  return compile({
    name,
    source: { file: join(import.meta.dirname ?? ".", `${name}.c`) },
    args: [
      ...["-O1", "-g", "-pthread", ...headers.map((each) => `-I${each}`)],
      ...(sanitizer === null ? [] : [`-fsanitize=${sanitizer}`, "-fno-sanitize-recover=all"]),
      ...sources,
      "-ldl",
    ],
    includes: [...sources, ...headers.flatMap((each) => filesOf(each, ".h"))],
  });
}

/** Compiles a program of this directory with the whole shim in it, but for how functions are found. */
export function shimProgram(name: string, sanitizer: Sanitizer | null): string {
  const parts = filesOf(join(SHIMS, "cuda"), ".c").filter((path) => !path.endsWith("/resolve.c"));
  return compileWith(name, [...parts, ...filesOf(join(SHIMS, "session"), ".c")], sanitizer);
}

/** A runtime directory of a test's own, with a group in it. */
export class GroupDirectory implements Disposable {
  readonly path: string = Deno.makeTempDirSync();
  /** Of the group, `GROUP_NAME`. */
  readonly file: string = join(this.path, "groups", GROUP_NAME);

  constructor(limits: readonly GroupLimit[]) {
    makeSessionDirectories(this.path, null);
    Deno.writeFileSync(this.file, encodeGroup(limits));
  }

  /** What a program of the group has in its environment. */
  get env(): Record<string, string> {
    return { MVGAL_RUNTIME_DIR: this.path, MVGAL_GROUP: GROUP_NAME };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Name of the group in a {@linkcode GroupDirectory}. */
export const GROUP_NAME = "tests";
