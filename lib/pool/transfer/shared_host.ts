/**
 * Memory of the host that members import: as a source and destination of copies, and for kernels.
 *
 * Source: VK_EXT_external_memory_host.
 *
 * @module
 */

import type { HostMemory } from "../../../ffi/libc.ts";
import type { DeviceBuffer } from "../../../ffi/vulkan/device.ts";
import { createCopyBuffer } from "../../../ffi/vulkan/external_memory.ts";
import { VulkanError } from "../../../ffi/vulkan/loader.ts";
import type { MemberPort } from "./port.ts";
import type { SharedHost, TransferMember } from "./types.ts";

/** Gives a member's port, and why it must not import pages; undefined where it may. */
export type PagesLookup = (
  member: TransferMember,
) => { port: MemberPort; obstacle: string | undefined };

/** Pages of the host, imported by each member when it first needs them. */
export class ImportedHost implements SharedHost {
  readonly anyQueue = true;
  readonly size: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #memory: HostMemory;
  readonly #lookup: PagesLookup;
  readonly #closed: () => void;
  readonly #imported = new Map<number, DeviceBuffer | string>();
  readonly #importers = new Set<TransferMember>();

  /** Takes the memory, which stays the caller's. `closed` is called when this is disposed. */
  constructor(memory: HostMemory, size: number, lookup: PagesLookup, closed: () => void) {
    this.#memory = memory;
    this.size = size;
    this.bytes = memory.bytes.subarray(0, size);
    this.#lookup = lookup;
    this.#closed = closed;
  }

  get isHeld(): boolean {
    return [...this.#importers].some(({ device }) => device.isHung);
  }

  on(member: TransferMember): DeviceBuffer | string {
    let known = this.#imported.get(member.index);
    if (known === undefined) {
      known = this.#import(member);
      this.#imported.set(member.index, known);
    }
    return known;
  }

  #import(member: TransferMember): DeviceBuffer | string {
    const { port, obstacle } = this.#lookup(member);
    if (obstacle !== undefined) return obstacle;
    const alignment = member.device.physical.hostPointerAlignment ?? 1;
    const { address, size, bytes } = this.#memory;
    if (address % BigInt(alignment) !== 0n || size % alignment !== 0) {
      return `${member.name} imports memory of the host in whole stretches of ${alignment} bytes only`;
    }
    try {
      const buffer = port.guard(() =>
        createCopyBuffer(member.device, size, { kind: "host_pointer", bytes }, { storage: true })
      );
      this.#importers.add(member);
      return buffer;
    } catch (error) {
      if (!(error instanceof VulkanError)) throw error;
      return `${member.name} cannot import pages of the host: ${error.message}`;
    }
  }

  [Symbol.dispose](): void {
    for (const each of this.#imported.values()) {
      if (typeof each !== "string") each[Symbol.dispose]();
    }
    this.#imported.clear();
    this.#closed();
  }
}
