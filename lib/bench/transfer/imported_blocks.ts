/**
 * The host's blocks as a Vulkan device sees them, by VK_EXT_external_memory_host.
 *
 * @module
 */

import { type CopyBuffer, createCopyBuffer } from "../../../ffi/vulkan/external_memory.ts";
import { UnsupportedError } from "../benchmark.ts";
import type { VulkanTarget } from "../vulkan/target.ts";
import type { HostBlocks } from "./blocks.ts";

/** Why a device cannot import host memory; undefined where it can. */
export function importObstacle(target: VulkanTarget): string | undefined {
  const { physical } = target;
  return physical.hostPointerAlignment === null
    ? `${physical.name} lacks VK_EXT_external_memory_host`
    : undefined;
}

/**
 * The blocks of a run, imported by one device at a time: page-locking them takes long, and the same memory
 * is imported once only.
 */
export class ImportedBlocks implements Disposable {
  readonly #blocks: HostBlocks;
  #by: VulkanTarget | undefined;
  #buffers = new Map<"pattern" | "sink", CopyBuffer>();

  /** Takes the blocks. */
  constructor(blocks: HostBlocks) {
    this.#blocks = blocks;
  }

  /**
   * A block as a buffer of the device, valid until another device asks for one.
   *
   * @throws {UnsupportedError} where the device cannot import it.
   */
  get(target: VulkanTarget, which: "pattern" | "sink"): CopyBuffer {
    const obstacle = importObstacle(target);
    if (obstacle !== undefined) throw new UnsupportedError(obstacle);
    if (this.#by !== target) this.release();
    this.#by = target;
    let buffer = this.#buffers.get(which);
    if (buffer === undefined) {
      const bytes = this.#blocks[which];
      buffer = createCopyBuffer(target.device, bytes.length, { kind: "host_pointer", bytes });
      this.#buffers.set(which, buffer);
    }
    return buffer;
  }

  /** Gives the blocks back to the host alone. */
  release(): void {
    for (const buffer of this.#buffers.values()) buffer[Symbol.dispose]();
    this.#buffers.clear();
    this.#by = undefined;
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
