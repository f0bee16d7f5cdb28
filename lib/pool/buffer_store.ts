/**
 * Where the bytes of a buffer lie, and how they come to where they are needed.
 *
 * All of it is for who holds the buffer in the order of work (`Ordering`): it is not looked whether others do.
 *
 * @module
 */

import type { DeviceBuffer } from "../../ffi/vulkan/device.ts";
import type { SharedMemory } from "../../ffi/vulkan/external_memory.ts";
import { allEnded } from "./all_ended.ts";
import { HostBacking } from "./host_backing.ts";
import { DataLostError, LostBytes, wereOn } from "./lost_bytes.ts";
import { type Member, MemberLostError } from "./member.ts";
import { whyNoMemory } from "./memory_check.ts";
import type { MemoryFlag } from "./memory_flags.ts";
import type { CopyRange, PoolMemory, Transfers } from "./transfer/types.ts";
import { type ByteRange, type Segment, ValidityMap } from "./validity.ts";

/** The host as a place of {@linkcode ValidityMap}; member `i` is place `i + 1`. */
export const HOST = 0;

/** What a buffer's memory has of its pool. */
export interface StorePool {
  /** All members, lost ones too, in order. */
  readonly members: readonly Member[];
  readonly transfers: Transfers;
  /** Whether software devices have memory of their own too. */
  readonly ownMemory: boolean;
}

/** The same ranges on both sides of a copy. */
function inPlaceRanges(ranges: readonly ByteRange[]): CopyRange[] {
  return ranges.map(({ start, end }) => ({
    sourceOffset: start,
    destinationOffset: start,
    size: end - start,
  }));
}

/** The memory of one buffer, on the host and on members. */
export class BufferStore {
  readonly size: number;
  readonly label: string;
  readonly flags: ReadonlySet<MemoryFlag>;
  readonly #pool: StorePool;
  readonly #validity: ValidityMap;
  readonly #lost: LostBytes;
  readonly #mirrors = new Map<Member, PoolMemory>();
  #host: HostBacking | undefined;
  /** Backings that a member without an answer may write to still. */
  readonly #abandoned: HostBacking[] = [];

  /** @throws {VulkanError} or {RangeError} for want of memory. */
  constructor(pool: StorePool, label: string, size: number, flags: ReadonlySet<MemoryFlag>) {
    this.#pool = pool;
    this.size = size;
    this.flags = flags;
    this.label = label;
    this.#validity = new ValidityMap(size);
    this.#lost = new LostBytes(label);
    try {
      if (flags.has("PERSISTENT") || flags.has("SHARED")) this.#backing();
      if (!flags.has("LAZY_ALLOCATE")) {
        for (const member of this.#alive()) this.#storage(member);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The host's copy, whatever of it is up to date. */
  get hostBytes(): Uint8Array<ArrayBuffer> {
    return this.#backing().bytes;
  }

  /** Notes that the contents of a range are undefined. */
  forget(range: ByteRange): void {
    this.#validity.forget(range);
    this.#lost.found(range);
  }

  /** Makes good, after the host wrote a range, what the flags promise. */
  async settleHostWrite(range: ByteRange): Promise<void> {
    this.wroteOnHost([range]);
    if (this.flags.has("GPU_VALID") || this.flags.has("REPLICATED")) await this.#replicate([range]);
  }

  /**
   * A new file descriptor of a member's memory, once all contents are in it.
   *
   * @throws {RangeError} by rejection, where the buffer is not made for that.
   */
  async exportFrom(member: Member): Promise<SharedMemory> {
    await this.prepare(member, [{ start: 0, end: this.size }]);
    const exported = this.flags.has("DMA_BUF")
      ? this.#mirrors.get(member)?.exportMemory()
      : undefined;
    if (exported !== undefined) return exported;
    throw new RangeError(`${this.label} cannot be exported: allocate it with DMA_BUF`);
  }

  #alive(): Member[] {
    return this.#pool.members.filter((member) => member.lost === undefined);
  }

  #backing(): HostBacking {
    return this.#host ??= new HostBacking(
      this.#pool.transfers,
      this.size,
      this.#alive(),
    );
  }

  /** Whether a member's kernels run on the host's pages in place. */
  #isInPlace(member: Member): boolean {
    if (!this.flags.has("SHARED")) {
      if (!member.isSoftware || this.#pool.ownMemory) return false;
      if (this.flags.has("DMA_BUF")) return false;
    }
    if (member.lost !== undefined) return !this.#mirrors.has(member);
    const pages = this.#backing().on(member);
    if (typeof pages !== "string") return true;
    if (this.flags.has("SHARED")) throw new RangeError(`SHARED memory cannot be had: ${pages}`);
    return false;
  }

  /** What a member's kernels use, and which place its bytes are. */
  #storage(member: Member): { buffer: DeviceBuffer; place: number } {
    if (this.#isInPlace(member)) {
      const pages = this.#backing().on(member);
      if (typeof pages !== "string") return { buffer: pages, place: HOST };
    }
    let mirror = this.#mirrors.get(member);
    if (mirror === undefined) {
      mirror = this.#allocate(member);
      this.#mirrors.set(member, mirror);
    }
    return { buffer: mirror, place: member.index + 1 };
  }

