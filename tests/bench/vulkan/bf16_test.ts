import assert from "node:assert/strict";
import { EFFORTS } from "../../../lib/bench/benchmark.ts";
import { dotShapes, expectedDots, hasDots, verifyDots } from "../../../lib/bench/vulkan/bf16.ts";
import {
  DOT_UNROLL,
  dotKernel,
  dotOperations,
  type DotShape,
} from "../../../lib/bench/vulkan/bf16_kernels.ts";
import { bfloat16Bits, decodeNumbers } from "../../../lib/bench/vulkan/matrix_numbers.ts";
import type { VulkanTarget } from "../../../lib/bench/vulkan/target.ts";
import type { Addressing } from "../../../lib/spirv/kernel.ts";
import { VALIDATOR_YEAR, validatorTest } from "../../spirv/validator.ts";

const SHAPES: readonly DotShape[] = [
  { width: 2, chains: 8 },
  { width: 4, chains: 4 },
];

for (const addressing of ["device_address", "descriptor"] as Addressing[]) {
  validatorTest(`the kernels of bf16 dot products are valid by ${addressing}`, (validate) => {
    for (const shape of SHAPES) validate(dotKernel({ addressing, localSize: 64 }, shape).words);
  }, VALIDATOR_YEAR >= 2026 ? undefined : "spirv-val is older than bfloat16");
}

function roundedToBf16(value: number): number {
  return decodeNumbers("bf16", new Uint8Array(new Uint16Array([bfloat16Bits(value)]).buffer))[0] ??
    NaN;
}

Deno.test("expectedDots() stays within the whole numbers that bf16 holds", () => {
  for (const { width, chains } of SHAPES) {
    for (let chain = 0; chain < chains; chain++) {
      // The last chain has the greatest numbers; a vector counts up from them.
      const [first, second] = [3 + chain * width, 4 + chain * width];
      const greatest = first + second + DOT_UNROLL * (second + 2);
      assert.equal(roundedToBf16(greatest), greatest);
    }
  }
});

Deno.test("expectedDots() counts steps", () => {
  const shape: DotShape = { width: 2, chains: 1 };
  // (0, 1) becomes (steps, 1).
  assert.equal(expectedDots(shape, 0, 0), 1);
  assert.equal(expectedDots(shape, 0, DOT_UNROLL), DOT_UNROLL + 1);
});

Deno.test("verifyDots() finds a missing step, a missing chain and an unwritten result", () => {
  for (const shape of SHAPES) {
    const results = (of: DotShape, steps: number) =>
      [0, 1, 2, 3, 4].map((i) => expectedDots(of, i & 3, steps));
    const right = results(shape, DOT_UNROLL);
    verifyDots(shape, right, DOT_UNROLL);
    const fewer = { ...shape, chains: shape.chains - 1 };
    assert.throws(() => verifyDots(shape, results(shape, DOT_UNROLL - 1), DOT_UNROLL));
    assert.throws(() => verifyDots(shape, results(fewer, DOT_UNROLL), DOT_UNROLL));
    assert.throws(() => verifyDots(shape, right.with(3, NaN), DOT_UNROLL));
  }
});

Deno.test("dotOperations() counts one addition less than multiplications", () => {
  assert.equal(dotOperations({ width: 2, chains: 1 }), 2 * (2 + 1));
  assert.equal(dotOperations({ width: 4, chains: 1 }), 4 * (4 + 3));
});

Deno.test("dotShapes() has shapes for devices with dot products of bf16 alone", () => {
  const device = (...features: string[]) =>
    ({ physical: { features: new Set(features) } }) as unknown as VulkanTarget;
  const capable = device("shaderBFloat16Type", "shaderBFloat16DotProduct");
  assert.equal(dotShapes(capable, EFFORTS.full).length, 4);
  assert.deepEqual(dotShapes(device("shaderBFloat16Type"), EFFORTS.full), []);
  assert.ok(hasDots(capable));
});
