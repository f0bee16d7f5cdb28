/**
 * What copies between the devices of a pool, and between them and the host, look like from outside.
 *
 * @module
 */

import type { HostMemory } from "../../../ffi/libc.ts";
import type { Device, DeviceBuffer, Queue } from "../../../ffi/vulkan/device.ts";
import type { SharedHandle, SharedMemory } from "../../../ffi/vulkan/external_memory.ts";
import type { RuntimeGpu } from "../../transfer/runtimes.ts";

/** A device that takes part. A pool's `Member` is one. */
export interface TransferMember {
  /** Position in the pool; no two are the same. */
  readonly index: number;
  /** The GPU's stable id, for reports. */
  readonly id: string;
  /** For messages. */
  readonly name: string;
  readonly device: Device;
  /** A queue that copies, used where the device has none for copies alone. */
  readonly queue: Queue;
  /** By what vendors' runtimes find it; what Vulkan says of the device where it is left out. */
  readonly gpu?: RuntimeGpu;
  /** Why nothing more can be done with it; undefined while it works. */
  readonly lost?: Error | undefined;
  /** Takes note that it is lost, and gives the error to throw. */
  lose?(reason: string): Error;
}

/**
 * How bytes go from one member to another, the best way first:
 * - `dma_buf`, `opaque_fd`: memory of the one, imported by the other, in one copy;
 * - `peer`: a vendor's runtime (CUDA, HIP, Level Zero), into which both members' memory is imported;
 * - `staging`: through pages of the host, in stretches.
 */
export type TransferTier = typeof TRANSFER_TIERS[number];

/** All tiers, the best first. */
export const TRANSFER_TIERS = ["dma_buf", "opaque_fd", "peer", "staging"] as const;

/** The way from one member to another. Plain data, for `properties`. */
export interface TransferPlan {
  /** Ids of the members. */
  from: string;
  to: string;
  tier: TransferTier;
  /** How exactly, for people: `CUDA`, `the destination reads the source's memory`. */
  how: string;
  /** Tiers that would be better, and why they are not used. */
  refused: { tier: TransferTier; reason: string }[];
  /** 10^9 bytes a second of a large copy, as the probe measured it; null where it was not measured. */
  bandwidth_gb_s: number | null;
  /** Time of a copy of 4 KiB from its start to its end seen by the host, in µs; null likewise. */
  latency_us: number | null;
}

/** Bytes to be copied. */
export interface CopyRange {
  readonly sourceOffset: number;
  readonly destinationOffset: number;
  /** In bytes; 0 is nothing. */
  readonly size: number;
}

/**
 * A buffer of a member for kernels (a storage buffer) and copies. Any queue of the device may use it, with no
 * handing over between families. It has no device address.
 */
export interface PoolMemory extends DeviceBuffer {
  /** Index of its member. */
  readonly member: number;
  /** As what it is exported to others; null where it is not. */
  readonly exported: SharedHandle | null;
  /**
   * A new file descriptor of memory that is exported.
   *
   * @throws {VulkanError} where the driver refuses, or the memory is not exported.
   */
  exportMemory(): SharedMemory;
}

/** Pages of the host that members have imported, or not. */
export interface HostSide {
  /** The contents. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether queues of every family may use those buffers with no handing over; false where it is left out. */
  readonly anyQueue?: boolean;
  /** The pages as a member's buffer; a string says why there is none. */
  on(member: TransferMember): DeviceBuffer | string;
}

/** Memory of the host as members see it. Dispose it before the memory. */
export interface SharedHost extends HostSide, Disposable {
  /** In bytes; the pages may go on behind it. */
  readonly size: number;
  /** Whether a member without an answer may write to the pages still: they must stay, disposed or not. */
  readonly isHeld: boolean;
}

/** A copy from a member to another, or within one. */
export interface MemberCopy {
  from: TransferMember;
  /** A buffer of `from`; one that {@linkcode Transfers.allocateBuffer} has not made is copied by staging. */
  source: DeviceBuffer;
  to: TransferMember;
  destination: DeviceBuffer;
  ranges: readonly CopyRange[];
}

/** Memory of the host that copies through it take. */
export interface StagingUse {
  /** In bytes: now, at most so far, and at most ever. */
  bytes: number;
  peak_bytes: number;
  limit_bytes: number;
}

/**
 * Open ways between members. Every method that returns a promise leaves the event loop free. A lost member, or
 * one without an answer within the limit, rejects with the error of its `lose`, or a {@linkcode TransferLostError}.
 *
 * Copies read and write at once: whoever orders them waits for what they depend on.
 *
 * Dispose it after all that it made, and once no copy runs ({@linkcode Transfers.idle}).
 */
export interface Transfers extends Disposable {
  /** The way from one member to another: after a failure in use, the next one. */
  plan(from: TransferMember, to: TransferMember): TransferPlan;
  /** The plans of all pairs. */
  report(): TransferPlan[];
  /** Whether bytes go from one member to another without the host's memory. */
  isDirect(from: TransferMember, to: TransferMember): boolean;
  /**
   * Memory of a member's own.
   *
   * @param size in bytes, more than 0.
   * @param options `shareable` (true by default): whether it is exported where a tier of some pair needs that;
   * `exported`: as what it is exported in any case. Where the pair's tier needs another handle, such memory goes
   * by the next tier that can have it.
   * @throws {VulkanError} for want of memory.
   */
  allocateBuffer(
    member: TransferMember,
    size: number,
    options?: { shareable?: boolean; exported?: SharedHandle | undefined },
  ): PoolMemory;
  /**
   * Memory of the host for members to copy to and from, and for software devices to run kernels on in place.
   * The same memory gives the same object until that is disposed.
   *
   * @param size the bytes of it that count; all by default.
   */
  importHost(memory: HostMemory, size?: number): SharedHost;
  /**
   * Copies between members, or within one.
   *
   * @throws {RangeError} by rejection for ranges beyond a buffer, or that overlap within one.
   */
  copy(copy: MemberCopy): Promise<void>;
  /** Copies from the host to a member; directly where the member has imported the pages. */
  upload(
    to: TransferMember,
    source: HostSide | HostMemory | Uint8Array<ArrayBuffer>,
    destination: DeviceBuffer,
    ranges: readonly CopyRange[],
  ): Promise<void>;
  /** Copies from a member to the host; directly where the member has imported the pages. */
  download(
    from: TransferMember,
    source: DeviceBuffer,
    destination: HostSide | HostMemory | Uint8Array<ArrayBuffer>,
    ranges: readonly CopyRange[],
  ): Promise<void>;
  /** Memory of the host that copies take. */
  staging(): StagingUse;
  /** Waits until no copy runs. */
  idle(): Promise<void>;
}

/** A member is lost, or does not answer. */
export class TransferLostError extends Error {
  readonly member: TransferMember;

  /** Takes the member and why it is lost. */
  constructor(member: TransferMember, reason: string) {
    super(`${member.name} (${member.id}) is lost: ${reason}`);
    this.name = "TransferLostError";
    this.member = member;
  }
}
