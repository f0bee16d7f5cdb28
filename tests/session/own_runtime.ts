/**
 * A runtime directory for programs with shims that tests start: what they leave when they are killed goes with it,
 * and not into the host's.
 *
 * @module
 */

let made: string | undefined;

/** The directory of this process, made at the first call, and removed when the process ends. */
export function ownRuntime(): string {
  if (made !== undefined) return made;
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-runtime-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
  return made = directory;
}
