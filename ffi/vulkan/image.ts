/**
 * Storage images, and copies between them and buffers.
 *
 * Texels of a buffer lie tightly packed, row after row. An image stays in `VK_IMAGE_LAYOUT_GENERAL`, in which
 * kernels and copies both use it.
 *
 * @module
 */

import { decode, encode } from "../struct.ts";
import type { CommandBuffer } from "./commands.ts";
import type { Device, DeviceBuffer } from "./device.ts";
import {
  VkAccessFlagBits,
  VkImageAspectFlagBits,
  VkImageLayout,
  VkImageType,
  VkImageUsageFlagBits,
  VkImageViewType,
  VkPipelineStageFlagBits,
  VkSampleCountFlagBits,
} from "./generated/enums.ts";
import * as vk from "./generated/structs.ts";
import { check } from "./loader.ts";

const COLOR = VkImageAspectFlagBits.VK_IMAGE_ASPECT_COLOR_BIT;
const ALL_COMMANDS = VkPipelineStageFlagBits.VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;

/** The layout that an image is in once {@linkcode beginImage} was recorded: `VK_IMAGE_LAYOUT_GENERAL`. */
export const IMAGE_LAYOUT: number = VkImageLayout.VK_IMAGE_LAYOUT_GENERAL;

/** What an image is like. */
export interface ImageShape {
  /** 2 or 3. */
  readonly dimensions: 2 | 3;
  /** In texels. */
  readonly width: number;
  readonly height: number;
  /** 1 for two dimensions. */
  readonly depth: number;
  /** `VkFormat`. */
  readonly format: number;
}

/** An image with memory of its own, and a view of all of it. */
export interface DeviceImage extends Disposable, ImageShape {
  readonly handle: bigint;
  readonly view: bigint;
  /** What it takes of the device's memory. */
  readonly memoryBytes: number;
}

/** Part of an image, over its whole width: rows of one slice, or all rows of some slices. */
export interface ImageSlab {
  /** First row (2-D) or slice (3-D). */
  start: number;
  /** After the last one. */
  end: number;
}

/**
 * A storage image in the device's own memory, of one level and one sample, without contents. Record
 * {@linkcode beginImage} before its first use.
 *
 * @throws {VulkanError} for want of memory, among others; nothing is left behind.
 */
