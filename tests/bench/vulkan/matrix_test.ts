import assert from "node:assert/strict";
import { EFFORTS, UnsupportedError } from "../../../lib/bench/benchmark.ts";
import {
  expectedChains,
  MATRIX_BENCHMARKS,
  MATRIX_FORMATS,
} from "../../../lib/bench/vulkan/matrix.ts";
import { matrixFormats } from "../../../lib/bench/vulkan/matrix_formats.ts";
import {
  MATRIX_UNROLL,
  matrixChainKernel,
  type MatrixChains,
  type MatrixShape,
} from "../../../lib/bench/vulkan/matrix_kernels.ts";
import type { VulkanTarget } from "../../../lib/bench/vulkan/target.ts";
import type { Addressing } from "../../../lib/spirv/kernel.ts";
import { Op } from "../../../lib/spirv/opcodes.ts";
import { VALIDATOR_YEAR, validatorTest } from "../../spirv/validator.ts";
import { deviceTest } from "../../vulkan_devices.ts";
import { properties } from "./matrix_properties.ts";

deviceTest("the matrix benchmarks compute the right sums, or say why they cannot run", (target) => {
  for (const benchmark of MATRIX_BENCHMARKS) {
    const reason = benchmark.unsupported(target);
    if (reason !== undefined) {
      assert.match(reason, /lacks VK_KHR_cooperative_matrix|advertises/);
      continue;
    }
    const [shape] = benchmark.shapes(target, EFFORTS.quick);
    assert.ok(shape);
    using prepared = shape.prepare({ ...EFFORTS.quick, sampleMs: 1 });
    prepared.verify();
  }
});

Deno.test("MATRIX_BENCHMARKS have names of their own", () => {
  const names = MATRIX_BENCHMARKS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.includes("compute.matrix_bf16_fp32"));
});

/** A device, not Mesa's nor NVIDIA's, that advertises some matrices. */
function advertising(...all: ReturnType<typeof properties>[]): VulkanTarget {
  const physical = {
    vendorId: 0x1002,
    type: "discrete",
    subgroupSize: 32,
    features: new Set(["cooperativeMatrix"]),
    extensions: new Set(["VK_KHR_cooperative_matrix"]),
  };
  // Only what the benchmarks ask before anything is prepared.
  return {
    physical,
    matrixProperties: () => all,
    flexibleMatrices: () => [],
  } as unknown as VulkanTarget;
}

function benchmark(name: string) {
  const found = MATRIX_BENCHMARKS.find((each) => each.name === `compute.matrix_${name}`);
  assert.ok(found);
  return found;
}

Deno.test("a matrix benchmark names the shapes that saturate, and tries them last", () => {
  const target = advertising(
    properties("int8", "int8", "int32", { saturates: true }),
    properties("int8", "int8", "int32"),
  );
  const { unsupported, shapes } = benchmark("int8_int32");
  assert.equal(unsupported(target), undefined);
  assert.deepEqual(shapes(target, EFFORTS.full).map(({ name }) => name), [
    "16x16x16 x 8 chains",
    "16x16x16 x 4 chains",
    "16x16x16 x 8 chains, saturating",
    "16x16x16 x 4 chains, saturating",
  ]);
  const { unsupported: why } = benchmark("uint8_uint32");
  assert.match(why(target) ?? "", /advertises no uint8 matrices with uint32 accumulators/);
});

Deno.test("the benchmark of other formats has whatever else is advertised, or why it has no figure", () => {
  const other = benchmark("other");
  const target = advertising(
    properties("fp16", "fp16", "fp32"),
    properties("uint32", "uint32", "uint32"),
    properties("int8", "uint8", "int32", { saturates: true }),
    properties("fp16", "fp16", "fp16", { result: "fp32" }),
  );
  const shapes = other.shapes(target, EFFORTS.full);
  assert.deepEqual(shapes.map(({ name }) => name), [
    "uint32 into uint32, 16x16x16 x 8 chains",
    "int8 by uint8 into int32, 16x16x16 x 8 chains, saturating",
    "16x16x16 fp16 by fp16 plus fp16 into fp32",
  ]);
  assert.equal(other.unsupported(target), undefined);
  assert.throws(() => shapes[2]?.prepare(EFFORTS.full), UnsupportedError);
  const nothing = advertising(properties("fp16", "fp16", "fp32"));
  assert.match(other.unsupported(nothing) ?? "", /have figures of their own/);
});

