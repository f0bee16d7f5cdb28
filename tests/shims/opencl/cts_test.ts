import assert from "node:assert/strict";
import { join } from "node:path";
import {
  type CheckOutcome,
  ctsProgram,
  listChecks,
  lostOnPool,
  parseOutcomes,
  runChecks,
} from "./cts.ts";
import { poclTest, shim, Vendors } from "./pool.ts";

const ROOT = join(import.meta.dirname ?? ".", "..", "..", "..");

/** Where no more time is to be had: PoCL takes half a second a kernel. All of them: `deno task check:opencl-cts`. */
const SOME = [
  "allocations/buffer",
  "api/get_device_info",
  "api/queue_properties",
  "atomics/atomic_add",
  "atomics/atomic_add_index",
  "basic/arraycopy",
  "basic/barrier",
  "basic/bufferreadwriterect",
  "basic/constant",
  "basic/enqueue_map_buffer",
  "basic/get_global_offset",
  "basic/global_work_offsets",
  "basic/work_item_functions",
  "basic/writeimage",
  "buffers/buffer_migrate",
  "buffers/sub_buffers_overlapping",
  "events/out_of_order_event_waitlist_multi_queue",
  "events/userevents",
  "images/clFillImage_3D",
  "images/kernel_read_write_write_2D_uint",
  "mem_host_flags/mem_host_write_only_subbuffer",
  "thread_dimensions/quick_2d_explicit_local",
];

poclTest(
  "checks of the conformance tests that pass on a device pass on the pool in parts",
  async () => {
    const program = ctsProgram();
    const known = new Set(listChecks(program));
    assert.deepEqual(SOME.filter((check) => !known.has(check)), []);
    assert.ok(known.size > 500, `${known.size} checks`);
    using vendors = new Vendors({ mvgal: shim("plain") });
    const cache = join(ROOT, "build", "tests", "pocl");
    Deno.mkdirSync(cache, { recursive: true });
    const pocl = "/etc/OpenCL/vendors/pocl.icd";
    const shared = { POCL_DEVICES: "pthread pthread", POCL_CACHE_DIR: cache };
    const env = {
      ...shared,
      OCL_ICD_VENDORS: vendors.directory,
      MVGAL_OPENCL_VENDORS: pocl,
      MVGAL_SPLIT: "force,diff",
    };
    const [alone, pooled] = await Promise.all([
      runChecks(program, SOME, { env: { ...shared, OCL_ICD_VENDORS: pocl }, isQuick: true }),
      runChecks(program, SOME, { env, isQuick: true }),
    ]);
    const passed = alone.outcomes.filter(({ state }) => state === "pass");
    assert.ok(passed.length >= SOME.length - 2, JSON.stringify(alone.outcomes));
    assert.deepEqual(lostOnPool([alone.outcomes], pooled.outcomes), []);
    assert.equal(pooled.outcomes.length, SOME.length);
    assert.equal(alone.parted, 0);
    assert.ok(pooled.parted >= 40, `${pooled.parted} launches in parts`);
  },
);

Deno.test("runChecks() begins again behind a check that ends the program, and counts it", async () => {
  const program = Deno.makeTempFileSync();
  Deno.writeTextFileSync(
    program,
    `#!/bin/sh
for check; do
  case $check in
  */crash) echo "no good" >&2; kill -SEGV $$ ;;
  */wrong) echo "fail a wrong 1 instead of 2" ;;
  */none) echo "skip a none no images" ;;
  *) echo "pass a \${check#*/}" ;;
  esac
done
`,
  );
  Deno.chmodSync(program, 0o755);
  try {
    const checks = ["a/one", "a/crash", "a/wrong", "a/none", "a/two"];
    const { outcomes } = await runChecks(program, checks, { env: {} });
    assert.deepEqual(outcomes, [
      { check: "a/one", state: "pass", why: "" },
      { check: "a/crash", state: "fail", why: "ended by SIGSEGV: no good" },
      { check: "a/wrong", state: "fail", why: "1 instead of 2" },
      { check: "a/none", state: "skip", why: "no images" },
      { check: "a/two", state: "pass", why: "" },
    ]);
  } finally {
    Deno.removeSync(program);
  }
});

Deno.test("parseOutcomes() takes lines of checks alone", () => {
  assert.deepEqual(parseOutcomes("passing by\npass basic if\nskip basic if\n\n"), [
    { check: "basic/if", state: "pass", why: "" },
    { check: "basic/if", state: "skip", why: "" },
  ]);
});

Deno.test("lostOnPool() names what passes on all members, and not on their pool", () => {
  const of = (text: string): CheckOutcome[] =>
    [...text].map((letter, i) => ({
      check: `a/${i}`,
      state: letter === "p" ? "pass" : letter === "f" ? "fail" : "skip",
      why: "",
    }));
  const lost = lostOnPool([of("pppfs"), of("ppfpp")], of("pffff"));
  assert.deepEqual(lost.map(({ check }) => check), ["a/1"]);
  assert.deepEqual(lostOnPool([of("pp")], of("ps")).map(({ check }) => check), ["a/1"]);
});
