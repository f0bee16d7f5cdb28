// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * Fails on import cycles and on imports in a direction that `imports/rules.ts` forbids.
 *
 *     deno run -A scripts/check_imports.ts [DIRECTORY]
 *
 * DIRECTORY is the repository's, by default the one that this script is in.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { findCycles, readImports, typescriptFiles } from "./imports/graph.ts";
import { findBreaches } from "./imports/rules.ts";

/** What is checked. */
const SOURCES = ["main.ts", "mod.ts", "lib", "ffi", "scripts", "tests"];

function main(): number {
  const root = resolve(Deno.args[0] ?? join(import.meta.dirname ?? ".", ".."));
  const files = SOURCES.flatMap((path) => typescriptFiles(root, path));
  const imports = readImports(root, files);

  const breaches = findBreaches(imports);
  for (const { edge, rule } of breaches) {
    console.error(
      `${edge.from}:${edge.line}: imports "${edge.specifier}": ${rule}`,
    );
  }
  const cycles = findCycles(imports);
  for (const cycle of cycles) console.error(`import cycle: ${cycle.join(" -> ")}`);

  const problems = breaches.length + cycles.length;
  if (problems === 0) console.log(`imports: ${files.length} files, no cycle, no wrong direction`);
  return problems === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(main());
