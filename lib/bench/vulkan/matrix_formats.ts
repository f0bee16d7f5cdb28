/**
 * Which matrices a device has, and numbers to fill them with.
 *
 * @module
 */

import { VkComponentTypeKHR } from "../../../ffi/vulkan/generated/enums.ts";
import type { MatrixFormat } from "../../spirv/matrix_kernel.ts";
import { hash32 } from "../pattern.ts";
import type { MatrixShape } from "./matrix_kernels.ts";
import type { VulkanTarget } from "./target.ts";

/** Vulkan's component types. */
const FORMATS: Partial<Record<number, MatrixFormat>> = {
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_FLOAT16_KHR]: "fp16",
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_BFLOAT16_KHR]: "bf16",
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_FLOAT32_KHR]: "fp32",
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_FLOAT64_KHR]: "fp64",
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_FLOAT8_E4M3_EXT]: "e4m3",
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_FLOAT8_E5M2_EXT]: "e5m2",
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_SINT8_KHR]: "int8",
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_UINT8_KHR]: "uint8",
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_SINT32_KHR]: "int32",
  [VkComponentTypeKHR.VK_COMPONENT_TYPE_UINT32_KHR]: "uint32",
};

/** `VK_SCOPE_WORKGROUP_KHR` and `VK_SCOPE_SUBGROUP_KHR`. */
const WORKGROUP_SCOPE = 2, SUBGROUP_SCOPE = 3;

/** Rows and columns to take of matrices whose sizes can be chosen: a multiple of every granularity. */
const FLEXIBLE_SIZE = 128;

/** The sizes that a device offers for a pair of formats, at subgroup scope. */
export function matrixShapes(
  target: VulkanTarget,
  input: MatrixFormat,
  accumulator: MatrixFormat,
): MatrixShape[] {
  return target.matrixProperties().filter(({ AType, BType, CType, ResultType, scope }) =>
    scope === SUBGROUP_SCOPE && FORMATS[AType] === input && FORMATS[BType] === input &&
    FORMATS[CType] === accumulator && FORMATS[ResultType] === accumulator
  ).map(({ MSize: m, NSize: n, KSize: k }) => ({
    input,
    accumulator,
    m,
    n,
    k,
    scope: "subgroup",
  }));
}

/** A matrix that a whole workgroup holds, and the invocations that the workgroup must have. */
export interface WorkgroupMatrixShape extends MatrixShape {
  invocations: number;
}

/** The sizes that a device offers for a pair of formats at workgroup scope (VK_NV_cooperative_matrix2). */
export function workgroupMatrixShapes(
  target: VulkanTarget,
  input: MatrixFormat,
  accumulator: MatrixFormat,
): WorkgroupMatrixShape[] {
  if (!target.physical.features.has("cooperativeMatrixWorkgroupScope")) return [];
  return target.flexibleMatrices().filter((each) =>
    each.scope === WORKGROUP_SCOPE && FORMATS[each.AType] === input &&
    FORMATS[each.BType] === input && FORMATS[each.CType] === accumulator &&
    FORMATS[each.ResultType] === accumulator && FLEXIBLE_SIZE % each.MGranularity === 0 &&
    FLEXIBLE_SIZE % each.NGranularity === 0
  ).map(({ KGranularity: k, workgroupInvocations: invocations }) => ({
    input,
    accumulator,
    m: FLEXIBLE_SIZE,
    n: FLEXIBLE_SIZE,
    k,
    scope: "workgroup",
    invocations,
  }));
}

/** Why a device has no such matrices; undefined where it has. */
export function matrixObstacle(
  target: VulkanTarget,
  input: MatrixFormat,
  accumulator: MatrixFormat,
): string | undefined {
  const { features, extensions } = target.physical;
  if (!features.has("cooperativeMatrix")) {
    return extensions.has("VK_NV_cooperative_matrix")
      ? "the device has VK_NV_cooperative_matrix alone, and not VK_KHR_cooperative_matrix"
      : "the device lacks VK_KHR_cooperative_matrix";
  }
  return matrixShapes(target, input, accumulator).length > 0
    ? undefined
    : `the device advertises no ${input} matrices with ${accumulator} accumulators`;
}

/** Numbers between -1 and 1, or whole ones of 7 bits for integers; `whole` gives 0 and 1 alone. */
export function randomNumbers(
  format: MatrixFormat,
  count: number,
  seed: number,
  whole: boolean,
): number[] {
  return Array.from({ length: count }, (_, i) => {
    const hash = hash32(i + seed);
    if (whole) return hash & 1;
    if (format === "int8") return (hash & 127) - 64;
    return format.includes("int") ? hash & 127 : hash / 2 ** 31 - 1;
  });
}
