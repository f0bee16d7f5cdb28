/**
 * What a pool's buffers need of those who move bytes.
 *
 * @module
 */

import type { DeviceBuffer } from "../../ffi/vulkan/device.ts";
import type { SharedMemory } from "../../ffi/vulkan/external_memory.ts";
import type { HostBacking } from "./host_backing.ts";
import type { Member } from "./member.ts";
import type { MemoryFlag } from "./memory_flags.ts";
import type { ByteRange } from "./validity.ts";

/** A buffer in a member's own memory. */
export interface MemberMemory extends DeviceBuffer {
  /** A new file descriptor of memory that was allocated with DMA_BUF. */
  exportMemory?(): SharedMemory;
}

/** Moves bytes between the host and members, and between members. Ranges lie at the same place on both sides. */
export interface Mover {
  /**
   * Memory of a member for a buffer, to which kernels and copies have access.
   *
   * @throws {VulkanError} for want of memory.
   */
  allocate(member: Member, size: number, flags: ReadonlySet<MemoryFlag>): MemberMemory;
  /** Whether bytes go from one member to another without the host. */
  isDirect(from: Member, to: Member): boolean;
  /** From one member to another, where that is direct. */
  between(
    from: Member,
    source: DeviceBuffer,
    to: Member,
    destination: DeviceBuffer,
    ranges: readonly ByteRange[],
  ): Promise<void>;
  /** From the host to a member. */
  toMember(
    host: HostBacking,
    to: Member,
    destination: DeviceBuffer,
    ranges: readonly ByteRange[],
  ): Promise<void>;
  /** From a member to the host. */
  toHost(
    from: Member,
    source: DeviceBuffer,
    host: HostBacking,
    ranges: readonly ByteRange[],
  ): Promise<void>;
}
