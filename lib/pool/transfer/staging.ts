/**
 * The memory of the host through which copies go: a few chunks that all copies of a pool share, so that it is
 * bounded whatever they move.
 *
 * A chunk is pages that members import, and beside them, for each member that cannot, a buffer of its driver's
 * mapped memory, between which the processor copies.
 *
 * @module
 */

import { HostMemory, pageSize } from "../../../ffi/libc.ts";
import type { DeviceBuffer } from "../../../ffi/vulkan/device.ts";
import { createCopyBuffer } from "../../../ffi/vulkan/external_memory.ts";
import { PieceBuffers } from "./pieces.ts";
import type { MemberPort } from "./port.ts";
import type { StagingUse } from "./types.ts";
import type { StagingEnd } from "./ways.ts";

/** What a member has of a chunk. */
export interface ChunkView {
  readonly buffer: DeviceBuffer;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly end: StagingEnd;
}

/** How much memory staging takes. */
export interface StagingSize {
  /** In bytes, all together at most. */
  limitBytes: number;
  /** Of one chunk. */
  chunkBytes: number;
}

/** At most two chunks' worth of memory for each chunk: of the source and of the destination. */
const BACKINGS = 2;

/** Chunks, so that one is filled while another is emptied, for both directions. */
const LEAST_CHUNKS = 4;

interface Mapped extends ChunkView, Disposable {
  port: MemberPort;
}

/** Memory of the host, as each member reaches it. */
export class Chunk implements Disposable {
  readonly #bytes: number;
  readonly #account: (bytes: number) => void;
  #pages: HostMemory | undefined;
  readonly #imports = new Map<MemberPort, ChunkView & Disposable>();
  /** In the order of their use. */
  #mapped: Mapped[] = [];

  /** Takes no memory yet. `account` is told of what is taken (and, below 0, given back), in bytes. */
  constructor(bytes: number, account: (bytes: number) => void) {
    this.#bytes = bytes;
    this.#account = account;
  }

  /**
   * What two members need of it for one copy; the same for an end that is the host.
   *
   * @throws {VulkanError} or {RangeError} for want of memory.
   */
  views(ends: readonly (readonly [MemberPort, StagingEnd])[]): ChunkView[] {
    const needed = new Set(ends.filter(([, end]) => end === "mapped").map(([port]) => port));
    const needsPages = ends.some(([, end]) => end === "pages");
    const allowed = BACKINGS - (needsPages ? 1 : 0);
    if (!needsPages && needed.size === BACKINGS) this.#dropPages();
    for (const each of [...this.#mapped]) {
      const added = needed.size - this.#mapped.filter(({ port }) => needed.has(port)).length;
      if (this.#mapped.length + added <= allowed) break;
      if (!needed.has(each.port)) this.#dropMapped(each);
    }
    return ends.map(([port, end]) => end === "pages" ? this.#import(port) : this.#map(port));
  }

  #import(port: MemberPort): ChunkView {
    let view = this.#imports.get(port);
    if (view === undefined) {
      if (this.#pages === undefined) {
        const alignment = Math.max(2 << 20, pageSize());
        this.#pages = HostMemory.allocate(this.#bytes, alignment);
        this.#account(this.#bytes);
        // They are to be there before a driver locks them.
        this.#pages.bytes.fill(0);
      }
      const { bytes } = this.#pages;
      const { device } = port.member;
      const buffer = port.guard(() =>
        createCopyBuffer(device, this.#bytes, { kind: "host_pointer", bytes })
      );
      view = { buffer, bytes, end: "pages", [Symbol.dispose]: () => buffer[Symbol.dispose]() };
      this.#imports.set(port, view);
    }
    return view;
  }

  #map(port: MemberPort): ChunkView {
    const at = this.#mapped.findIndex((each) => each.port === port);
    const [known] = at < 0 ? [] : this.#mapped.splice(at, 1);
    const view = known ?? this.#newMapped(port);
    this.#mapped.push(view);
    return view;
  }

  #newMapped(port: MemberPort): Mapped {
    const { device, name } = port.member;
    const buffer = port.guard(() => createCopyBuffer(device, this.#bytes, { kind: "host" }));
    this.#account(this.#bytes);
    const { bytes } = buffer;
    if (bytes === null) throw new Error(`${name} does not map its host memory`);
    return {
      port,
      buffer,
      bytes: bytes as Uint8Array<ArrayBuffer>,
      end: "mapped",
      [Symbol.dispose]: () => buffer[Symbol.dispose](),
    };
  }

  #dropMapped(view: Mapped): void {
    this.#mapped = this.#mapped.filter((each) => each !== view);
    view[Symbol.dispose]();
    this.#account(-this.#bytes);
  }

  #dropPages(): void {
    const held = [...this.#imports.keys()].some(({ member }) => member.device.isHung);
    for (const view of this.#imports.values()) view[Symbol.dispose]();
    this.#imports.clear();
    if (this.#pages === undefined) return;
    // A member without an answer may write to them still.
    if (!held) {
      this.#pages[Symbol.dispose]();
      this.#account(-this.#bytes);
    }
    this.#pages = undefined;
  }

  [Symbol.dispose](): void {
    for (const view of [...this.#mapped]) this.#dropMapped(view);
    this.#dropPages();
  }
}

/** The chunks of a pool. */
export class Staging implements Disposable {
  readonly chunks: PieceBuffers<Chunk>;
  readonly #limitBytes: number;
  #bytes = 0;
  #peak = 0;

  /**
   * Takes no memory yet.
   *
   * @param allPages whether every member imports pages, so that a chunk is one stretch of memory.
   * @throws {RangeError} for less memory than a few pages.
   */
  constructor({ limitBytes, chunkBytes }: StagingSize, allPages: boolean) {
    const backings = allPages ? 1 : BACKINGS;
    const most = Math.floor(limitBytes / (LEAST_CHUNKS * backings));
    const grain = most >= 2 << 20 ? 2 << 20 : pageSize();
    const bytes = Math.floor(Math.min(chunkBytes, most) / grain) * grain;
    if (bytes <= 0) throw new RangeError(`${limitBytes} bytes are too few to stage copies`);
    const count = Math.floor(limitBytes / (bytes * backings));
    this.chunks = new PieceBuffers(count, bytes, () => new Chunk(bytes, (more) => this.#add(more)));
    this.#limitBytes = limitBytes;
  }

  #add(bytes: number): void {
    this.#bytes += bytes;
    this.#peak = Math.max(this.#peak, this.#bytes);
  }

  /** What is taken. */
  use(): StagingUse {
    return { bytes: this.#bytes, peak_bytes: this.#peak, limit_bytes: this.#limitBytes };
  }

  [Symbol.dispose](): void {
    this.chunks[Symbol.dispose]();
  }
}
