/**
 * How a program comes to the pooled OpenCL platform: a loader that shows it alone, for `LD_PRELOAD`, and a
 * directory of vendors that has it alone, for the loaders of programs that take no preloaded library, or open
 * theirs by its path.
 *
 * @module
 */

import { dirname, join } from "node:path";
import {
  copyForPrograms,
  shimFileName,
  shimForPrograms,
  type ShimKind,
  type ShimPlaces,
} from "./shim_file.ts";

/** The pool, which the loader finds beside itself. */
const POOL: ShimKind = { name: "opencl", title: "OpenCL" };

/** The loader as `libOpenCL.so.1`, and as `libOpenCL.so`. */
const LOADERS: readonly ShimKind[] = [
  { name: "opencl_loader", title: "OpenCL loader" },
  { name: "opencl_name", title: "OpenCL loader" },
];

/** What came of it. */
export type OpenclPool =
  | {
    state: "ready";
    /** Paths of the loader under each of its names. */
    loaders: string[];
    /** The directory of vendors. */
    vendors: string;
  }
  | { state: "absent"; reason: string };

/**
 * Paths under which programs that are started can come to the pool.
 *
 * @param pathOf where this process has a shim: see `shimPath`. Undefined where it has none.
 * @param isPlain whether a file lies where it stays, and others can open it.
 */
export function openclPoolForPrograms(
  pathOf: (name: string) => string | undefined,
  isPlain: (path: string) => boolean,
  places: ShimPlaces,
): OpenclPool {
  const path = pathOf(POOL.name);
  const shim = shimForPrograms(path, {
    ...places,
    isPlain: path !== undefined && isPlain(path),
    kind: POOL,
    beside: LOADERS.map((each) => ({ kind: each, path: pathOf(each.name) })),
  });
  if (shim.state === "absent") return shim;
  const loaders = LOADERS.map((each) => join(dirname(shim.path), shimFileName(each)));
  // ocl-icd and Khronos' loader both take a directory.
  const icd = { name: "mvgal.icd", bytes: new TextEncoder().encode(`${shim.path}\n`) };
  const vendors = copyForPrograms([icd], places);
  return vendors.state === "absent"
    ? { state: "absent", reason: `there is no place for the file mvgal.icd: ${vendors.reason}` }
    : { state: "ready", loaders, vendors: vendors.path };
}
