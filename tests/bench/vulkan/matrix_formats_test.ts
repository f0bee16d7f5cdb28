import assert from "node:assert/strict";
import {
  advertisedMatrices,
  formatsName,
  matrixFormats,
  matrixObstacle,
  matrixShapes,
  shapesWith,
  shapesWithout,
  workgroupMatrixShapes,
} from "../../../lib/bench/vulkan/matrix_formats.ts";
import type { VulkanTarget } from "../../../lib/bench/vulkan/target.ts";
import { properties } from "./matrix_properties.ts";

Deno.test("advertisedMatrices() refuses, with its reason, what makes no chain", () => {
  const reasons = advertisedMatrices([
    properties("fp16", "fp16", "fp16", { result: "fp32" }),
    properties("int8", "int8", "int64"),
    properties("fp16", "fp16", "fp32", { scope: 1 }),
    properties("e4m3", "e4m3", "e4m3"),
    properties("bf16", "bf16", "bf16"),
  ]).refused.map(({ name, reason }) => `${name}: ${reason}`);
  assert.deepEqual(reasons, [
    "16x16x16 fp16 by fp16 plus fp16 into fp32: the result has another format than the sums: it makes no chain",
    "16x16x16 int8 by int8 plus component type 6 into component type 6: component type 6 is not known",
    "16x16x16 fp16 by fp16 plus fp32 into fp32: the scope 1 is not a subgroup's",
    "16x16x16 e4m3 by e4m3 plus e4m3 into e4m3: sums of e4m3 can be neither added nor converted",
    "16x16x16 bf16 by bf16 plus bf16 into bf16: sums of bf16 can be neither added nor converted",
  ]);
});

Deno.test("advertisedMatrices() takes bf16 sums where they can be converted to fp32", () => {
  const { shapes, refused } = advertisedMatrices([
    properties("bf16", "bf16", "bf16"),
    properties("bf16", "bf16", "fp32"),
  ]);
  assert.deepEqual(shapes.map(formatsName), ["bf16 into bf16", "bf16 into fp32"]);
  assert.deepEqual(refused, []);
});

Deno.test("shapesWith() keeps formats of A and B apart, and puts shapes that saturate last", () => {
  const advertised = advertisedMatrices([
    properties("int8", "uint8", "int32", { saturates: true }),
    properties("int8", "uint8", "int32"),
    properties("uint8", "int8", "int32"),
  ]);
  const found = shapesWith(advertised, matrixFormats("int8", "int32", "uint8"));
  assert.deepEqual(found.map(({ saturates }) => saturates), [false, true]);
  assert.deepEqual(shapesWith(advertised, matrixFormats("int8", "int32")), []);
  const others = shapesWithout(advertised, [matrixFormats("int8", "int32", "uint8")]);
  assert.deepEqual(others.shapes.map(formatsName), ["uint8 by int8 into int32"]);
});

Deno.test("matrixShapes() leaves shapes that saturate out", () => {
  const saturating = properties("int8", "int8", "int32", { saturates: true });
  const target = { matrixProperties: () => [saturating] };
  assert.deepEqual(matrixShapes(target, "int8", "int32"), []);
});

function device(features: string[], extensions: string[] = []): VulkanTarget {
  return {
    physical: { features: new Set(features), extensions: new Set(extensions) },
    matrixProperties: () => [properties("fp16", "fp16", "fp32")],
    flexibleMatrices: () => [{
      sType: 0,
      pNext: [],
      MGranularity: 32,
      NGranularity: 16,
      KGranularity: 16,
      ...typesOf(),
      workgroupInvocations: 256,
    }],
  } as unknown as VulkanTarget;
}

/** Types and scope of a workgroup's matrices, as of a subgroup's. */
function typesOf() {
  const { AType, BType, CType, ResultType } = properties("fp16", "fp16", "fp32");
  return { AType, BType, CType, ResultType, saturatingAccumulation: 0, scope: 2 };
}

Deno.test("matrixObstacle() says which extension or which formats a device lacks", () => {
  assert.match(
    matrixObstacle(device([], ["VK_NV_cooperative_matrix"]), "fp16", "fp32") ?? "",
    /has VK_NV_cooperative_matrix alone/,
  );
  assert.match(matrixObstacle(device([]), "fp16", "fp32") ?? "", /lacks VK_KHR_cooperative_matrix/);
  const capable = device(["cooperativeMatrix"]);
  assert.equal(matrixObstacle(capable, "fp16", "fp32"), undefined);
  assert.match(matrixObstacle(capable, "fp16", "fp16") ?? "", /no fp16 matrices with fp16 acc/);
});

Deno.test("workgroupMatrixShapes() takes the granularity in depth, and the workgroup as advertised", () => {
  const formats = matrixFormats("fp16", "fp32");
  assert.deepEqual(workgroupMatrixShapes(device([]), formats), []);
  assert.deepEqual(workgroupMatrixShapes(device(["cooperativeMatrixWorkgroupScope"]), formats), [{
    ...formats,
    m: 128,
    n: 128,
    k: 16,
    scope: "workgroup",
    saturates: false,
    invocations: 256,
  }]);
});
