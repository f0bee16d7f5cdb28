import assert from "node:assert/strict";
import { judge, readKernel } from "../../../lib/pool/analysis/mod.ts";
import { patched } from "../../../lib/pool/analysis/patch.ts";
import { GridKernel } from "../grid_kernel.ts";
import { validatorTest } from "../../spirv/validator.ts";

function kernelOf(write: (k: GridKernel) => void) {
  const k = new GridKernel({ localSize: 4, addressing: "descriptor" });
  return readKernel(k.body(() => write(k)).words);
}

function fixture(name: string) {
  const file = new URL(`../../fixtures/spirv/${name}.spv`, import.meta.url);
  return readKernel(new Uint32Array(Deno.readFileSync(file).buffer));
}

Deno.test("patched() makes a module once, with ids that the module does not have", () => {
  const kernel = fixture("group_sums");
  const patch = patched(kernel);
  assert(patch);
  assert.equal(patched(kernel), patch);
  assert.equal(new Set(patch.ids).size, 3);
  assert(patch.ids.every((id) => !kernel.specializationIds.includes(id)));
  const again = readKernel(patch.words);
  for (const id of patch.ids) assert(again.specializationIds.includes(id));
});

Deno.test("patched() gives null for a module that does not ask for the number of work-groups", () => {
  assert.equal(patched(fixture("filter")), null);
});

Deno.test("judge() gives the module itself where nothing is patched", () => {
  const kernel = fixture("filter");
  const verdict = judge(kernel, {
    groups: [13, 12, 1],
    push: new Uint8Array(Uint32Array.of(100, 90).buffer),
    specialization: new Map(),
    bindings: [0, 1].map((binding) => ({
      set: 0,
      binding,
      size: 36000,
      memory: binding,
      offset: 0,
    })),
  });
  assert.equal(verdict.kind === "split" && verdict.words, kernel.words);
});

validatorTest("patched() writes valid modules", (validate) => {
  for (
    const kernel of [
      fixture("group_sums"),
      kernelOf((k) => {
        k.id("NumWorkgroups", 2);
        k.id("NumWorkgroups", 0);
      }),
    ]
  ) {
    const patch = patched(kernel);
    assert(patch);
    validate(patch.words);
  }
});