Deno.test("expectedChains() is what the chains add up to, step by step", () => {
  const size = { m: 2, n: 3, k: 2 };
  for (
    const chains of [
      { accumulators: 4, lefts: 2, rights: 1 },
      { accumulators: 4, lefts: 8, rights: 4 },
    ]
  ) {
    const { accumulators, lefts, rights } = chains;
    const left = Array.from({ length: lefts * 4 }, (_, i) => (i * 7) % 5);
    const right = Array.from({ length: rights * 6 }, (_, i) => (i * 3) % 4);
    const steps = 8;
    const sums = Array.from({ length: 6 }, (_, at) => {
      const i = Math.floor(at / 3), j = at % 3;
      let sum = 0;
      for (let chain = 0; chain < accumulators; chain++) {
        sum += chain;
        for (let step = 0; step < steps; step++) {
          for (let d = 0; d < 2; d++) {
            const a = left[(step % lefts) * 4 + i * 2 + d] ?? NaN;
            sum += a * (right[(chain % rights) * 6 + d * 3 + j] ?? NaN);
          }
        }
      }
      return sum;
    });
    assert.deepEqual(expectedChains(size, left, right, chains, steps), sums);
  }
});

/** What units for matrices run, and what software does. */
const CHAINS: readonly MatrixChains[] = [
  { accumulators: 4, lefts: 2, rights: 1, reloads: false },
  { accumulators: 4, lefts: 8, rights: 4, reloads: true },
];

/** The ids of both factors of each multiply-add in a module. */
function factorPairs(words: Uint32Array): string[] {
  const pairs: string[] = [];
  for (let at = 5; at < words.length; at += (words[at] ?? 0) >>> 16 || 1) {
    if (((words[at] ?? 0) & 0xffff) !== Op.CooperativeMatrixMulAdd) continue;
    pairs.push(`${words[at + 3]} ${words[at + 4]}`);
  }
  return pairs;
}

Deno.test("matrixChainKernel() multiplies no two matrices twice where it loads them at every step", () => {
  const target = { addressing: "descriptor", localSize: 32, subgroups: 1 } as const;
  const formats = matrixFormats("fp16", "fp32");
  const shape = { ...formats, m: 16, n: 16, k: 16, scope: "subgroup", saturates: false } as const;
  const [kept, loaded] = CHAINS.map((chains) =>
    factorPairs(matrixChainKernel(target, shape, chains).words)
  );
  assert.equal(kept?.length, 4 * MATRIX_UNROLL);
  assert.equal(new Set(kept).size, 2);
  assert.equal(loaded?.length, 4 * MATRIX_UNROLL);
  assert.equal(new Set(loaded).size, 4 * MATRIX_UNROLL);
});

/** Formats that SPIRV-Tools 2025.1 does not know yet: bfloat16, and 8-bit floating point. */
const [NEWER, OLDER] = [true, false].map((isNewer) =>
  [
    ...MATRIX_FORMATS,
    matrixFormats("e4m3", "fp32", "e5m2"),
    matrixFormats("uint8", "int32"),
    matrixFormats("int8", "int32", "uint8"),
  ].filter(({ input }) => /^(bf16|e[45]m.)$/.test(input) === isNewer)
);

for (const addressing of ["device_address", "descriptor"] as Addressing[]) {
  for (
    const { name, formats = [], year } of [
      { name: "matrix kernels", formats: OLDER, year: 2024 },
      { name: "matrix kernels of bf16 and 8-bit floating point", formats: NEWER, year: 2026 },
    ]
  ) {
    validatorTest(`the ${name} are valid by ${addressing}`, (validate) => {
      for (const each of formats) {
        const target = { addressing, localSize: 128, subgroups: 4 };
        const saturates = each.accumulator === "int32";
        const shape: MatrixShape = { ...each, m: 16, n: 16, k: 32, scope: "subgroup", saturates };
        for (const chains of CHAINS) {
          validate(matrixChainKernel(target, shape, chains).words, "vulkan1.3");
        }
        const held = { ...shape, m: 128, n: 128, k: 16, scope: "workgroup" } as const;
        const alone = { accumulators: 1, lefts: 2, rights: 1, reloads: false };
        validate(matrixChainKernel(target, held, alone).words, "vulkan1.3");
      }
    }, VALIDATOR_YEAR >= year ? undefined : "spirv-val is older than these matrices");
  }
}
