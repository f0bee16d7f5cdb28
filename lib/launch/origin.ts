/**
 * In which of its forms mvgal runs.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import type { Handover } from "./handover.ts";

/** Where the program came from. */
export type Origin =
  /** The single file of `shims/launcher`. */
  | { readonly kind: "launcher"; readonly handover: Handover }
  /** The single file of `deno compile`; `directory` is where the script lies in it. */
  | { readonly kind: "standalone"; readonly directory: string }
  /** The repository at `root`. */
  | { readonly kind: "source"; readonly root: string }
  /** One script run by Deno, as `scripts/compile.ts` bundles it. */
  | { readonly kind: "script"; readonly path: string };

/** What {@linkcode originOf} goes by. */
export interface Circumstances {
  readonly handover: Handover | null;
  /** `Deno.build.standalone`. */
  readonly standalone: boolean;
  /** Path of the module that asks: `lib/launch/self.ts`, or of the bundle that it is in. */
  readonly module: string;
}

/** Tells the forms apart. */
export function originOf({ handover, standalone, module }: Circumstances): Origin {
  if (handover !== null) return { kind: "launcher", handover };
  if (standalone) return { kind: "standalone", directory: dirname(module) };
  if (module.endsWith("/lib/launch/self.ts")) {
    return { kind: "source", root: dirname(dirname(dirname(module))) };
  }
  return { kind: "script", path: module };
}

/**
 * The name by which the program was started.
 *
 * @param argv0 the first argument of the process, as the kernel has it; undefined where that is unknown.
 */
export function nameOf(origin: Origin, argv0: string | undefined): string {
  switch (origin.kind) {
    case "launcher":
      return basename(origin.handover.argv0) || "mvgal";
    case "standalone":
      return basename(argv0 ?? "") || "mvgal";
    case "source":
    case "script":
      // Deno's own name.
      return "mvgal";
  }
}

/**
 * The command that starts the program again, to be followed by its arguments.
 *
 * @param execPath gives the path of Deno's executable; called only where it is needed.
 * @throws {Error} where the single file is no longer there.
 */
export function commandOf(origin: Origin, execPath: () => string): string[] {
  switch (origin.kind) {
    case "launcher":
      if (origin.handover.self === undefined) {
        throw new Error(
          "cannot start mvgal again: the file that it was started from is gone; start it from where it is now",
        );
      }
      return [origin.handover.self];
    case "standalone":
      return [execPath()];
    case "source":
      return [execPath(), "run", "--allow-all", join(origin.root, "main.ts")];
    case "script":
      return [execPath(), "run", "--allow-all", origin.path];
  }
}

/**
 * Where a shim may be, best first.
 *
 * @param library its file name, such as `libmvgal_host.so`.
 * @param override the directory that the user named in `MVGAL_SHIM_DIR`.
 */
export function shimPlaces(
  origin: Origin,
  library: string,
  override: string | undefined,
): string[] {
  const own = assetPlace(origin, `shims/${library}`);
  return [...(override ? [join(override, library)] : []), ...(own === undefined ? [] : [own])];
}

/**
 * Where a file that the executable carries is.
 *
 * @param name its directory and its name, as they are in `build/`: `web/dashboard.js`.
 * @returns undefined where the single file runs from memory and has no such file.
 */
export function assetPlace(origin: Origin, name: string): string | undefined {
  switch (origin.kind) {
    case "launcher": {
      const { directory, descriptors } = origin.handover;
      if (directory !== undefined) return join(directory, name);
      const descriptor = descriptors.get(name);
      return descriptor === undefined ? undefined : `/proc/self/fd/${descriptor}`;
    }
    case "standalone":
      return join(origin.directory, name);
    case "source":
      return join(origin.root, "build", name);
    case "script":
      return join(dirname(origin.path), name);
  }
}
