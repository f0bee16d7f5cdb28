/**
 * A shim as a file that other programs can load: where the executable carries it, a copy of it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { Buffer } from "node:buffer";
import { dirname, join } from "node:path";

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

function copyTo(directory: string, name: string, bytes: Uint8Array, uid: number | null): string {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const mode = uid === 0 ? 0o755 : 0o700;
  const place = join(directory, "shims", hash);
  mkdirSync(place, { recursive: true, mode });
  for (const each of [directory, join(directory, "shims"), place]) {
    const info = lstatSync(each);
    if (uid !== null && (!info.isDirectory() || info.uid !== uid || (info.mode & 0o022) !== 0)) {
      throw new NotOursError(`${each} is not this user's alone`);
    }
  }
  const path = join(place, name);
  try {
    if (Buffer.compare(readFileSync(path), bytes) === 0) return path;
  } catch {
    // Not there yet.
  }
  const temporary = `${path}.${Deno.pid}`;
  writeFileSync(temporary, bytes, { mode: 0o755 });
  chmodSync(temporary, 0o755);
  renameSync(temporary, path);
  return path;
}

/** A shim that programs load. */
export interface ShimKind {
  /** As in its file name: `cuda`. */
  name: string;
  /** As people call what it shims: `CUDA`. */
  title: string;
}

const CUDA: ShimKind = { name: "cuda", title: "CUDA" };

/** What came of it. */
export type ShimFile = { state: "ready"; path: string } | { state: "absent"; reason: string };

/**
 * A path under which programs that are started can load a shim.
 *
 * @param path where this process has it: see `shimPath`. Undefined where it has none.
 * @param isPlain whether the file lies where it stays, and others can open it.
 * @param kind which shim it is; CUDA's where not given.
 */
export function shimForPrograms(
  path: string | undefined,
  { isPlain, caches, uid, kind = CUDA }: {
    isPlain: boolean;
    caches: readonly string[];
    uid: number | null;
    kind?: ShimKind;
  },
): ShimFile {
  const name = `libmvgal_${kind.name}.so`;
  if (path === undefined) {
    return {
      state: "absent",
      reason: `this mvgal has no ${kind.title} shim (${name}): build it with 'deno task build', ` +
        "or name its directory in MVGAL_SHIM_DIR",
    };
  }
  if (isPlain && !UNLOADABLE.test(path)) return { state: "ready", path };
  const bytes = readFileSync(path);
  const reasons: string[] = [];
  for (const cache of caches) {
    if (UNLOADABLE.test(cache)) {
      reasons.push(`${cache}: the dynamic loader takes no path with a space or ':'`);
      continue;
    }
    try {
      return { state: "ready", path: copyTo(cache, name, bytes, uid) };
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  const why = reasons.length === 0 ? "HOME and XDG_CACHE_HOME are unset" : reasons.join("; ");
  return {
    state: "absent",
    reason: `there is no place for the ${kind.title} shim (${
      dirname(path)
    } is not for other programs): ${why}`,
  };
}

/**
 * A directory of OpenCL vendors that has the pooled platform alone, for `OCL_ICD_VENDORS`: ocl-icd and Khronos'
 * loader both take a directory there.
 *
 * @param shim the OpenCL shim's file, as programs can load it.
 */
export function vendorsOf(
  shim: ShimFile,
  { caches, uid }: { caches: readonly string[]; uid: number | null },
): ShimFile {
  if (shim.state === "absent") return shim;
  const bytes = new TextEncoder().encode(`${shim.path}\n`);
  const reasons: string[] = [];
  for (const cache of caches) {
    try {
      return { state: "ready", path: dirname(copyTo(cache, "mvgal.icd", bytes, uid)) };
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  const why = reasons.length === 0 ? "HOME and XDG_CACHE_HOME are unset" : reasons.join("; ");
  return { state: "absent", reason: `there is no place for the file mvgal.icd: ${why}` };
}
