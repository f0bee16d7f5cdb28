/**
 * A shim as a file that other programs can load: where the executable carries it, a copy of it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { Buffer } from "node:buffer";
import { basename, dirname, join } from "node:path";
import { whyNotMappable } from "../../ffi/program_mapping.ts";

type Environment = (name: string) => string | undefined;

/** The dynamic loader takes each of these for the end of a path in `LD_PRELOAD` (ld.so(8)). */
const UNLOADABLE = /[ :\n\t]/;

/**
 * Directories in which copies may lie, best first: the last ones are for hosts on which nothing is loaded from
 * the others. Root's are for all users, whom its programs may become.
 */
export function shimCaches(env: Environment, uid: number | null): string[] {
  const temporary = absolute([env("TMPDIR"), "/tmp"]).map((path) =>
    // Not the launcher's `mvgal-UID`, which is for its user alone: root's programs may become others.
    `${path}/mvgal-shims-${uid ?? "user"}`
  );
  if (uid === 0) return ["/var/cache/mvgal", "/run/mvgal", ...temporary];
  const home = env("HOME");
  const own = absolute([
    env("XDG_CACHE_HOME"),
    home === undefined ? undefined : join(home, ".cache"),
    env("XDG_RUNTIME_DIR"),
  ]).map((path) => `${path}/mvgal`);
  return [...own, ...temporary];
}

/** The absolute ones of paths, each once. */
function absolute(paths: readonly (string | undefined)[]): string[] {
  const found = paths.filter((path) => path !== undefined).filter((path) => path.startsWith("/"));
  return Array.from(new Set(found));
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
  try {
    writeFileSync(temporary, bytes, { mode: 0o755 });
    chmodSync(temporary, 0o755);
    renameSync(temporary, path);
  } catch (error) {
    // Half a file stays where a disk is full.
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Names of copies that were being written, by which process. */
const UNFINISHED = /^(?:libmvgal_\w+\.so|mvgal\.icd)\.(\d+)$/;

/** No copy takes so long, in ms: of a process that is not seen (another host's, on a shared home) it may be. */
const UNFINISHED_MS = 60_000;

/** Names of all files below a directory, as far as they can be listed. */
function filesBelow(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
}

/** Removes what processes that were killed over it left of their copies, in all directories of shims. */
function sweepUnfinished(shims: string): void {
  for (const path of filesBelow(shims)) {
    const pid = UNFINISHED.exec(basename(path))?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    try {
      const age_ms = Date.now() - lstatSync(join(shims, path)).mtimeMs;
      if (age_ms > UNFINISHED_MS) unlinkSync(join(shims, path));
    } catch {
      // Another swept at the same time.
    }
  }
}

/** Makes a directory where it is missing, and goes on with it only where it is this user's alone. */
function makeOwn(directory: string, uid: number | null): void {
  const mode = uid === 0 ? 0o755 : 0o700;
  // Not the whole path at once: a link that others put there is not followed.
  mkdirSync(dirname(directory), { recursive: true, mode });
  try {
    mkdirSync(directory, { mode });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  const info = lstatSync(directory);
  if (uid !== null && (!info.isDirectory() || info.uid !== uid || (info.mode & 0o022) !== 0)) {
    throw new NotOursError(`${directory} is not this user's alone`);
  }
}

/** In what everybody may write to, and is not sticky as /tmp is, others can exchange what is ours. */
function checkParent(directory: string): void {
  const { mode } = statSync(dirname(directory));
  if ((mode & 0o1002) === 0o002) {
    throw new NotOursError(`${dirname(directory)} can be written by everyone`);
  }
}

/**
 * @returns their directory.
 * @throws {Error} where they cannot lie there, or could not be loaded from there.
 */
function copyTo(directory: string, files: Files, { uid, whyNotLoaded }: CopyOptions): string {
  const sum = createHash("sha256");
  for (const { bytes } of files) sum.update(bytes);
  const place = join(directory, "shims", sum.digest("hex").slice(0, 16));
  for (const each of [directory, dirname(place), place]) makeOwn(each, uid);
  checkParent(directory);
  sweepUnfinished(dirname(place));
  for (const { name, bytes } of files) {
    putCopy(join(place, name), bytes);
    const why = whyNotLoaded(join(place, name));
    if (why !== undefined) throw new Error(why);
  }
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
  /** Why programs cannot load a file that lies there; undefined where they can. The host's rule by default. */
  whyNotLoaded?: (path: string) => string | undefined;
}

type CopyOptions = Required<Pick<ShimPlaces, "uid" | "whyNotLoaded">>;

/** What people can do where there is no place at all. */
function placeHint(uid: number | null): string {
  return uid === 0
    ? "make room in /var/cache or /run, without noexec, or name a directory with the shims in MVGAL_SHIM_DIR"
    : "name a directory of your own in XDG_CACHE_HOME, with room and on no file system mounted noexec";
}

/** A directory with copies of files, where programs that are started can open and load them. */
export function copyForPrograms(
  files: Files,
  { caches, uid, whyNotLoaded = whyNotMappable }: ShimPlaces,
): ShimFile {
  const reasons: string[] = [];
  for (const cache of caches) {
    if (UNLOADABLE.test(cache)) {
      reasons.push(`${cache}: the dynamic loader takes no path with a space or ':'`);
      continue;
    }
    try {
      return { state: "ready", path: copyTo(cache, files, { uid, whyNotLoaded }) };
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { state: "absent", reason: [...reasons, placeHint(uid)].join("; ") };
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
  const { whyNotLoaded = whyNotMappable } = places;
  const isLoaded = () => found.every((each) => whyNotLoaded(each.path) === undefined);
  if (isPlain && isTogether && !UNLOADABLE.test(path) && isLoaded()) {
    return { state: "ready", path };
  }
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
