/**
 * Where libraries are, by files alone: nothing is loaded.
 *
 * @module
 */

import { dirname, join } from "node:path";
import type { Sysroot } from "../sysfs/sysroot.ts";

/** Where libraries usually are. Not all of them are on every distribution. */
const DIRECTORIES: readonly string[] = [
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/usr/lib64",
  "/usr/lib",
  "/lib/x86_64-linux-gnu",
  "/lib/aarch64-linux-gnu",
  "/lib64",
  "/usr/local/lib",
  "/usr/local/lib64",
  "/usr/local/cuda/lib64",
  "/usr/local/nvidia/lib64",
  "/usr/lib/wsl/lib",
  "/opt/rocm/lib",
  "/opt/rocm/lib64",
];

/** Other directories by the configuration of the dynamic loader (ld.so.conf, ldconfig(8)). */
function configured(sysroot: Sysroot): string[] {
  return sysroot.list("/etc/ld.so.conf.d").flatMap((name) =>
    (sysroot.text(`/etc/ld.so.conf.d/${name}`) ?? "").split("\n")
      .map((line) => line.replace(/#.*/, "").trim())
      .filter((line) => line.startsWith("/"))
  );
}

/**
 * The path of a library; undefined where it is in none of the directories.
 *
 * @param name a soname (`libcuda.so.1`), or a path, as manifests may have it.
 * @param beside the file that names it: a path without a leading slash is from its directory.
 */
export function findLibrary(sysroot: Sysroot, name: string, beside?: string): string | undefined {
  const there = (path: string) => sysroot.kind(path) === "file" ? path : undefined;
  if (name.startsWith("/")) return there(name);
  if (name.includes("/")) return beside && there(join(dirname(beside), name));
  for (const directory of [...DIRECTORIES, ...configured(sysroot)]) {
    const found = there(`${directory}/${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The path that a library's links lead to: `/usr/lib64/libcuda.so.580.65.06`. */
export function libraryTarget(sysroot: Sysroot, name: string): string | undefined {
  const found = findLibrary(sysroot, name);
  return found && sysroot.resolve(found);
}

/** Whether there are libraries to be found at all: the dumps of GPUs hold none. */
export function holdsLibraries(sysroot: Sysroot): boolean {
  return DIRECTORIES.some((directory) => sysroot.kind(directory) === "directory");
}

/** Whether the name of a manifest or a library says that it is for another kind of processor. */
export function isForeign(path: string): boolean {
  return /[._-](i[3-6]86|x86|armv7l?|armhf)\b|\/(i386-linux-gnu|lib32)\//.test(path);
}
