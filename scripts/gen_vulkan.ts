// deno-lint-ignore-file no-console
/**
 * Generates `ffi/vulkan/generated/` from the Khronos registry.
 *
 *     deno run -A scripts/gen_vulkan.ts [--check] [vk.xml]
 *
 * `--check` writes nothing and fails where the files differ from what would be written.
 *
 * @module
 */

import { emit, type Output } from "./vulkan/emit.ts";
import { readRegistry } from "./vulkan/registry.ts";
import {
  CHAINED_STRUCTS,
  CORE_COMMANDS,
  EXTENSION_COMMANDS,
  EXTRA_ENUMS,
} from "./vulkan/subset.ts";

/** Where Debian's and Fedora's packages put the registry. */
export const REGISTRY_PATH = "/usr/share/vulkan/registry/vk.xml";

const TARGET = new URL("../ffi/vulkan/generated/", import.meta.url);
const SUPPLEMENT = new URL("./vulkan/supplement.xml", import.meta.url);

/** What the files should hold, from the registry at `path` and the supplement. */
export function generate(path: string = REGISTRY_PATH): Output {
  const registry = readRegistry([Deno.readTextFileSync(path), Deno.readTextFileSync(SUPPLEMENT)]);
  return emit(registry, {
    coreCommands: CORE_COMMANDS,
    extensionCommands: EXTENSION_COMMANDS,
    structs: CHAINED_STRUCTS,
    enums: EXTRA_ENUMS,
  });
}

/** Names of the files that differ from `output`. */
export function staleFiles(output: Output): string[] {
  return [...output].filter(([name, content]) => {
    try {
      return Deno.readTextFileSync(new URL(name, TARGET)) !== content;
    } catch {
      return true;
    }
  }).map(([name]) => name);
}

if (import.meta.main) {
  const check = Deno.args.includes("--check");
  const output = generate(Deno.args.find((arg) => !arg.startsWith("--")));
  const stale = staleFiles(output);
  if (check && stale.length > 0) {
    console.error(`ffi/vulkan/generated is stale (${stale.join(", ")}): run deno task gen`);
    Deno.exit(1);
  }
  if (!check) {
    Deno.mkdirSync(TARGET, { recursive: true });
    for (const [name, content] of output) Deno.writeTextFileSync(new URL(name, TARGET), content);
  }
  console.log(`ffi/vulkan/generated: ${stale.length} of ${output.size} files changed`);
}
