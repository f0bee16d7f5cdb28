/**
 * `--sysroot` and `MVGAL_SYSROOT`.
 *
 * @module
 */

import { Sysroot } from "../sysfs/sysroot.ts";
import { type CommandContext, type CommandInput, value } from "./command.ts";

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/**
 * The root that the option `--sysroot` names, else the variable `MVGAL_SYSROOT`, else this host's.
 *
 * @throws where it is no directory.
 */
export function sysrootOf(input: CommandInput, context: CommandContext): Sysroot {
  const option = value(input, "sysroot");
  const directory = option ?? context.env("MVGAL_SYSROOT");
  if (directory === undefined) return new Sysroot();
  if (!isDirectory(directory)) {
    const from = option === undefined ? "MVGAL_SYSROOT" : "--sysroot";
    throw new Error(
      `${from} '${directory}' is no directory: unpack a dump there with tar -xf, or leave it out`,
    );
  }
  return new Sysroot(directory);
}
