/**
 * A pool of PoCL and rusticl's llvmpipe: two vendors whose compilers round differently, and one of which tells
 * no times.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { samplesAgree } from "../../../scripts/opencl/sample.ts";
import { compile } from "../../fakes/cc.ts";
import { poclLibrary, poclTest, run, shim, Vendors } from "./pool.ts";

const RUSTICL = "/etc/OpenCL/vendors/rusticl.icd";
const JOBS = join(import.meta.dirname ?? ".", "..", "..", "..", "scripts", "opencl", "jobs.c");

const ONE_THREAD_EACH = {
  POCL_DEVICES: "pthread",
  POCL_MAX_PTHREAD_COUNT: "1",
  RUSTICL_ENABLE: "llvmpipe",
  LP_NUM_THREADS: "1",
};

interface Said {
  sum: string;
  sample: string;
}

/** Runs a job on PoCL alone, and on the pool in some modes. */
function runJob(job: string, splits: readonly string[]) {
  const program = compile({
    name: "opencl_jobs",
    source: { file: JOBS },
    args: ["-O2", "-Wno-deprecated-declarations", "-Wl,--no-as-needed", "-l:libOpenCL.so.1"],
  });
  using pocl = new Vendors({ pocl: poclLibrary() });
  using pool = new Vendors({ mvgal: shim("plain") });
  using both = new Vendors({
    pocl: poclLibrary(),
    rusticl: Deno.readTextFileSync(RUSTICL).trim(),
  });
  const once = (env: Record<string, string>) => {
    const { code, out, errors } = run(program, job.split(" "), { ...ONE_THREAD_EACH, ...env });
    assert.equal(code, 0, errors);
    return { said: JSON.parse(out) as Said, errors };
  };
  const alone = once({ OCL_ICD_VENDORS: pocl.directory }).said;
  const pooled = splits.map((split) =>
    once({
      OCL_ICD_VENDORS: pool.directory,
      MVGAL_OPENCL_VENDORS: both.directory,
      MVGAL_SPLIT: split,
      MVGAL_DEBUG: "split,opencl",
    })
  );
  return { alone, pooled };
}

for (const job of ["mandelbrot 128 200 8", "nbody 1024 2 6", "saxpy 65536 4 8", "sgemm 128 2 6"]) {
  poclTest(`members of two vendors share ${job.split(" ")[0]}, within what rounding brings`, () => {
    const { alone, pooled } = runJob(job, ["force", "auto"]);
    for (const { said, errors } of pooled) {
      assert.match(errors, /member \d is llvmpipe/);
      assert.ok(samplesAgree(said.sample, alone.sample), errors);
    }
    assert.match(pooled[0]?.errors ?? "", /: split$/m);
  }, [RUSTICL]);
}

poclTest("MVGAL_SPLIT=strict splits nothing between two vendors: bits are those of one", () => {
  const { alone, pooled: [strict] } = runJob("mandelbrot 256 400 8", ["strict"]);
  assert.ok(strict);
  const isHome = /member 0 is pthread/.test(strict.errors);
  assert.doesNotMatch(strict.errors, /: split$/m);
  // Which of the two is the better one is the host's.
  if (isHome) assert.equal(strict.said.sum, alone.sum);
  else assert.ok(samplesAgree(strict.said.sample, alone.sample));
}, [RUSTICL]);
