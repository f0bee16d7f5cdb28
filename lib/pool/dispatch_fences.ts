/**
 * The fences of a dispatch: those that it comes after, and the one that stands for it.
 *
 * The host waits for what a dispatch comes after, and does not leave that to the queues: a queue that waits for
 * a fence is let go when that is lost, and what was submitted behind it would run, and write. Where the queue
 * of all that runs the dispatch has the fence ahead of it, there is nothing to wait for: with such a fence its
 * device is lost, and what comes behind.
 *
 * @module
 */

import { FenceLostError, type FenceSignal, type FenceUse, type PoolFence } from "./fence.ts";
import type { Member } from "./member.ts";

/** Fences of a dispatch. */
export interface DispatchFenceOptions {
  /** No part begins before these are signalled; where one is lost, nothing does. */
  after?: readonly PoolFence[];
  /**
   * An idle fence: pending from the call on, signalled once the dispatch is done and the buffers hold what their
   * flags promise, and lost where it fails.
   */
  signal?: PoolFence;
}

/** What one dispatch has to do with fences. */
export class DispatchFences {
  readonly #after: readonly FenceUse[];
  readonly #signal: FenceSignal | undefined;

  /**
   * Takes the fences as they are used now, and makes the one that stands for the dispatch pending.
   *
   * @throws {FenceMisuseError} for one in `after` that was never submitted, or a `signal` that is not idle.
   */
  constructor({ after = [], signal }: DispatchFenceOptions) {
    this.#after = after.map((fence) => fence.use("dispatch({ after })"));
    this.#signal = signal?.begin("dispatch({ signal })");
  }

  /**
   * Runs a dispatch between its fences.
   *
   * @param members who may run it.
   * @param work does so; it asks `begin`, before anything runs on members that are chosen.
   * @throws {FenceLostError} by rejection, where a fence before it is lost; then nothing was run.
   */
  async around<T>(
    members: readonly Member[],
    work: (begin: (members: readonly Member[]) => Promise<void>) => Promise<T>,
  ): Promise<T> {
    try {
      // Before it is decided who runs it: that may hang on what the fences stand for.
      const isLeft = (use: FenceUse) => members.some((member) => use.isAheadOn(member));
      const left = this.#after.filter(isLeft);
      await Promise.all(this.#after.filter((use) => !left.includes(use)).map(signalled));
      const result = await work(async (chosen) => {
        const isAhead = (use: FenceUse) => chosen.every((member) => use.isAheadOn(member));
        await Promise.all(left.filter((use) => !isAhead(use)).map(signalled));
      });
      this.#signal?.signal();
      return result;
    } catch (error) {
      this.#signal?.lose(
        `its dispatch failed: ${error instanceof Error ? error.message : String(error)}`,
      );
      throw error;
    }
  }
}

/** Waits for a fence. */
async function signalled(use: FenceUse): Promise<void> {
  const end = await use.settled();
  if (end.state === "lost") throw new FenceLostError(end.reason);
}
