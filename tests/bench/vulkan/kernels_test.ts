import assert from "node:assert/strict";
import type { Addressing } from "../../../lib/spirv/kernel.ts";
import { patternSum, patternWords, PERIOD } from "../../../lib/bench/pattern.ts";
import { expectedSum, verifySums } from "../../../lib/bench/vulkan/compute.ts";
import {
  chainKernel,
  type ChainShape,
  firstValue,
  type NumberFormat,
} from "../../../lib/bench/vulkan/compute_kernels.ts";
import {
  copyKernel,
  readKernel,
  triadKernel,
  type Walk,
  workgroupsOf,
  writeKernel,
} from "../../../lib/bench/vulkan/memory_kernels.ts";
import { dispatch } from "../../../lib/bench/vulkan/target.ts";
import { deviceTest } from "../../vulkan_devices.ts";
import { validatorTest } from "../../spirv/validator.ts";

const WALKS: readonly Walk[] = [
  { kind: "grid", unroll: 1, workgroups: 16 },
  { kind: "grid", unroll: 8, workgroups: 4096 },
  { kind: "tile", unroll: 1 },
  { kind: "tile", unroll: 4 },
];

const FORMATS: readonly NumberFormat[] = [
  "fp32",
  "fp64",
  "fp16",
  "int32",
  "int16",
  "int8_dot",
];

const ALL: readonly ChainShape[] = [
  { recurrence: "affine", width: 1, chains: 1 },
  { recurrence: "affine", width: 4, chains: 4 },
  { recurrence: "quadratic", width: 2, chains: 3 },
];

/** Integers have affine chains alone. */
function shapesFor(format: NumberFormat): readonly ChainShape[] {
  return ALL.filter((shape) => !format.startsWith("int") || shape.recurrence === "affine");
}

for (const addressing of ["device_address", "descriptor"] as Addressing[]) {
  validatorTest(`the memory kernels are valid by ${addressing}`, (validate) => {
    for (const walk of WALKS) {
      for (const make of [readKernel, writeKernel, copyKernel, triadKernel]) {
        validate(make({ addressing, localSize: 256 }, walk).words);
      }
    }
  });

  validatorTest(`the arithmetic kernels are valid by ${addressing}`, (validate) => {
    for (const format of FORMATS) {
      for (const shape of shapesFor(format)) {
        validate(chainKernel({ addressing, localSize: 64 }, format, shape).words);
      }
    }
  });
}

Deno.test("firstValue() starts no two chains of an invocation alike", () => {
  const shape: ChainShape = { recurrence: "affine", width: 4, chains: 4 };
  const starts = new Set<number>();
  for (let chain = 0; chain < 4; chain++) {
    for (let component = 0; component < 4; component++) {
      starts.add(firstValue(0, shape, chain, component));
    }
  }
  assert.equal(starts.size, 16);
});

for (
  const walk of [{ kind: "grid", unroll: 4, workgroups: 16 }, { kind: "tile", unroll: 4 }] as Walk[]
) {
  deviceTest(`writeKernel and readKernel agree with the host's pattern, ${walk.kind}`, (target) => {
    const elements = 2 * PERIOD, salt = 99;
    using buffer = target.device.createBuffer(elements * 16, "device");
    const workgroups = workgroupsOf(walk, elements, target.localSize);
    using write = target.job(writeKernel(target, walk), [buffer], { elements, salt }, workgroups);
    target.run((c) => dispatch(c, write));
    for (const index of [0, 1, PERIOD - 1, PERIOD, elements - 1]) {
      const words = new Uint32Array(target.readBack(buffer, index * 16, 16).buffer);
      assert.deepEqual([...words], patternWords(index, salt), `element ${index}`);
    }
    const reading: Walk = { kind: "grid", unroll: 4, workgroups: 64 };
    using sums = target.device.createBuffer(64 * target.localSize * 4, "device");
    using read = target.job(readKernel(target, reading), [buffer, sums], { elements }, 64);
    target.run((c) => dispatch(c, read));
    const total = new Uint32Array(target.readBack(sums, 0, sums.size).buffer)
      .reduce((sum, word) => (sum + word) >>> 0, 0);
    assert.equal(total, patternSum(elements, salt));
  });
}

Deno.test("verifySums() takes right results of every format", () => {
  for (const format of FORMATS) {
    for (const shape of shapesFor(format)) {
      const results = [0, 1, 2, 3, 4, 5].map((i) => expectedSum(format, shape, i, 32));
      verifySums(format, shape, results, 32);
    }
  }
});

Deno.test("verifySums() finds a missing step, a missing chain and an unwritten result", () => {
  for (const format of FORMATS) {
    for (const shape of shapesFor(format)) {
      const right = [0, 1, 2, 3].map((i) => expectedSum(format, shape, i, 32));
      // In binary16 a quadratic chain's last steps drown in roundings: leave out half of them.
      const fewer = format === "fp16" && shape.recurrence === "quadratic" ? 16 : 31;
      const missing = [0, 1, 2, 3].map((i) => expectedSum(format, shape, i, fewer));
      assert.throws(() => verifySums(format, shape, missing, 32), `${format} step`);
      const unwritten = right.with(2, 0);
      assert.throws(() => verifySums(format, shape, unwritten, 32), `${format} unwritten`);
      if (shape.chains < 2) continue;
      const less = { ...shape, chains: shape.chains - 1 };
      const narrow = [0, 1, 2, 3].map((i) => expectedSum(format, less, i, 32));
      assert.throws(() => verifySums(format, shape, narrow, 32), `${format} chain`);
    }
  }
});
