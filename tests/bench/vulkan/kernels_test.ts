import assert from "node:assert/strict";
import type { Addressing } from "../../../lib/spirv/kernel.ts";
import { patternSum, patternWords, PERIOD } from "../../../lib/bench/pattern.ts";
import { EFFORTS } from "../../../lib/bench/benchmark.ts";
import {
  COMPUTE_BENCHMARKS,
  expectedSum,
  shapesOf,
  verifySums,
} from "../../../lib/bench/vulkan/compute.ts";
import {
  chainKernel,
  type ChainShape,
  chainShapeName,
  firstValue,
  isByteDot,
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
  "int8_uint8_dot",
];

const ALL: readonly ChainShape[] = [
  { recurrence: "affine", width: 1, chains: 1 },
  { recurrence: "affine", width: 1, chains: 4 },
  { recurrence: "affine", width: 4, chains: 4 },
  { recurrence: "quadratic", width: 2, chains: 3 },
];

/** Pairs of binary16, in the forms that a step may have. */
const PAIRS: readonly ChainShape[] = shapesOf("fp16", EFFORTS.full)
  .filter(({ form }) => form !== undefined);

/** Integers have affine chains alone, and packed bytes are vectors by themselves. */
function shapesFor(format: NumberFormat): readonly ChainShape[] {
  return ALL.filter((shape) => !format.startsWith("int") || shape.recurrence === "affine")
    .filter(({ width }) => !isByteDot(format) || width === 1);
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
      for (const shape of [...shapesFor(format), ...format === "fp16" ? PAIRS : []]) {
        validate(chainKernel({ addressing, localSize: 64 }, format, shape).words);
      }
    }
  });
}

deviceTest("the arithmetic kernels compute what they say", (target) => {
  const few = { ...EFFORTS.full, sampleMs: 1 };
  for (const name of ["fp16", "int8_dot"]) {
    const benchmark = COMPUTE_BENCHMARKS.find((each) => each.name === `compute.${name}`);
    assert.ok(benchmark);
    const reason = benchmark.unsupported(target);
    if (reason !== undefined) {
      assert.match(reason, /the device lacks shader/);
      continue;
    }
    const shapes = benchmark.shapes(target, few);
    const tried = name === "fp16"
      ? shapes.filter((shape) => PAIRS.some((pair) => chainShapeName(pair) === shape.name))
      : shapes.filter((shape) => /^scalar x 8 chains/.test(shape.name));
    assert.equal(tried.length, name === "fp16" ? PAIRS.length : 2);
    for (const shape of tried) {
      using prepared = shape.prepare(few);
      prepared.verify();
    }
  }
});

Deno.test("shapesOf() tries forms of a step for pairs of binary16 alone", () => {
  assert.equal(PAIRS.length, 6);
  for (const { form, width } of PAIRS) if (form?.startsWith("packed")) assert.equal(width, 2);
  assert.ok(shapesOf("fp32", EFFORTS.full).every(({ form }) => form === undefined));
  assert.ok(shapesOf("int8_uint8_dot", EFFORTS.full).every(({ width }) => width === 1));
});

Deno.test("expectedSum() takes the second bytes of a mixed dot product as unsigned", () => {
  const shape: ChainShape = { recurrence: "affine", width: 1, chains: 1 };
  // One step of 1664525 = 0x0019660d by 2654435761 = 0x9e3779b1.
  const both = 102 * 0x79 + 25 * 0x37;
  assert.equal(expectedSum("int8_uint8_dot", shape, 1, 1), 1664525 + both + 13 * 0xb1);
  assert.equal(expectedSum("int8_dot", shape, 1, 1), 1664525 + both + 13 * (0xb1 - 0x100));
});

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
