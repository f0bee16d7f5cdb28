// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * Regenerates everything that is generated. Each generator can also be run by itself.
 *
 * @module
 */

import { join } from "node:path";

const GENERATORS: readonly string[] = [
  "gen_vulkan.ts",
  "gen_pci_ids.ts",
  "gen_config.ts",
  "gen_session_header.ts",
];

let failed = 0;
for (const generator of GENERATORS) {
  const args = ["run", "-A", join(import.meta.dirname ?? ".", generator)];
  const { success } = new Deno.Command(Deno.execPath(), {
    args,
    stdout: "inherit",
    stderr: "inherit",
  })
    .outputSync();
  if (!success) {
    console.error(`${generator} failed`);
    failed++;
  }
}
Deno.exit(failed === 0 ? 0 : 1);
