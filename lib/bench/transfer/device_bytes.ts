/**
 * Bringing known bytes into a Vulkan device's memory, and looking at what is there.
 *
 * @module
 */

import type { DeviceBuffer } from "../../../ffi/vulkan/device.ts";
import { createCopyBuffer } from "../../../ffi/vulkan/external_memory.ts";
import type { VulkanTarget } from "../vulkan/target.ts";
import { type HostBlocks, POISON_WORD } from "./blocks.ts";

const STAGING_BYTES = 32 << 20;

/** Calls `use` for each stretch of a buffer, with staging memory of the driver for it. */
function stretches(
  target: VulkanTarget,
  size: number,
  use: (staging: DeviceBuffer, bytes: Uint8Array<ArrayBuffer>, offset: number) => void,
): void {
  const length = Math.min(STAGING_BYTES, size);
  using staging = createCopyBuffer(target.device, length, { kind: "host" });
  const { bytes } = staging;
  if (bytes === null) throw new TypeError("host memory of the driver is mapped");
  for (let offset = 0; offset < size; offset += length) {
    const view = new Uint8Array(bytes.buffer as ArrayBuffer, 0, Math.min(length, size - offset));
    use(staging, view, offset);
  }
}

/** Fills a buffer with the pattern of the blocks. */
export function writePattern(target: VulkanTarget, buffer: DeviceBuffer, blocks: HostBlocks): void {
  stretches(target, buffer.size, (staging, bytes, offset) => {
    bytes.set(blocks.pattern.subarray(offset, offset + bytes.length));
    target.run((c) => {
      c.copy(staging, buffer, { size: bytes.length, toOffset: offset });
      c.barrier();
    });
  });
}

/** Fills a buffer with what no transfer writes. */
export function poison(target: VulkanTarget, buffer: DeviceBuffer): void {
  target.run((c) => {
    c.fill(buffer, POISON_WORD);
    c.barrier();
  });
}

/**
 * Compares all bytes of a buffer with the pattern.
 *
 * @throws {WrongResultError} at the first byte that is another.
 */
export function compareWithPattern(
  target: VulkanTarget,
  buffer: DeviceBuffer,
  blocks: HostBlocks,
  where: string,
): void {
  stretches(target, buffer.size, (staging, bytes, offset) => {
    target.run((c) => {
      c.barrier();
      c.copy(buffer, staging, { size: bytes.length, fromOffset: offset });
      c.barrierToHost();
    });
    blocks.compare(bytes, offset, where);
  });
}
