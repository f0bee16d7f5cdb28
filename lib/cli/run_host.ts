/**
 * This host, for commands that start programs.
 *
 * @module
 */

import { resolve } from "node:path";
import { hostCudaGpus } from "../launch/cuda_gpus.ts";
import type { RunHost } from "../launch/plan.ts";
import { hasPlainFiles, shimPath } from "../launch/self.ts";
import { shimCaches, shimForPrograms, type ShimKind, vendorsOf } from "../launch/shim_file.ts";
import { ownRuntimeDirectory } from "../session/own_directory.ts";

/** An environment variable as it is: empty is not the same as unset. */
const env = (name: string) => Deno.env.get(name);

function shimFile(kind: ShimKind) {
  const found = shimPath(kind.name);
  // Programs have other working directories than this one.
  const path = found && resolve(found);
  const uid = Deno.uid();
  const isPlain = found !== undefined && hasPlainFiles(found);
  return shimForPrograms(path, { isPlain, caches: shimCaches(env, uid), uid, kind });
}

/** This host. */
export const hostRun: RunHost = {
  env,
  gpus: (options) => hostCudaGpus(env, options),
  shim: () => shimFile({ name: "cuda", title: "CUDA" }),
  openclVendors() {
    const uid = Deno.uid();
    const shim = shimFile({ name: "opencl", title: "OpenCL" });
    return vendorsOf(shim, { caches: shimCaches(env, uid), uid });
  },
  runtime: () => ownRuntimeDirectory(env, Deno.uid(), "groups"),
};
