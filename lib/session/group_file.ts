/**
 * The files of groups: made, read, changed and removed.
 *
 * @module
 */

import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { hostClock } from "../control/clock.ts";
import {
  encodeGroup,
  type Group,
  GROUP_BYTES,
  type GroupLimit,
  type GroupMember,
  type GroupReading,
  limitWrites,
  parseGroup,
  parseGroupName,
} from "./group.ts";

/** When a process started; undefined where there is none. */
export type StartTime = (pid: number) => string | undefined;

/** The programs of a group that live. */
export function livingMembers(
  { members }: Group,
  startTime: StartTime = hostClock.startTime,
): GroupMember[] {
  return members.filter(({ pid, start_time }) => startTime(pid) === start_time);
}

/** Where a group's file is. */
export function groupPath(runtime: string, name: string): string {
  return join(runtime, "groups", parseGroupName(name));
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** What stands in a group's file; undefined where there is none. */
export function readGroup(path: string): GroupReading | undefined {
  let file: number;
  try {
    // A FIFO would wait for a writer; a link may lead anywhere.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    if (codeOf(error) === "ELOOP") return { state: "none", reason: "it is a link" };
    return { state: "none", reason: error instanceof Error ? error.message : String(error) };
  }
  try {
    const info = fstatSync(file);
    if (!info.isFile()) return { state: "none", reason: "it is no regular file" };
    if (info.size !== GROUP_BYTES) {
      return { state: "none", reason: `it has ${info.size} bytes, not ${GROUP_BYTES}` };
    }
    const bytes = new Uint8Array(GROUP_BYTES);
    return parseGroup(bytes.subarray(0, readSync(file, bytes, 0, GROUP_BYTES, 0)));
  } finally {
    closeSync(file);
  }
}

/** The names of the groups below a runtime directory, sorted. */
export function groupNames(runtime: string): string[] {
  try {
    return readdirSync(join(runtime, "groups")).filter((name) => !name.startsWith(".")).sort();
  } catch {
    return [];
  }
}

/**
 * Makes a group, unless somebody has.
 *
 * @returns whether it was made.
 * @throws {Error} where the file cannot be made; one line.
 */
export function makeGroup(runtime: string, name: string, limits: readonly GroupLimit[]): boolean {
  const path = groupPath(runtime, name);
  const temporary = join(runtime, "groups", `.${name}.${Deno.pid}.new`);
  try {
    mkdirSync(join(runtime, "groups"), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, encodeGroup(limits), { mode: 0o600, flag: "wx" });
    // All of the file is there at once, and whoever comes second takes the first one's.
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`the group '${name}' cannot be made: ${why} (MVGAL_RUNTIME_DIR is where)`);
  } finally {
    try {
      unlinkSync(temporary);
    } catch {
      // It was not made.
    }
  }
}

/** What becomes of a group's limits; thrown errors go to the caller, and nothing is written then. */
export type LimitChange = (group: Group) => readonly GroupLimit[];

/**
 * Changes the limits of a group, under its lock: programs that are about to allocate wait for it.
 *
 * @returns the limits that hold now; undefined where there is no such group.
 * @throws {Error} where the file is none of a group's, or cannot be written; one line.
 */
export function changeGroup(
  runtime: string,
  name: string,
  change: LimitChange,
): readonly GroupLimit[] | undefined {
  const path = groupPath(runtime, name);
  const before = readGroup(path);
  if (before === undefined) return undefined;
  if (before.state === "none") throw new Error(`${path} is no group's: ${before.reason}`);
  using file = Deno.openSync(path, { read: true, write: true });
  file.lockSync(true);
  try {
    const bytes = new Uint8Array(GROUP_BYTES);
    file.seekSync(0, Deno.SeekMode.Start);
    for (let used = 0; used < bytes.length;) {
      const got = file.readSync(bytes.subarray(used));
      if (got === null) break;
      used += got;
    }
    const now = parseGroup(bytes);
    if (now.state === "none") throw new Error(`${path} is no group's: ${now.reason}`);
    const limits = change(now.group);
    for (const write of limitWrites(now.group.limits, limits)) {
      file.seekSync(write.at, Deno.SeekMode.Start);
      file.writeSync(write.bytes);
    }
    return limits;
  } finally {
    file.unlockSync();
  }
}

/**
 * Removes a group in which no program lives.
 *
 * @returns whether there was one.
 * @throws {Error} where programs are in it, or the file cannot be removed; one line.
 */
export function removeGroup(
  runtime: string,
  name: string,
  startTime: StartTime = hostClock.startTime,
): boolean {
  const path = groupPath(runtime, name);
  const reading = readGroup(path);
  if (reading === undefined) return false;
  if (reading.state === "group") {
    const living = livingMembers(reading.group, startTime);
    if (living.length > 0) {
      const pids = living.map(({ pid }) => pid).join(", ");
      throw new Error(`the group '${name}' has programs in it (${pids}): end them first`);
    }
  }
  unlinkSync(path);
  return true;
}
