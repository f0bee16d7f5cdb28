/**
 * A shim as a file that other programs can load: where the executable carries it, a copy of it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { Buffer } from "node:buffer";
import { basename, dirname, join } from "node:path";

type Environment = (name: string) => string | undefined;

/** The dynamic loader takes each of these for the end of a path in `LD_PRELOAD` (ld.so(8)). */
const UNLOADABLE = /[ :\n\t]/;

/** Directories in which copies may lie, best first. Root's are for all users, whom its programs may become. */
export function shimCaches(env: Environment, uid: number | null): string[] {
  if (uid === 0) return ["/var/cache/mvgal", "/run/mvgal"];
  const home = env("HOME");
  return [
    env("XDG_CACHE_HOME"),
    home === undefined ? undefined : join(home, ".cache"),
    env("XDG_RUNTIME_DIR"),
  ].filter((path) => path !== undefined && path.startsWith("/")).map((path) => `${path}/mvgal`);
}

/** Why a file of another user's is not loaded. */
class NotOursError extends Error {}

/** Files that lie in one directory, which is named by what they hold. */
type Files = readonly { readonly name: string; readonly bytes: Uint8Array }[];

function putCopy(path: string, bytes: Uint8Array): void {
  try {
    if (Buffer.compare(readFileSync(path), bytes) === 0) return;
  } catch {
    // Not there yet.
  }
  const temporary = `${path}.${Deno.pid}`;
  writeFileSync(temporary, bytes, { mode: 0o755 });
  chmodSync(temporary, 0o755);
  renameSync(temporary, path);
}

/** @returns their directory. */
function copyTo(directory: string, files: Files, uid: number | null): string {
  const sum = createHash("sha256");
  for (const { bytes } of files) sum.update(bytes);
  const mode = uid === 0 ? 0o755 : 0o700;
  const place = join(directory, "shims", sum.digest("hex").slice(0, 16));
  mkdirSync(place, { recursive: true, mode });
  for (const each of [directory, join(directory, "shims"), place]) {
    const info = lstatSync(each);
    if (uid !== null && (!info.isDirectory() || info.uid !== uid || (info.mode & 0o022) !== 0)) {
      throw new NotOursError(`${each} is not this user's alone`);
    }
  }
  for (const { name, bytes } of files) putCopy(join(place, name), bytes);
  return place;
}

/** A shim that programs load. */
export interface ShimKind {
  /** As in its file name: `cuda`. */
  name: string;
  /** As people call what it shims: `CUDA`. */
  title: string;
}

const CUDA: ShimKind = { name: "cuda", title: "CUDA" };

/** The name of its file. */
export function shimFileName(kind: ShimKind): string {
  return `libmvgal_${kind.name}.so`;
}

/** What came of it. */
export type ShimFile = { state: "ready"; path: string } | { state: "absent"; reason: string };

/** Where copies may lie, and whose they are. */
export interface ShimPlaces {
  /** Best first: see {@linkcode shimCaches}. */
  caches: readonly string[];
  uid: number | null;
}

/** A directory with copies of files, where programs that are started can open them. */
export function copyForPrograms(files: Files, { caches, uid }: ShimPlaces): ShimFile {
  const reasons: string[] = [];
  for (const cache of caches) {
    if (UNLOADABLE.test(cache)) {
      reasons.push(`${cache}: the dynamic loader takes no path with a space or ':'`);
      continue;
    }
    try {
      return { state: "ready", path: copyTo(cache, files, uid) };
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  const reason = reasons.length === 0 ? "HOME and XDG_CACHE_HOME are unset" : reasons.join("; ");
  return { state: "absent", reason };
}

function lacks(kind: ShimKind): ShimFile {
  return {
    state: "absent",
    reason:
      `this mvgal has no ${kind.title} shim (${shimFileName(kind)}): build it with 'deno task ` +
      "build', or name its directory in MVGAL_SHIM_DIR",
  };
}

/**
 * A path under which programs that are started can load a shim.
 *
 * @param path where this process has it: see `shimPath`. Undefined where it has none.
 * @param isPlain whether the file lies where it stays, and others can open it.
 * @param kind which shim it is; CUDA's where not given.
 * @param beside other shims that are to lie in the same directory.
 */
export function shimForPrograms(
  path: string | undefined,
  { isPlain, kind = CUDA, beside = [], ...places }: ShimPlaces & {
    isPlain: boolean;
    kind?: ShimKind;
    beside?: readonly { kind: ShimKind; path: string | undefined }[];
  },
): ShimFile {
  if (path === undefined) return lacks(kind);
  const found = [{ name: shimFileName(kind), path }];
  for (const other of beside) {
    if (other.path === undefined) return lacks(other.kind);
    found.push({ name: shimFileName(other.kind), path: other.path });
  }
  const isTogether = beside.length === 0 ||
    found.every((each) =>
      dirname(each.path) === dirname(path) && basename(each.path) === each.name
    );
  if (isPlain && isTogether && !UNLOADABLE.test(path)) return { state: "ready", path };
  const files = found.map((each) => ({ name: each.name, bytes: readFileSync(each.path) }));
  const place = copyForPrograms(files, places);
  if (place.state === "ready") {
    return { state: "ready", path: join(place.path, shimFileName(kind)) };
  }
  return {
    state: "absent",
    reason: `there is no place for the ${kind.title} shim (${
      dirname(path)
    } is not for other programs): ${place.reason}`,
  };
}
