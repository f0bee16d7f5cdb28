import assert from "node:assert/strict";
import {
  bfloat16Bits,
  decodeNumbers,
  encodeNumbers,
  float8Bits,
  float8Value,
} from "../../../lib/bench/vulkan/matrix_numbers.ts";

Deno.test("bfloat16Bits() rounds to nearest even and keeps NaN", () => {
  assert.equal(bfloat16Bits(1), 0x3f80);
  assert.equal(bfloat16Bits(-2), 0xc000);
  assert.equal(bfloat16Bits(1 + 2 ** -8), 0x3f80);
  assert.equal(bfloat16Bits(1 + 3 * 2 ** -8), 0x3f82);
  assert.equal(bfloat16Bits(Infinity), 0x7f80);
  assert.equal(bfloat16Bits(NaN), 0x7fc0);
});

Deno.test("decodeNumbers() reads what encodeNumbers() writes", () => {
  const numbers = [0, 1, 2, 100];
  for (
    const format of ["fp16", "bf16", "fp32", "fp64", "int8", "uint8", "int32", "uint32"] as const
  ) {
    assert.deepEqual(decodeNumbers(format, encodeNumbers(format, numbers)), numbers, format);
  }
  assert.deepEqual(decodeNumbers("int8", encodeNumbers("int8", [-1])), [-1]);
});

Deno.test("float8Value() and float8Bits() are inverse, and round to nearest even", () => {
  for (const format of ["e4m3", "e5m2"] as const) {
    for (let bits = 0; bits < 256; bits++) {
      const value = float8Value(format, bits);
      if (!Number.isNaN(value)) assert.equal(float8Bits(format, value), bits, `${format} ${bits}`);
    }
  }
  assert.equal(float8Value("e4m3", 0x7e), 448);
  assert.equal(float8Value("e5m2", 0x7b), 57344);
  assert.equal(float8Value("e4m3", 1), 2 ** -9);
  assert.equal(float8Bits("e4m3", 1 + 1 / 16), 0x38);
  assert.equal(float8Bits("e4m3", 1 + 3 / 16), 0x3a);
  assert.equal(float8Bits("e4m3", -1e9), 0xfe);
  assert.ok(Number.isNaN(float8Value("e4m3", float8Bits("e4m3", NaN))));
});
