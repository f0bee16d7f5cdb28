/**
 * The program of `jobs.c`.
 *
 * @module
 */

import { join } from "node:path";
import { compile } from "../../tests/fakes/cc.ts";

/** Compiles it, and gives its path. */
export function jobsProgram(): string {
  return compile({
    name: "opencl_jobs",
    source: { file: join(import.meta.dirname ?? ".", "jobs.c") },
    args: ["-O2", "-Wno-deprecated-declarations", "-Wl,--no-as-needed", "-l:libOpenCL.so.1"],
  });
}

/**
 * Sees to it that programs come to the pool by `OCL_ICD_VENDORS`: what is measured were another device else.
 *
 * @param env in which the pool's platform alone should be there.
 * @throws {Error} where this host's loader has its own mind (as that of CUDA 13's toolkit).
 */
export async function demandPool(env: Record<string, string>): Promise<void> {
  const { code, stdout, stderr } = await new Deno.Command(jobsProgram(), {
    args: ["platform"],
    env,
  }).output();
  const name = new TextDecoder().decode(stdout).trim();
  if (code === 0 && name === "MVGAL") return;
  const seen = name || new TextDecoder().decode(stderr).trim();
  throw new Error(
    `programs get ${seen} in place of the pool: put a loader that reads OCL_ICD_VENDORS ` +
      "(ocl-icd-libopencl1) before it, by LD_LIBRARY_PATH",
  );
}
