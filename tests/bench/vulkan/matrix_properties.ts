/**
 * Advertised cooperative matrices for tests.
 *
 * @module
 */

import type { MatrixProperties } from "../../../ffi/vulkan/cooperative_matrix.ts";
import { VkComponentTypeKHR, VkScopeKHR } from "../../../ffi/vulkan/generated/enums.ts";

const TYPES = {
  fp16: VkComponentTypeKHR.VK_COMPONENT_TYPE_FLOAT16_KHR,
  bf16: VkComponentTypeKHR.VK_COMPONENT_TYPE_BFLOAT16_KHR,
  fp32: VkComponentTypeKHR.VK_COMPONENT_TYPE_FLOAT32_KHR,
  e4m3: VkComponentTypeKHR.VK_COMPONENT_TYPE_FLOAT8_E4M3_EXT,
  int8: VkComponentTypeKHR.VK_COMPONENT_TYPE_SINT8_KHR,
  uint8: VkComponentTypeKHR.VK_COMPONENT_TYPE_UINT8_KHR,
  int32: VkComponentTypeKHR.VK_COMPONENT_TYPE_SINT32_KHR,
  uint32: VkComponentTypeKHR.VK_COMPONENT_TYPE_UINT32_KHR,
  int64: VkComponentTypeKHR.VK_COMPONENT_TYPE_SINT64_KHR,
} as const;

/** A combination of 16 by 16 by 16, of a subgroup unless `more` says otherwise. */
export function properties(
  a: keyof typeof TYPES,
  b: keyof typeof TYPES,
  c: keyof typeof TYPES,
  more: { result?: keyof typeof TYPES; saturates?: boolean; scope?: number } = {},
): MatrixProperties {
  const { result = c, saturates = false, scope = VkScopeKHR.VK_SCOPE_SUBGROUP_KHR } = more;
  return {
    sType: 0,
    pNext: [],
    MSize: 16,
    NSize: 16,
    KSize: 16,
    AType: TYPES[a],
    BType: TYPES[b],
    CType: TYPES[c],
    ResultType: TYPES[result],
    saturatingAccumulation: saturates ? 1 : 0,
    scope,
  };
}
