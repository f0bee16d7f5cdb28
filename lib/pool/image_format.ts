/**
 * Formats of storage images: those that every Vulkan device has.
 *
 * Source: the Vulkan specification, "Required Format Support" (`VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT`), and SPIR-V
 * 1.6, section 3.11 (Image Format). The names are WebGPU's.
 *
 * @module
 */

import { VkFormat } from "../../ffi/vulkan/generated/enums.ts";

/** What the components of a texel are to a kernel. */
export type TexelComponent = "float" | "sint" | "uint";

/** A format as devices and kernels know it. */
export interface ImageFormat {
  /** `VkFormat`. */
  readonly vulkan: number;
  /** Number of the SPIR-V image format. */
  readonly spirv: number;
  /** Size of a texel. */
  readonly texelBytes: 4 | 8 | 16;
  readonly component: TexelComponent;
}

function format(
  vulkan: number,
  spirv: number,
  texelBytes: ImageFormat["texelBytes"],
  component: TexelComponent,
): ImageFormat {
  return { vulkan, spirv, texelBytes, component };
}

/** The formats by name. */
export const IMAGE_FORMATS = {
  rgba8unorm: format(VkFormat.VK_FORMAT_R8G8B8A8_UNORM, 4, 4, "float"),
  rgba8snorm: format(VkFormat.VK_FORMAT_R8G8B8A8_SNORM, 5, 4, "float"),
  rgba8uint: format(VkFormat.VK_FORMAT_R8G8B8A8_UINT, 32, 4, "uint"),
  rgba8sint: format(VkFormat.VK_FORMAT_R8G8B8A8_SINT, 23, 4, "sint"),
  rgba16uint: format(VkFormat.VK_FORMAT_R16G16B16A16_UINT, 31, 8, "uint"),
  rgba16sint: format(VkFormat.VK_FORMAT_R16G16B16A16_SINT, 22, 8, "sint"),
  rgba16float: format(VkFormat.VK_FORMAT_R16G16B16A16_SFLOAT, 2, 8, "float"),
  r32uint: format(VkFormat.VK_FORMAT_R32_UINT, 33, 4, "uint"),
  r32sint: format(VkFormat.VK_FORMAT_R32_SINT, 24, 4, "sint"),
  r32float: format(VkFormat.VK_FORMAT_R32_SFLOAT, 3, 4, "float"),
  rg32uint: format(VkFormat.VK_FORMAT_R32G32_UINT, 35, 8, "uint"),
  rg32sint: format(VkFormat.VK_FORMAT_R32G32_SINT, 25, 8, "sint"),
  rg32float: format(VkFormat.VK_FORMAT_R32G32_SFLOAT, 6, 8, "float"),
  rgba32uint: format(VkFormat.VK_FORMAT_R32G32B32A32_UINT, 30, 16, "uint"),
  rgba32sint: format(VkFormat.VK_FORMAT_R32G32B32A32_SINT, 21, 16, "sint"),
  rgba32float: format(VkFormat.VK_FORMAT_R32G32B32A32_SFLOAT, 1, 16, "float"),
} as const satisfies Record<string, ImageFormat>;

/** Name of a format. */
export type ImageFormatName = keyof typeof IMAGE_FORMATS;

/** Whether there is a format of this name. */
export function isImageFormat(name: string): name is ImageFormatName {
  return Object.hasOwn(IMAGE_FORMATS, name);
}

/** Name of the format with a SPIR-V number; null for one that is not here, such as 0 (Unknown). */
export function formatOfSpirv(number: number): ImageFormatName | null {
  for (const [name, { spirv }] of Object.entries(IMAGE_FORMATS)) {
    if (spirv === number) return name as ImageFormatName;
  }
  return null;
}
