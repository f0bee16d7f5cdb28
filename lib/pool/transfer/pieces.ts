/**
 * Copies in pieces through a few buffers that all copies share: while one piece leaves its buffer, the next
 * comes to another.
 *
 * @module
 */

import { cutPieces, type Part } from "./ranges.ts";
import type { CopyRange } from "./types.ts";

/** A bounded number of buffers, made when they are first needed, and handed out in the order of asking. */
export class PieceBuffers<T extends Disposable> implements Disposable {
  /** How many there are at most. */
  readonly count: number;
  /** Bytes that each holds. */
  readonly bytes: number;
  readonly #make: () => T;
  readonly #free: T[] = [];
  readonly #waiting: PromiseWithResolvers<T>[] = [];
  #made = 0;

  /** Makes none yet. */
  constructor(count: number, bytes: number, make: () => T) {
    this.count = count;
    this.bytes = bytes;
    this.#make = make;
  }

  /**
   * A buffer, which nobody else has until it is given back.
   *
   * @throws what making one throws.
   */
  async take(): Promise<T> {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#made === this.count) {
      const waiting = Promise.withResolvers<T>();
      this.#waiting.push(waiting);
      return await waiting.promise;
    }
    const buffer = this.#make();
    this.#made++;
    return buffer;
  }

  /**
   * Takes a buffer back.
   *
   * @param isHeld whether a device without an answer uses it still: it is left as it is, and another may be
   * made in its place.
   */
  giveBack(buffer: T, isHeld: boolean): void {
    if (!isHeld) {
      const waiting = this.#waiting.shift();
      if (waiting !== undefined) waiting.resolve(buffer);
      else this.#free.push(buffer);
      return;
    }
    this.#made--;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) this.take().then(waiting.resolve, waiting.reject);
  }

  [Symbol.dispose](): void {
    for (const buffer of this.#free.splice(0)) buffer[Symbol.dispose]();
  }
}

/**
 * Moves ranges piece by piece, as many at once as there are buffers.
 *
 * @param move brings the parts of one piece through the buffer.
 * @param isHeld whether a device that does not answer may use a buffer still.
 * @throws {Error} by rejection, once no piece is under way any more, for the first that failed.
 */
export async function movePieces<T extends Disposable>(
  buffers: PieceBuffers<T>,
  ranges: readonly CopyRange[],
  move: (buffer: T, parts: readonly Part[]) => Promise<void>,
  isHeld: () => boolean,
): Promise<void> {
  const pieces = cutPieces(ranges, buffers.bytes);
  let failed = false;
  const work = async () => {
    try {
      while (!failed) {
        const buffer = await buffers.take();
        try {
          const next = failed ? undefined : pieces.next();
          if (next === undefined || next.done) return;
          await move(buffer, next.value);
        } finally {
          buffers.giveBack(buffer, isHeld());
        }
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const total = ranges.reduce((sum, { size }) => sum + size, 0);
  const workers = Math.min(buffers.count, Math.ceil(total / buffers.bytes));
  const ends = await Promise.allSettled(Array.from({ length: workers }, work));
  const failure = ends.find(({ status }) => status === "rejected");
  if (failure?.status === "rejected") throw failure.reason;
}
