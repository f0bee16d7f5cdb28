/**
 * A buffer of the logical device, as programs use it.
 *
 * @module
 */

import type { SharedMemory } from "../../ffi/vulkan/external_memory.ts";
import { BufferStore, type StorePool } from "./buffer_store.ts";
import type { MemoryFlag } from "./memory_flags.ts";
import type { Ordering } from "./ordering.ts";
import type { ByteRange } from "./validity.ts";

/** What a buffer has of its pool. */
export interface BufferContext extends StorePool {
  readonly ordering: Ordering<LogicalBuffer>;
  /** For people, in place of the buffer's own. */
  readonly label?: string;
  /** Called once the buffer's memory was given back. */
  closed(buffer: LogicalBuffer): void;
}

/** A buffer of a logical device. Made by `LogicalDevice.allocate`. */
export class LogicalBuffer implements Disposable {
  /** Size in bytes. */
  readonly size: number;
  /** For people: `buffer 3 (1048576 bytes)`. */
  readonly label: string;
  readonly flags: ReadonlySet<MemoryFlag>;
  /** Its memory, for who holds the buffer in the order of work. */
  readonly store: BufferStore;
  readonly #context: BufferContext;
  #references = 1;

  /** @throws {VulkanError} or {RangeError} for want of memory. */
  constructor(
    context: BufferContext,
    number: number,
    size: number,
    flags: ReadonlySet<MemoryFlag>,
  ) {
    this.#context = context;
    this.size = size;
    this.flags = flags;
    this.label = context.label ?? `buffer ${number} (${size} bytes)`;
    this.store = new BufferStore(context, this.label, size, flags);
  }

  #check(offset: number, length: number): ByteRange {
    this.#open();
    const fits = Number.isSafeInteger(offset) && offset >= 0 && offset + length <= this.size;
    if (!fits) throw new RangeError(`${length} bytes at ${offset} are not within ${this.label}`);
    return { start: offset, end: offset + length };
  }

  #open(): void {
    if (this.#references <= 0) throw new Error(`${this.label} is closed`);
  }

  /**
   * Writes bytes from the host. They are taken before this returns its promise.
   *
   * @throws {RangeError} for bytes beyond the buffer.
   */
  write(bytes: Uint8Array, offset = 0): Promise<void> {
    const range = this.#check(offset, bytes.length);
    const taken = bytes.slice();
    return this.#context.ordering.run([{ of: this, writes: true }], async () => {
      this.store.hostBytes.set(taken, offset);
      await this.store.settleHostWrite(range);
    });
  }

  /**
   * Lets `fill` write to the host's copy in place, without another copy of the bytes.
   *
   * @throws {RangeError} for bytes beyond the buffer.
   */
  fill(
    fill: (bytes: Uint8Array<ArrayBuffer>) => void,
    offset = 0,
    length: number = this.size - offset,
  ): Promise<void> {
    const range = this.#check(offset, length);
    return this.#context.ordering.run([{ of: this, writes: true }], async () => {
      // What is not overwritten stays: it must be here first.
      await this.store.toHostAlone([range]);
      fill(this.store.hostBytes.subarray(range.start, range.end));
      await this.store.settleHostWrite(range);
    });
  }

  /**
   * A copy of the contents. What was never written is whatever the memory held.
   *
   * @throws {RangeError} for bytes beyond the buffer.
   * @throws {DataLostError} for bytes that were lost with a member.
   */
  read(offset = 0, length: number = this.size - offset): Promise<Uint8Array<ArrayBuffer>> {
    return this.view((bytes) => bytes.slice(), offset, length);
  }

  /** Gives `look` the host's copy in place, brought up to date, and what it makes of it. */
  view<T>(
    look: (bytes: Uint8Array<ArrayBuffer>) => T,
    offset = 0,
    length: number = this.size - offset,
  ): Promise<T> {
    const range = this.#check(offset, length);
    // It changes where bytes are valid: no other work may do so meanwhile.
    return this.#context.ordering.run([{ of: this, writes: true }], async () => {
      await this.store.toHostAlone([range]);
      return look(this.store.hostBytes.subarray(range.start, range.end));
    });
  }

  /**
   * The host's copy, mapped as long as the buffer lives, for a buffer with PERSISTENT. It is up to date after
   * {@linkcode sync}, or always with HOST_VALID.
   *
   * @throws {Error} for a buffer without.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    this.#open();
    if (!this.flags.has("PERSISTENT")) {
      throw new Error(`${this.label} is not mapped: allocate it with PERSISTENT`);
    }
    return this.store.hostBytes;
  }

  /** Brings the host's copy up to date. */
  sync(): Promise<void> {
    return this.view(() => undefined);
  }

  /**
   * Forgets the contents of some bytes: they are undefined from then on, and nothing is copied for them. For
   * results that the next dispatch writes anew.
   */
  discard(offset = 0, length: number = this.size - offset): Promise<void> {
    const range = this.#check(offset, length);
    return this.#context.ordering.run([{ of: this, writes: true }], () => {
      this.store.forget(range);
      return Promise.resolve();
    });
  }

  /** Where which bytes are valid: `host`, or members by their ids. */
  placement(): { start: number; end: number; places: string[] }[] {
    return this.store.placement();
  }

  /** Bytes of memory that are taken, on the host and by member. */
  memory(): { host_bytes: number; members: Record<string, number> } {
    return this.store.memory();
  }

  /**
   * A new file descriptor of a member's memory, of a buffer with DMA_BUF. All contents are in it then; what the
   * other side writes is not noticed here. The caller closes it (`closeShared`).
   *
   * @param gpu the member's id.
   * @throws {RangeError} by rejection, for a buffer without the flag, or no such member; one line.
   */
  exportDmaBuf(gpu: string): Promise<SharedMemory> {
    this.#open();
    const { members, ordering } = this.#context;
    const member = members.find(({ id, lost }) => id === gpu && lost === undefined);
    return ordering.run([{ of: this, writes: true }], async () => {
      if (member === undefined) throw new RangeError(`no member ${gpu}`);
      return await this.store.exportFrom(member);
    });
  }

  /** One more holder, who disposes it too: the memory is given back by the last. */
  retain(): this {
    this.#open();
    this.#references++;
    return this;
  }

  /** Whether its memory was given back. */
  get isClosed(): boolean {
    return this.#references <= 0;
  }

  /**
   * One holder less. The last gives the memory back, after all work that uses it.
   *
   * @throws {Error} where there is no holder any more.
   */
  [Symbol.dispose](): void {
    this.#open();
    if (--this.#references > 0) return;
    this.#context.ordering.run([{ of: this, writes: true }], () => {
      this.store.close();
      this.#context.closed(this);
      return Promise.resolve();
    });
  }
}
