/** `deno task bench:opencl-pool`, on a small job. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Row } from "../../../scripts/bench_opencl_pool.ts";
import { poclTest, run } from "../../shims/opencl/pool.ts";

const SCRIPT = join(import.meta.dirname ?? ".", "../../../scripts/bench_opencl_pool.ts");

poclTest("bench:opencl-pool times the repeats, and the process with all of them", () => {
  const { code, out, errors } = run(Deno.execPath(), [
    ...["run", "-A", "--no-check", SCRIPT, "--json", "--vendors", "/etc/OpenCL/vendors/pocl.icd"],
    ...["--size", "small", "--jobs", "mandelbrot", "--members", "2", "--split", "force"],
  ], {});
  assert.equal(code, 0, errors);
  const [alone, pool] = out.trim().split("\n").map((line) => JSON.parse(line) as Row);
  assert.deepEqual([alone?.members, pool?.members], [0, 2]);
  for (const row of [alone, pool]) {
    assert.ok(row?.is_equal && row.repeats.length === 8);
    assert.ok(row.process_seconds > row.repeats.reduce((sum, seconds) => sum + seconds));
  }
  assert.deepEqual([alone?.gain, alone?.process_gain], [1, 1]);
  assert.equal(pool?.gain, (alone?.seconds ?? 0) / (pool?.seconds ?? 0));
  assert.equal(pool?.process_gain, (alone?.process_seconds ?? 0) / (pool?.process_seconds ?? 0));
});
