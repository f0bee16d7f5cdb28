/**
 * The order of work on shared data: who reads waits for who wrote, who writes waits for all before.
 *
 * @module
 */

/** What work does to a piece of data. */
export interface Use<T> {
  of: T;
  writes: boolean;
}

/** Work on one piece of data that is not done yet. */
interface Pending {
  /** The last that writes. */
  write: Promise<unknown>;
  /** Those that read since. */
  reads: Promise<unknown>[];
}

/** Orders work by what it uses. Work that shares nothing, or only reads the same, runs side by side. */
export class Ordering<T extends object> {
  readonly #pending = new WeakMap<T, Pending>();
  /** All that is not done. */
  readonly #running = new Set<Promise<unknown>>();

  /** Runs `work` once all that it has to wait for is done, whether that succeeded or not. */
  run<R>(uses: readonly Use<T>[], work: () => Promise<R>): Promise<R> {
    const before = new Set<Promise<unknown>>();
    for (const { of, writes } of uses) {
      const pending = this.#pending.get(of);
      if (pending === undefined) continue;
      before.add(pending.write);
      if (writes) pending.reads.forEach((read) => before.add(read));
    }
    const result = Promise.allSettled(before).then(work);
    for (const { of, writes } of uses) {
      const pending = this.#pending.get(of);
      if (writes) this.#pending.set(of, { write: result, reads: [] });
      else if (pending !== undefined) pending.reads.push(result);
      else this.#pending.set(of, { write: Promise.resolve(), reads: [result] });
    }
    this.#running.add(result);
    const done = () => {
      this.#running.delete(result);
      for (const { of, writes } of uses) {
        const pending = this.#pending.get(of);
        if (pending === undefined || writes) continue;
        // Else a buffer that is read for ever would remember every reader.
        pending.reads = pending.reads.filter((read) => read !== result);
      }
    };
    result.then(done, done);
    return result;
  }

  /** Resolves when all work that was ordered so far is done, whether it succeeded or not. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }
}