export function createStorageImage(device: Device, shape: ImageShape): DeviceImage {
  const { symbols, handle: owner, created } = device;
  const { dimensions, width, height, depth, format } = shape;
  using undo = new DisposableStack();
  const info = encode(vk.VkImageCreateInfo, {
    imageType: dimensions === 2 ? VkImageType.VK_IMAGE_TYPE_2D : VkImageType.VK_IMAGE_TYPE_3D,
    format,
    extent: { width, height, depth },
    mipLevels: 1,
    arrayLayers: 1,
    samples: VkSampleCountFlagBits.VK_SAMPLE_COUNT_1_BIT,
    usage: VkImageUsageFlagBits.VK_IMAGE_USAGE_STORAGE_BIT |
      VkImageUsageFlagBits.VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
      VkImageUsageFlagBits.VK_IMAGE_USAGE_TRANSFER_DST_BIT,
  });
  const handle = created(
    "vkCreateImage",
    (out) => symbols.vkCreateImage(owner, info.bytes, null, out),
  );
  undo.defer(() => device.release(() => symbols.vkDestroyImage(owner, handle, null)));
  const requirements = encode(vk.VkMemoryRequirements);
  symbols.vkGetImageMemoryRequirements(owner, handle, requirements.bytes);
  const { size, memoryTypeBits } = decode(vk.VkMemoryRequirements, requirements.bytes);
  const allocation = encode(vk.VkMemoryAllocateInfo, {
    allocationSize: size,
    memoryTypeIndex: device.memoryType(memoryTypeBits, "device"),
  });
  const memory = created(
    "vkAllocateMemory",
    (out) => symbols.vkAllocateMemory(owner, allocation.bytes, null, out),
  );
  undo.defer(() => device.release(() => symbols.vkFreeMemory(owner, memory, null)));
  check("vkBindImageMemory", symbols.vkBindImageMemory(owner, handle, memory, 0n));
  const viewInfo = encode(vk.VkImageViewCreateInfo, {
    image: handle,
    viewType: dimensions === 2
      ? VkImageViewType.VK_IMAGE_VIEW_TYPE_2D
      : VkImageViewType.VK_IMAGE_VIEW_TYPE_3D,
    format,
    subresourceRange: { aspectMask: COLOR, levelCount: 1, layerCount: 1 },
  });
  const view = created(
    "vkCreateImageView",
    (out) => symbols.vkCreateImageView(owner, viewInfo.bytes, null, out),
  );
  undo.defer(() => device.release(() => symbols.vkDestroyImageView(owner, view, null)));
  const owned = undo.move();
  return {
    dimensions,
    width,
    height,
    depth,
    format,
    handle,
    view,
    memoryBytes: Number(size),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** Records that an image begins anew, with undefined contents: it is in {@linkcode IMAGE_LAYOUT} from then on. */
export function beginImage(commands: CommandBuffer, image: DeviceImage): void {
  const barrier = encode(vk.VkImageMemoryBarrier, {
    dstAccessMask: VkAccessFlagBits.VK_ACCESS_MEMORY_READ_BIT |
      VkAccessFlagBits.VK_ACCESS_MEMORY_WRITE_BIT,
    newLayout: IMAGE_LAYOUT,
    // VK_QUEUE_FAMILY_IGNORED twice: it stays with its queue.
    srcQueueFamilyIndex: 0xffffffff,
    dstQueueFamilyIndex: 0xffffffff,
    image: image.handle,
    subresourceRange: { aspectMask: COLOR, levelCount: 1, layerCount: 1 },
  });
  commands.device.symbols.vkCmdPipelineBarrier(
    commands.handle,
    ALL_COMMANDS,
    ALL_COMMANDS,
    0,
    0,
    null,
    0,
    null,
    1,
    barrier.bytes,
  );
}

/** The copy of some rows (2-D) or slices (3-D), which begin at the same place of the packed buffer. */
function regionOf(image: ImageShape, { start, end }: ImageSlab, texelBytes: number) {
  const { dimensions, width, height } = image;
  const isFlat = dimensions === 2;
  return encode(vk.VkBufferImageCopy, {
    bufferOffset: BigInt(start * width * (isFlat ? 1 : height) * texelBytes),
    imageSubresource: { aspectMask: COLOR, layerCount: 1 },
    imageOffset: isFlat ? { y: start } : { z: start },
    imageExtent: isFlat
      ? { width, height: end - start, depth: 1 }
      : { width, height, depth: end - start },
  }).bytes;
}

/**
 * Records a copy of packed rows (2-D) or slices (3-D) of a buffer to the same ones of an image.
 *
 * @param texelBytes size of a texel of the image's format.
 */
export function copyToImage(
  commands: CommandBuffer,
  to: DeviceImage,
  from: Pick<DeviceBuffer, "handle">,
  slab: ImageSlab,
  texelBytes: number,
): void {
  const region = regionOf(to, slab, texelBytes);
  commands.device.symbols.vkCmdCopyBufferToImage(
    commands.handle,
    from.handle,
    to.handle,
    IMAGE_LAYOUT,
    1,
    region,
  );
}

/**
 * Records a copy of rows (2-D) or slices (3-D) of an image to the same ones of a packed buffer.
 *
 * @param texelBytes size of a texel of the image's format.
 */
export function copyFromImage(
  commands: CommandBuffer,
  from: DeviceImage,
  to: Pick<DeviceBuffer, "handle">,
  slab: ImageSlab,
  texelBytes: number,
): void {
  const region = regionOf(from, slab, texelBytes);
  commands.device.symbols.vkCmdCopyImageToBuffer(
    commands.handle,
    from.handle,
    IMAGE_LAYOUT,
    to.handle,
    1,
    region,
  );
}
