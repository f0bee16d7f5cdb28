/**
 * This host, for commands that start programs.
 *
 * @module
 */

import { statSync } from "node:fs";
import { resolve } from "node:path";
import { hostCudaGpus } from "../launch/cuda_gpus.ts";
import { openclPoolForPrograms } from "../launch/opencl_pool.ts";
import type { RunHost } from "../launch/plan.ts";
import { hasPlainFiles, shimPath } from "../launch/self.ts";
import { shimCaches, shimForPrograms, type ShimPlaces } from "../launch/shim_file.ts";
import { ownRuntimeDirectory } from "../session/own_directory.ts";

/** An environment variable as it is: empty is not the same as unset. */
const env = (name: string) => Deno.env.get(name);

/**
 * Where a shim is. Programs have other working directories than this one.
 *
 * @throws {Error} where the user named a directory that is none: others' shims are not what was asked for.
 */
function pathOf(name: string): string | undefined {
  const directory = env("MVGAL_SHIM_DIR");
  if (directory && !statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`MVGAL_SHIM_DIR '${directory}' is no directory: unset it, or name the shims'`);
  }
  const found = shimPath(name);
  return found && resolve(found);
}

function shimPlaces(): ShimPlaces {
  const uid = Deno.uid();
  return { caches: shimCaches(env, uid), uid };
}

/** This host. */
export const hostRun: RunHost = {
  env,
  gpus: (options) => hostCudaGpus(env, options),
  shim() {
    const path = pathOf("cuda");
    const isPlain = path !== undefined && hasPlainFiles(path);
    return shimForPrograms(path, { ...shimPlaces(), isPlain });
  },
  openclPool: () => openclPoolForPrograms(pathOf, hasPlainFiles, shimPlaces()),
  runtime: () => ownRuntimeDirectory(env, Deno.uid(), "groups"),
};
