import assert from "node:assert/strict";
import { type MatrixFormat, MatrixKernel } from "../../lib/spirv/matrix_kernel.ts";
import { Op } from "../../lib/spirv/opcodes.ts";

/** The operands of the multiply-add after its three matrices. */
function operandsOf(a: MatrixFormat, b: MatrixFormat, c: MatrixFormat, saturates = false) {
  const kernel = new MatrixKernel({ localSize: 32, addressing: "descriptor" });
  const { words } = kernel.body((k) => {
    const left = k.filled(k.matrixType(a, 16, 16, "a"), 0);
    const right = k.filled(k.matrixType(b, 16, 16, "b"), 0);
    k.mulAdd(left, right, k.filled(k.matrixType(c, 16, 16, "accumulator"), 0), saturates);
  });
  for (let at = 5; at < words.length;) {
    const word = words[at] ?? 0, length = word >>> 16;
    if ((word & 0xffff) === Op.CooperativeMatrixMulAdd) {
      return [...words.subarray(at + 6, at + length)];
    }
    at += length;
  }
  return undefined;
}

Deno.test("MatrixKernel.mulAdd() says of each matrix whether its components are signed", () => {
  assert.deepEqual(operandsOf("fp16", "fp16", "fp32"), []);
  assert.deepEqual(operandsOf("int8", "int8", "int32"), [0x1 | 0x2 | 0x4 | 0x8]);
  assert.deepEqual(operandsOf("int8", "uint8", "int32"), [0x1 | 0x4 | 0x8]);
  assert.deepEqual(operandsOf("uint8", "uint8", "int32"), [0x4 | 0x8]);
  assert.deepEqual(operandsOf("uint8", "uint8", "uint32"), []);
});

Deno.test("MatrixKernel.mulAdd() says that sums saturate", () => {
  assert.deepEqual(operandsOf("uint8", "uint8", "int32", true), [0x4 | 0x8 | 0x10]);
  assert.deepEqual(operandsOf("uint8", "uint8", "uint32", true), [0x10]);
});
