/**
 * The one runtime directory to which this user's programs write: the rule of `shims/session/place.c`.
 *
 * @module
 */

import { accessSync, constants } from "node:fs";
import { join, resolve } from "node:path";
import { HOST_DIRECTORY } from "./directory.ts";

/**
 * The directory below which this user's programs have their sessions and groups.
 *
 * @param uid of this process.
 * @param inner what is to be written to below it.
 * @returns undefined where there is none: neither variable is set, and the host's is not for this user.
 */
export function ownRuntimeDirectory(
  env: (name: string) => string | undefined,
  uid: number | null,
  inner: "sessions" | "groups",
): string | undefined {
  const chosen = env("MVGAL_RUNTIME_DIR");
  if (chosen !== undefined && chosen !== "") return resolve(chosen);
  if (uid === 0 || mayWrite(join(HOST_DIRECTORY, inner))) return HOST_DIRECTORY;
  const runtime = env("XDG_RUNTIME_DIR");
  return runtime === undefined || runtime === "" ? undefined : join(runtime, "mvgal");
}

function mayWrite(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
