/**
 * Which matrices a device has, and numbers to fill them with.
 *
 * @module
 */

import type { MatrixProperties } from "../../../ffi/vulkan/cooperative_matrix.ts";
import { VkComponentTypeKHR } from "../../../ffi/vulkan/generated/enums.ts";
import type { MatrixFormat } from "../../spirv/matrix_kernel.ts";
import { hash32 } from "../pattern.ts";
import { type MatrixFormats, type MatrixShape, storedFormat } from "./matrix_kernels.ts";
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

/** The formats of a multiply-add; B has that of A in most. */
export function matrixFormats(
  input: MatrixFormat,
  accumulator: MatrixFormat,
  inputB: MatrixFormat = input,
): MatrixFormats {
  return { input, inputB, accumulator };
}

/** The formats for people: `fp16 into fp32`, `int8 by uint8 into int32`. */
export function formatsName({ input, inputB, accumulator }: MatrixFormats): string {
  return `${input}${inputB === input ? "" : ` by ${inputB}`} into ${accumulator}`;
}

function isSame(one: MatrixFormats, other: MatrixFormats): boolean {
  return one.input === other.input && one.inputB === other.inputB &&
    one.accumulator === other.accumulator;
}

/** What a device advertises: what chains can be made of, and what not, with why. */
export interface AdvertisedMatrices {
  /** At subgroup scope, in the device's order: what it prefers comes first. */
  shapes: MatrixShape[];
  refused: { name: string; reason: string }[];
}

/** A component type by its format, or by Vulkan's number where it has none here. */
function typeName(type: number): string {
  return FORMATS[type] ?? `component type ${type}`;
}

/** One advertised combination as a shape, or why no chain can be made of it. */
function shapeOf(
  properties: MatrixProperties,
  all: readonly MatrixProperties[],
): MatrixShape | string {
  const { AType, BType, CType, ResultType, MSize: m, NSize: n, KSize: k, scope } = properties;
  const unknown = [AType, BType, CType, ResultType].find((type) => FORMATS[type] === undefined);
  if (unknown !== undefined) return `${typeName(unknown)} is not known`;
  const [input, inputB, accumulator] = [FORMATS[AType], FORMATS[BType], FORMATS[CType]];
  if (!input || !inputB || !accumulator) return "a component type is not known";
  if (scope !== SUBGROUP_SCOPE) return `the scope ${scope} is not a subgroup's`;
  if (CType !== ResultType) return "the result has another format than the sums: it makes no chain";
  const stored = storedFormat({ accumulator });
  const hasStored = accumulator === stored ||
    all.some((other) =>
      FORMATS[other.CType] === stored && other.MSize === m && other.NSize === n &&
      other.scope === scope
    );
  if (!hasStored || accumulator === "e4m3" || accumulator === "e5m2") {
    return `sums of ${accumulator} can be neither added nor converted`;
  }
  const saturates = properties.saturatingAccumulation !== 0;
  return { input, inputB, accumulator, m, n, k, scope: "subgroup", saturates };
}

/** Sorts what a device advertises by VK_KHR_cooperative_matrix. */
export function advertisedMatrices(all: readonly MatrixProperties[]): AdvertisedMatrices {
  const advertised: AdvertisedMatrices = { shapes: [], refused: [] };
  for (const each of all) {
    const shape = shapeOf(each, all);
    if (typeof shape !== "string") {
      advertised.shapes.push(shape);
      continue;
    }
    const [a, b, c, d] = [each.AType, each.BType, each.CType, each.ResultType].map(typeName);
    const name = `${each.MSize}x${each.NSize}x${each.KSize} ${a} by ${b} plus ${c} into ${d}`;
    advertised.refused.push({ name, reason: shape });
  }
  return advertised;
}

/** The shapes of some formats, those first that do not saturate. */
export function shapesWith(advertised: AdvertisedMatrices, formats: MatrixFormats): MatrixShape[] {
  return advertised.shapes.filter((shape) => isSame(shape, formats))
    .sort((a, b) => Number(a.saturates) - Number(b.saturates));
}

/** What a device advertises beside combinations of the given formats. */
export function shapesWithout(
  { shapes, refused }: AdvertisedMatrices,
  known: readonly MatrixFormats[],
): AdvertisedMatrices {
  const isOther = (shape: MatrixShape) => !known.some((formats) => isSame(formats, shape));
  return { shapes: shapes.filter(isOther), refused };
}

/** The sizes that a device offers for a pair of formats at subgroup scope, with sums that wrap. */
export function matrixShapes(
  target: Pick<VulkanTarget, "matrixProperties">,
  input: MatrixFormat,
  accumulator: MatrixFormat,
): MatrixShape[] {
  return shapesWith(
    advertisedMatrices(target.matrixProperties()),
    matrixFormats(input, accumulator),
  ).filter(({ saturates }) => !saturates);
}

/** A matrix that a whole workgroup holds, and the invocations that the workgroup must have. */
export interface WorkgroupMatrixShape extends MatrixShape {
  invocations: number;
}

/** The sizes that a device offers for some formats at workgroup scope (VK_NV_cooperative_matrix2). */
export function workgroupMatrixShapes(
  target: Pick<VulkanTarget, "physical" | "flexibleMatrices">,
  formats: MatrixFormats,
): WorkgroupMatrixShape[] {
  const { input, inputB, accumulator } = formats;
  // What is stored instead of other sums need not be advertised at the same sizes.
  if (storedFormat(formats) !== accumulator) return [];
  if (!target.physical.features.has("cooperativeMatrixWorkgroupScope")) return [];
  return target.flexibleMatrices().filter((each) =>
    each.scope === WORKGROUP_SCOPE && FORMATS[each.AType] === input &&
    FORMATS[each.BType] === inputB && FORMATS[each.CType] === accumulator &&
    FORMATS[each.ResultType] === accumulator && FLEXIBLE_SIZE % each.MGranularity === 0 &&
    FLEXIBLE_SIZE % each.NGranularity === 0
  ).map((each) => ({
    ...formats,
    m: FLEXIBLE_SIZE,
    n: FLEXIBLE_SIZE,
    k: each.KGranularity,
    scope: "workgroup",
    saturates: each.saturatingAccumulation !== 0,
    invocations: each.workgroupInvocations,
  }));
}

/** Why a device has no cooperative matrices at all; undefined where it has. */
export function cooperativeMatrixObstacle(
  { physical: { features, extensions } }: Pick<VulkanTarget, "physical">,
): string | undefined {
  if (features.has("cooperativeMatrix")) return undefined;
  return extensions.has("VK_NV_cooperative_matrix")
    ? "the device has VK_NV_cooperative_matrix alone, and not VK_KHR_cooperative_matrix"
    : "the device lacks VK_KHR_cooperative_matrix";
}

/** Why a device has no such matrices at subgroup scope, with sums that wrap; undefined where it has. */
export function matrixObstacle(
  target: Pick<VulkanTarget, "physical" | "matrixProperties">,
  input: MatrixFormat,
  accumulator: MatrixFormat,
): string | undefined {
  const obstacle = cooperativeMatrixObstacle(target);
  if (obstacle !== undefined) return obstacle;
  return matrixShapes(target, input, accumulator).length > 0
    ? undefined
    : notAdvertised(matrixFormats(input, accumulator));
}

/** That a device does not advertise some formats. */
export function notAdvertised({ input, accumulator }: MatrixFormats): string {
  return `the device advertises no ${input} matrices with ${accumulator} accumulators`;
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
