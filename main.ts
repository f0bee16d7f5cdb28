/**
 * The executable: picks the command, nothing more.
 *
 * @module
 */

import { main } from "./lib/cli/program.ts";
import { hostContext } from "./lib/cli/terminal.ts";
import { programName } from "./lib/launch/self.ts";

if (import.meta.main) {
  // Exits at once: vendor libraries that stay loaded have threads that would hold the process.
  Deno.exit(await main(Deno.args, hostContext(), programName()));
}
