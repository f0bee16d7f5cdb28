import assert from "node:assert/strict";
import { EFFORTS } from "../../../lib/bench/benchmark.ts";
import { MATRIX_BENCHMARKS } from "../../../lib/bench/vulkan/matrix.ts";
import { gemmKernel, sharedBytes } from "../../../lib/bench/vulkan/gemm_kernel.ts";
import { matrixChainKernel, type MatrixShape } from "../../../lib/bench/vulkan/matrix_kernels.ts";
import {
  bfloat16Bits,
  decodeNumbers,
  encodeNumbers,
  float8Bits,
  float8Value,
} from "../../../lib/bench/vulkan/matrix_numbers.ts";
import type { Addressing } from "../../../lib/spirv/kernel.ts";
import { VALIDATOR_YEAR, validatorTest } from "../../spirv/validator.ts";
import { deviceTest } from "../../vulkan_devices.ts";

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

Deno.test("sharedBytes() counts a spare vector a row", () => {
  const tiling = { tileM: 128, tileN: 256, tileK: 32, subgroupsM: 2, subgroupsN: 4 };
  assert.equal(sharedBytes(tiling, { input: "bf16" }), 32 * (17 + 33) * 16);
  assert.equal(sharedBytes(tiling, { input: "int8" }), 32 * (9 + 17) * 16);
});

deviceTest("the matrix benchmarks say why they cannot run", (target) => {
  for (const benchmark of MATRIX_BENCHMARKS) {
    const reason = benchmark.unsupported(target);
    if (reason === undefined) assert.ok(benchmark.shapes(target, EFFORTS.quick).length > 0);
    else assert.match(reason, /lacks VK_KHR_cooperative_matrix|advertises no/);
  }
});

const SHAPES: readonly MatrixShape[] = [
  { input: "fp16", accumulator: "fp32", m: 16, n: 16, k: 16, scope: "subgroup" },
  { input: "fp16", accumulator: "fp16", m: 16, n: 8, k: 16, scope: "subgroup" },
  { input: "int8", accumulator: "int32", m: 16, n: 16, k: 32, scope: "subgroup" },
  { input: "uint8", accumulator: "uint32", m: 16, n: 16, k: 32, scope: "subgroup" },
  { input: "fp16", accumulator: "fp32", m: 128, n: 128, k: 16, scope: "workgroup" },
];

for (const addressing of ["device_address", "descriptor"] as Addressing[]) {
  validatorTest(`the matrix kernels are valid by ${addressing}`, (validate) => {
    for (const shape of SHAPES) {
      const target = { addressing, localSize: 128, subgroups: 4 };
      validate(matrixChainKernel(target, shape, 4).words, "vulkan1.3");
    }
    const tiling = { tileM: 128, tileN: 128, tileK: 32, subgroupsM: 2, subgroupsN: 2 };
    for (
      const shape of SHAPES.filter(({ input }) => input === "fp16" || input === "int8").slice(0, 3)
    ) {
      if (shape.accumulator === "fp16") continue;
      const kernel = gemmKernel({ addressing, subgroupSize: 32 }, shape, tiling, 1024);
      validate(kernel.words, "vulkan1.3");
    }
  }, VALIDATOR_YEAR >= 2024 ? undefined : "spirv-val is older than cooperative matrices");
}
