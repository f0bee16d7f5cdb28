/**
 * Memory for copies that last for one dispatch, kept for the next one: pages of the host take longer to get,
 * and to be made known to a device, than to be filled.
 *
 * @module
 */

import { LogicalBuffer } from "./buffer.ts";
import type { Member } from "./member.ts";
import type { Pool } from "./open.ts";
import { Ordering } from "./ordering.ts";

/** A copy, and the member that alone has memory for it beside the host. */
export interface Copy {
  readonly member: Member;
  readonly buffer: LogicalBuffer;
}

/** Copies that are not in use. Dispose it once all are given back. */
export class CopyStore implements AsyncDisposable {
  readonly #pool: Pool;
  readonly #mostBytes: number;
  readonly #ordering = new Ordering<LogicalBuffer>();
  /** Those that were given back last stand at the end. */
  readonly #free: Copy[] = [];
  #count = 0;
  #isClosed = false;

  /** @param mostBytes that are kept, of all members together. */
  constructor(pool: Pool, mostBytes: number) {
    this.#pool = pool;
    this.#mostBytes = mostBytes;
  }

  /**
   * A copy for a member. Its contents are undefined.
   *
   * @param size in bytes.
   * @throws {RangeError} for want of memory.
   */
  take(member: Member, size: number): Copy {
    const at = this.#free.findLastIndex((free) =>
      free.member === member && free.buffer.size === size
    );
    const [known] = at < 0 ? [] : this.#free.splice(at, 1);
    if (known !== undefined) return known;
    const { members, transfers, ownMemory } = this.#pool;
    const context = { members, transfers, ownMemory, ordering: this.#ordering, closed: () => {} };
    const flags = new Set(["LAZY_ALLOCATE"] as const);
    return { member, buffer: new LogicalBuffer(context, ++this.#count, size, flags) };
  }

  /** Takes back a copy that nothing uses any more. */
  give(copy: Copy): void {
    if (this.#isClosed || copy.member.lost !== undefined) {
      copy.buffer[Symbol.dispose]();
      return;
    }
    this.#free.push(copy);
    let bytes = this.#free.reduce((sum, { buffer }) => sum + buffer.size, 0);
    while (bytes > this.#mostBytes) {
      const oldest = this.#free.shift();
      if (oldest === undefined) break;
      bytes -= oldest.buffer.size;
      oldest.buffer[Symbol.dispose]();
    }
  }

  /** How many copies are kept. */
  get kept(): number {
    return this.#free.length;
  }

  /** Gives the memory of all back that are not in use. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const { buffer } of this.#free.splice(0)) buffer[Symbol.dispose]();
    await this.#ordering.idle();
  }
}