  #allocate(member: Member): PoolMemory {
    const obstacle = whyNoMemory(member, this.size);
    if (obstacle !== undefined) throw new RangeError(`no memory for ${this.label}: ${obstacle}`);
    const exported = this.flags.has("DMA_BUF") ? "dma_buf" : undefined;
    return member.guard(() => this.#pool.transfers.allocateBuffer(member, this.size, { exported }));
  }

  /** Bytes of its own memory that a member would have to give before it could use the buffer. */
  memoryNeededOn(member: Member): number {
    return this.#mirrors.has(member) || this.#isInPlace(member) ? 0 : this.size;
  }

  /**
   * Makes ranges valid for a member's kernels. For use by who holds the buffer in the order of work.
   *
   * @returns what to bind.
   * @throws {DataLostError} for bytes that were lost with a member.
   */
  async prepare(member: Member, ranges: readonly ByteRange[]): Promise<DeviceBuffer> {
    const { buffer, place } = this.#storage(member);
    for (const range of ranges) this.#lost.refuse(range);
    if (place === HOST) await this.#toHost(ranges);
    else await this.#toMember(member, buffer, ranges);
    return buffer;
  }

  /**
   * The host's copy, of which ranges are brought up to date. For use by who holds the buffer in the order of work.
   *
   * @throws {DataLostError} for bytes that were lost with a member.
   * @throws {MemberLostError} for a member that is lost while its bytes are copied.
   */
  async onHost(ranges: readonly ByteRange[]): Promise<Uint8Array<ArrayBuffer>> {
    for (const range of ranges) this.#lost.refuse(range);
    await this.#toHost(ranges);
    return this.#backing().bytes;
  }

  /** Notes that ranges of the host's copy were written: they are valid there alone. Likewise. */
  wroteOnHost(ranges: readonly ByteRange[]): void {
    for (const range of ranges) {
      this.#validity.write(range, HOST);
      this.#lost.found(range);
    }
  }

