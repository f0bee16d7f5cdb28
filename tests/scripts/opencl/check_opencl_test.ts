/** `deno task check:opencl`, on a few programs. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { poclTest, run, shim } from "../../shims/opencl/pool.ts";

const SCRIPT = join(import.meta.dirname ?? ".", "..", "..", "..", "scripts", "check_opencl.ts");

interface Row {
  program: string;
  state: string;
  reason?: string;
  counts?: { whole: number; parted: number; reasons: [string, number][] } | null;
}

/** Runs the check with launches in equal parts; what it tells of each program and of memory. */
function check(only: string, ...more: string[]) {
  const { code, out, errors } = run(Deno.execPath(), [
    ...["run", "-A", "--no-check", SCRIPT, "--json", "--vendors", "/etc/OpenCL/vendors/pocl.icd"],
    ...["--shim", shim("plain"), "--split", "force", "--only", only, ...more],
  ], {});
  const rows = out.trim().split("\n").map((line) => JSON.parse(line));
  return { code, errors, rows: rows as (Row & { memory?: Record<string, unknown> })[] };
}

poclTest("check:opencl counts a program's kernels in parts and whole, with the reasons", () => {
  const { code, errors, rows } = check("ffmpeg nlmeans,ffmpeg sobel");
  assert.equal(code, 0, errors);
  const [sobel, nlmeans] = ["sobel", "nlmeans"].map((name) =>
    rows.find(({ program }) => program === `ffmpeg ${name}`)
  );
  assert.equal(sobel?.state, "equal");
  assert.deepEqual(sobel?.counts, { whole: 0, parted: 9, parts: {}, reasons: [] });
  assert.equal(nlmeans?.state, "equal");
  assert.deepEqual(nlmeans?.counts?.reasons.map(([reason]) => reason), ["atomic"]);
  assert.equal(nlmeans?.counts?.reasons[0]?.[1], nlmeans?.counts?.whole);
}, ["ffmpeg"]);

poclTest("a program in parts has about what its buffers take, on all members together", () => {
  const { code, errors, rows } = check("memory", "--mib", "16");
  assert.equal(code, 0, errors);
  const [{ memory } = {}] = rows;
  assert.equal(memory?.["is_right"], true, String(memory?.["text"]));
  const { pool, alone } = memory?.["host"] as { pool: number; alone: number };
  assert.ok(alone > 0.9 && alone < 1.5, String(memory?.["text"]));
  assert.ok(pool > 0.9, String(memory?.["text"]));
});
