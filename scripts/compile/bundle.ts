/**
 * One script of the whole program.
 *
 * @module
 */

/** What Deno printed, on one line, without its stack. */
export function firstWords(stderr: Uint8Array): string {
  const [words = ""] = new TextDecoder().decode(stderr).trim().split(/\n\s*\n/, 1);
  return words.replaceAll(/\s*\n\s*/g, ": ");
}

/**
 * Bundles `entry` and all that it imports into the one file `output`. It is not minified: code starts no
 * faster for it, packs only a few per cent smaller, and stack traces stay readable.
 *
 * @throws {Error} with Deno's words where it fails.
 */
export function bundle(entry: string, output: string): void {
  const { code, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform=deno", `--output=${output}`, entry],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).outputSync();
  if (code === 0) return;
  throw new Error(`cannot bundle ${entry}: ${firstWords(stderr)}`);
}
