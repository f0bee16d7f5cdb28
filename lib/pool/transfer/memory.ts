/**
 * Buffers of a pool's members, and what others have made of them.
 *
 * @module
 */

import type { CopyRuntime, RuntimeDevice, RuntimeMemory } from "../../../ffi/copy_runtime.ts";
import type { DeviceBuffer } from "../../../ffi/vulkan/device.ts";
import {
  closeShared,
  type CopyBuffer,
  createCopyBuffer,
  type SharedHandle,
  type SharedMemory,
} from "../../../ffi/vulkan/external_memory.ts";
import type { MemberPort } from "./port.ts";
import type { PoolMemory } from "./types.ts";

/** A member's buffer, with what others import of it on first use. Disposing it takes the imports along. */
export class OwnedMemory implements PoolMemory {
  readonly member: number;
  readonly exported: SharedHandle | null;
  readonly handle: bigint;
  readonly size: number;
  readonly address = null;
  readonly bytes = null;
  readonly #port: MemberPort;
  readonly #buffer: CopyBuffer;
  readonly #imports = new Map<MemberPort, CopyBuffer>();
  #inRuntime: RuntimeMemory | undefined;

  /** @throws {VulkanError} for want of memory. */
  constructor(port: MemberPort, size: number, exported: SharedHandle | null) {
    this.#port = port;
    this.member = port.member.index;
    this.size = size;
    this.exported = exported;
    this.#buffer = port.guard(() =>
      createCopyBuffer(
        port.member.device,
        size,
        exported === null ? { kind: "device" } : { kind: "exported", handle: exported },
        { storage: true },
      )
    );
    this.handle = this.#buffer.handle;
  }

  exportMemory(): SharedMemory {
    return this.#port.guard(() => this.#buffer.exportMemory());
  }

  /**
   * The memory as a buffer of another member.
   *
   * @throws {VulkanError} where a driver refuses.
   */
  on(port: MemberPort): DeviceBuffer {
    let buffer = this.#imports.get(port);
    if (buffer === undefined) {
      const memory = this.exportMemory();
      buffer = port.guard(() =>
        createCopyBuffer(port.member.device, this.size, { kind: "imported", memory })
      );
      this.#imports.set(port, buffer);
    }
    return buffer;
  }

  /** The memory as its member's runtime sees it. Throws the runtime's error, or the driver's. */
  inRuntime(runtime: CopyRuntime, device: RuntimeDevice): RuntimeMemory {
    if (this.#inRuntime === undefined) {
      const memory = this.exportMemory();
      try {
        const size = Number(memory.allocationSize);
        this.#inRuntime = runtime.importMemory(device, memory.fd, size);
      } finally {
        closeShared(memory);
      }
    }
    return this.#inRuntime;
  }

  [Symbol.dispose](): void {
    this.#inRuntime?.[Symbol.dispose]();
    this.#inRuntime = undefined;
    for (const buffer of this.#imports.values()) buffer[Symbol.dispose]();
    this.#imports.clear();
    this.#buffer[Symbol.dispose]();
  }
}
