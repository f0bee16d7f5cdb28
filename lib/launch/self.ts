/**
 * This executable as others see it: its name, how to start it again, where the files are that it carries.
 *
 * Importing this module removes the launcher's variables from the environment and puts back those that it hid
 * from Deno, so that programs started later see what the user set. `main.ts` is to import it.
 *
 * Where /proc is not mounted `Deno.execPath()` ends the process unless the launcher prepared it; use
 * {@linkcode selfCommand}.
 *
 * @module
 */

import { closeOnExec } from "./descriptors.ts";
import { type Handover, readHandover } from "./handover.ts";
import { assetPlace, commandOf, nameOf, type Origin, originOf, shimPlaces } from "./origin.ts";

/** Takes what the launcher left in the environment and in open descriptors. */
function takeHandover(): Handover | null {
  const { handover, remove, restore } = readHandover(Deno.env.toObject());
  for (const name of remove) Deno.env.delete(name);
  for (const [name, value] of Object.entries(restore)) Deno.env.set(name, value);
  if (handover !== null && handover.descriptors.size > 0) {
    closeOnExec(handover.descriptors.values());
  }
  return handover;
}

const origin: Origin = originOf({
  handover: takeHandover(),
  standalone: Deno.build.standalone,
  module: import.meta.filename ?? "",
});

/** The first argument of this process, as the kernel has it. */
function readArgv0(): string | undefined {
  try {
    return Deno.readTextFileSync("/proc/self/cmdline").split("\0", 1)[0];
  } catch {
    return undefined;
  }
}

/**
 * The last component of the name under which the executable was started: `mvgal`, or that of a link to it
 * such as `mvgal-info`. When Deno runs it from source, `mvgal`.
 */
export function programName(): string {
  return nameOf(origin, origin.kind === "standalone" ? readArgv0() : undefined);
}

/**
 * The command that starts this same mvgal again, to be followed by its arguments: `["/usr/bin/mvgal"]`, or
 * Deno with its arguments when it runs from source.
 *
 * @throws {Error} where the file that it was started from is no longer there.
 */
export function selfCommand(): string[] {
  return commandOf(origin, Deno.execPath);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/**
 * Finds the shim `libmvgal_<name>.so`: in the directory `MVGAL_SHIM_DIR`, else in the executable's own files,
 * or in `build/shims` when it runs from source.
 *
 * The path is good for {@linkcode Deno.dlopen} and for reading in this process. Other processes may not be
 * able to open it (it may name one of this process's descriptors, or a file inside the executable): copy the
 * file for them.
 *
 * @param name the shim's, such as `host`.
 * @returns its absolute path, or undefined where it is in none of these places.
 */
export function shimPath(name: string): string | undefined {
  return shimPlaces(origin, `libmvgal_${name}.so`, Deno.env.get("MVGAL_SHIM_DIR")).find(isFile);
}

/**
 * Finds a file that the executable carries, or that `scripts/build.ts` has made when it runs from source.
 *
 * The path is good for reading in this process.
 *
 * @param name its directory and its name, as they are in `build/`: `web/dashboard.js`.
 * @returns its absolute path, or undefined where it is not there.
 */
export function assetPath(name: string): string | undefined {
  const place = assetPlace(origin, name);
  return place !== undefined && isFile(place) ? place : undefined;
}

/**
 * Whether the files that the executable carries lie where other programs can open them, and stay there: so it
 * is when it runs from source, and in the directory of `MVGAL_SHIM_DIR`.
 */
export function hasPlainFiles(path: string): boolean {
  const override = Deno.env.get("MVGAL_SHIM_DIR");
  return origin.kind === "source" || origin.kind === "script" ||
    (override !== undefined && override !== "" && path.startsWith(override));
}
