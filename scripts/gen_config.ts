/**
 * Writes packaging/mvgal.conf and the reference in docs/configuration.md.
 *
 *     deno run -A scripts/gen_config.ts
 *
 * @module
 */

import { join } from "node:path";
import { defaultConfigFile, withReference } from "./config/reference.ts";

const ROOT = join(import.meta.dirname ?? ".", "..");

if (import.meta.main) {
  Deno.writeTextFileSync(join(ROOT, "packaging/mvgal.conf"), defaultConfigFile());
  const document = join(ROOT, "docs/configuration.md");
  Deno.writeTextFileSync(document, withReference(Deno.readTextFileSync(document)));
}
