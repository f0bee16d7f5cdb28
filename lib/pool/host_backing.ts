/**
 * A buffer's copy on the host: pages that members import, so that they copy to and from them without another
 * copy in between; and, where their memory is the host's anyway, run kernels on them in place.
 *
 * Source: VK_EXT_external_memory_host.
 *
 * @module
 */

import { HostMemory, pageSize } from "../../ffi/libc.ts";
import { createCopyBuffer } from "../../ffi/vulkan/external_memory.ts";
import type { DeviceBuffer } from "../../ffi/vulkan/device.ts";
import { VulkanError } from "../../ffi/vulkan/loader.ts";
import type { Member } from "./member.ts";

/** Pages of the host, and what members made of them. Dispose it once nothing uses it. */
export class HostBacking implements Disposable {
  /** Size of the buffer in bytes; the pages may go on behind it. */
  readonly size: number;
  /** The contents. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #memory: HostMemory;
  /** By the member's index; a string says why it cannot import them. */
  readonly #imported = new Map<number, { buffer: DeviceBuffer; member: Member } | string>();

  /**
   * Takes pages of the host, with whatever was in them.
   *
   * @param members that may import them: the pages suit what each of them asks for.
   * @throws {RangeError} where the host has not as much memory.
   */
  constructor(size: number, members: readonly Member[]) {
    const alignments = members.map(({ physical }) => physical.hostPointerAlignment ?? 1);
    const alignment = Math.max(pageSize(), ...alignments);
    const whole = Math.max(1, Math.ceil(size / alignment)) * alignment;
    this.#memory = HostMemory.allocate(whole, alignment);
    this.size = size;
    this.bytes = this.#memory.bytes.subarray(0, size);
  }

  /** The pages as a member's buffer; a string says why there is none. Imported on first use. */
  on(member: Member): DeviceBuffer | string {
    let known = this.#imported.get(member.index);
    if (known === undefined) {
      known = this.#import(member);
      this.#imported.set(member.index, known);
    }
    return typeof known === "string" ? known : known.buffer;
  }

  #import(member: Member): { buffer: DeviceBuffer; member: Member } | string {
    if (member.physical.hostPointerAlignment === null) {
      return `${member.name} has no VK_EXT_external_memory_host`;
    }
    try {
      const buffer = member.guard(() =>
        createCopyBuffer(
          member.device,
          this.#memory.size,
          { kind: "host_pointer", bytes: this.#memory.bytes },
          { storage: true },
        )
      );
      return { buffer, member };
    } catch (error) {
      if (!(error instanceof VulkanError)) throw error;
      return `${member.name} cannot import pages of the host: ${error.message}`;
    }
  }

  /**
   * Gives the pages back. Those that a member without an answer has imported stay: it may write to them still.
   */
  [Symbol.dispose](): void {
    let held = false;
    for (const each of this.#imported.values()) {
      if (typeof each === "string") continue;
      if (each.member.device.isHung) held = true;
      else each.buffer[Symbol.dispose]();
    }
    this.#imported.clear();
    if (!held) this.#memory[Symbol.dispose]();
  }
}
