import assert from "node:assert/strict";
import { gemmKernel, sharedBytes } from "../../../lib/bench/vulkan/gemm_kernel.ts";
import type { MatrixShape } from "../../../lib/bench/vulkan/matrix_kernels.ts";
import type { Addressing } from "../../../lib/spirv/kernel.ts";
import { VALIDATOR_YEAR, validatorTest } from "../../spirv/validator.ts";

Deno.test("sharedBytes() counts a spare vector a row", () => {
  const tiling = { tileM: 128, tileN: 256, tileK: 32, subgroupsM: 2, subgroupsN: 4 };
  assert.equal(sharedBytes(tiling, { input: "bf16" }), 32 * (17 + 33) * 16);
  assert.equal(sharedBytes(tiling, { input: "int8" }), 32 * (9 + 17) * 16);
});

const SIZES = { m: 16, n: 16, scope: "subgroup", saturates: false } as const;

const SHAPES: readonly MatrixShape[] = [
  { ...SIZES, input: "fp16", inputB: "fp16", accumulator: "fp32", k: 16 },
  { ...SIZES, input: "int8", inputB: "int8", accumulator: "int32", k: 32 },
];

for (const addressing of ["device_address", "descriptor"] as Addressing[]) {
  validatorTest(`the kernels of the matrix product are valid by ${addressing}`, (validate) => {
    const tiling = { tileM: 128, tileN: 128, tileK: 32, subgroupsM: 2, subgroupsN: 2 };
    for (const shape of SHAPES) {
      const kernel = gemmKernel({ addressing, subgroupSize: 32 }, shape, tiling, 1024);
      validate(kernel.words, "vulkan1.3");
    }
  }, VALIDATOR_YEAR >= 2024 ? undefined : "spirv-val is older than cooperative matrices");
}
