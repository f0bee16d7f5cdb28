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

/** Far more than a kernel takes here; far less than one that is looked at part by part. */
const SOON_MS = 2000;

/** That a kernel is judged soon, and that it is split. */
function assertSoonSplit(text: KernelText): void {
  const begun = performance.now();
  assert.equal(verdictOf(text).kind, "split");
  const ms = performance.now() - begun;
  assert(ms < SOON_MS, `took ${ms} ms`);
}

Deno.test("judge() does not count the parts of arrays of empty structures", () => {
  assertSoonSplit({
    declarations: `
      %empty = TypeStruct
      %many = Constant %u 20000000
      %array = TypeArray %empty %many
      %parray = TypePointer Private %array
      %x = Variable %parray Private`,
    variables: "%y = Load %array %x",
  });
});

/** Structures of two each of the one before, up to `%s` and the depth, and their members' offsets. */
function nested(
  depth: number,
  innermost: string,
  bytes: number,
): { types: string; offsets: string } {
  const levels = Array.from({ length: depth }, (_, i) => i + 1);
  return {
    types: [innermost, ...levels.map((i) => `%s${i} = TypeStruct %s${i - 1} %s${i - 1}`)].join(
      "\n",
    ),
    offsets: levels.map((i) =>
      `MemberDecorate %s${i} 0 Offset 0\nMemberDecorate %s${i} 1 Offset ${bytes * 2 ** (i - 1)}`
    ).join("\n"),
  };
}

Deno.test("judge() counts the parts of nested structures once, however many ways lead to them", () => {
  assertSoonSplit({
    declarations: `
      ${nested(22, "%s0 = TypeStruct", 0).types}
      %ps = TypePointer Private %s22
      %x = Variable %ps Private`,
    variables: "%y = Load %s22 %x",
  });
});

Deno.test("judge() measures nested structures once, however many ways lead to them", () => {
  const { types, offsets } = nested(28, "%s0 = TypeStruct %u", 4);
  assertSoonSplit({
    decorations: `
      ${offsets}
      MemberDecorate %s0 0 Offset 0
      MemberDecorate %nest 0 Offset 0
      Decorate %nest Block
      Decorate %z DescriptorSet 0
      Decorate %z Binding 1`,
    declarations: `
      ${types}
      %nest = TypeStruct %s28
      %pnest = TypePointer StorageBuffer %nest
      %ps = TypePointer StorageBuffer %s28
      %z = Variable %pnest StorageBuffer`,
    variables: `
      %at = AccessChain %ps %z %c0
      %y = Load %s28 %at`,
  });
});

Deno.test("judge() splits a kernel that holds a structure with an empty member", () => {
  assertSoonSplit({
    declarations: `
      %empty = TypeStruct
      %pair = TypeStruct %empty %u
      %ppair = TypePointer FunctionMemory %pair
      %pu = TypePointer FunctionMemory %u`,
    variables: "%x = Variable %ppair FunctionMemory",
    body: `
      %second = AccessChain %pu %x %c1
      Store %second %g
      %value = Load %u %second
      %p = AccessChain %word %o %c0 %g
      Store %p %value`,
  });
});
