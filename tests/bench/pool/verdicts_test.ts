import assert from "node:assert/strict";
import { frameKernels, poolKernels } from "../../../lib/bench/pool/kernels.ts";
import { judge, readKernel } from "../../../lib/pool/analysis/mod.ts";

for (const kernel of [...poolKernels(), ...frameKernels()]) {
  const { expectation } = kernel;
  const wanted = expectation.kind === "whole"
    ? { kind: "whole", rule: expectation.rule }
    : { kind: "split", dimension: expectation.dimension };
  Deno.test(`judge() finds of ${kernel.id} what is expected: ${Object.values(wanted).join()}`, () => {
    const info = readKernel(kernel.code.words);
    for (const size of [kernel.small, kernel.first, kernel.scale(kernel.first, 64)]) {
      const bindings = kernel.buffers(size).map(({ bytes }, binding) => (
        { set: 0, binding, size: bytes, memory: binding, offset: 0 }
      ));
      const launch = { groups: kernel.groups(size), push: kernel.push(size), bindings };
      const verdict = judge(info, { ...launch, specialization: new Map() });
      const found = verdict.kind === "whole"
        ? { kind: "whole", rule: verdict.rule }
        : { kind: "split", dimension: verdict.dimension };
      assert.deepEqual(found, wanted, verdict.kind === "whole" ? verdict.reason : "");
    }
  });
}
