// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * `deno task bench:opencl`: what the pooled OpenCL device costs a program beside the member that it runs on.
 *
 *     deno run -A scripts/bench_opencl.ts [--rounds 20] [--vendor /etc/OpenCL/vendors/pocl.icd] [--json]
 *
 * A C program has both platforms in one process and uses them by turns (pool, member, member, pool): a launch, a
 * launch with three arguments and events, and an n-body program, whose results have to be equal. Medians, and
 * pool / member.
 *
 * @module
 */

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compile } from "../tests/fakes/cc.ts";

const HERE = import.meta.dirname ?? ".";
const SHIM = join(HERE, "..", "build", "shims", "libmvgal_opencl.so");

/** One figure of the program. */
interface Figure {
  name: string;
  pool_ns: number;
  member_ns: number;
}

const { values } = parseArgs({
  args: Deno.args,
  options: {
    rounds: { type: "string", default: "20" },
    vendor: { type: "string", default: "/etc/OpenCL/vendors/pocl.icd" },
    json: { type: "boolean", default: false },
  },
});

const program = compile({
  name: "bench_opencl",
  source: { file: join(HERE, "bench_opencl.c") },
  args: ["-O2", "-Wno-deprecated-declarations", "-Wl,--no-as-needed", "-l:libOpenCL.so.1"],
});
const directory = mkdtempSync(join(tmpdir(), "mvgal-bench-opencl-"));
try {
  // The loader opens both; the pool opens the vendor alone.
  writeFileSync(join(directory, "mvgal.icd"), `${SHIM}\n`);
  copyFileSync(values.vendor, join(directory, "vendor.icd"));
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [values.rounds],
    env: {
      OCL_ICD_VENDORS: directory,
      MVGAL_OPENCL_VENDORS: values.vendor,
      MVGAL_RUNTIME_DIR: join(directory, "runtime"),
    },
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr).trim());
  const figures = new TextDecoder().decode(stdout).trim().split("\n")
    .map((line) => JSON.parse(line) as Figure);
  for (const { name, pool_ns, member_ns } of figures) {
    const ratio = pool_ns / member_ns;
    console.log(
      values.json
        ? JSON.stringify({ name, pool_ns, member_ns, ratio })
        : `${name.padEnd(34)} pool ${(pool_ns / 1e3).toFixed(2).padStart(10)} us, member ${
          (member_ns / 1e3).toFixed(2).padStart(10)
        } us, ratio ${ratio.toFixed(3)}`,
    );
  }
} finally {
  rmSync(directory, { recursive: true });
}
