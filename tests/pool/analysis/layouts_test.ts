import assert from "node:assert/strict";
import { judge, readKernel } from "../../../lib/pool/analysis/mod.ts";
import type { Verdict } from "../../../lib/pool/analysis/verdict.ts";
import { type KernelText, kernelWords } from "./assembly.ts";

function verdictOf(text: KernelText): Verdict {
  const kernel = readKernel(kernelWords(text));
  return judge(kernel, {
    groups: [8, 1, 1],
    push: new Uint8Array(0),
    specialization: new Map(),
    bindings: kernel.bindings.map(({ set, binding }, memory) => (
      { set, binding, size: 8192, memory, offset: 0 }
    )),
  });
}

/** Each invocation stores to row 1, column 3 of a row-major matrix of 2 rows and 4 columns of its own. */
function rowMajorStore(matrixStride: number, arrayStride: number): Verdict {
  return verdictOf({
    decorations: `
      MemberDecorate %held 0 Offset 0
      MemberDecorate %held 0 RowMajor
      MemberDecorate %held 0 MatrixStride ${matrixStride}
      Decorate %array ArrayStride ${arrayStride}
      MemberDecorate %matrices 0 Offset 0
      Decorate %matrices Block
      Decorate %m DescriptorSet 0
      Decorate %m Binding 0`,
    declarations: `
      %f = TypeFloat 32
      %column = TypeVector %f 2
      %matrix = TypeMatrix %column 4
      %held = TypeStruct %matrix
      %array = TypeRuntimeArray %held
      %matrices = TypeStruct %array
      %pmatrices = TypePointer StorageBuffer %matrices
      %pf = TypePointer StorageBuffer %f
      %m = Variable %pmatrices StorageBuffer`,
    body: `
      %at = AccessChain %pf %m %c0 %g %c0 %c3 %c1
      %gf = ConvertUToF %f %g
      Store %at %gf`,
  });
}

Deno.test("judge() sees that rows of a matrix which overlap reach into the next matrix", () => {
  // The element lies at 8 + 3 * 4 = 20 of 16 bytes.
  const verdict = rowMajorStore(8, 16);
  assert.equal(verdict.kind === "whole" && verdict.rule, "store_overlaps");
});

Deno.test("judge() splits stores to matrices by rows which lie apart", () => {
  for (const [matrixStride, arrayStride] of [[16, 32], [8, 24]] as const) {
    assert.equal(rowMajorStore(matrixStride, arrayStride).kind, "split");
  }
});