  /** Bytes that {@linkcode prepare} would copy to a member. */
  missingOn(member: Member, ranges: readonly ByteRange[]): number {
    const place = this.#isInPlace(member) ? HOST : member.index + 1;
    return ranges.flatMap((range) => this.#validity.missing(range, place))
      .reduce((sum, { start, end }) => sum + end - start, 0);
  }

  /** Whether what a member's kernels write is on the host at once. */
  isInPlace(member: Member): boolean {
    return this.#isInPlace(member);
  }

  /** Notes that a member's kernel wrote ranges: they are valid there alone. */
  wrote(member: Member, ranges: readonly ByteRange[]): void {
    const place = this.#isInPlace(member) ? HOST : member.index + 1;
    for (const range of ranges) {
      this.#validity.write(range, place);
      this.#lost.found(range);
    }
  }

  /** Makes good, after a write, what the flags promise of the ranges written. */
  async settle(ranges: readonly ByteRange[]): Promise<void> {
    if (this.flags.has("HOST_VALID")) await this.toHostAlone(ranges);
    if (this.flags.has("REPLICATED")) await this.#replicate(ranges);
  }

  async #replicate(ranges: readonly ByteRange[]): Promise<void> {
    await allEnded(
      this.#alive().map(async (member) => {
        const { buffer, place } = this.#storage(member);
        if (place !== HOST) await this.#toMember(member, buffer, ranges);
      }),
    );
  }

  /** Copies what is missing to a member: from another where there is a direct way, or the host has it not. */
  async #toMember(
    member: Member,
    buffer: DeviceBuffer,
    ranges: readonly ByteRange[],
  ): Promise<void> {
    const { transfers } = this.#pool;
    const place = member.index + 1;
    const isDirect = (from: Member) => transfers.isDirect(from, member);
    for (const [source, segments] of this.#sources(ranges, place, isDirect)) {
      const copied = inPlaceRanges(segments);
      if (source === undefined) {
        await transfers.upload(member, this.#backing(), buffer, copied);
      } else {
        if (this.flags.has("P2P")) this.#refuseHost(source, member);
        await transfers.copy({
          from: source,
          source: this.#storage(source).buffer,
          to: member,
          destination: buffer,
          ranges: copied,
        });
        if (this.flags.has("P2P")) this.#refuseHost(source, member);
      }
      for (const segment of segments) this.#validity.copy(segment, place);
    }
  }

  /** A way that was direct when the buffer was allocated may have failed in use. */
  #refuseHost(from: Member, to: Member): void {
    const { transfers } = this.#pool;
    if (transfers.isDirect(from, to)) return;
    const [first] = transfers.plan(from, to).refused;
    throw new Error(
      `${this.label} is P2P, and the way from ${from.name} to ${to.name} is none any more: ` +
        `${first?.reason ?? "unknown"}`,
    );
  }

  /** Copies what is missing to the host, from all members at once. */
  async #toHost(ranges: readonly ByteRange[]): Promise<void> {
    const { transfers } = this.#pool;
    const sources = this.#sources(ranges, HOST, () => false);
    await allEnded(Array.from(sources, async ([source, segments]) => {
      if (source === undefined) return;
      const copied = inPlaceRanges(segments);
      await transfers.download(source, this.#storage(source).buffer, this.#backing(), copied);
      for (const segment of segments) this.#validity.copy(segment, HOST);
    }));
  }

  /**
   * Likewise while nothing else uses the buffer: what a member held that is lost on the way comes from another.
   *
   * @throws {DataLostError} where there is no other.
   */
  async toHostAlone(ranges: readonly ByteRange[]): Promise<void> {
    for (;;) {
      for (const range of ranges) this.#lost.refuse(range);
      try {
        await this.#toHost(ranges);
        return;
      } catch (error) {
        if (!(error instanceof MemberLostError)) throw error;
        this.forgetMember(error.member);
      }
    }
  }

  /**
   * Where missing parts of ranges come from: a member, or undefined for the host.
   *
   * @param isBetter whether a member is a better source than the host.
   */
  #sources(
    ranges: readonly ByteRange[],
    place: number,
    isBetter: (member: Member) => boolean,
  ): Map<Member | undefined, Segment[]> {
    const sources = new Map<Member | undefined, Segment[]>();
    const alive = this.#alive();
    for (const segment of ranges.flatMap((range) => this.#validity.missing(range, place))) {
      const holders = alive.filter(({ index }) => (segment.places & 1 << (index + 1)) !== 0);
      const onHost = (segment.places & 1 << HOST) !== 0;
      const source = holders.find(isBetter) ?? (onHost ? undefined : holders[0]);
      if (source === undefined && (segment.places & 1 << HOST) === 0) {
        const [holder] = this.#holders(segment.places);
        throw new DataLostError(this.label, segment, wereOn(holder?.name ?? "a member"));
      }
      const segments = sources.get(source) ?? [];
      segments.push(segment);
      sources.set(source, segments);
    }
    return sources;
  }

  #holders(places: number): Member[] {
    return this.#pool.members.filter(({ index }) => (places & 1 << (index + 1)) !== 0);
  }

  /** Notes that the contents of a range are spoilt: a member was changing them in place when it was lost. */
  spoil(range: ByteRange, member: Member): void {
    this.#validity.forget(range);
    this.#lost.add(range, wereOn(member.name));
  }

  /** Notes that a member has changed ranges for a dispatch that failed: what was there is gone from it. */
  abandon(member: Member, ranges: readonly ByteRange[]): void {
    const place = this.#isInPlace(member) ? HOST : member.index + 1;
    const how = `were changed on ${member.name} by a dispatch that failed: write them again`;
    for (const range of ranges) {
      for (const { start, end, places } of this.#validity.within(range)) {
        if (places === 1 << place) this.#lost.add({ start, end }, how);
      }
      this.#validity.drop(range, place);
    }
  }

  /**
   * Notes that a member is gone, and with it what it alone held. Only while nothing else uses the buffer: its
   * pages may move.
   */
  forgetMember(member: Member): void {
    const place = member.index + 1;
    for (const range of this.#validity.onlyIn(place)) {
      this.#lost.add(range, wereOn(member.name));
    }
    this.#validity.drop({ start: 0, end: this.size }, place);
    this.#mirrors.get(member)?.[Symbol.dispose]();
    this.#mirrors.delete(member);
    this.#leavePages(member);
  }

  /** A member without an answer may still write to the host's pages: the contents move to others. */
  #leavePages(member: Member): void {
    const old = this.#host;
    if (old === undefined || !member.device.isHung || typeof old.on(member) === "string") return;
    this.#abandoned.push(old);
    this.#host = new HostBacking(this.#pool.transfers, this.size, this.#alive());
    this.#host.bytes.set(old.bytes);
  }

  /** Where which bytes are valid: `host`, or members by their ids. */
  placement(): { start: number; end: number; places: string[] }[] {
    return this.#validity.within({ start: 0, end: this.size }).map(({ start, end, places }) => ({
      start,
      end,
      places: [
        ...((places & 1) !== 0 ? ["host"] : []),
        ...this.#holders(places).map(({ id }) => id),
      ],
    }));
  }

  /** Bytes of memory that are taken, on the host and by member. */
  memory(): { host_bytes: number; members: Record<string, number> } {
    const members = Array.from(this.#mirrors, ([{ id }, { size }]): [string, number] => [id, size]);
    return {
      host_bytes: this.#host === undefined ? 0 : this.size,
      members: Object.fromEntries(members),
    };
  }

  /** Gives all memory back. Nothing may use it any more. */
  close(): void {
    for (const mirror of this.#mirrors.values()) mirror[Symbol.dispose]();
    this.#mirrors.clear();
    for (const backing of this.#abandoned) backing[Symbol.dispose]();
    this.#host?.[Symbol.dispose]();
    this.#host = undefined;
  }
}
