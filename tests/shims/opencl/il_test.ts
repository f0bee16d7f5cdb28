/**
 * Programs given as SPIR-V, over a library that makes PoCL take it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { compile } from "../../fakes/cc.ts";
import { poclLibrary, poclTest, program, run, shim, Vendors } from "./pool.ts";

const HERE = import.meta.dirname ?? ".";
const TRANSLATOR = "llvm-spirv-15";

function fake(): string {
  return compile({
    name: "libopencl_il.so",
    source: { file: join(HERE, "..", "..", "fakes", "opencl_il.c") },
    args: ["-shared", "-fPIC", "-fvisibility=hidden", "-pthread", "-Wl,-Bsymbolic", "-ldl"],
  });
}

/** What the program of a module's kernels says: on a member alone, or in the pool's way. */
function runModule(
  name: string,
  split?: string,
  ...args: string[]
): { out: string; errors: string } {
  using inner = new Vendors({ il: fake() });
  using pool = new Vendors({ mvgal: shim() });
  const env = {
    POCL_LIBRARY: poclLibrary(),
    LLVM_SPIRV: TRANSLATOR,
    // Work-groups of one launch run one after another, so that races have one outcome.
    POCL_MAX_PTHREAD_COUNT: "1",
    OCL_ICD_VENDORS: split === undefined ? inner.directory : pool.directory,
    ...split === undefined
      ? {}
      : { MVGAL_OPENCL_VENDORS: inner.directory, MVGAL_SPLIT: split, MVGAL_DEBUG: "split" },
  };
  return run(program("il"), [join(HERE, "spirv", `${name}.spv`), ...args], env);
}

for (const name of ["optimised", "plain"]) {
  poclTest(`a program of ${name} SPIR-V gives the same in parts as on its member`, () => {
    const inner = runModule(name);
    assert.match(inner.out, /^done$/m, inner.errors);
    for (const split of ["off", "auto", "force"]) {
      const { out, errors } = runModule(name, split);
      assert.equal(out, inner.out, `${split}: ${errors}`);
      if (split !== "force") continue;
      const lines = errors.split("\n").filter((line) => line.startsWith("mvgal: "));
      const parted = lines.filter((line) => line.endsWith(": split"));
      assert.deepEqual([...new Set(parted.map((line) => line.split(" ")[1]))], [
        ...["saxpy:", "product:", "grid:", "sums:", "quad:"],
      ]);
      assert.match(errors, /^mvgal: histogram: OpAtomicIIncrement works on memory/m);
      assert.match(errors, /^mvgal: scatter: every work-group may store to the same bytes/m);
    }
  }, [TRANSLATOR]);
}

poclTest("clCreateProgramWithILKHR makes what clCreateProgramWithIL makes", () => {
  const { out, errors } = runModule("optimised", "force", "extension");
  assert.equal(out, runModule("optimised").out, errors);
  assert.match(errors, /^mvgal: saxpy: split$/m);
}, [TRANSLATOR]);
