/**
 * Where sessions and groups are.
 *
 * A program writes to the first that it can of: `MVGAL_RUNTIME_DIR` alone where that is set; `/run/mvgal`;
 * `$XDG_RUNTIME_DIR/mvgal`. `shims/session/place.c` has the same.
 *
 * @module
 */

import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
} from "node:fs";
import { join, resolve } from "node:path";

/** The host's own. */
export const HOST_DIRECTORY = "/run/mvgal";

/** Where users' own directories are (systemd's `pam_systemd(8)`). */
const USERS = "/run/user";

/** Directories in which there may be sessions. */
export interface RuntimeDirectories {
  /** The host's, and this user's. */
  own: string[];
  /**
   * Of other users, who may put links there while they are looked into: nothing is ever removed below
   * them.
   */
  foreign: string[];
}

/**
 * The directories in which there may be sessions for this user: root looks into those of all users.
 *
 * @param uid of this process.
 */
export function runtimeDirectories(
  env: (name: string) => string | undefined,
  uid: number | null,
): RuntimeDirectories {
  const chosen = env("MVGAL_RUNTIME_DIR");
  if (chosen !== undefined && chosen !== "") return { own: [resolve(chosen)], foreign: [] };
  const runtime = env("XDG_RUNTIME_DIR");
  const own = [HOST_DIRECTORY];
  if (uid !== 0 && runtime !== undefined && runtime !== "") own.push(join(runtime, "mvgal"));
  return { own, foreign: uid === 0 ? users().map((user) => join(USERS, user, "mvgal")) : [] };
}

function users(): string[] {
  try {
    return readdirSync(USERS).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/**
 * Whether this process sees all of the host's: in a container that shares the runtime directory, programs of
 * the host look as if they had ended. The first PID namespace has a fixed number (`PROC_PID_INIT_INO` of Linux).
 */
export function seesAllProcesses(): boolean {
  try {
    return readlinkSync("/proc/self/ns/pid") === "pid:[4026531836]";
  } catch {
    return false;
  }
}

/**
 * Makes the directories for sessions and groups below a runtime directory, which is made as well where it
 * is missing, or gives those that this user made before the rights that they are to have.
 *
 * @param gid the group of users who may have sessions here, none of whom can remove another's; null for
 * this user alone.
 * @throws {Error} where they cannot be made, or are somebody else's; one line.
 */
export function makeSessionDirectories(runtime: string, gid: number | null): void {
  const inner = gid === null ? 0o700 : 0o1770;
  for (const directory of [runtime, join(runtime, "sessions"), join(runtime, "groups")]) {
    try {
      if (directory === runtime) {
        // One that is there has its rights from who made it: systemd, mostly.
        mkdirSync(directory, { recursive: true, mode: gid === null ? 0o700 : 0o755 });
        continue;
      }
      if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 });
      if (!lstatSync(directory).isDirectory()) throw new Error("something else stands there");
      // What belongs to another user fails here: nobody's sessions are read from what is not ours.
      if (gid !== null) chownSync(directory, -1, gid);
      chmodSync(directory, inner);
    } catch (error) {
      throw new Error(
        `${directory}: cannot be the directory of sessions: ${reasonOf(error)}; ` +
          "remove what is there, or set MVGAL_RUNTIME_DIR to a directory of your own",
      );
    }
  }
}

function reasonOf(error: unknown): string {
  // node:fs adds the call and the path, which the line has already.
  return error instanceof Error ? error.message.replace(/, \w+ '.*$/s, "") : String(error);
}
