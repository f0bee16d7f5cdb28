/**
 * This host, for commands that start programs.
 *
 * @module
 */

import { hostCudaGpus } from "../launch/cuda_gpus.ts";
import type { RunHost } from "../launch/plan.ts";
import { hasPlainFiles, shimPath } from "../launch/self.ts";
import { shimCaches, shimForPrograms } from "../launch/shim_file.ts";
import { ownRuntimeDirectory } from "../session/own_directory.ts";

/** An environment variable as it is: empty is not the same as unset. */
const env = (name: string) => Deno.env.get(name);

/** This host. */
export const hostRun: RunHost = {
  env,
  gpus: (options) => hostCudaGpus(env, options),
  shim() {
    const path = shimPath("cuda");
    const uid = Deno.uid();
    return shimForPrograms(path, {
      isPlain: path !== undefined && hasPlainFiles(path),
      caches: shimCaches(env, uid),
      uid,
    });
  },
  runtime: () => ownRuntimeDirectory(env, Deno.uid(), "groups"),
};
