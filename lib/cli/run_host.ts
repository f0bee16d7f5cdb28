/**
 * This host, for commands that start programs.
 *
 * @module
 */

import { resolve } from "node:path";
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
    const found = shimPath("cuda");
    // Programs have other working directories than this one.
    const path = found && resolve(found);
    const uid = Deno.uid();
    return shimForPrograms(path, {
      isPlain: found !== undefined && hasPlainFiles(found),
      caches: shimCaches(env, uid),
      uid,
    });
  },
  runtime: () => ownRuntimeDirectory(env, Deno.uid(), "groups"),
};
