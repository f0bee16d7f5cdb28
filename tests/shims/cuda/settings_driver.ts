/**
 * Compiles `settings_driver.c` with what it asks, and runs it.
 *
 * @module
 */

import { join } from "node:path";
import { compile } from "../../fakes/cc.ts";

const here = import.meta.dirname ?? ".";
const shim = join(here, "..", "..", "..", "shims", "cuda");

/** Libraries of the compiler that the sanitized driver needs. */
export const SANITIZERS = ["libasan.so", "libubsan.so"];

/** The driver; `sanitize` is what `-fsanitize=` takes. */
export function settingsDriver(sanitize?: string): string {
  const sources = ["settings.c", "limit_text.c"].map((name) => join(shim, name));
  return compile({
    name: "settings_driver",
    source: { file: join(here, "settings_driver.c") },
    args: [
      `-I${shim}`,
      ...sources,
      "-O1",
      "-g",
      "-pthread",
      ...(sanitize === undefined ? [] : [
        `-fsanitize=${sanitize}`,
        "-fno-sanitize-recover=all",
        "-fno-omit-frame-pointer",
      ]),
    ],
    includes: [...sources, join(shim, "settings.h"), join(shim, "limit_text.h")],
  });
}

/** What the driver wrote. */
export interface DriverOutput {
  lines: string[];
  stderr: string;
}

/** Runs the driver with this environment alone. */
export async function runDriver(
  driver: string,
  args: string[],
  { env = {}, stdin = "" }: { env?: Record<string, string>; stdin?: string } = {},
): Promise<DriverOutput> {
  const child = new Deno.Command(driver, {
    args,
    env,
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const written = writer.write(new TextEncoder().encode(stdin)).then(() => writer.close());
  const [{ success, stdout, stderr }] = await Promise.all([child.output(), written]);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`settings_driver ${args.join(" ")}: ${text(stderr)}`);
  return { lines: text(stdout).split("\n").slice(0, -1), stderr: text(stderr) };
}
